"""Following a run: polls become the same events as a local run's, whatever happens between."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.errors import BackendError
from kalelike.run.backend import RunResult, StepResult
from kalelike.run.events import (
    Listener,
    RunFinished,
    StepFinished,
    StepLog,
    StepRetrying,
    StepStarted,
    StepWaits,
)
from kalelike.run.kfp.connection import Connection
from kalelike.run.kfp.faults import TRANSIENT, ApiError, Fault
from kalelike.run.kfp.ledger import Ledger
from kalelike.run.kfp.logs import launcher_reason, read_log, user_lines
from kalelike.run.kfp.outcomes import Outcome, read_outcome
from kalelike.run.kfp.states import ENDS, Phase, Snapshot, StepState, read_snapshot
from kalelike.run.kfp.steps import KfpStep
from kalelike.run.kfp.waiting import waiting_reason, workflow_message
from kalelike.run.local.step_log import parse_retry

_T = TypeVar("_T")
_LARGEST_LIVE_LOG = 1_000_000
_BACK_OFF = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the server is asked, and how long its silence is borne, all in seconds.

    ``poll`` is between two looks at the run, ``log`` between two at a running
    step's log, ``pending`` how long a pod may wait before its reason is
    looked for, ``patience`` how long the server may be out of reach.
    """

    poll: float = 2.0
    log: float = 5.0
    pending: float = 60.0
    patience: float = 900.0
    slowest: float = 30.0


class ContactLostError(BackendError):
    """The server could not be reached for too long, or lets nobody in; the run goes on."""


class RunGoneError(BackendError):
    """The run was deleted on the server."""


@dataclass(slots=True)
class _Seen:
    """What has been told of a step so far."""

    phase: Phase = Phase.WAITING
    lines: int = 0
    log_read: float = 0.0
    live: bool = True
    pending_since: float | None = None
    asked_why: float = 0.0
    reason: str = ""


@dataclass(slots=True)
class Follower:
    """Follows one run to its end; ``time`` and ``sleep`` are given by tests only."""

    connection: Connection
    run_id: str
    run: str
    steps: tuple[KfpStep, ...]
    ledger: Ledger
    tell: Listener
    pace: Pace = field(default_factory=Pace)
    timeout: float | None = None
    sleep: Callable[[float], None] = time.sleep
    notes: list[Diagnostic] = field(default_factory=list)
    results: dict[str, StepResult] = field(default_factory=dict)
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _stopped: bool = False

    def follow(self) -> RunResult:
        """Poll until the run has ended.

        Raises :class:`RunGoneError`, and :class:`ContactLostError` and
        ``KeyboardInterrupt``, after which the run goes on.
        """
        self.results.update(self.ledger.finished())
        self._seen = {step.name: _Seen() for step in self.steps}
        began = time.monotonic()
        while True:
            snapshot = self._patiently(self._look)
            self._tell_steps(snapshot)
            if snapshot.over:
                return self._finish(snapshot)
            self._check_time(snapshot, began)
            self.sleep(self.pace.poll)

    def refresh(self) -> Snapshot:
        """Look once, and record what has ended."""
        self.results.update(self.ledger.finished())
        self._seen = {step.name: _Seen() for step in self.steps}
        snapshot = self._look()
        self._tell_steps(snapshot)
        if snapshot.over:
            self._finish(snapshot)
        return snapshot

    def log_of(self, name: str) -> str:
        """Return what a step has written so far.

        Raises ``ApiError``, and :class:`BackendError` where it has no pod yet.
        """
        state = self._look().steps[name]
        nodes = [pod for item in state.instances for pod in item.pods]
        if not nodes and state.phase is Phase.FAILED:
            nodes = [item.driver for item in state.instances]
        if not nodes:
            raise BackendError(
                [
                    diagnose(
                        "kfp-not-found",
                        f"step {name} of run {self.run} has no log yet: it is {state.phase}",
                        Location(self.connection.host),
                        f"follow the run: kalelike show {self.run} --follow",
                    )
                ]
            )
        try:
            live = state.phase not in ENDS
            return "\n".join(
                read_log(self.connection, self.run_id, node, live=live) for node in nodes
            )
        except LookupError as error:
            raise ApiError(Fault.MISSING, str(error)) from error

    # -- asking ------------------------------------------------------------------------

    def _look(self) -> Snapshot:
        data = self.connection.get(f"/apis/v2beta1/runs/{self.run_id}")
        if "run_id" not in data:
            raise ApiError(Fault.NOT_KFP, "the answer is not a run")
        return read_snapshot(data, self.steps)

    def _patiently(self, ask: Callable[[], _T]) -> _T:
        """Ask again after a fault that can pass, more and more seldom, as long as is borne."""
        wait, silent_since = self.pace.poll, time.monotonic()
        while True:
            try:
                return ask()
            except ApiError as fault:
                if fault.kind is Fault.MISSING:
                    raise RunGoneError([self._gone()]) from fault
                if fault.kind not in TRANSIENT and fault.status < 500:
                    raise ContactLostError([self._lost(fault)]) from fault
                if time.monotonic() - silent_since > self.pace.patience:
                    raise ContactLostError([self._lost(fault)]) from fault
            self.sleep(wait)
            wait = min(wait * _BACK_OFF, self.pace.slowest)

    def _gone(self) -> Diagnostic:
        self.ledger.close("killed")
        return diagnose(
            "kfp-run-gone",
            f"run {self.run_id} was deleted on the server while it was followed",
            Location(self.connection.host),
            "submit it again",
        )

    def _lost(self, fault: ApiError) -> Diagnostic:
        return fault.diagnostic(f"run {self.run} can no longer be followed", self.connection.host)

    # -- telling -----------------------------------------------------------------------

    def _tell_steps(self, snapshot: Snapshot) -> None:
        self._stopped = self._stopped or snapshot.cancelled
        for step in self.steps:
            state = snapshot.steps[step.name]
            seen = self._seen[step.name]
            if step.name in self.results:
                continue
            if state.phase in (Phase.PENDING, Phase.RUNNING) and seen.phase is Phase.WAITING:
                seen.pending_since = time.monotonic()
                self.ledger.start(step)
            if state.phase is Phase.RUNNING and seen.phase is not Phase.RUNNING:
                self.tell(StepStarted(state.started or time.time(), self.run, step.name))
            if state.phase is Phase.PENDING:
                self._tell_waiting(step, snapshot, seen)
            seen.phase = state.phase
            if state.phase is Phase.RUNNING:
                self._tell_log(step, state, seen)
            elif state.phase in ENDS:
                self._ended(step, state, seen)

    def _tell_waiting(self, step: KfpStep, snapshot: Snapshot, seen: _Seen) -> None:
        """Say once that a step waits, and from some time on why, as far as it can be known."""
        now = time.monotonic()
        waited = now - (seen.pending_since or now)
        if seen.phase is not Phase.PENDING:
            self.tell(StepWaits(time.time(), self.run, step.name, "waits for its pod"))
        if waited < self.pace.pending or now - seen.asked_why < self.pace.pending / 4:
            return
        seen.asked_why = now
        instances = snapshot.steps[step.name].instances
        nodes = [node for item in instances for node in (*item.pods, item.driver)]
        reason = waiting_reason(self.connection.target, snapshot.workflow, step, nodes)
        if reason and reason != seen.reason:
            seen.reason = reason
            self.tell(StepWaits(time.time(), self.run, step.name, reason))

    def _tell_log(self, step: KfpStep, state: StepState, seen: _Seen) -> None:
        now = time.monotonic()
        pods = state.instances[0].pods if len(state.instances) == 1 else ()
        if not pods or not seen.live or now - seen.log_read < self.pace.log:
            return
        seen.log_read = now
        try:
            text = read_log(self.connection, self.run_id, pods[-1], live=True)
        except (LookupError, ApiError):
            return  # It is read whole at the step's end.
        seen.live = len(text) < _LARGEST_LIVE_LOG
        self._tell_lines(step.name, text, seen, whole=text.endswith("\n"))

    def _tell_lines(self, step: str, text: str, seen: _Seen, *, whole: bool) -> None:
        lines = list(user_lines(text))
        end = len(lines) if whole else len(lines) - 1
        for line in lines[seen.lines : end]:
            retry = parse_retry(line)
            if retry is not None:
                self.tell(StepRetrying(time.time(), self.run, step, **retry))
            elif line:
                self.tell(StepLog(time.time(), self.run, step, line))
        seen.lines = max(seen.lines, end)

    # -- ends --------------------------------------------------------------------------

    def _ended(self, step: KfpStep, state: StepState, seen: _Seen) -> None:
        if state.phase is Phase.SKIPPED:
            self._record(step, state, StepResult(step.name, "skipped", reason=state.reason))
            return
        if state.phase is Phase.CACHED:
            source, metrics, outputs = self.ledger.cached(step)
            result = StepResult(step.name, "cached", metrics=metrics, source_run=source)
            self._record(step, state, result, Outcome("", metrics=metrics, outputs=outputs))
            return
        outcome = self._patiently(lambda: read_outcome(self.connection, self.run_id, state))
        if len(state.instances) == 1:
            self._tell_lines(step.name, outcome.log, seen, whole=True)
        status = "failed" if state.phase is Phase.FAILED else "succeeded"
        error = outcome.error
        if status == "failed" and self._stopped and (outcome.record or {}).get("error") is None:
            status, error = "interrupted", None
        seconds = outcome.seconds or (state.ended or 0.0) - (state.started or state.ended or 0.0)
        result = StepResult(step.name, status, seconds, outcome.metrics, error)
        if status == "succeeded" and outcome.missing:
            self.notes.append(self._no_record(step, outcome.missing))
        self._record(step, state, result, outcome)

    def _no_record(self, step: KfpStep, why: str) -> Diagnostic:
        return diagnose(
            "kfp-log-missing",
            f"step {step.name} succeeded, but what it gave is not known: {why}",
            Location(self.connection.host),
            "its metrics are on the server; ask for logs to be archived (Argo's archiveLogs)",
        )

    def _record(
        self, step: KfpStep, state: StepState, result: StepResult, outcome: Outcome | None = None
    ) -> None:
        outcome = outcome or Outcome("")
        self.results[step.name] = result
        self.ledger.finish(step, state, result, outcome)
        started = (state.ended or 0.0) - result.seconds
        waited = max(0.0, started - state.asked) if state.asked and state.ended else 0.0
        self.tell(
            StepFinished(
                state.ended or time.time(), self.run, step.name, result.status, result.seconds,
                result.metrics, result.source_run, outcome.attempts, result.error, result.reason,
                waited,
            )
        )  # fmt: skip

    def _check_time(self, snapshot: Snapshot, began: float) -> None:
        """End a run that takes too long: on the server, once."""
        started = snapshot.started
        # The server's clock counts, so that a run followed again keeps its limit.
        took = max(time.monotonic() - began, time.time() - started if started else 0.0)
        if self.timeout is None or took < self.timeout or self._stopped:
            return
        self._stopped = True
        self.notes.append(
            diagnose(
                "kfp-run-too-long",
                f"run {self.run} took longer than {self.timeout:g} s and was ended{self._stuck()}",
                Location(self.connection.host),
                "raise --timeout, or see `kalelike logs` of the step that took so long",
            )
        )
        self._patiently(self._terminate)

    def _stuck(self) -> str:
        waiting = [
            f"{name} {seen.reason or 'waits for its pod'}"
            for name, seen in self._seen.items()
            if seen.phase is Phase.PENDING
        ]
        return f" ({'; '.join(waiting)})" if waiting else ""

    def _terminate(self) -> None:
        with self.connection.errors():
            self.connection.client.terminate_run(self.run_id)

    def _finish(self, snapshot: Snapshot) -> RunResult:
        failed = [name for name, item in self.results.items() if item.status == "failed"]
        stopped = self._stopped
        for step in self.steps:
            if step.name not in self.results:
                reason = "the run was ended" if stopped else "the run ended before its turn"
                result = StepResult(step.name, "skipped", reason=reason)
                self._record(step, StepState(Phase.SKIPPED), result)
        status = "succeeded" if snapshot.state == "SUCCEEDED" and not failed else "failed"
        if stopped:
            status = "interrupted"
        elif status == "failed" and not failed:
            self.notes.append(self._failed_alone(snapshot))
        ended = snapshot.ended or time.time()
        seconds = max(0.0, ended - (snapshot.started or ended))
        self.ledger.close(status, ended)
        self.tell(RunFinished(ended, self.run, status, seconds))
        results = tuple(self.results[step.name] for step in self.steps)
        return RunResult(self.run, status, seconds, results)

    def _failed_alone(self, snapshot: Snapshot) -> Diagnostic:
        """A run that failed without a step that did: Kubeflow's own parts failed."""
        namespace = self.connection.target.namespace or "kubeflow"
        why = (
            snapshot.error
            or self._root_complaint(snapshot)
            or workflow_message(self.connection.target, snapshot.workflow)
        )
        return diagnose(
            "kfp-run-failed",
            "Kubeflow ended the run before any step failed" + (f": {why}" if why else ""),
            Location(self.connection.host),
            "the namespace may lack the service account `pipeline-runner` or the right to make"
            f" pods: kubectl get workflows,serviceaccounts -n {namespace}; another account is"
            " named with --service-account",
        )

    def _root_complaint(self, snapshot: Snapshot) -> str:
        if not snapshot.root_driver:
            return ""
        try:
            text = read_log(self.connection, self.run_id, snapshot.root_driver)
        except (LookupError, ApiError):
            return ""
        return launcher_reason(text)
