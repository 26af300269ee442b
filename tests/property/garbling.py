"""Notebooks that nobody would write: garbled code, tags and settings."""

from __future__ import annotations

import json
import keyword
from pathlib import Path
from typing import Any

from tests.property.generator.drawing import Draw
from tests.property.generator.programs import Cells

_PIECES = (
    *keyword.kwlist, *keyword.softkwlist, "x", "y", "print", "self", "__init__", "1", "0.5", "'s'",
    "f'{x", "}'", "(", ")", "[", "]", "{", "}", ":", "=", ":=", "->", "*", "**", ",", ".", "@", "%",
    "%%", "!", "?", "??", ";", "\\", "#", "\n", "\n    ", "\n\t", "\r\n", "\x0c", "\0", "\ud800",
    "\u2028", "é", "𝒙", "%%capture", "%time", "!ls", "%run a.py", "exec", "eval", "globals()",
)  # fmt: skip
_TAGS = (
    "step:", "step:a", "step:A B", "step:a", "step:" + "x" * 300, "prev:", "prev:a", "prev:zz",
    "step", "imports", "import", "skip", "pipeline-metrics", "pipeline-parameters", "functions",
    "limit:", "limit:nvidia.com/gpu:x", "image:", "label:a", "annotation:k:v:w", "cache:", "retry:",
    "retry:-1:x", "search", "gate", "deploy", "é", "\0", " ", "", ":", "step:a:b", "step:../x",
)  # fmt: skip
_ROLES = ("imports", "functions", "setup", "pipeline-parameters", "pipeline-metrics")
_SETTINGS: tuple[Any, ...] = (
    None, 1, "text", [], {}, {"name": None}, {"name": "\0"}, {"steps": 3}, {"steps": {"a": None}},
    {"experiment": {}}, {"base_image": 3}, {"unknown": {"x": [1]}},
    {"steps": {"a": {"retry": "x"}}},
)  # fmt: skip


def garbled(draw: Draw, cells: Cells) -> dict[str, Any]:
    """Return a notebook as JSON data: the program's cells, some of them garbled."""
    made = [_cell(draw, index, tag, source) for index, (tag, source) in enumerate(cells)]
    metadata: dict[str, Any] = {}
    if draw.chance(20):
        key = draw.pick(("kalelike", "kubeflow_notebook", "kernelspec", "language_info"))
        metadata[key] = draw.pick(_SETTINGS)
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made}


def write_garbled(path: Path, notebook: dict[str, Any]) -> Path:
    """Write the notebook; lone surrogates are escaped, as JSON allows."""
    path.write_text(json.dumps(notebook, ensure_ascii=True), "utf-8")
    return path


def _cell(draw: Draw, index: int, tag: str, source: str) -> dict[str, Any]:
    tags: Any = _tags(draw, tag)
    if draw.chance(60):
        source = _source(draw, source)
    return {
        "cell_type": draw.pick(("code",) * 9 + ("markdown",)),
        "id": f"c{index}",
        "metadata": {"tags": tags} if tags is not None else {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def tags_of(tag: str) -> list[str]:
    """Return a notebook's tags for a generated cell's role or step."""
    if tag in _ROLES:
        return [tag]
    name, *after = tag.split()
    return [f"step:{name}", *(f"prev:{item}" for item in after)]


def _tags(draw: Draw, tag: str) -> list[Any] | None:
    plain = tags_of(tag)
    if draw.chance(70):
        return plain
    if draw.chance(10):
        return None
    wild: list[Any] = [draw.pick(_TAGS) for _ in range(draw.below(4))]
    return [*plain, *wild] if draw.chance(60) else wild


def _source(draw: Draw, source: str) -> str:
    way = draw.below(5)
    if way == 0:
        return source[: draw.below(len(source) + 1)]
    if way == 1:
        start = draw.below(len(source) + 1)
        return source[:start] + source[start + 1 + draw.below(6) :]
    if way == 2:
        return " ".join(draw.pick(_PIECES) for _ in range(1 + draw.below(12)))
    if way == 3:
        lines = source.splitlines() or [""]
        at = draw.below(len(lines))
        lines[at] = draw.pick((" ", "    ", "\t", "%", "!", "?", ">>> ", "In [1]: ")) + lines[at]
        return "\n".join(lines)
    at = draw.below(len(source) + 1)
    return source[:at] + draw.pick(_PIECES) + source[at:]
