"""Names that Argo and Kubernetes can carry, made of names that people write."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from kalelike.emit.names import component_names, pipeline_key, task_name, task_names
from kalelike.notebook.model import StepName

ARGO = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
PLAIN = {
    "train": "train",
    "Train_Model": "train-model",
    "a.b c": "a-b-c",
    "2nd": "step-2nd",
    "été": "u00e9-t-u00e9",
    "数据": "u6570-u636e",
    "___": "step",
}


def test_names_people_write() -> None:
    assert {name: task_name(name) for name in PLAIN} == PLAIN


def test_a_long_name_keeps_its_beginning_and_is_told_apart() -> None:
    one, two = task_name("x" * 80 + "a"), task_name("x" * 80 + "b")
    assert len(one) == len(two) == 63
    assert one != two
    assert one[:50] == "x" * 50


@given(st.lists(st.text(min_size=1, max_size=70), min_size=1, max_size=8, unique=True))
def test_all_tasks_have_names_of_their_own_that_argo_takes(steps: list[str]) -> None:
    names = task_names(map(StepName, steps))
    assert list(names) == steps
    assert len(set(names.values())) == len(steps)
    for name in names.values():
        assert ARGO.fullmatch(name)
        assert len(name) <= 68
    # Argo's own companion of a task `a` is `a-driver`.
    assert not {f"{name}-driver" for name in names.values()} & set(names.values())


def test_a_plain_name_stays_whatever_stands_beside_it() -> None:
    names = task_names(map(StepName, ("A b", "a-b", "a_b")))
    assert names[StepName("a-b")] == "a-b"
    assert len(set(names.values())) == 3
    again = task_names(map(StepName, ("a_b", "a-b", "A b")))
    assert again[StepName("a-b")] == "a-b"


def test_a_driver_is_told_apart_from_argos() -> None:
    names = task_names(map(StepName, ("a", "a-driver")))
    assert names == {"a": "a", "a-driver": "a-driver-step"}


def test_pipeline_keys() -> None:
    assert pipeline_key("My Pipeline!") == "my-pipeline"
    assert pipeline_key("数") == pipeline_key("数") != pipeline_key("据")
    assert len(pipeline_key("x" * 500)) == 100


def test_a_component_is_never_called_like_its_pipeline() -> None:
    assert component_names(["a", "b"], "a")["a"] != "comp-a"
    assert component_names(["a", "b"], "a")["b"] == "comp-b"
