"""The outcome of a verification as values: findings, what was compared, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kalelike.diagnostics import Diagnostic
from kalelike.runtime.fingerprints import Tolerance


class Kind(StrEnum):
    """What was compared."""

    VALUE = "value"
    METRIC = "metric"
    DISPLAY = "display"
    FILE = "file"
    FAILURE = "failure"
    """The step itself failed."""


class Status(StrEnum):
    """What came of it, where it is not equal."""

    DIFFERENT = "different"
    UNCOVERED = "uncovered"
    UNSTABLE = "unstable"
    """Two runs of the notebook itself differ here too."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a difference is there: ``kind`` is a word, ``text`` says it, with a remedy.

    ``cell`` is the title of the cell, ``line`` its line to change, ``source``
    that line.
    """

    kind: str
    text: str
    hint: str = ""
    cell: str = ""
    index: int | None = None
    line: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not equal: ``why`` reads "ours for theirs".

    ``stage`` is ``given`` for what a step was given, ``end`` for the rest.
    ``order`` sorts findings as the notebook runs.
    """

    kind: Kind
    status: Status
    step: str
    name: str
    why: str
    where: str = ""
    index: int | None = None
    cell: str = ""
    stage: str = "end"
    order: tuple[int, ...] = ()
    reason: Reason | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-ready data."""
        reason = self.reason
        return {
            "kind": self.kind.value,
            "status": self.status.value,
            "step": self.step,
            "cell": self.cell or None,
            "cell_index": self.index,
            "name": self.name,
            "where": self.where,
            "why": self.why,
            "stage": self.stage,
            "reason": None
            if reason is None
            else {
                "kind": reason.kind,
                "text": reason.text,
                "hint": reason.hint,
                "cell": reason.cell or None,
                "cell_index": reason.index,
                "line": reason.line,
                "source": reason.source,
            },
        }


@dataclass(frozen=True, slots=True)
class StepCount:
    """How many things of a step were compared and found equal, by kind."""

    step: str
    equal: Mapping[Kind, int]
    seconds: float = 0.0


class Outcome(StrEnum):
    """The verdict."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOTEBOOK_FAILS = "notebook-fails"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Verification:
    """A whole verification. ``findings`` are in the notebook's order.

    ``runs`` is how often the notebook ran; ``error`` is the notebook's own
    failure.
    """

    notebook: str
    outcome: Outcome
    tolerance: Tolerance
    steps: tuple[StepCount, ...] = ()
    findings: tuple[Finding, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    runs: int = 1
    seconds: float = 0.0
    error: Mapping[str, Any] | None = None
    engine: str = "local"
    strict: bool = field(default=False)

    def of(self, status: Status) -> tuple[Finding, ...]:
        """Return the findings with a status."""
        return tuple(item for item in self.findings if item.status is status)

    @property
    def first(self) -> Finding | None:
        """The first difference, in the notebook's order."""
        return next(iter(self.of(Status.DIFFERENT)), None)

    @property
    def proved(self) -> bool:
        """Whether this counts as success; strictly, with nothing uncovered or unstable."""
        return self.outcome is Outcome.EQUAL and not (self.strict and self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the verification as JSON-ready data."""
        return {
            "notebook": self.notebook,
            "verdict": self.outcome.value,
            "proved": self.proved,
            "strict": self.strict,
            "engine": self.engine,
            "rtol": self.tolerance.relative,
            "atol": self.tolerance.absolute,
            "notebook_runs": self.runs,
            "seconds": round(self.seconds, 3),
            "steps": [
                {
                    "step": item.step,
                    "equal": {kind.value: count for kind, count in item.equal.items()},
                    "seconds": round(item.seconds, 3),
                }
                for item in self.steps
            ],
            "first": self.first.as_dict() if self.first is not None else None,
            "findings": [item.as_dict() for item in self.findings],
            "error": self.error,
            "diagnostics": [item.as_dict() for item in self.diagnostics],
        }
