"""Edited programs: with results of the run before at hand, still what a fresh notebook gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.caching import affected_steps, check_edit
from tests.property.editing import Edit, edit_program
from tests.property.executor import Verdict, check
from tests.property.generator.drawing import HypothesisDraw
from tests.property.generator.programs import Cells, generate
from tests.property.run import as_row

_SHARE = 0.3


@st.composite
def edited_programs(draw: st.DrawFn) -> tuple[Cells, Edit]:
    source = HypothesisDraw(draw)
    cells = generate(source, most=12).cells
    return cells, edit_program(source, cells)


@pytest.fixture(scope="module")
def counts() -> Iterator[Counter[str]]:
    found: Counter[str] = Counter()
    yield found
    print("\nedits:", ", ".join(f"{number} {name}" for name, number in sorted(found.items())))


@settings(max_examples=max(1, int(settings.default.max_examples * _SHARE)))
@given(case=edited_programs())
def test_an_edit_runs_again_what_it_must_and_no_more(
    case: tuple[Cells, Edit], counts: Counter[str]
) -> None:
    cells, edit = case
    found = check_edit(cells, edit)
    counts[found.outcome.verdict.value] += 1
    counts["steps kept"] += len(found.kept)
    counts["steps run again"] += len(found.outcome.runs) - len(found.kept)
    told = f"{edit.kind} in cell {edit.cell}\n{as_row(cells)}\nthen\n{as_row(edit.cells)}"
    if found.outcome.failed:
        details = "\n".join(found.outcome.details)
        pytest.fail(f"{details}\n{told}", pytrace=False)
    if found.needless:
        pytest.fail(f"{sorted(found.needless)} ran again: {told}", pytrace=False)
    if edit.layout and found.outcome.verdict is Verdict.EQUAL:
        assert len(found.kept) == len(found.outcome.runs), told


def test_steps_are_kept_and_run_again(counts: Counter[str]) -> None:
    """A cache that keeps nothing, or everything, would be no test of the edits."""
    if not counts:
        pytest.skip("no programs were generated")
    assert counts["steps kept"] > 0
    assert counts["steps run again"] > 0


def test_affected_steps() -> None:
    cells = [("a", "x = 1"), ("b", "y = x"), ("c", "z = 5"), ("d", "print(y, z)")]
    before = check(cells).graph
    after = check([("a", "x = 2"), *cells[1:]]).graph
    assert before is not None
    assert after is not None
    assert affected_steps(before, after) == {"a", "b", "d"}
    assert affected_steps(before, before) == frozenset()
