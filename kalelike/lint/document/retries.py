"""Retry policies: what Argo makes of them.

KFP hands the policy to Argo, whose own default (``retryPolicy: OnError`` in
KFP's installation) repeats a step only when its pod was lost. A bound in time
counts from the first attempt, and none at all is taken for zero.
"""

from __future__ import annotations

from kalelike.diagnostics import Severity
from kalelike.lint.document.decoding import Duration
from kalelike.lint.document.findings import Path, Report
from kalelike.lint.document.model import Call, Component, Pipeline

_DURATIONS = ("backoffDuration", "backoffMaxDuration")
# The entry point of kalelike's own steps repeats a failed attempt by itself.
_RETRYING_COMMAND = "kalelike.runtime"


def check_retries(pipeline: Pipeline, report: Report) -> None:
    """Check the retry policy of every task that starts a container."""
    for call in pipeline.calls:
        policy = call.task.get("retryPolicy")
        if policy and call.component is not None:
            place = (*call.path, "retryPolicy")
            _check_backoff(call, policy, place, report)
            if policy.get("maxRetryCount", 0) > 0 and call.component.kind != "importer":
                _check_effect(call, call.component, policy, place, report)


def _check_backoff(call: Call, policy: dict[str, object], place: Path, report: Report) -> None:
    factor = policy.get("backoffFactor", 0)
    if isinstance(factor, float) and not factor.is_integer():
        report.add(
            "bad-backoff",
            (*place, "backoffFactor"),
            f"the back-off factor {factor} of task {call.name} is no whole number, and Argo reads"
            " no other: the step fails when it starts",
            "write 2",
        )
    for name in _DURATIONS:
        value = policy.get(name)
        if isinstance(value, Duration) and value.nanos:
            report.add(
                "bad-backoff",
                (*place, name),
                f"KFP cuts {value.total} seconds of task {call.name} to {value.seconds}",
                "write whole seconds",
                Severity.WARNING,
            )


def _check_effect(
    call: Call, component: Component, policy: dict[str, object], place: Path, report: Report
) -> None:
    bound = policy.get("backoffMaxDuration")
    if not isinstance(bound, Duration) or bound.seconds <= 0:
        report.add(
            "retry-without-bound",
            place,
            f"the retry policy of task {call.name} has no `backoffMaxDuration`: Argo takes it for"
            ' zero, and fails a retry with "Max duration limit exceeded"',
            "add one that is longer than all attempts and all waits together",
        )
    if not _retries_itself(component):
        report.add(
            "never-retried",
            (*place, "maxRetryCount"),
            f"with KFP's stock settings, task {call.name} is repeated only when its pod is lost,"
            " and never when it fails by itself",
            "let the step repeat its own work, or have the administrator set"
            " `retryPolicy: Always` in the workflow defaults",
        )


def _retries_itself(component: Component) -> bool:
    return any(_RETRYING_COMMAND in word for word in component.container.get("command", ()))
