"""Runs the pipeline on Kubeflow, and reads what it computed from the steps' records.

A record comes back in the step's log, which has room for the fingerprints of
what the step gives to others, its metrics, and some of what its cells showed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kalelike.diagnostics import CODES, Diagnostic, Location, Severity, diagnose
from kalelike.errors import BackendError
from kalelike.run.backend import RunResult
from kalelike.run.events import Event, StepFinished, StepStarted, StepWaits
from kalelike.run.kfp.adjusting import with_environment, without_cache
from kalelike.run.kfp.engine import Submission, cancel, follow, submit
from kalelike.run.kfp.follow import Pace
from kalelike.runtime.observing import DETAIL, RANDOM_START
from kalelike.store.runs import RunStore
from kalelike.verify.observations import PipelineObservation, Shown, StepObservation, Tell
from kalelike.verify.subject import Subject


@dataclass(frozen=True, slots=True)
class KfpSide:
    """A Kubeflow server; see :class:`kalelike.verify.observations.PipelineSide`.

    ``submission`` says where and as what the pipeline runs; its document and
    store are replaced here. ``start`` starts unseeded generators, on both sides.
    """

    submission: Submission
    start: str
    hash_seed: int
    pace: Pace = field(default_factory=Pace)
    timeout: float | None = None

    def observe(self, subject: Subject, scratch: Path, tell: Tell) -> PipelineObservation:
        """Run the pipeline on the server and return what it computed."""
        variables = {
            DETAIL: "outputs",
            RANDOM_START: self.start,
            "PYTHONHASHSEED": str(self.hash_seed),
        }
        document = without_cache(with_environment(self.submission.document, variables))
        store = scratch / "store"
        submitted = submit(replace(self.submission, document=document, store=store))
        tell("pipeline", f"run {submitted.run_id} on {submitted.host}")
        done, own = 0, {step.name for step in subject.steps}

        def listen(event: Event) -> None:
            nonlocal done
            if isinstance(event, StepStarted):
                tell("pipeline", f"{done} of {len(subject.steps)} steps, {event.step} runs")
            elif isinstance(event, StepWaits):
                tell(
                    "pipeline",
                    f"{done} of {len(subject.steps)} steps, {event.step}: {event.reason}",
                )
            elif isinstance(event, StepFinished):
                done += event.step in own

        try:
            result, notes = follow(store, submitted.run, listen, self.pace, self.timeout)
        except KeyboardInterrupt:
            cancel(store, submitted.run)
            return PipelineObservation((), interrupted=True)
        _check_ran(subject, result, notes, submitted.host)
        return _collect(subject, result, store)


def _check_ran(
    subject: Subject, result: RunResult, notes: tuple[Diagnostic, ...], host: str
) -> None:
    """Raise :class:`BackendError` where the cluster, and no step of the notebook, is to blame."""
    own = {step.name for step in subject.steps}
    for item in result.steps:
        # The step that brings packages along is none of the notebook's.
        if item.error is not None and item.step not in own:
            name = next(name for name, code in CODES.items() if code.id == item.error["code"])
            message = f"the pipeline did not run on the cluster: {item.error['message']}"
            raise BackendError([diagnose(name, message, Location(host), item.error["hint"])])
    errors = [item for item in notes if item.severity is Severity.ERROR]
    if errors:
        raise BackendError(errors)


def _collect(subject: Subject, result: RunResult, store: Path) -> PipelineObservation:
    rows = RunStore(store)
    try:
        stored = {row.name: row for row in rows.find_run(result.run).steps}
    finally:
        rows.close()
    results = {item.step: item for item in result.steps}
    found = []
    for step in subject.steps:
        outcome = results[step.name]
        record = _record(stored[step.name].folder)
        found.append(
            StepObservation(
                step.name,
                outcome.status,
                outcome.seconds,
                record.get("fingerprints", {}),
                _shown(subject, step.name, record),
                outcome.metrics,
                outcome.error,
                outcome.reason,
            )
        )
    return PipelineObservation(tuple(found), result.status == "interrupted")


def _shown(subject: Subject, step: str, record: Mapping[str, Any]) -> dict[int, Shown]:
    """Return what whole cells of a step showed, as far as its record has it."""
    whole = {item.index for item in subject.cells if item.step == step}
    shown = record.get("shown") or {}
    return {index: shown[str(index)] for index in whole if str(index) in shown}


def _record(folder: Path | None) -> dict[str, Any]:
    try:
        data = json.loads((folder / "record.json").read_text("utf-8")) if folder else {}
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
