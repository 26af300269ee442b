"""Notebooks for tests, made without files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kalelike.notebook.model import Cell, CellId, Notebook
from kalelike.notebook.settings import Settings, read_settings


def make_notebook(
    cells: list[tuple[str, str]], metadata: Mapping[str, Any] | None = None, name: str = "nb.ipynb"
) -> Notebook:
    """Return a notebook of ``(tags, source)`` pairs; tags are separated by ``|``."""
    made = []
    number = 0
    for index, (tags, source) in enumerate(cells):
        number += bool(source.strip())
        made.append(
            Cell(
                index,
                CellId(f"c{index}"),
                "code",
                source,
                tuple(tags.split("|")) if tags else (),
                {},
                number if source.strip() else None,
                name,
            )
        )
    return Notebook(name, name, tuple(made), metadata or {}, "python", "python3", "0" * 64)


def read_metadata(metadata: Mapping[str, Any]) -> Settings:
    """Return what the settings of a notebook with this metadata are."""
    return read_settings(make_notebook([], metadata))
