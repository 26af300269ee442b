"""Notebook files for tests of images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kalelike.compiler import Compilation, compile_notebook

Cells = list[tuple[str, str]]


def write_notebook(path: Path, cells: Cells, metadata: dict[str, Any] | None = None) -> Path:
    """Write a notebook of ``(tags, source)`` pairs; tags are separated by ``|``."""
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kalelike": metadata or {}},
        "cells": [
            {
                "cell_type": "code", "id": f"c{index}", "execution_count": None, "outputs": [],
                "metadata": {"tags": tags.split("|") if tags else []}, "source": source,
            }
            for index, (tags, source) in enumerate(cells)
        ],
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")
    return path


def compiled(folder: Path, cells: Cells, metadata: dict[str, Any] | None = None) -> Compilation:
    """Write a notebook and compile it."""
    return compile_notebook(write_notebook(folder / "nb.ipynb", cells, metadata))
