"""What happens during a run, as values that any front end can show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ``time`` is in seconds since the epoch."""

    time: float
    run: str

    def as_dict(self) -> dict[str, Any]:
        """Return the event as JSON-ready data; ``event`` is its kind."""
        name = type(self).__name__
        return {"event": name, **asdict(self)}


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The run exists; ``steps`` are its steps in notebook order."""

    pipeline: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A step's process starts."""

    step: str


@dataclass(frozen=True, slots=True)
class StepLog(Event):
    """A line of a step's log."""

    step: str
    line: str


@dataclass(frozen=True, slots=True)
class StepFinished(Event):
    """A step ended: ``status`` is succeeded, cached, failed, skipped or interrupted.

    ``error`` has type, message, code, cell (index, id, number), line,
    source_line, traceback and hint. ``reason`` says why a step was skipped.
    """

    step: str
    status: str
    seconds: float = 0.0
    metrics: Mapping[str, Any] = field(default_factory=dict)
    source_run: str | None = None
    attempts: int = 1
    error: Mapping[str, Any] | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """The run ended: ``status`` is succeeded, failed or interrupted."""

    status: str
    seconds: float


Listener = Callable[[Event], None]
