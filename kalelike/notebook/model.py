"""A notebook as read: cells in order, and the role that each plays in the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NewType

from kalelike.diagnostics import Diagnostic, Location
from kalelike.notebook.options import PipelineOptions, StepOptions

CellId = NewType("CellId", str)
StepName = NewType("StepName", str)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, as it stands in the file.

    ``index`` is 0-based among all cells. ``number`` is the execution count
    that "Restart Kernel and Run All Cells" gives (1, 2, …), None for cells
    that are not executed (Markdown, raw, blank).
    """

    index: int
    id: CellId
    kind: str
    source: str
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict, compare=False)
    number: int | None = None
    notebook: str = ""

    @property
    def location(self) -> Location:
        """The cell as a place that messages can point at."""
        return Location(self.notebook, self.index, self.id, self.number)


@dataclass(frozen=True, slots=True)
class Notebook:
    """A whole notebook file. ``path`` is as the user gave it; ``name`` its file name."""

    path: str
    name: str
    cells: tuple[Cell, ...]
    metadata: Mapping[str, object] = field(compare=False)
    language: str
    kernel: str
    sha256: str

    @property
    def location(self) -> Location:
        """The notebook as a place that messages can point at."""
        return Location(self.name)


class Role(Enum):
    """What a cell is to the pipeline."""

    IMPORTS = "imports"
    FUNCTIONS = "functions"
    PARAMETERS = "pipeline-parameters"
    METRICS = "pipeline-metrics"
    STEP = "step"
    SETUP = "setup"
    """An untagged cell before the first step: it behaves as imports and functions do."""
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class TaggedCell:
    """A code cell with its role; ``step`` is set for the role ``STEP`` only."""

    cell: Cell
    role: Role
    step: StepName | None = None


@dataclass(frozen=True, slots=True)
class StepDeclaration:
    """A step as its tags declare it. ``after`` holds the ``prev:`` steps."""

    name: StepName
    after: tuple[StepName, ...]
    options: StepOptions
    location: Location


@dataclass(frozen=True, slots=True)
class TaggedNotebook:
    """A notebook whose code cells have roles, in notebook order."""

    notebook: Notebook
    cells: tuple[TaggedCell, ...]
    steps: tuple[StepDeclaration, ...]
    options: PipelineOptions
    diagnostics: tuple[Diagnostic, ...] = ()
