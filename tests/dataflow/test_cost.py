"""The analysis ends soon, whatever calls whatever."""

from __future__ import annotations

import time

from tests.dataflow.test_edges import edges_of


def _class(methods: int) -> str:
    """Write a class whose methods make instances, call one another, and are called back."""
    lines = ["class D:", "    def __init__(self, x):", "        self.x, self.d = x, {}"]
    for i in range(methods):
        first, second, third = (i * 7 + 1) % methods, (i * 3 + 2) % methods, (i * 5 + 3) % methods
        lines += [
            f"    def m{i}(self, o):",
            f"        r = D(self.m{first}(o)) if o else self",
            f"        self.d[o] = sorted(r.m{second}(self), key=lambda v: v.m{third}(r))",
            f"        return [r, self.x, o.m{(i + 5) % methods}(r)]",
        ]
    return "\n".join(lines)


def test_classes_that_call_one_another() -> None:
    """Sixty methods that foreign code may call back take seconds, not minutes; edges are kept."""
    steps = [(f"s{i}", f"d{i} = D(d)\nlib(d{i})\nd = d{i}.m{i}(d)") for i in range(5)]
    cells = [
        ("imports", "from stuff import lib"),
        ("functions", _class(60)),
        ("a", "d = D([1])"),
        *steps,
    ]
    started = time.process_time()
    found = edges_of(cells)
    assert time.process_time() - started < 15
    assert found == "a>s0:d s0>s1:d s1>s2:d s2>s3:d s3>s4:d"
