"""The notebook's code in order, cut where another step begins to run it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kalelike.graph.model import PipelineGraph


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of one cell from 1-based ``line`` on, run by ``owner``.

    ``whole`` is False for a part of a cell; ``metrics`` marks those of a metrics cell,
    which a step may run before its place. Imports, definitions and parameters,
    which many steps repeat, have no owner.
    """

    owner: str | None
    index: int
    line: int
    source: str
    whole: bool = True
    metrics: bool = False


def cut(graph: PipelineGraph, metrics: frozenset[int] = frozenset()) -> list[Piece]:
    """Return the notebook's code; cells that the pipeline skips are left out.

    ``metrics`` are the indexes of metrics cells.
    """
    lines = owners(graph)
    pieces: list[Piece] = []
    for cell in graph.notebook.cells:
        if cell.kind == "code" and cell.source.strip() and "skip" not in cell.tags:
            late = cell.index in metrics
            pieces += _parts(cell.index, cell.source, lines.get(cell.index, {}), late)
    return pieces


def owners(graph: PipelineGraph) -> dict[int, dict[int, str]]:
    """Return the last step that runs each line, by index of the cell and 1-based line."""
    found: dict[int, dict[int, str]] = {}
    for step in graph.steps:
        for cell in step.cells:
            lines = found.setdefault(cell.index, {})
            for number, line in enumerate(cell.source.splitlines(), start=1):
                if line.strip():
                    lines[number] = step.name
    return found


def _parts(index: int, source: str, lines: dict[int, str], late: bool) -> Iterator[Piece]:
    rows = source.splitlines()
    filled = [number for number, row in enumerate(rows, start=1) if row.strip()]
    if len({lines.get(number) for number in filled}) <= 1:
        yield Piece(lines.get(filled[0]), index, 1, source, metrics=late)
        return
    start, current = 1, lines.get(1)
    for number, row in enumerate(rows, start=1):
        owner = lines.get(number) if row.strip() else current
        if owner != current:
            if start < number:
                text = "\n".join(rows[start - 1 : number - 1])
                yield Piece(current, index, start, text, False, late)
            start, current = number, owner
    yield Piece(current, index, start, "\n".join(rows[start - 1 :]), False, late)
