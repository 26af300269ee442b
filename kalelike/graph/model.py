"""The pipeline as a graph of steps: what the emitter writes and the engines run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from kalelike.diagnostics import Diagnostic, Location
from kalelike.notebook.model import Cell, Notebook, StepName
from kalelike.notebook.options import PipelineOptions, StepOptions
from kalelike.runtime.foreign_cell import step_kernel


class ArtifactType(Enum):
    """KFP's artifact types, by schema title."""

    ARTIFACT = "system.Artifact"
    DATASET = "system.Dataset"
    MODEL = "system.Model"
    METRICS = "system.Metrics"
    HTML = "system.HTML"


class StepRole(Enum):
    """Where a step comes from."""

    STEP = "step"
    SETUP = "setup"
    """Set-up with effects, run once, before what reads it."""
    METRICS = "pipeline-metrics"
    """Metrics that need values of more than one step."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """Lines of a cell that are replayed at the start of a step.

    ``line`` is the 1-based line of the cell at which ``source`` begins;
    ``source`` holds whole lines. ``kind`` is one of import, definition,
    constant, setting, seed. ``names`` are the names that it binds.
    """

    cell: Cell
    line: int
    source: str
    kind: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """One output artifact of a step: names that move together.

    ``key`` is the artifact's key in the KFP component. A name is a Python
    name, or hidden state: ``@random:numpy`` (a generator's state) or
    ``@file:PATH`` (a file, by path relative to the notebook). ``changed_later``
    are those of the names whose object a later step may change in place.
    """

    key: str
    names: tuple[str, ...]
    type: ArtifactType
    changed_later: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """One input artifact of a step: ``names`` are taken from it, the rest ignored.

    ``key`` is the artifact's key in this step's component; ``output`` is its
    key in the producer's.
    """

    key: str
    producer: StepName
    output: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A pipeline parameter. ``key`` is its name in KFP (equal to ``name`` where KFP can carry it).

    ``kfp_type`` is one of NUMBER_INTEGER, NUMBER_DOUBLE, STRING, BOOLEAN, LIST,
    STRUCT. ``default`` is the Python literal's value.
    """

    name: str
    key: str
    kfp_type: str
    default: object
    location: Location
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: an expression evaluated at the end of the step that owns it."""

    name: str
    expression: str
    location: Location


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of code that makes an edge, and what it does."""

    location: Location
    text: str


@dataclass(frozen=True, slots=True)
class Edge:
    """Why ``consumer`` waits for ``producer``: one name, or an order by ``prev:``.

    ``kind`` is one of data, state, file, order; ``name`` is empty for order.
    """

    producer: StepName
    consumer: StepName
    name: str
    kind: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step with everything it needs. ``after`` holds order-only predecessors.

    ``key_sources`` is the text that a cache key covers: the step's statements
    that can change an output, normalised so that comments and layout do not
    count.
    """

    name: StepName
    role: StepRole
    cells: tuple[Cell, ...]
    preamble: tuple[Fragment, ...]
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    parameters: tuple[str, ...]
    metrics: tuple[Metric, ...]
    after: tuple[StepName, ...]
    options: StepOptions
    location: Location
    key_sources: tuple[str, ...] = ()
    data_files: tuple[str, ...] = ()
    """Local files that the step reads and no step writes, relative to the notebook."""
    definitions: tuple[str, ...] = ()
    """Functions and classes that every reader replays from source: pickled by name."""
    foreseen: tuple[str, ...] = ()
    """If the step also binds names that cannot be known: those that are known."""

    @property
    def own_cells(self) -> tuple[Cell, ...]:
        """The cells without those that only state metrics, and without empty ones."""
        stating = {item.location.index for item in self.metrics}
        return tuple(
            cell for cell in self.cells if cell.index not in stating and cell.source.strip()
        )

    @property
    def kernel(self) -> str | None:
        """The kernel that the cells run on, None for the notebook's own Python."""
        return step_kernel(self.options.kernel, tuple(cell.source for cell in self.own_cells))

    @property
    def predecessors(self) -> tuple[StepName, ...]:
        """Every step that this one waits for, in order of first mention."""
        return tuple(dict.fromkeys((*(item.producer for item in self.inputs), *self.after)))


@dataclass(frozen=True, slots=True)
class PipelineGraph:
    """The whole pipeline; ``steps`` are in notebook order, which is a topological order."""

    notebook: Notebook
    options: PipelineOptions
    parameters: tuple[Parameter, ...]
    steps: tuple[Step, ...]
    edges: tuple[Edge, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
