"""Why a difference is there, from what both sides observed: kind, cell and line of each reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kalelike.runtime.fingerprints import Tolerance, fingerprint
from kalelike.verify.findings import Status
from kalelike.verify.judging import judge
from kalelike.verify.observations import (
    NotebookObservation,
    PipelineObservation,
    StepObservation,
)
from kalelike.verify.reasons import Investigator
from tests.verify.running import Cells, subject_of

Values = dict[str, Any]


def prints(values: Values) -> dict[str, dict[str, Any]]:
    return {name: fingerprint(value) for name, value in values.items()}


def explain(
    folder: Path, cells: Cells, theirs: dict[int, Values], ours: dict[str, Values], **more: Any
) -> Any:
    """Return the first difference, explained.

    ``theirs`` are the notebook's values after each cell, ``ours`` what each
    step has at its end, and under ``given`` at its start.
    """
    subject = subject_of(folder, cells)
    if "producers" in more:
        # As if the compiler had missed who changes a value.
        steps_with = [replace(item, producers=more["producers"]) for item in subject.steps]
        subject = replace(subject, steps=tuple(steps_with))
    notebook = NotebookObservation(
        {index: prints(values) for index, values in theirs.items()},
        {index: prints(more.get("generators", {})) for index in theirs},
        {index: prints(values) for index, values in theirs.items()},
        {}, {}, {}, folder, 1.0,
        started={step.name: prints(more.get("generators", {})) for step in subject.steps},
    )  # fmt: skip
    steps = []
    for step in subject.steps:
        values = dict(ours[step.name])
        given = values.pop("given", {})
        own = [item for item in subject.cells if item.step == step.name]
        observed = {
            "given": prints(given),
            "generators_given": prints(more.get("our_generators", more.get("generators", {}))),
            "cells": {str(own[-1].index): prints(values)},
            "end": prints({**given, **values}),
        }
        steps.append(StepObservation(step.name, "succeeded", observed=observed))
    pipeline = PipelineObservation(tuple(steps))
    found = judge(subject, notebook, pipeline, Tolerance()).findings
    first = next(item for item in found if item.status is Status.DIFFERENT)
    return Investigator(subject, notebook, pipeline, Tolerance()).explain(first)


ONE = "x = 1"
CASES: dict[str, tuple[Cells, dict[int, Values], dict[str, Values], dict[str, Any], str, str]] = {
    "random state": (
        [("step:a", ONE), ("step:b", "import random\ny = random.random()\nz = 2")],
        {-1: {}, 0: {"x": 1}, 1: {"x": 1, "y": 0.5, "z": 2}},
        {"a": {"x": 1}, "b": {"y": 0.25, "z": 2}},
        {"generators": {"@random:python": 1}, "our_generators": {"@random:python": 2}},
        "random state", "y = random.random()"),
    "unseeded": (
        [("step:a", ONE), ("step:b", "import numpy as np\n\ny = np.random.default_rng().normal()")],
        {-1: {}, 0: {"x": 1}, 1: {"x": 1, "y": 0.5}},
        {"a": {"x": 1}, "b": {"y": 0.25}}, {},
        "random state", "y = np.random.default_rng().normal()"),
    "clock": (
        [("step:a", ONE), ("step:b", "import time\n# when\ny = time.time()")],
        {-1: {}, 0: {"x": 1}, 1: {"x": 1, "y": 0.5}},
        {"a": {"x": 1}, "b": {"y": 0.25}}, {},
        "clock", "y = time.time()"),
    "clock in a function": (
        [("functions", "import time\ndef stamp():\n    return time.time()"),
         ("step:a", ONE), ("step:b", "z = 0\ny = stamp()")],
        {0: {}, 1: {"x": 1}, 2: {"x": 1, "y": 0.5, "z": 0}},
        {"a": {"x": 1}, "b": {"y": 0.25, "z": 0}}, {},
        "clock", "y = stamp()"),
    "environment": (
        [("step:a", ONE), ("step:b", "import os\ny = os.environ.get('A')")],
        {-1: {}, 0: {"x": 1}, 1: {"x": 1, "y": "a"}},
        {"a": {"x": 1}, "b": {"y": None}}, {},
        "environment", "y = os.environ.get('A')"),
    "file": (
        [("step:a", ONE), ("step:b", "z = 1\ny = open('a.txt').read()")],
        {-1: {}, 0: {"x": 1}, 1: {"x": 1, "y": "a", "z": 1}},
        {"a": {"x": 1}, "b": {"y": "b", "z": 1}}, {},
        "file", "y = open('a.txt').read()"),
    "alias": (
        [("step:a", "x = [1]\nholder = {'x': x}"), ("step:b", "for item in holder.values():\n"
                                                    "    item.append(2)"),
         ("step:c", "y = len(x)")],
        {-1: {}, 0: {"x": [1], "holder": {"x": [1]}}, 1: {"x": [1, 2], "holder": {"x": [1, 2]}},
         2: {"x": [1, 2], "holder": {"x": [1, 2]}, "y": 2}},
        {"a": {"x": [1], "holder": {"x": [1]}},
         "b": {"given": {"holder": {"x": [1]}}, "holder": {"x": [1, 2]}, "item": [1, 2]},
         "c": {"given": {"x": [1]}, "y": 1}}, {"producers": {"x": "a", "holder": "a"}},
        "alias", "item.append(2)"),
    "alias within the step": (
        [("step:a", "x = [1]\nholder = {'k': x}"), ("step:b", "n = 0\nholder['k'].append(2)")],
        {-1: {}, 0: {"x": [1], "holder": {"k": [1]}},
         1: {"x": [1, 2], "holder": {"k": [1, 2]}, "n": 0}},
        {"a": {"x": [1], "holder": {"k": [1]}},
         "b": {"given": {"x": [1], "holder": {"k": [1]}}, "holder": {"k": [1, 2]}, "n": 0}}, {},
        "alias", "holder['k'].append(2)"),
    "crossing": (
        [("step:a", "x = 1.5"), ("step:b", "y = x")],
        {-1: {}, 0: {"x": 1.5}, 1: {"x": 1.5, "y": 1.5}},
        {"a": {"x": 1.5}, "b": {"given": {"x": 1}, "y": 1}}, {},
        "crossing", "x = 1.5"),
    "rounding": (
        [("step:a", "x = 1"), ("step:b", "z = 0\ny = float(x)")],
        {-1: {}, 0: {"x": 1}, 1: {"x": 1, "y": 0.5, "z": 0}},
        {"a": {"x": 1}, "b": {"y": 0.5000001, "z": 0}}, {},
        "rounding", "y = float(x)"),
    "nothing known": (
        [("step:a", "x = 1\ny = x\nx = y")],
        {-1: {}, 0: {"x": 1, "y": 1}},
        {"a": {"x": 2, "y": 1}}, {},
        "unknown", "x = y"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_reason(name: str, tmp_path: Path) -> None:
    cells, theirs, ours, more, kind, source = CASES[name]
    if name == "alias":
        theirs[1]["item"] = [1, 2]
        theirs[2]["item"] = [1, 2]
    made = explain(tmp_path, cells, theirs, ours, **more)
    assert made.reason is not None
    assert made.reason.kind == kind
    assert made.reason.hint
    assert made.reason.source in (source, *source.splitlines())
    lines = cells[made.reason.index][1].splitlines()
    assert lines[made.reason.line - 1].strip() == made.reason.source
