"""Documents for tests: a notebook written to a folder, compiled, read back from its YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from kalelike.compiler import Compilation, compile_notebook
from kalelike.emit import to_yaml

Cells = list[tuple[str, str]]


def write_notebook(path: Path, cells: Cells, metadata: Mapping[str, Any] | None = None) -> Path:
    """Write a notebook of ``(tags, source)`` pairs; tags are separated by ``|``."""
    data = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": dict(metadata or {}),
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{index}",
                "metadata": {"tags": tags.split("|") if tags else []},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for index, (tags, source) in enumerate(cells)
        ],
    }
    path.write_text(json.dumps(data), "utf-8")
    return path


def compile_cells(
    folder: Path, cells: Cells, metadata: Mapping[str, Any] | None = None, **options: bool
) -> Compilation:
    """Compile a notebook of these cells."""
    return compile_notebook(write_notebook(folder / "nb.ipynb", cells, metadata), **options)


def documents(compilation: Compilation) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the IR and the Kubernetes part of the platform document, as PyYAML reads them."""
    ir, *platform = yaml.safe_load_all(to_yaml(compilation.document))
    return ir, platform[0]["platforms"]["kubernetes"] if platform else {}
