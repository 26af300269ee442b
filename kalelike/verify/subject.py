"""What is to be verified: a compiled notebook, and where in it each step stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kalelike.compiler import Compilation
from kalelike.graph.model import Step, StepRole
from kalelike.runtime.code import MetricCode, StepCode

BEFORE_ALL = -1
"""Stands for the moment before the first cell."""


@dataclass(frozen=True, slots=True)
class CellPlan:
    """A cell that runs; ``step`` is the step that it belongs to whole, if one."""

    index: int
    number: int | None
    source: str
    step: str | None

    @property
    def title(self) -> str:
        """The cell as users know it."""
        return f"cell [{self.number}]" if self.number is not None else f"cell #{self.index + 1}"


@dataclass(frozen=True, slots=True)
class StepPlan:
    """A step: its code, and the cells at whose ends it begins and ends in the notebook.

    ``apart`` are the cells that the step runs too and that stand behind a cell of
    another step, as those of metrics do.
    """

    name: str
    role: StepRole
    code: StepCode
    begins_after: int
    ends_after: int
    producers: dict[str, str]
    apart: tuple[int, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every name that the step is given."""
        return tuple(name for item in self.code.inputs for name in item.names)


@dataclass(frozen=True, slots=True)
class Subject:
    """A notebook, what it was compiled to, and the order in which its cells run."""

    path: Path
    compilation: Compilation
    cells: tuple[CellPlan, ...]
    steps: tuple[StepPlan, ...]

    @property
    def metrics(self) -> tuple[MetricCode, ...]:
        """All metrics of all steps."""
        return tuple(item for step in self.steps for item in step.code.metrics)

    @property
    def boundaries(self) -> frozenset[int]:
        """The cells after which everything is looked at."""
        return frozenset(
            place for step in self.steps for place in (step.begins_after, step.ends_after)
        )

    def cell(self, index: int) -> CellPlan:
        """Return a cell by its place among all cells; raises ``KeyError``."""
        return {item.index: item for item in self.cells}[index]


def make_subject(path: Path, compilation: Compilation) -> Subject:
    """Return the subject of a compiled notebook."""
    graph = compilation.graph
    skipped = {item.index for item in graph.notebook.cells if "skip" in item.tags}
    running = [
        item
        for item in graph.notebook.cells
        if item.kind == "code" and item.source.strip() and item.index not in skipped
    ]
    sources = {item.index: item.source for item in running}
    owners: dict[int, str] = {}
    for step in graph.steps:
        if step.role is StepRole.STEP:
            for cell in step.cells:
                if sources.get(cell.index) == cell.source:
                    owners[cell.index] = step.name
    cells = tuple(
        CellPlan(item.index, item.number, item.source, owners.get(item.index)) for item in running
    )
    codes = {item.step: StepCode.from_json(item.text) for item in compilation.codes}
    return Subject(
        path,
        compilation,
        cells,
        tuple(_plan_step(step, cells, codes[step.name]) for step in graph.steps),
    )


def _plan_step(step: Step, cells: tuple[CellPlan, ...], code: StepCode) -> StepPlan:
    own = [item.index for item in cells if item.step == step.name]
    first = min(own or (item.index for item in step.cells), default=BEFORE_ALL)
    before = max((item.index for item in cells if item.index < first), default=BEFORE_ALL)
    other = min(
        (item.index for item in cells if item.index > first and item.step not in (None, step.name)),
        default=None,
    )
    together = [index for index in own if other is None or index < other]
    last = max(together or (item.index for item in step.cells), default=BEFORE_ALL)
    producers = {name: str(item.producer) for item in step.inputs for name in item.names}
    apart = tuple(index for index in own if index not in together)
    return StepPlan(step.name, step.role, code, before, last, producers, apart)
