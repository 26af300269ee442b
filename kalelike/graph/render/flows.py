"""What flows from step to step, grouped for pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kalelike.graph.model import PipelineGraph, Step
from kalelike.notebook.model import StepName


@dataclass(frozen=True, slots=True)
class Flow:
    """Everything that makes ``consumer`` wait for ``producer``.

    ``names`` are in order of first mention, hidden state included; an empty
    tuple means that only the order counts.
    """

    producer: StepName
    consumer: StepName
    names: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The names as people say them."""
        return tuple(name_label(name) for name in self.names)


def name_label(name: str) -> str:
    """Say a name: hidden state (``@random:numpy``, ``@file:PATH``) in words, others as they are."""
    if name == "@random:keras-names":
        return "names given by Keras"
    if name.startswith("@random:"):
        return f"random state of {name.removeprefix('@random:')}"
    if name.startswith("@settings:"):
        return f"settings of {name.removeprefix('@settings:')}"
    if name.startswith("@file:"):
        return f"file {name.removeprefix('@file:')}"
    return name


def list_flows(graph: PipelineGraph) -> tuple[Flow, ...]:
    """Return one flow for each pair of steps that depend directly, consumers in notebook order."""
    flows: list[Flow] = []
    for step in graph.steps:
        names: dict[StepName, dict[str, None]] = {}
        for item in step.inputs:
            names.setdefault(item.producer, {}).update(dict.fromkeys(item.names))
        for producer in step.after:
            names.setdefault(producer, {})
        flows += [Flow(producer, step.name, tuple(what)) for producer, what in names.items()]
    return tuple(flows)


def step_levels(graph: PipelineGraph) -> tuple[tuple[StepName, ...], ...]:
    """Return the steps by the longest chain before them: a level's steps may be parallel."""
    level: dict[StepName, int] = {}
    for step in graph.steps:
        level[step.name] = 1 + max((level[name] for name in step.predecessors), default=-1)
    rows: list[list[StepName]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for name, depth in level.items():
        rows[depth].append(name)
    return tuple(tuple(row) for row in rows)


def cells_label(step: Step) -> str:
    """Return the step's cells by the numbers that users see: ``cells [3] [4]``."""
    numbers = [f"[{cell.number}]" for cell in step.cells if cell.number is not None]
    if not numbers:
        return ""
    return f"cell{'s' if len(numbers) > 1 else ''} {' '.join(_folded(numbers))}"


def _folded(numbers: list[str]) -> Iterable[str]:
    # A long step would push everything else off the line.
    return numbers if len(numbers) <= 6 else (numbers[0], "…", numbers[-1])
