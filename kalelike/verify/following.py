"""Which differences only follow from an earlier one: a step that was given another value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kalelike.verify.findings import Finding, Kind, Reason, Status
from kalelike.verify.subject import Subject

CONSEQUENCE = "consequence"
_COMPUTED = (Kind.VALUE, Kind.METRIC, Kind.DISPLAY)


def follow(subject: Subject, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings, given in the notebook's order; those that follow have that reason.

    A step's failure has a reason of its own, also where the step was given
    another value.
    """
    producers = {step.name: step.producers for step in subject.steps}
    wrong: set[tuple[str, str]] = set()
    given: dict[str, str] = {}
    found = []
    for item in findings:
        if item.status is Status.UNCOVERED or item.kind not in _COMPUTED:
            found.append(item)
            continue
        if item.stage == "given":
            given.setdefault(item.step, item.name)
            producer = producers[item.step].get(item.name, "")
            text = f"step {producer} gives it so" if (producer, item.name) in wrong else ""
        else:
            other = given.get(item.step)
            text = f"the step was given another {other}" if other is not None else ""
            wrong.add((item.step, item.name))
        found.append(replace(item, reason=Reason(CONSEQUENCE, text)) if text else item)
    return tuple(found)


def is_consequence(item: Finding) -> bool:
    """Tell whether a finding only follows from another."""
    return item.reason is not None and item.reason.kind == CONSEQUENCE
