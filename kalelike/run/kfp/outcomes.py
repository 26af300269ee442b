"""How a step ended: read from its log, since the API has neither error nor metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kalelike.run.kfp.connection import Connection
from kalelike.run.kfp.faults import ApiError
from kalelike.run.kfp.logs import find_record, launcher_reason, read_log, user_lines
from kalelike.run.kfp.states import InstanceState, Phase, StepState
from kalelike.run.local.step_log import parse_retry

_TAIL = 40


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step's logs tell. ``seconds`` is the time the user's code took."""

    log: str
    record: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seconds: float = 0.0
    attempts: int = 1
    missing: str = ""
    """Why no log could be read."""


def read_outcome(connection: Connection, run_id: str, state: StepState) -> Outcome:
    """Read the logs of a step that ended; raises ``ApiError`` only when the network fails."""
    found = [_read_instance(connection, run_id, item) for item in state.instances]
    if len(found) == 1:
        return found[0]
    return _fold(state, found)


def _fold(state: StepState, found: list[Outcome]) -> Outcome:
    """Make one outcome of a loop's rounds; metrics carry the round's number."""
    log, metrics = [], {}
    for instance, item in zip(state.instances, found, strict=True):
        label = ".".join(str(number) for number in instance.iteration)
        log.append(f"--- round {label} ---\n{item.log.rstrip()}\n")
        metrics.update({f"{name}[{label}]": value for name, value in item.metrics.items()})
    return Outcome(
        "\n".join(log),
        error=next((item.error for item in found if item.error is not None), None),
        metrics=metrics,
        seconds=sum(item.seconds for item in found),
        attempts=max((item.attempts for item in found), default=1),
        missing=next((item.missing for item in found if item.missing), ""),
    )


def _read_instance(connection: Connection, run_id: str, state: InstanceState) -> Outcome:
    if state.phase in (Phase.CACHED, Phase.SKIPPED):
        return Outcome("")
    if not state.pods:
        return _without_pod(connection, run_id, state)
    try:
        logs = [read_log(connection, run_id, pod) for pod in state.pods]
    except LookupError as absent:
        missing = str(absent)
        failed = state.phase is Phase.FAILED
        return Outcome("", error=_no_log(missing) if failed else None, missing=missing)
    record = find_record(logs[-1])
    failed = state.phase is Phase.FAILED
    error = _error(logs[-1], record) if failed else None
    record = record or {}
    return Outcome(
        "\n".join(logs),
        record or None,
        error,
        record.get("metrics", {}) if not failed else {},
        record.get("outputs", {}) if not failed else {},
        float(record.get("seconds", 0.0)),
        int(record.get("attempt", 1)) + len(logs) - 1,
        "" if record else "its log holds no record",
    )


def _without_pod(connection: Connection, run_id: str, state: InstanceState) -> Outcome:
    """A step that never had a pod of its own: its driver failed, and says why in its log."""
    if state.phase is not Phase.FAILED:
        return Outcome("")
    try:
        log = read_log(connection, run_id, state.driver)
    except (LookupError, ApiError) as error:
        log, reason = "", str(error)
    else:
        reason = launcher_reason(log) or _tail(log)
    return Outcome(
        log,
        error=describe(
            "NotStarted",
            f"Kubeflow could not start the step: {reason}",
            "kfp-step-not-started",
            "the driver's log is the step's: kalelike logs RUN STEP",
        ),
    )


def _error(log: str, record: Mapping[str, Any] | None) -> Mapping[str, Any]:
    said = launcher_reason(log)
    if record is not None and record["error"] is not None:
        error: Mapping[str, Any] = record["error"]
        return error
    if record is not None:
        return describe(
            "Kubeflow",
            f"the step's own code succeeded, but its results were not kept: {said}",
            "kfp-step-failed",
            "see the step's log",
        )
    status = re.search(r"exit status (\d+)|signal: (\w+)", log)
    code = (status.group(1) or status.group(2)) if status else ""
    if code in ("137", "killed"):  # As Go spells SIGKILL.
        return describe(
            "Killed",
            "the step's process was killed (exit status 137), most often for its memory",
            "step-killed",
            "raise the limit with a tag `limit:memory:…`",
            _tail(log),
        )
    if code:
        how = f"with status {code}" if code.isdigit() else f"by a signal ({code})"
        what, hint = f"the step's process ended {how}", ""
    elif said:
        what, hint = f"the step's process could not run: {said}", "check its image and its limits"
    else:
        what = "the step's pod was ended from outside: its log just stops"
        hint = "most often for its memory (tag `limit:memory:…`), or because its node went away"
    return describe("Exited", what, "step-killed", hint, _tail(log))


def _no_log(why: str) -> Mapping[str, Any]:
    return describe(
        "LogMissing",
        f"the step failed, and its log cannot be read: {why}",
        "kfp-log-missing",
        "the pod may be gone; ask for logs to be archived (Argo's archiveLogs)",
    )


def describe(
    kind: str, message: str, name: str, hint: str = "", text: str = ""
) -> Mapping[str, Any]:
    """Return an error as a step's record has them; ``name`` is of the table of codes."""
    from kalelike.diagnostics import CODES

    return {
        "type": kind, "message": message, "code": CODES[name].id, "cell": None, "line": None,
        "source_line": "", "traceback": text, "hint": hint,
    }  # fmt: skip


def _tail(log: str) -> str:
    lines = [line for line in user_lines(log) if parse_retry(line) is None]
    return "\n".join(lines[-_TAIL:])
