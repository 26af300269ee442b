"""Whatever stands in tags, metadata and files gives diagnostics, and no other exception."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kalelike.diagnostics import Diagnostic
from kalelike.errors import CompileError
from kalelike.notebook import options as classes
from kalelike.notebook.decoding import setting_fields
from kalelike.notebook.kale_settings import KALE_KEYS
from kalelike.notebook.option_tags import OPTION_TAGS
from kalelike.notebook.options import PipelineOptions, StepOptions
from kalelike.notebook.read import read_notebook
from kalelike.notebook.roles import tag_notebook
from kalelike.notebook.tags import ROLE_TAGS, read_tag
from tests.notebook.notebooks import make_notebook, read_metadata

words = st.sampled_from((*OPTION_TAGS, *ROLE_TAGS, "step", "prev", "block", "notebook", "search"))
parts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(("cpu", "memory", "nvidia.com/gpu", "1", "2Gi", "/a", "a", "enabled", "30s")),
)
tags = st.one_of(
    st.text(max_size=20),
    st.builds(lambda word, rest: ":".join((word, *rest)), words, st.lists(parts, max_size=5)),
)


def refusals(call: Callable[[], object]) -> tuple[Diagnostic, ...]:
    """Return what a stage refuses with; any other exception fails the test."""
    try:
        call()
    except CompileError as error:
        return error.diagnostics
    return ()


@given(tags)
def test_any_tag_is_read(text: str) -> None:
    tag = read_tag(text)
    assert tag.problem is None or tag.problem.hint


@given(st.lists(st.tuples(st.lists(tags, max_size=4), st.sampled_from(("x = 1", ""))), max_size=5))
def test_any_tags_of_a_notebook_give_roles_or_diagnostics(
    cells: list[tuple[list[str], str]],
) -> None:
    clean = [("|".join(tag.replace("|", "") for tag in found), source) for found, source in cells]
    found = refusals(lambda: tag_notebook(make_notebook(clean)))
    assert all(item.hint or item.code.name == "old-spelling" for item in found)


NAMES = sorted(
    {
        *KALE_KEYS, *setting_fields(PipelineOptions), *setting_fields(StepOptions), "defaults",
        "steps", "type", "name", "mount_point", "enabled",
        *(field.name for kind in vars(classes).values() if isinstance(kind, type)
          for field in (fields(kind) if hasattr(kind, "__dataclass_fields__") else ())),
    }
)  # fmt: skip
keys = st.one_of(st.sampled_from(NAMES), st.text(max_size=6))
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10),
    st.sampled_from((10**400, -(10**400), "1h", "2Gi", "pvc", "/a", "limit:cpu:2")),
)  # fmt: skip
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)


@given(st.sampled_from(("kalelike", "kubeflow_notebook")), json_values)
def test_any_metadata_is_read(key: str, value: Any) -> None:
    for item in read_metadata({key: value}).diagnostics:
        assert item.location.path is not None
        assert len(item.message) < 1000


@given(st.dictionaries(keys, json_values, max_size=5))
def test_any_defaults_are_read(value: dict[str, Any]) -> None:
    read_metadata({"kalelike": {"defaults": value, "steps": {"a": value}}})


@given(
    st.one_of(
        json_values,
        st.fixed_dictionaries(
            {"nbformat": st.just(4)},
            optional={
                "metadata": json_values,
                "cells": st.lists(
                    st.dictionaries(
                        st.sampled_from(("cell_type", "source", "metadata", "id", "tags")),
                        st.one_of(json_values, st.sampled_from(("code", "markdown", ["a", "b"]))),
                    ),
                    max_size=4,
                ),
            },
        ),
    )
)
def test_any_json_is_a_notebook_or_told(document: Any) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "nb.ipynb"
        path.write_text(json.dumps(document), "utf-8")
        assert all(item.hint for item in refusals(lambda: read_notebook(path)))
