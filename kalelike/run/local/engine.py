"""The local engine: ready steps in parallel, cached ones skipped, failures kept to their branch."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalelike.diagnostics import Diagnostic, Location, Severity, diagnose
from kalelike.errors import BackendError
from kalelike.run.backend import Document, RunOptions, RunResult, StepResult
from kalelike.run.events import (
    Listener,
    Notice,
    RunFinished,
    RunStarted,
    RunStopping,
    StepFinished,
    StepLog,
    StepRetrying,
    StepStarted,
)
from kalelike.run.local.cache import Observed, StepCache
from kalelike.run.local.executor_input import entry_arguments, value_place, values_folder
from kalelike.run.local.failures import Failure, process_failure, timeout_failure
from kalelike.run.local.launcher import Ended, Launch, Launcher, LauncherKind
from kalelike.run.local.plan import Plan, Task, plan_run
from kalelike.run.local.processes import PROCESSES
from kalelike.run.local.step_log import StepLogReader, parse_retry
from kalelike.run.local.stopping import Stop
from kalelike.store.rows import CacheEntry
from kalelike.store.runs import RunStore

_TICK = 0.05
_GRACE = 3.0
_DONE = ("succeeded", "cached")


def run_pipeline(
    ir: Document,
    platform: Document | None,
    parameters: Mapping[str, object],
    options: RunOptions,
    listener: Listener,
    kind: LauncherKind = PROCESSES,
) -> RunResult:
    """Run a compiled document on this machine; see :class:`kalelike.run.backend.Backend`.

    ``kind`` is what a step runs in. Ctrl-C (SIGINT), SIGTERM and SIGHUP end
    all steps and give a result with the status ``interrupted``; a second one
    does so at once. What ``listener`` raises ends the run in the same way,
    and is raised again.
    """
    plan = plan_run(ir, platform, parameters, kind.applies)
    launcher = kind.make(plan, options)
    store = RunStore(options.store)
    try:
        return _Run(plan, options, listener, store, launcher, kind).execute()
    except BrokenPipeError:
        raise
    except (OSError, sqlite3.Error) as error:
        raise _store_failed(options.store, error) from error
    finally:
        launcher.close()
        store.close()


@dataclass(slots=True)
class _Running:
    """A step whose process runs."""

    task: Task
    folder: Path
    key: str | None
    started: float
    log: StepLogReader
    timed_out: bool = False


class _Run:
    def __init__(
        self,
        plan: Plan,
        options: RunOptions,
        listener: Listener,
        store: RunStore,
        launcher: Launcher,
        kind: LauncherKind,
    ) -> None:
        self.kind = kind
        self.plan = plan
        self.options = options
        self.tell = listener
        self.store = store
        self.cache = StepCache(store, options)
        self.launcher = launcher
        self.stop = Stop()
        self.waiting: dict[str, Task] = {task.name: task for task in plan.tasks}
        self.running: dict[int, _Running] = {}
        self.results: dict[str, StepResult] = {}
        self.digests: dict[str, dict[str, str]] = {}
        self.writers: dict[str, str] = {}
        self.started = time.time()
        self.run = ""

    def execute(self) -> RunResult:
        options = self.options
        steps = tuple(task.step for task in self.plan.tasks)
        self.run = self.store.begin_run(
            options.pipeline,
            options.notebook,
            self.kind.name,
            self.plan.parameters,
            steps,
            options.graph,
        )
        self.tell(RunStarted(time.time(), self.run, options.pipeline, steps))
        for note in self.plan.notes:
            self._notice(note)
        with self.stop.on_signals():
            try:
                self._loop()
            finally:
                self._end_running()
            return self._finish()

    def _loop(self) -> None:
        while (self.waiting or self.running) and not self.stop:
            self._start_ready()
            if self.running:
                ended = self.launcher.ended(_TICK)
                for step in self.running.values():
                    self._tell_log(step.task, step.log.lines())
                    bar = step.log.overwritten()
                    if bar:
                        self.tell(StepLog(time.time(), self.run, step.task.step, bar, True))
                for item in ended:
                    self._ended(item)
                self._check_time()

    # -- starting ------------------------------------------------------------------

    def _start_ready(self) -> None:
        progress = True
        while progress and not self.stop:
            progress = False
            for name, task in list(self.waiting.items()):
                if not task.after <= self.results.keys():
                    continue
                failed = self._failed_need(task)
                if failed is not None:
                    del self.waiting[name]
                    self._skip(task, f"{failed} did not succeed")
                    progress = True
                elif len(self.running) < self.options.jobs:
                    del self.waiting[name]
                    progress = self._start(task) or progress

    def _failed_need(self, task: Task) -> str | None:
        needs = (self.results[name] for name in sorted(task.after))
        return next((item.step for item in needs if item.status not in _DONE), None)

    def _skip(self, task: Task, reason: str) -> None:
        self.store.fail_step(self.run, task.step, "skipped", reason=reason)
        self._record(task, StepResult(task.step, "skipped", reason=reason))

    def _start(self, task: Task) -> bool:
        """Start a step, or take its outcome from the cache; True if it ended at once."""
        digests = {key: self.digests[step][out] for key, (step, out) in task.inputs.items()}
        self.store.record_inputs(
            self.run, task.step, {key: (*task.inputs[key], digests[key]) for key in digests}
        )
        key = self.cache.key(task, digests)
        entry = self.cache.find(task, key)
        self._tell_damaged(task)
        if entry is not None:
            self._cached(task, entry)
            return True
        folder = self.options.store / "runs" / self.run / task.name
        folder.mkdir(parents=True, exist_ok=True)
        environment = {
            **dict(task.env),
            **self.options.env,
            "KALELIKE_RECORD": str(folder / "record.json"),
            "KALELIKE_CODE": str(self.options.code_dir),
        }
        if self.kind.observes:
            environment["KALELIKE_AUDIT"] = str(self.options.store)
        arguments = entry_arguments(task, folder, self.options.store, digests)
        log = folder / "log.txt"
        cwd = self.options.folder_of(task.step)
        launch = Launch(task, arguments, environment, cwd, folder, log)
        now = time.time()
        self.store.start_step(self.run, task.step, folder, key or "")
        number = self.launcher.start(launch)
        self.running[number] = _Running(task, folder, key, now, StepLogReader(log))
        self.tell(StepStarted(now, self.run, task.step))
        return False

    def _cached(self, task: Task, entry: CacheEntry) -> None:
        self.digests[task.name] = {name: item["digest"] for name, item in entry.outputs.items()}
        self.store.finish_step(
            self.run, task.step, outputs=entry.outputs, metrics=entry.metrics, attempts=0,
            cache_key=None, folder=entry.folder, source_run=entry.run,
        )  # fmt: skip
        self._record(
            task, StepResult(task.step, "cached", metrics=entry.metrics, source_run=entry.run)
        )

    # -- ending -------------------------------------------------------------------------

    def _ended(self, ended: Ended) -> None:
        step = self.running.pop(ended.number, None)
        if step is None:
            return
        self._tell_log(step.task, step.log.last_lines())
        record = _read_record(step.folder / "record.json")
        if ended.status == 0 and record is not None and record["error"] is None:
            self._succeeded(step, record)
        else:
            failure = (record or {}).get("error")
            if step.timed_out:
                failure = timeout_failure(step.task)
            elif failure is None:
                failure = process_failure(step.task, ended, step.folder / "log.txt")
            self._failed(step, failure, (record or {}).get("attempt", 1))

    def _succeeded(self, step: _Running, record: dict[str, Any]) -> None:
        task = step.task
        outputs = {}
        for key, item in record["outputs"].items():
            self.store.commit(value_place(step.folder, key), item["digest"])
            outputs[key] = {**item, "type": task.outputs.get(key, "system.Artifact")}
        shutil.rmtree(values_folder(step.folder), ignore_errors=True)
        self.digests[task.name] = {name: item["digest"] for name, item in outputs.items()}
        metrics = record["metrics"]
        observed = self.cache.observed(step.folder)
        kept = self._is_kept(task, observed)
        self.store.finish_step(
            self.run, task.step, outputs=outputs, metrics=metrics,
            attempts=record["attempt"], cache_key=step.key if kept else None, folder=step.folder,
            observed=observed.content,
        )  # fmt: skip
        seconds = time.time() - step.started
        self._record(task, StepResult(task.step, "succeeded", seconds, metrics), record["attempt"])

    def _is_kept(self, task: Task, observed: Observed) -> bool:
        """Tell whether a result may be used again; if not, say why."""
        shared = sorted(observed.reads & self.writers.keys())
        for writer in sorted({self.writers[path] for path in shared}):
            self.store.forget_cached(self.run, writer)
            names = [Path(path).name for path in shared if self.writers[path] == writer]
            more = f" and {len(names) - 3} more files" if len(names) > 3 else ""
            message = (
                f"step {task.step} read {', '.join(names[:3])}{more}, which step {writer} wrote "
                "in this run and the compiler could not know of: both steps run again each time"
            )
            hint = "write the path as plain text in both steps, so that the file becomes an input"
            self._notice(diagnose("undeclared-file", message, Location(task.step), hint))
        if observed.unstable and task.cache:
            message = (
                f"step {task.step} read {Path(observed.unstable).name}, and then it changed: "
                "the step runs again each time"
            )
            self._notice(diagnose("not-cached", message, Location(task.step)))
        self.writers.update((path, task.step) for path in observed.writes)
        return not shared and observed.content is not None

    def _tell_damaged(self, task: Task) -> None:
        if self.cache.damaged:
            names = ", ".join(self.cache.damaged)
            message = f"the stored {names} of step {task.step} was changed: it is made again"
            place = Location(task.step)
            self._notice(diagnose("damaged-object", message, place, severity=Severity.WARNING))
            self.cache.damaged.clear()

    def _notice(self, diagnostic: Diagnostic) -> None:
        self.tell(Notice(time.time(), self.run, diagnostic.as_dict()))

    def _failed(self, step: _Running, failure: Failure, attempts: int) -> None:
        task = step.task
        shutil.rmtree(values_folder(step.folder), ignore_errors=True)
        self.store.fail_step(self.run, task.step, "failed", error=failure, attempts=attempts)
        seconds = time.time() - step.started
        self._record(task, StepResult(task.step, "failed", seconds, error=failure), attempts)
        if self.options.fail_fast:
            self.stop.ask(f"{task.step} failed", "failed")

    def _record(self, task: Task, result: StepResult, attempts: int = 1) -> None:
        self.results[task.name] = result
        self.tell(
            StepFinished(
                time.time(), self.run, result.step, result.status, result.seconds, result.metrics,
                result.source_run, attempts, result.error, result.reason,
            )
        )  # fmt: skip

    def _tell_log(self, task: Task, lines: list[str]) -> None:
        now = time.time()
        for line in lines:
            retry = parse_retry(line)
            if retry is None:
                self.tell(StepLog(now, self.run, task.step, line))
            else:
                self.tell(
                    StepRetrying(
                        now, self.run, task.step, retry["attempt"], retry["attempts"],
                        retry["wait"], retry["error"],
                    )
                )  # fmt: skip

    def _check_time(self) -> None:
        now = time.time()
        for number, step in self.running.items():
            limit = step.task.timeout
            if limit is not None and now - step.started > limit and not step.timed_out:
                step.timed_out = True
                self.launcher.signal(number, signal.SIGKILL)
        limit = self.options.timeout
        if limit is not None and now - self.started > limit:
            self.stop.ask(f"the run exceeded its time limit of {limit:g} s", "failed")

    # -- the end of the run ---------------------------------------------------------------

    def _end_running(self) -> None:
        """End every process that is left, gently first, and forget what they had begun."""
        if self.stop and self.running:
            self.tell(RunStopping(time.time(), self.run, self.stop.reason))
        self._signal_all(signal.SIGINT)
        deadline = time.monotonic() + _GRACE
        while self.running and time.monotonic() < deadline and not self.stop.urgent:
            for item in self.launcher.ended(_TICK):
                self._interrupted(item.number)
        self._signal_all(signal.SIGKILL)
        for number in list(self.running):
            self._interrupted(number)

    def _signal_all(self, kind: signal.Signals) -> None:
        for number in self.running:
            self.launcher.signal(number, kind)

    def _interrupted(self, number: int) -> None:
        step = self.running.pop(number, None)
        if step is None:
            return
        reason = self.stop.reason or "the run ended"
        shutil.rmtree(values_folder(step.folder), ignore_errors=True)
        self.store.fail_step(self.run, step.task.step, "interrupted", reason=reason)
        seconds = time.time() - step.started
        self._record(step.task, StepResult(step.task.step, "interrupted", seconds, reason=reason))

    def _finish(self) -> RunResult:
        for task in self.waiting.values():
            self._skip(task, self.stop.reason)
        results = tuple(self.results[task.name] for task in self.plan.tasks)
        failed = any(item.status == "failed" for item in results)
        status = self.stop.status or ("failed" if failed else "succeeded")
        seconds = time.time() - self.started
        self.store.finish_run(self.run, status)
        self.tell(RunFinished(time.time(), self.run, status, seconds, self.stop.reason or None))
        return RunResult(self.run, status, seconds, results, self.stop.reason or None)


def _read_record(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def _store_failed(store: Path, error: Exception) -> BackendError:
    why = getattr(error, "strerror", None) or str(error)
    message = f"the store in {store} cannot be written: {why}"
    hint = "free some space, or name another place with --store"
    return BackendError([diagnose("store-unusable", message, Location(str(store)), hint)])
