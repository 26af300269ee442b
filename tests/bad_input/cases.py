"""Bad input of every kind: how to make it, and what has to be said about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalelike.notebook.read import MOST_BYTES
from tests.emit.compiling import Cells, write_notebook

GOOD: Cells = [("step:a", "x = 1"), ("step:b", "y = x")]


@dataclass(frozen=True, slots=True)
class Case:
    """``make`` writes the input into a folder and returns what to name on the command line.

    ``cell`` is the 0-based index of the cell and ``line`` the line that the message has to name.
    """

    id: str
    make: Callable[[Path], Path]
    code: str
    cell: int | None = None
    line: int | None = None
    path: str | None = None
    output: str = "out.yaml"


def cells(*pairs: tuple[str, str], **metadata: Any) -> Callable[[Path], Path]:
    return lambda folder: write_notebook(folder / "nb.ipynb", list(pairs), metadata)


def raw(content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "nb.ipynb"
        path.write_bytes(content)
        return path

    return make


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], Path]:
    """A good notebook whose JSON has been changed."""

    def make(folder: Path) -> Path:
        path = write_notebook(folder / "nb.ipynb", GOOD)
        document = json.loads(path.read_text("utf-8"))
        change(document)
        path.write_text(json.dumps(document), "utf-8")
        return path

    return make


def named(name: str) -> Callable[[Path], Path]:
    return lambda folder: folder / name


def large(folder: Path) -> Path:
    path = write_notebook(folder / "nb.ipynb", GOOD)
    text = path.read_text("utf-8")
    output = json.dumps({"output_type": "stream", "name": "stdout", "text": "x" * 50 * 2**20})
    path.write_text(text.replace('"outputs": []', f'"outputs": [{output}]', 1), "utf-8")
    assert path.stat().st_size > MOST_BYTES
    return path


def a_folder(folder: Path) -> Path:
    (folder / "here").mkdir()
    return folder / "here"


def set_tags(value: object) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["cells"][1]["metadata"].update(tags=value)


SEVEN = [("step:a", f"x{i} = {i}") for i in range(6)]

CASES = (
    Case("a missing file", named("nothing.ipynb"), "file-not-found"),
    Case("a folder", a_folder, "not-a-file"),
    Case("an empty file", raw(b""), "not-json"),
    Case("a Python file", raw(b"print('x')\n"), "not-json", line=1),
    Case("broken JSON", raw(b'{"nbformat": 4,\n "cells": [}'), "not-json", line=2),
    Case("not UTF-8", raw('{"cells": "é"}'.encode("latin-1")), "not-utf8", line=1),
    Case("deep nesting", raw(b"[" * 200_000), "not-json"),
    Case("JSON, but no notebook", raw(b'{"a": 1}'), "not-a-notebook"),
    Case("nbformat 3", raw(b'{"nbformat": 3, "worksheets": []}'), "old-notebook-format"),
    Case("50 MB", large, "notebook-too-large"),
    Case("tags that are a text", edited(set_tags("step:b")), "not-a-notebook", cell=1),
    Case("a source that is a number",
         edited(lambda document: document["cells"][1].update(source=3)), "not-a-notebook", cell=1),
    Case("a cell that is NaN",
         edited(lambda document: document["cells"].append(float("nan"))), "not-a-notebook",
         cell=2),
    Case("half a character",
         edited(lambda document: document["cells"][0].update(source="x = '\ud800'")), "not-utf8",
         cell=0),
    Case("another language",
         edited(lambda document: document["metadata"].update(language_info={"name": "R"})),
         "unsupported-kernel"),
    Case("no cells", cells(), "no-steps"),
    Case("no steps", cells(("", "x = 1")), "no-steps"),
    Case("a syntax error in cell 7", cells(*SEVEN, ("", "y = 1\nz = = 2")), "syntax-error",
         cell=6, line=2),
    Case("an unclosed bracket", cells(("step:a", "x = (1,\ny = 2")), "syntax-error", cell=0,
         line=1),
    Case("a null byte", cells(("step:a", "x = 1\0")), "syntax-error", cell=0, line=1),
    Case("deeply nested code", cells(("step:a", "x = " + "(" * 500 + ")" * 500)), "syntax-error",
         cell=0),
    Case("prev names no step", cells(*GOOD, ("step:c|prev:bb", "z = 1")), "unknown-step", cell=2),
    Case("a cycle", cells(("step:a|prev:b", "x = 1"), ("step:b|prev:a", "y = 2")), "cycle",
         cell=0),
    Case("a step's name twice", cells(*GOOD, ("step:a", "z = 1")), "duplicate-step", cell=2),
    Case("a name that cannot be carried", cells(("step:{{x}}", "x = 1")), "bad-name", cell=0),
    Case("an option that cannot be", cells(("step:a|limit:memory:4GB", "x = 1")), "bad-option",
         cell=0),
    Case("contradicting tags", cells(("step:a|imports", "x = 1")), "conflicting-tags", cell=0),
    Case("what is not there yet", cells(("step:a|deploy", "x = 1")), "tag-not-available", cell=0),
    Case("an unknown setting", cells(*GOOD, kalelike={"nmae": "x"}), "bad-setting",
         path="metadata.kalelike.nmae"),
    Case("settings of no step", cells(*GOOD, kalelike={"steps": {"c": {}}}), "unknown-step",
         path="metadata.kalelike.steps.c"),
    Case("settings that are a list", cells(*GOOD, kubeflow_notebook=[1]), "bad-setting",
         path="metadata.kubeflow_notebook"),
    Case("an undefined name", cells(("step:a", "x = 1\ny = nothing")), "undefined-name", cell=0,
         line=2),
    Case("an output below a file", cells(*GOOD), "output-not-writable", output="nb.ipynb/out.yaml"),
    Case("an output in no folder", cells(*GOOD), "output-not-writable", output="none/out.yaml"),
    Case("an output that is a folder", cells(*GOOD), "output-not-writable", output="."),
    Case("an output that is the input", cells(*GOOD), "output-not-writable", output="nb.ipynb"),
)  # fmt: skip
