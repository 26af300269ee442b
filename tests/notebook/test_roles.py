"""Cells to roles and steps; what is wrong between cells."""

from __future__ import annotations

import pytest

from kalelike.diagnostics import Severity
from kalelike.errors import CompileError
from kalelike.notebook.options import Resources, Retry, StepOptions
from kalelike.notebook.roles import is_tagged, tag_notebook
from tests.notebook.notebooks import make_notebook

Cells = list[tuple[str, str]]

ROWS: list[tuple[str, Cells, list[str]]] = [
    ("one step", [("step:a", "x = 1")], ["a"]),
    ("untagged joins the step before", [("step:a", "x"), ("", "y"), ("step:b", "z"), ("", "w")],
     ["a", "a", "b", "b"]),
    ("untagged before the first tag is set-up", [("", "x"), ("step:a", "y")], ["setup", "a"]),
    ("untagged joins imports", [("imports", "x"), ("", "y"), ("step:a", "z")],
     ["imports", "imports", "a"]),
    ("untagged joins metrics", [("step:a", "z"), ("pipeline-metrics", "x"), ("", "y")],
     ["a", "pipeline-metrics", "pipeline-metrics"]),
    ("skip is alone", [("step:a", "x"), ("skip", "y"), ("", "z")], ["a", "skip", "a"]),
    ("skip beats other tags", [("step:a", "x"), ("step:b|skip", "y")], ["a", "skip"]),
    ("foreign tags do not count", [("step:a|hide-input", "x"), ("hide-input", "y")], ["a", "a"]),
    ("a step goes on after imports", [("step:a", "x"), ("imports", "y"), ("step:a", "z")],
     ["a", "imports", "a"]),
    ("a tag twice", [("step:a|step:a|block:a", "x")], ["a"]),
    ("Kale 1", [("imports", "i"), ("block:a", "x"), ("block:b|prev:a", "y")],
     ["imports", "a", "b"]),
    ("Kale's empty name goes on", [("block:a", "x"), ("block:", "y"), ("step:", "z")],
     ["a", "a", "a"]),
    ("a blank cell changes the role", [("step:a", "x"), ("step:b", "  \n"), ("", "y")], ["a", "b"]),
    ("a blank cell is no cell", [("step:a", "x"), ("", "\n"), ("step:b", "y")], ["a", "b"]),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "roles"), [row[1:] for row in ROWS],
                         ids=[row[0] for row in ROWS])  # fmt: skip
def test_roles(cells: Cells, roles: list[str]) -> None:
    tagged = tag_notebook(make_notebook(cells))
    assert [item.step or item.role.value for item in tagged.cells] == roles


def test_steps_stand_in_the_order_of_their_first_cells() -> None:
    tagged = tag_notebook(make_notebook([("step:b", "x"), ("step:a|prev:b", "y"), ("prev:b", "z")]))
    assert [(step.name, step.after) for step in tagged.steps] == [("b", ()), ("a", ("b",))]


def test_prev_and_options_of_later_cells_of_a_step_count() -> None:
    tagged = tag_notebook(
        make_notebook([("step:a", "x"), ("step:b", "y"), ("prev:a|limit:cpu:2", "z")])
    )
    assert tagged.steps[1].after == ("a",)
    assert tagged.steps[1].options == StepOptions(resources=Resources(cpu_limit="2"))


def test_layers_defaults_then_the_metadatas_table_then_tags() -> None:
    metadata = {
        "kalelike": {
            "defaults": {
                "image": "default",
                "labels": {"a": "default", "b": "default", "c": "default"},
                "retry": {"max_retries": 3},
                "timeout": 60,
            },
            "steps": {
                "one": {"image": "table", "labels": {"b": "table", "c": "table"}, "timeout": 70}
            },
        }
    }
    cells = [("step:one|label:c:tag|timeout:80", "x"), ("step:two|retry:0", "y")]
    one, two = (step.options for step in tag_notebook(make_notebook(cells, metadata)).steps)
    assert one == StepOptions(
        image="table",
        labels=(("a", "default"), ("b", "table"), ("c", "tag")),
        retry=Retry(3),
        timeout_seconds=80,
    )
    assert two == StepOptions(
        image="default",
        labels=(("a", "default"), ("b", "default"), ("c", "default")),
        timeout_seconds=60,
    )


WRONG: list[tuple[str, Cells, str, int, str]] = [
    ("two steps in a cell", [("step:a|step:b", "x")], "conflicting-tags", 0, "step:a and step:b"),
    ("two roles", [("imports|functions", "x")], "conflicting-tags", 0, "imports and functions"),
    ("role and step", [("step:a", "w"), ("step:b|imports", "x")], "conflicting-tags", 1, "imports"),
    ("prev names no step", [("step:load", "x"), ("step:b|prev:laod", "y")], "unknown-step", 1,
     "did you mean `prev:load`?"),
    ("prev is empty", [("step:a", "x"), ("step:b|prev:", "y")], "unknown-step", 1, "the steps are"),
    ("prev names itself", [("step:a|prev:a", "x")], "cycle", 0, "itself"),
    ("prev of a later step", [("step:a|prev:b", "x"), ("step:b", "y")], "cycle", 0, "comes after"),
    ("a cycle of two", [("step:a|prev:b", "x"), ("step:b|prev:a", "y")], "cycle", 0, "comes after"),
    ("the name again", [("step:a", "x"), ("step:b", "y"), ("step:a", "z")], "duplicate-step", 2,
     "other steps stand between"),
    ("a path", [("step:a/b", "x")], "bad-name", 0, "letters"),
    ("a template", [("step:{{x}}", "x")], "bad-name", 0, "letters"),
    ("a newline", [("step:a\nb", "x")], "bad-name", 0, "letters"),
    ("a leading dash", [("step:-a", "x")], "bad-name", 0, "letters"),
    ("a long name", [("step:" + "a" * 101, "x")], "bad-name", 0, "letters"),
    ("a name of many bytes", [("step:" + "数" * 70, "x")], "bad-name", 0, "letters"),
    ("a role's name", [("step:imports", "x")], "bad-name", 0, "letters"),
    ("an option without a step", [("imports|limit:cpu:2", "x"), ("step:a", "y")],
     "conflicting-tags", 0, "belongs to a step"),
    ("prev without a step", [("step:a", "x"), ("pipeline-metrics|prev:a", "y")],
     "conflicting-tags", 1, "belongs to a step"),
    ("options that contradict", [("step:a|image:x|image:y", "x")], "conflicting-tags", 0,
     "contradict"),
    ("contradiction in a later cell", [("step:a|retry:2", "x"), ("retry:3", "y")],
     "conflicting-tags", 1, "contradict"),
    ("two kinds of GPU", [("step:a|limit:nvidia.com/gpu:1|limit:amd.com/gpu:1", "x")],
     "conflicting-tags", 0, "contradict"),
    ("one variable, two values", [("step:a|env:A:1|secret:s:k:A", "x")], "conflicting-tags", 0,
     "contradict"),
    ("one place, two mounts", [("step:a|volume:x:/d|empty-dir:y:/d/", "x")], "conflicting-tags", 0,
     "contradict"),
    ("request over limit", [("step:a|request:cpu:2|limit:cpu:500m", "x")], "bad-option", 0,
     "exceeds the limit"),
    ("root and no root", [("step:a|run-as-user:0|run-as-non-root:true", "x")], "bad-option", 0,
     "root"),
    ("back-off over the longest", [("step:a|retry:3:1h:2:10m", "x")], "bad-option", 0, "back-off"),
    ("a bad option", [("step:a|limit:cpu:x", "x")], "bad-option", 0, "write limit:RESOURCE:AMOUNT"),
    ("a search", [("step:a|search", "x")], "tag-not-available", 0, "hyperparameter"),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "code", "cell", "says"), [row[1:] for row in WRONG],
                         ids=[row[0] for row in WRONG])  # fmt: skip
def test_wrong_tags_are_refused_at_their_cell(
    cells: Cells, code: str, cell: int, says: str
) -> None:
    with pytest.raises(CompileError) as caught:
        tag_notebook(make_notebook(cells))
    item = next(item for item in caught.value.diagnostics if item.code.name == code)
    assert item.severity is Severity.ERROR
    assert item.location.index == cell
    assert says in f"{item.message} {item.hint}"
    assert item.hint


TOLD: list[tuple[str, Cells, str, Severity]] = [
    ("an old spelling", [("block:a", "x")], "old-spelling", Severity.NOTE),
    ("papermill's parameters", [("parameters", "x = 1"), ("step:a", "x")], "old-spelling",
     Severity.NOTE),
    ("a misspelt tag", [("step:a", "x"), ("stpe:b", "y")], "unknown-tag", Severity.WARNING),
    ("untagged set-up", [("", "x"), ("step:a", "y")], "untagged-setup", Severity.NOTE),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "code", "weight"), [row[1:] for row in TOLD],
                         ids=[row[0] for row in TOLD])  # fmt: skip
def test_what_is_worth_knowing_is_told(cells: Cells, code: str, weight: Severity) -> None:
    (item,) = tag_notebook(make_notebook(cells)).diagnostics
    assert (item.code.name, item.severity) == (code, weight)


def test_old_spellings_are_told_once_for_all_cells() -> None:
    cells = [("block:a", "x"), ("block:b", "y"), ("block:c", "z")]
    (item,) = tag_notebook(make_notebook(cells)).diagnostics
    assert item.message == "3 tags spelt `block` read as `step`"
    assert item.location.index == 0


def test_foreign_tags_are_left_alone() -> None:
    cells = [("step:a|hide-input|remove-output", "x"), ("raises-exception", "y")]
    assert tag_notebook(make_notebook(cells)).diagnostics == ()


def test_all_mistakes_are_found_at_once() -> None:
    cells = [("step:a|limit:cpu:x|prev:nothing", "x"), ("imports|functions", "y")]
    with pytest.raises(CompileError) as caught:
        tag_notebook(make_notebook(cells, {"kalelike": {"nmae": 1, "steps": {"zzz": {}}}}))
    names = sorted(item.code.name for item in caught.value.diagnostics)
    assert names == [
        "bad-option", "bad-setting", "conflicting-tags", "unknown-step", "unknown-step",
    ]  # fmt: skip


def test_settings_of_a_step_that_does_not_exist() -> None:
    with pytest.raises(CompileError) as caught:
        tag_notebook(make_notebook([("step:train", "x")], {"kalelike": {"steps": {"trian": {}}}}))
    (item,) = caught.value.diagnostics
    assert item.location.path == "metadata.kalelike.steps.trian"
    assert item.hint == "did you mean `train`?"


@pytest.mark.parametrize(
    ("tag", "tagged"),
    [("step:a", True), ("block:a", True), ("imports", False), ("prev:a", False), ("", False)],
)
def test_is_tagged(tag: str, tagged: bool) -> None:
    assert is_tagged(make_notebook([(tag, "x")])) is tagged
