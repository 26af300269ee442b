"""The tracer itself: what it sees of each way to read, bind and change a name."""

from __future__ import annotations

import pytest

from kalelike.graph.build import build_graph
from tests.dataflow.tagged import Cells, tagged_notebook
from tests.property.children import in_child
from tests.property.trace import score, trace_graph

ROWS: list[tuple[str, Cells, str]] = [
    ("read", [("a", "x = 1\nz = 2"), ("b", "y = x")], "b:x"),
    ("bound before it is read", [("a", "x = 1"), ("b", "x = 2\ny = x")], ""),
    ("path not taken", [("a", "x = 1\nq = 0"), ("b", "y = x if q else 2")], "b:q"),
    ("in a function", [("functions", "def f():\n    return x"), ("a", "x = 1"), ("b", "y = f()")],
     "b:f,x"),
    ("in a method", [("a", "x = 1\nclass C:\n    def m(self):\n        return x"),
                     ("b", "y = C().m()")], "b:C,x"),
    ("in a class body", [("a", "x = 1\nz = 2"),
                         ("b", "class C:\n    z = 3\n    y = x + z")], "b:x"),
    ("in a comprehension", [("a", "x = 1\ni = 2"), ("b", "y = [x + i for i in range(2)]")], "b:x"),
    ("in an f-string", [("a", "x = 1"), ("b", "y = f'{x}'")], "b:x"),
    ("in eval", [("a", "x = 1"), ("b", "y = eval('x + 1')")], "b:x"),
    ("by globals()", [("a", "x = 1"), ("b", "y = globals()['x']")], "b:x"),
    ("in a query", [("a", "import pandas as pd\nd = pd.DataFrame({'v': [1]})\nlow = 0"),
                    ("b", "y = d.query('v > @low')")], "b:d,low"),
    ("in a shell line", [("a", "x = 1"), ("b", "y = !echo {x + 1}")], "b:x"),
    ("stored by global", [("a", "x = 1\ndef f():\n    global x\n    x = 2000\n    return x"),
                          ("b", "y = f()")], "b:f"),
    ("deleted", [("a", "x = 1"), ("b", "del x")], "b:x"),
    ("changed in place", [("a", "x = [1]"), ("b", "x.append(2)"), ("c", "y = x")], "b:x c:x"),
    ("changed by another name", [("a", "x = [1]\nz = x"), ("b", "z.append(2)"), ("c", "y = x")],
     "b:x,z c:x"),
    ("changed, not needed later", [("a", "x = [1]\nz = x"), ("b", "z.append(2)"), ("c", "y = 1")],
     "b:z"),
    ("changed class", [("functions", "class C:\n    n = 0"), ("a", "c = C()"),
                       ("b", "type(c).n = 5"), ("d", "y = C.n")], "a:C b:C,c d:C"),
]  # fmt: skip


def needs_of(cells: Cells) -> str:
    """Render what every step needs as the table writes it."""
    graph = build_graph(tagged_notebook(cells))
    traces = in_child(lambda: trace_graph(graph))
    needs = {name: ",".join(sorted(step.needs)) for name, step in traces.items()}
    return " ".join(f"{name}:{text}" for name, text in sorted(needs.items()) if text)


@pytest.mark.parametrize(
    ("cells", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_needs(cells: Cells, expected: str) -> None:
    assert needs_of(cells) == expected


def test_score_counts_what_is_given_and_what_is_needed() -> None:
    graph = build_graph(
        tagged_notebook([("a", "x, q, z = 1, 0, 3"), ("b", "y = x if q else z"), ("c", "w = y")])
    )
    found = score(graph, in_child(lambda: trace_graph(graph)))
    assert (found.declared, found.needed, found.missing, found.extra) == (4, 3, (), ("b.x",))
    assert (found.precision, found.recall) == (0.75, 1.0)
