"""Builds tagged notebooks for tests of the analysis, without files or tags to parse."""

from __future__ import annotations

from kalelike.notebook.model import (
    Cell,
    CellId,
    Notebook,
    Role,
    StepDeclaration,
    StepName,
    TaggedCell,
    TaggedNotebook,
)
from kalelike.notebook.options import PipelineOptions, StepOptions

ROLES = {role.value: role for role in Role if role is not Role.STEP}
Cells = list[tuple[str, str]]


def tagged_notebook(cells: Cells, folder: str = "/nowhere") -> TaggedNotebook:
    """Make a notebook of ``(role or step, source)`` pairs; ``"b a"`` is step b with prev:a."""
    tagged: list[TaggedCell] = []
    steps: dict[str, StepDeclaration] = {}
    for index, (tag, source) in enumerate(cells):
        cell = Cell(
            index, CellId(f"c{index}"), "code", source, number=index + 1, notebook="nb.ipynb"
        )
        if tag in ROLES:
            tagged.append(TaggedCell(cell, ROLES[tag]))
            continue
        name, *after = tag.split()
        tagged.append(TaggedCell(cell, Role.STEP, StepName(name)))
        if name not in steps:
            previous = tuple(StepName(item) for item in after)
            steps[name] = StepDeclaration(StepName(name), previous, StepOptions(), cell.location)
    notebook = Notebook(
        f"{folder}/nb.ipynb",
        "nb.ipynb",
        tuple(item.cell for item in tagged),
        {},
        "python",
        "python3",
        "0" * 64,
    )
    options = PipelineOptions("nb")
    return TaggedNotebook(notebook, tuple(tagged), tuple(steps.values()), options)
