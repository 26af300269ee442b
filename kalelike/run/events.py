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
class Notice(Event):
    """Something that the user should know; ``diagnostic`` is as ``Diagnostic.as_dict`` gives it."""

    diagnostic: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepWaits(Event):
    """A step's turn has come, and it waits: ``reason`` says for what, as far as is known."""

    step: str
    reason: str


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    """A step's process starts."""

    step: str


@dataclass(frozen=True, slots=True)
class StepLog(Event):
    """A line of a step's log.

    A ``transient`` one is not finished yet: a progress bar, which the next
    line of the step overwrites.
    """

    step: str
    line: str
    transient: bool = False


@dataclass(frozen=True, slots=True)
class StepRetrying(Event):
    """An attempt of a step failed, and another follows after ``wait`` seconds.

    ``attempt`` counts from 1, ``attempts`` is the most that are made; ``error``
    is as in :class:`StepFinished`.
    """

    step: str
    attempt: int
    attempts: int
    wait: float
    error: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepFinished(Event):
    """A step ended: ``status`` is succeeded, cached, failed, skipped or interrupted.

    ``error`` has type, message, code, cell (index, id, number), line,
    source_line, traceback and hint. ``reason`` says why a step was skipped or
    interrupted. ``seconds`` is how long it worked, 0 for what did not run;
    ``waited`` how long it was waited for before (a pod, an image).
    """

    step: str
    status: str
    seconds: float = 0.0
    metrics: Mapping[str, Any] = field(default_factory=dict)
    source_run: str | None = None
    attempts: int = 1
    error: Mapping[str, Any] | None = None
    reason: str | None = None
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class RunStopping(Event):
    """The run is to end before its time; steps that still run are ended now."""

    reason: str


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """The run ended: ``status`` is succeeded, failed or interrupted.

    ``reason`` says why it ended before its time, if it did.
    """

    status: str
    seconds: float
    reason: str | None = None


Listener = Callable[[Event], None]
