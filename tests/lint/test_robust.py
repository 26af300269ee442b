"""The check never raises, whatever the document, and tells the same of text and data."""

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from kalelike.diagnostics import Severity
from kalelike.lint.document import check_documents, check_text, estimate_workflow_size

from .rows import FULL_FEATURE, ROWS, edit

WEIRD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, float("inf"), 2**70, "", "x", "{{", "{{$}}", "$(A)", "..", "é" * 300,
    [], {}, [None], {"": None}, {"a": {"b": []}}, [[["x"]]], "5", "30s", "system.Model",
)  # fmt: skip


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys: Any = value.keys() if isinstance(value, dict) else range(len(value))
    for key in list(keys):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _places(value[key])


def _mutate(documents: list[Any], chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        places = list(_places(documents))
        holder, key = chance.choice(places)
        other, source = chance.choice(places)
        change = chance.randrange(6)
        if change == 0:
            holder[key] = copy.deepcopy(chance.choice(WEIRD))
        elif change == 1:
            del holder[key]
        elif change == 2:
            holder[key] = copy.deepcopy(other[source])
        elif change == 3 and isinstance(holder, dict):
            holder[str(source)] = holder.pop(key)
        elif change == 4 and isinstance(holder[key], str):
            at = chance.randrange(len(holder[key]) + 1)
            holder[key] = holder[key][:at] + chance.choice(("", "'", "{{", "_", "\n")) + "x"
        else:
            holder[key] = [copy.deepcopy(holder[key])]


@pytest.mark.parametrize("seed", range(8))
def test_mutated_documents_never_raise(seed: int) -> None:
    chance = random.Random(seed)
    original = list(yaml.safe_load_all(FULL_FEATURE))
    for _ in range(60):
        documents = copy.deepcopy(original)
        _mutate(documents, chance)
        text = yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True)
        for item in check_text(text, "x.yaml"):
            assert item.message
            assert item.location.line is not None
            assert 1 <= item.location.line <= text.count("\n") + 1
            assert str(item)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_text_never_raises(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(40):
        lines = FULL_FEATURE.splitlines(keepends=True)
        for _ in range(chance.choice((1, 2, 8))):
            at = chance.randrange(len(lines))
            lines[at] = chance.choice(
                ("", lines[at] * 2, lines[at][1:], f"  {lines[at]}", "---\n", "? x\n", "a: &b *b\n")
            )
        check_text("".join(lines), "x.yaml")


def _data(text: str) -> tuple[Any, Any]:
    documents = [item for item in yaml.safe_load_all(text) if item is not None]
    return documents[0], documents[1]


# What only the text shows: the YAML itself, and how many documents there are.
TEXT_ALONE = {
    "duplicate-key", "key-not-text", "reinterpreted-scalar", "repeated-document", "dropped-document"
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_data_is_checked_as_text_is(row: Any) -> None:
    if row.code in TEXT_ALONE:
        pytest.skip("only the text shows it")
    text = edit(FULL_FEATURE, row.bad)
    wanted = {
        (item.code.name, item.location.path)
        for item in check_text(text, "x.yaml")
        if not item.code.id.startswith("KL6")
    }
    found = check_documents(*_data(text), "x.yaml")
    # PyYAML reads `.inf` as a number that Go's JSON does not have.
    if row.id != "number-not-json":
        assert {(item.code.name, item.location.path) for item in found} == wanted


def test_estimate_grows_with_the_document() -> None:
    ir, platform = _data(FULL_FEATURE)
    small = estimate_workflow_size(ir, None)
    assert 20_000 < small < estimate_workflow_size(ir, platform) < 60_000


def test_notes_are_of_no_weight() -> None:
    row = next(row for row in ROWS if row.code == "required-parameter")
    found = check_text(edit(FULL_FEATURE, row.bad), "x.yaml")
    assert [item.severity for item in found] == [Severity.NOTE]
