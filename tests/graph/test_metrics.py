"""Which metrics a cell states, by table."""

from __future__ import annotations

import pytest

from kalelike.graph.build import build_graph
from tests.dataflow.tagged import tagged_notebook

ROWS = [
    ("name", "print(acc)", {"a": ["acc=acc"]}),
    ("bare name", "acc", {"a": ["acc=acc"]}),
    ("labelled", "print('Accuracy:', acc)", {"a": ["acc=acc"]}),
    ("f-string", "print(f'acc {acc:.3f}')", {"a": ["acc=acc"]}),
    ("percent", "print('%.3f' % acc)", {"a": ["acc=acc"]}),
    ("format", "print('{:.3f}'.format(acc))", {"a": ["acc=acc"]}),
    ("item", "print(m['f1'])", {"a": ["f1=m['f1']"]}),
    ("dictionary", "{'one': acc, 'two': m['f1']}", {"a": ["one=acc", "two=m['f1']"]}),
    ("assigned", "score = acc * 100", {"a": ["score=score"]}),
    ("rounded", "print(round(acc, 3))", {"a": ["acc=round(acc, 3)"]}),
    ("expression", "print(acc - 1)", {"a": ["acc_1=acc - 1"]}),
    ("another step's", "print(err)", {"b": ["err=err"]}),
    ("two steps'", "print(acc)\nprint(err)", {"a": ["acc=acc"], "b": ["err=err"]}),
    ("across steps", "print(acc - err)", {"pipeline-metrics": ["acc_err=acc - err"]}),
    ("twice", "print(acc)\nprint(acc)", {"a": ["acc=acc", "acc_2=acc"]}),
    ("call", "print(max(acc, 1))", {"a": ["max=max(acc, 1)"]}),
]


@pytest.mark.parametrize(("source", "expected"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_metrics(source: str, expected: dict[str, list[str]]) -> None:
    """Each metric belongs to the step that computes what it reads."""
    cells = [
        ("a", "acc = 0.5\nm = {'f1': 0.25}"),
        ("b", "err = 0.1"),
        ("pipeline-metrics", source),
    ]
    graph = build_graph(tagged_notebook(cells))
    found = {
        step.name: [f"{item.name}={item.expression}" for item in step.metrics]
        for step in graph.steps
        if step.metrics
    }
    assert found == expected
