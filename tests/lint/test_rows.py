"""Each slip of the table is found, at its place; each neighbour is left alone."""

import pytest

from kalelike.diagnostics import CODES, Severity
from kalelike.lint.document import CLUSTER_LIMITS, UNREADABLE, check_text

from .rows import FULL_FEATURE, ROWS, Row, edit, line_of


def test_the_full_document_is_right() -> None:
    assert check_text(FULL_FEATURE, "x.yaml") == ()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_slip_is_found_at_its_place(row: Row) -> None:
    text = edit(FULL_FEATURE, row.bad)
    found = check_text(text, "x.yaml")
    places = [(item.code.name, item.location.path, item.location.line) for item in found]
    assert (row.code, row.path, line_of(text, row.at)) in places
    assert {item.code.name for item in found} <= {row.code, *row.also}
    assert all(item.message and item.location.source == "x.yaml" for item in found)


@pytest.mark.parametrize("row", [row for row in ROWS if row.good], ids=lambda row: row.id)
def test_neighbour_is_right(row: Row) -> None:
    found = check_text(edit(FULL_FEATURE, row.good), "x.yaml")
    assert [str(item) for item in found] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_finding_has_a_remedy(row: Row) -> None:
    for item in check_text(edit(FULL_FEATURE, row.bad), "x.yaml"):
        assert item.hint or item.severity is Severity.NOTE


def test_every_code_has_a_row() -> None:
    codes = {name for name, code in CODES.items() if code.id.startswith("KL7")} | CLUSTER_LIMITS
    assert codes - {row.code for row in ROWS} == UNREADABLE


def test_ids_are_unique() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)
