"""The harness itself: it sees a wrong pipeline, and makes a failing program small."""

from __future__ import annotations

import pytest

from kalelike.dataflow.machine import Machine
from tests.property.executor import Verdict, check
from tests.property.generator.programs import from_seed
from tests.property.reducing import reduce_program

CELLS = [
    ("a", "import math\nx = [1]\nunused = 5\ny = x"),
    ("b", "if math.floor(1.5):\n    y.append(2)\nz = [i for i in x]"),
    ("c", "print(x, z)"),
]


def test_an_equal_program() -> None:
    assert check(CELLS).verdict is Verdict.EQUAL


def test_a_change_that_the_analysis_does_not_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "change", lambda *_: None)
    outcome = check(CELLS)
    assert outcome.verdict is Verdict.DIFFERENT
    cells, smallest = reduce_program(CELLS, outcome)
    assert smallest.verdict is Verdict.DIFFERENT
    assert len("".join(source for _, source in cells)) < 50


def test_a_name_that_a_step_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Machine, "record_read", lambda *_: None)
    assert check(CELLS).verdict is Verdict.CRASHED


def test_a_program_that_the_compiler_refuses() -> None:
    outcome = check([("a", "g = (i for i in [1])"), ("b", "print(list(g))")])
    assert (outcome.verdict, outcome.codes) == (Verdict.REFUSED, ("cannot-cross",))


def test_a_program_that_fails_by_itself() -> None:
    assert check([("a", "1 / 0")]).verdict is Verdict.INVALID


def test_a_seed_gives_one_program() -> None:
    assert from_seed(7) == from_seed(7)
    assert len({str(from_seed(seed)) for seed in range(20)}) == 20
