"""Diagnostics as people and programs read them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import TextIO

from kalelike.cli.excerpt import SourceFile, excerpt_lines
from kalelike.cli.terminal import paint, visible
from kalelike.diagnostics import Diagnostic, Severity

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "blue"}


def print_diagnostics(
    diagnostics: Iterable[Diagnostic], path: str | None = None, stream: TextIO | None = None
) -> None:
    """Write diagnostics, each with its source line; ``path`` is the file that they are about."""
    stream = sys.stderr if stream is None else stream
    source = SourceFile(path)
    for item in diagnostics:
        print(diagnostic_text(item, source, stream), file=stream)


def diagnostic_text(item: Diagnostic, source: SourceFile, stream: TextIO) -> str:
    """Return one diagnostic: place, weight, code, message; then source line and hint."""
    head = paint(f"{item.severity.value} {item.code.id}", _COLOURS[item.severity], stream)
    place = paint(visible(str(item.location)), "bold", stream)
    lines = [f"{place}: {head} [{item.code.name}] {visible(item.message)}"]
    line = source.line(item.location)
    if line is not None and item.location.line is not None:
        lines += excerpt_lines(line, item.location.line, item.location.column)
    if item.hint:
        hint = visible(item.hint).replace("\n", "\n          ")
        lines.append(f"    {paint('hint:', 'bold', stream)} {hint}")
    return "\n".join(lines)


def print_json(data: Mapping[str, object]) -> None:
    """Write one JSON object on one line of standard output, at once."""
    sys.stdout.write(json.dumps(data, ensure_ascii=True, default=str, allow_nan=False) + "\n")
    sys.stdout.flush()


def diagnostics_data(diagnostics: Iterable[Diagnostic]) -> list[dict[str, object]]:
    """Return diagnostics as JSON-ready data."""
    return [item.as_dict() for item in diagnostics]


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """Count diagnostics by weight: ``2 errors, 1 warning``."""
    counts = dict.fromkeys(Severity, 0)
    for item in diagnostics:
        counts[item.severity] += 1
    return ", ".join(
        f"{count} {severity.value}{'' if count == 1 else 's'}"
        for severity, count in counts.items()
        if count
    )
