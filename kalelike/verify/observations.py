"""What the two sides computed, in one form: the seam between engines and the comparison.

An engine that can run a pipeline joins in by giving a
:class:`PipelineObservation`: for each step the fingerprints of its end record
(:mod:`kalelike.runtime.observing`), what its cells showed, and its metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kalelike.verify.subject import StepPlan, Subject

Fingerprints = Mapping[str, Mapping[str, Any]]
Shown = Sequence[Mapping[str, Any]]
"""What a cell showed, as outputs in nbformat's form."""


@dataclass(frozen=True, slots=True)
class StepObservation:
    """One step's run.

    ``observed`` is the record's ``fingerprints``; on engines that keep less,
    its ``end`` alone. ``shown`` maps a cell's index to its outputs; a cell that
    is missing is not compared. ``error`` is as in
    :class:`kalelike.run.backend.StepResult`. ``roots`` are folders whose names
    differ between runs and are no difference in a text.
    """

    step: str
    status: str
    seconds: float = 0.0
    observed: Mapping[str, Any] = field(default_factory=dict)
    shown: Mapping[int, Shown] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    reason: str | None = None
    roots: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineObservation:
    """A whole pipeline's run, its steps in notebook order; ``interrupted`` by the user."""

    steps: tuple[StepObservation, ...]
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class NotebookObservation:
    """The notebook's own run.

    ``everything`` and ``generators`` are keyed by the index of the cell after
    which they were taken (-1: before all), ``named``, ``shown`` and
    ``metrics`` by that of the cell. ``error`` is the failure that ended it.
    ``started`` has the random generators as each step begins, by its name.
    """

    everything: Mapping[int, Fingerprints]
    generators: Mapping[int, Fingerprints]
    named: Mapping[int, Fingerprints]
    shown: Mapping[int, Shown]
    metrics: Mapping[str, Any]
    files: Fingerprints
    root: Path
    seconds: float
    error: Mapping[str, Any] | None = None
    started: Mapping[str, Fingerprints] = field(default_factory=dict)

    def look(self, name: str, step: StepPlan, stage: str) -> Mapping[str, Any] | None:
        """Return what a name has where a step begins (stage ``given``) or ends, None if nothing.

        Cells that the step runs although they stand apart may have bound it.
        """
        kept = self.generators if name.startswith("@") else self.everything
        if stage == "given":
            return kept.get(step.begins_after, {}).get(name)
        found = kept.get(step.ends_after, {}).get(name)
        for index in step.apart:
            found = found or self.named.get(index, {}).get(name)
        return found


Tell = Callable[[str, str], None]
"""Progress: the side (``notebook``, ``pipeline``, ``again``) and a short text."""


class PipelineSide(Protocol):
    """An engine as verify needs it."""

    def observe(self, subject: Subject, scratch: Path, tell: Tell) -> PipelineObservation:
        """Run the subject's pipeline without cache and return what it computed.

        ``scratch`` is a folder that is removed afterwards. Raises
        :class:`kalelike.errors.BackendError` for what cannot run at all.
        """
        ...
