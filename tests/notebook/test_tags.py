"""Every tag: what it says, what is wrong with it, and what it was probably meant to be."""

from __future__ import annotations

import pytest

from kalelike.notebook.model import Role
from kalelike.notebook.option_tags import OPTION_TAGS
from kalelike.notebook.tags import read_tag, read_tags

ROLES = [
    ("imports", Role.IMPORTS),
    ("functions", Role.FUNCTIONS),
    ("pipeline-parameters", Role.PARAMETERS),
    ("pipeline-metrics", Role.METRICS),
    ("skip", Role.SKIP),
]


@pytest.mark.parametrize(("text", "role"), ROLES, ids=[row[0] for row in ROLES])
def test_a_role(text: str, role: Role) -> None:
    tag = read_tag(text)
    assert (tag.role, tag.step, tag.after, tag.options, tag.problem) == (
        role, None, None, None, None,
    )  # fmt: skip


def test_steps_and_order() -> None:
    assert read_tag("step:train").step == "train"
    assert read_tag("step: train ").step == "train"
    assert read_tag("prev:load").after == "load"


OLD = [
    ("block:train", "step:train"),
    ("parameters", "pipeline-parameters"),
]


@pytest.mark.parametrize(("text", "spelt"), OLD, ids=[row[0] for row in OLD])
def test_an_old_spelling_is_understood(text: str, spelt: str) -> None:
    tag, new = read_tag(text), read_tag(spelt)
    assert (tag.role, tag.step, tag.spelt) == (new.role, new.step, spelt)
    assert tag.problem is None


FOREIGN = (
    "hide-input", "hide-cell", "remove-input", "remove-output", "raises-exception",
    "injected-parameters", "nbval-skip-output", "slideshow", "solution", "hidden", "test",
    "todo", "export", "env", "image", "label", "cache", "report", "secret", "volume", "notebook",
    "scroll-output", "full-width", "thebe-init", "", "x", "level:2", "owner:ann", "数据", "a" * 300,
)  # fmt: skip


@pytest.mark.parametrize("text", FOREIGN, ids=[repr(text)[:20] for text in FOREIGN])
def test_a_foreign_tag_is_left_alone(text: str) -> None:
    assert not read_tag(text).ours


MISSPELT = [
    ("stpe:train", "step:train"),
    ("Step:train", "step:train"),
    ("steps:train", "step:train"),
    ("step-train", "step:train"),
    ("step_train", "step:train"),
    ("step/train", "step:train"),
    ("step=train", "step:train"),
    ("step train", "step:train"),
    ("step", "step:NAME"),
    ("prv:load", "prev:load"),
    ("prev-load", "prev:load"),
    ("after:load", "prev:load"),
    ("blok:load", "step:load"),
    ("import", "imports"),
    ("Imports", "imports"),
    ("function", "functions"),
    ("pipeline_parameters", "pipeline-parameters"),
    ("pipeline-parameter", "pipeline-parameters"),
    ("pipeline-metric", "pipeline-metrics"),
    ("Skip", "skip"),
    ("skip:", "skip"),
    ("limits:cpu:2", "limit:cpu:2"),
    ("memory:4Gi", "limit:memory:4Gi"),
    ("retries:3", "retry:3"),
    ("timeuot:5m", "timeout:5m"),
    ("configmap:a:b:C", "config-map:a:b:C"),
    ("config_map:a:b:C", "config-map:a:b:C"),
    ("node_selector:a:b", "node-selector:a:b"),
    ("run_as_user:1000", "run-as-user:1000"),
    ("pvc:data:/data", "volume:data:/data"),
]


@pytest.mark.parametrize(("text", "meant"), MISSPELT, ids=[row[0] for row in MISSPELT])
def test_a_misspelt_tag_is_pointed_out(text: str, meant: str) -> None:
    problem = read_tag(text).problem
    assert problem is not None
    assert (problem.code, problem.hint) == ("unknown-tag", f"did you mean `{meant}`?")


LATER = ("search", "search:optuna", "gate", "gate:accuracy", "deploy", "deploy:kserve",
         "notebook:clean")  # fmt: skip


@pytest.mark.parametrize("text", LATER)
def test_what_is_not_there_yet_is_refused(text: str) -> None:
    problem = read_tag(text).problem
    assert problem is not None
    assert problem.code == "tag-not-available"
    assert problem.hint


@pytest.mark.parametrize("word", OPTION_TAGS)
def test_an_option_without_a_value_is_refused_with_its_form(word: str) -> None:
    problem = read_tag(f"{word}:").problem
    assert problem is not None
    assert problem.code == "bad-option"
    assert problem.hint == f"write {word}:{OPTION_TAGS[word].form}"


def test_a_long_tag_is_shortened_in_messages() -> None:
    problem = read_tag("limit:" + "x" * 5000).problem
    assert problem is not None
    assert len(problem.message) < 300


def test_roles_and_steps_of_a_cell_are_without_repetition() -> None:
    tags = read_tags(("step:a", "block:a", "skip", "skip", "hide-input"))
    assert (tags.roles, tags.steps) == ((Role.SKIP,), ("a",))
