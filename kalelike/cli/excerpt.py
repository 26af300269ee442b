"""The line of a notebook (or document) that a message is about, with a caret below it."""

from __future__ import annotations

import json
import unicodedata
from functools import cached_property
from pathlib import Path

from kalelike.cli.terminal import visible
from kalelike.diagnostics import Location

_LARGEST = 100 * 2**20
_WIDTH = 140


class SourceFile:
    """A notebook or document, read leniently and only when a line of it is asked for.

    A message is printed about files that could not be read at all, so every
    problem here means "no excerpt" and never an error.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path

    def line(self, place: Location) -> str | None:
        """Return the line at ``place``; None when there is none to show."""
        if self.path is None or place.line is None or Path(self.path).name != _base(place.source):
            return None
        lines = self._lines if place.index is None else self._cell_lines(place.index)
        return lines[place.line - 1] if 0 < place.line <= len(lines) else None

    @cached_property
    def _text(self) -> str:
        path = Path(self.path or "")
        try:
            if not path.is_file() or path.stat().st_size > _LARGEST:
                return ""
            return path.read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            return ""

    @cached_property
    def _lines(self) -> list[str]:
        return [] if self._text.lstrip().startswith("{") else self._text.splitlines()

    @cached_property
    def _cells(self) -> list[object]:
        try:
            data = json.loads(self._text)
        except (ValueError, RecursionError):
            return []
        cells = data.get("cells") if isinstance(data, dict) else None
        return cells if isinstance(cells, list) else []

    def _cell_lines(self, index: int) -> list[str]:
        if not 0 <= index < len(self._cells):
            return []
        cell = self._cells[index]
        source = cell.get("source") if isinstance(cell, dict) else None
        if isinstance(source, list):
            source = "".join(str(part) for part in source)
        return source.split("\n") if isinstance(source, str) else []


def _base(source: str) -> str:
    return Path(source).name


def excerpt_lines(line: str, number: int, column: int | None) -> list[str]:
    """Return a numbered source line and, where the column is known, a caret under it."""
    text, offset = _window(visible(line.rstrip("\r\n")).replace("\t", " "), column or 0)
    label = f"{number:>6} | "
    lines = [label + text]
    if column is not None and 0 <= column - offset <= len(text):
        lines.append(" " * (len(label) - 2) + "| " + " " * _columns(text[: column - offset]) + "^")
    return lines


def _window(text: str, column: int) -> tuple[str, int]:
    """Cut a long line so that the column stays in sight; return it and what was cut in front."""
    if len(text) <= _WIDTH:
        return text, 0
    start = max(0, min(column - _WIDTH // 2, len(text) - _WIDTH))
    return text[start : start + _WIDTH], start


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
