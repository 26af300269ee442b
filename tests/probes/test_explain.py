"""``--explain``: each edge of a probe names the lines that make it, and that use it."""

from __future__ import annotations

import pytest

from kalelike.graph.build import build_graph
from kalelike.graph.render.explain import explain, explanation_text
from tests.dataflow.tagged import Cells, tagged_notebook

Line = tuple[int, int, str]
"""A cell's number, the line, and a word of the reason."""

ROWS: list[tuple[str, Cells, str, list[Line]]] = [
    ("binding and read", [("a", "u = 0\nx = 1"), ("b", "v = 0\ny = x")], "b.x",
     [(1, 2, "binds"), (2, 2, "reads")]),
    ("the last version", [("a", "x = 1"), ("b", "x = 2"), ("c", "y = x")], "c.x",
     [(2, 1, "binds"), (3, 1, "reads")]),
    ("every change", [("a", "x = []"), ("b", "x.append(1)\nn = 0\nx += [2]"), ("c", "print(x)")],
     "c.x", [(2, 1, "changes"), (2, 3, "binds"), (3, 1, "reads")]),
    ("through an alias", [("a", "x = []\ny = x"), ("b", "n = 0\ny.append(1)"), ("c", "print(x)")],
     "c.x", [(2, 2, "changes"), (3, 1, "reads")]),
    ("alias is taken in for its change", [("a", "x = []\ny = x"), ("b", "y.append(1)"),
                                          ("c", "print(x)")], "b.x",
     [(1, 1, "binds"), (2, 1, "changes")]),
    ("read by a called function", [("functions", "def f(v):\n    return v * k"), ("a", "k = 2"),
                                   ("b", "n = 1\ny = f(n)")], "b.k",
     [(2, 1, "binds"), (1, 2, "reads"), (3, 2, "called")]),
    ("changed by a called function", [("functions", "log = []\ndef f(v):\n    log.append(v)"),
                                      ("a", "f(1)"), ("b", "print(log)")], "b.log",
     [(1, 3, "changes"), (2, 1, "called"), (3, 1, "reads")]),
    ("name in a query", [("imports", "import pandas as pd"),
                         ("a", "df = pd.DataFrame()\nlow = 1"), ("b", "z = 1\ny = df.query('v > @low')")],
     "b.low", [(2, 2, "binds"), (3, 2, "reads")]),
    ("file", [("a", "n = 1\nopen('o.txt', 'w').write('1')"), ("b", "t = open('o.txt').read()")],
     "b.o.txt", [(1, 2, "binds"), (2, 1, "reads")]),
    ("random state", [("imports", "import numpy as np"), ("a", "np.random.seed(1)"),
                      ("b", "k = 1\nx = np.random.rand()")], "b.numpy",
     [(2, 1, "binds"), (3, 2, "reads")]),
    ("bound on one path", [("a", "x = 1\nq = 0"), ("b", "if q:\n    x = 2"), ("c", "y = x")], "b.x",
     [(1, 1, "binds"), (2, 2, "binds")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "target", "lines"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_lines_of_an_edge(cells: Cells, target: str, lines: list[Line]) -> None:
    graph = build_graph(tagged_notebook(cells))
    (edge,) = explain(graph, target).arriving
    found = [(r.location.number, r.location.line, r.text) for r in edge.reasons]
    assert [(number, line) for number, line, _ in found] == [row[:2] for row in lines]
    assert all(word in text for (*_, word), (*_, text) in zip(lines, found, strict=True))


def test_a_file_read_before_it_is_overwritten_orders_the_steps() -> None:
    cells = [("a", "x = open('i.txt').read()"), ("b", "n = 1\nopen('i.txt', 'w').write('2')"),
             ("c", "y = open('i.txt').read()\nprint(x)"), ("d", "open('i.txt', 'w').write('3')")]  # fmt: skip
    graph = build_graph(tagged_notebook(cells))
    text = explanation_text(graph, explain(graph, "d"))
    assert "cell [4], line 1: step d writes i.txt, which step c uses as it was" in text
    text = explanation_text(graph, explain(graph, "b"))
    assert "cell [2], line 2: step b writes i.txt, which step a uses as it was" in text
