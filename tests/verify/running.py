"""Verifies small notebooks that the tests write, also with a pipeline that is made wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from kalelike.compiler import Compilation, compile_notebook
from kalelike.runtime.fingerprints import Tolerance
from kalelike.verify.findings import Verification
from kalelike.verify.local_side import LocalSide
from kalelike.verify.subject import Subject, make_subject
from kalelike.verify.verifying import HASH_SEED, START, VerifyOptions, verify
from tests.equivalence.harness import write_notebook

Cells = list[tuple[str, str]]


def quiet(side: str, text: str) -> None:
    """Take progress, and say nothing."""


def subject_of(folder: Path, cells: Cells) -> Subject:
    """Write a notebook and compile it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = write_notebook(folder / "book.ipynb", cells)
    return make_subject(path, compile_notebook(path))


def run(subject: Subject, *, strict: bool = False, method: str = "fork") -> Verification:
    """Verify a subject on this machine."""
    side = LocalSide(START, HASH_SEED, start_method=method)
    return verify(subject, side, VerifyOptions(Tolerance(), strict), quiet)


def with_changed_step(subject: Subject, step: str, change: Any) -> Subject:
    """Return the subject with a step's code document changed by ``change(data)``."""
    compilation = subject.compilation
    codes = []
    for item in compilation.codes:
        if item.step == step:
            data = json.loads(item.text)
            change(data)
            item = replace(item, text=json.dumps(data))
        codes.append(item)
    changed: Compilation = replace(compilation, codes=tuple(codes))
    return make_subject(subject.path, changed)


def replaced_source(old: str, new: str) -> Any:
    """Return a change that replaces text in the step's cells."""

    def change(data: dict[str, Any]) -> None:
        for cell in data["cells"]:
            assert old in cell["source"]
            cell["source"] = cell["source"].replace(old, new)

    return change


def replaced_cell(index: int, old: str, new: str) -> Any:
    """Return a change that replaces text in one of the step's cells."""

    def change(data: dict[str, Any]) -> None:
        cell = next(item for item in data["cells"] if item["index"] == index)
        assert old in cell["source"]
        cell["source"] = cell["source"].replace(old, new)

    return change


def without_input(name: str) -> Any:
    """Return a change that lets a step not take a name that it is given."""

    def change(data: dict[str, Any]) -> None:
        for item in data["inputs"]:
            item["names"] = [other for other in item["names"] if other != name]

    return change
