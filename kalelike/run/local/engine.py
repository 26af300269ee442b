"""The local engine: ready steps in parallel, cached ones skipped, failures kept to their branch."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from kalelike.run.backend import Document, RunOptions, RunResult, StepResult
from kalelike.run.events import (
    Listener,
    RunFinished,
    RunStarted,
    StepFinished,
    StepLog,
    StepStarted,
)
from kalelike.run.local.plan import Plan, Task, plan_run
from kalelike.run.local.processes import (
    ForkLauncher,
    Launch,
    Launcher,
    SpawnLauncher,
    default_start_method,
)
from kalelike.runtime.hidden_state import file_digest
from kalelike.runtime.record import MARK
from kalelike.store.objects import commit_object, object_path
from kalelike.store.runs import RunStore

_TICK = 0.05
_GRACE = 3.0
_REPORTS = {"report": "report.html", "notebook": "notebook.ipynb", "metrics": "metrics.json"}


def run_pipeline(
    ir: Document,
    platform: Document | None,
    parameters: Mapping[str, object],
    options: RunOptions,
    listener: Listener,
) -> RunResult:
    """Run a compiled document on this machine; see :class:`kalelike.run.backend.Backend`.

    Ctrl-C (SIGINT) and SIGTERM end all steps and give a result with the
    status ``interrupted``; a second one does so at once.
    """
    plan = plan_run(ir, platform, parameters)
    store = RunStore(options.store)
    try:
        return _Run(plan, options, listener, store).execute()
    finally:
        store.close()


@dataclass(slots=True)
class _Active:
    """A step whose process runs."""

    task: Task
    folder: Path
    key: str | None
    started: float
    number: int
    read: int = 0
    rest: bytes = b""
    timed_out: bool = False


@dataclass(slots=True)
class _State:
    results: dict[str, StepResult] = field(default_factory=dict)
    digests: dict[str, dict[str, str]] = field(default_factory=dict)
    active: dict[int, _Active] = field(default_factory=dict)


class _Run:
    def __init__(
        self, plan: Plan, options: RunOptions, listener: Listener, store: RunStore
    ) -> None:
        self.plan = plan
        self.options = options
        self.tell = listener
        self.store = store
        self.state = _State()
        self.waiting: dict[str, Task] = {task.name: task for task in plan.tasks}
        self.launcher: Launcher | None = None
        self.stops = 0
        self.started = time.time()
        self.run = ""

    def execute(self) -> RunResult:
        options = self.options
        steps = tuple(task.step for task in self.plan.tasks)
        self.run = self.store.begin_run(
            options.pipeline, options.notebook, "local", self.plan.parameters, steps, options.graph
        )
        self.tell(RunStarted(time.time(), self.run, options.pipeline, steps))
        with self._signals():
            try:
                self._loop()
            finally:
                self._end_processes()
        return self._finish()

    def _loop(self) -> None:
        while (self.waiting or self.state.active) and not self.stops:
            self._start_ready()
            if self.state.active:
                assert self.launcher is not None
                ended = self.launcher.ended(_TICK)
                self._read_logs()
                for number, status in ended:
                    self._ended(number, status)
                self._check_time()

    # -- starting ------------------------------------------------------------------

    def _start_ready(self) -> None:
        progress = True
        while progress and not self.stops:
            progress = False
            for name, task in list(self.waiting.items()):
                if not task.after <= self.state.results.keys():
                    continue
                failed = self._failed_need(task)
                if failed is not None:
                    del self.waiting[name]
                    self._skip(task, failed)
                    progress = True
                elif len(self.state.active) < self.options.jobs:
                    del self.waiting[name]
                    progress = self._start(task) or progress

    def _failed_need(self, task: Task) -> str | None:
        for name in sorted(task.after):
            if self.state.results[name].status not in ("succeeded", "cached"):
                return self.state.results[name].step
        stopped = self.options.fail_fast and any(
            item.status == "failed" for item in self.state.results.values()
        )
        return "an earlier step" if stopped else None

    def _skip(self, task: Task, because: str) -> None:
        reason = f"{because} did not succeed"
        self.store.fail_step(self.run, task.step, "skipped", reason=reason)
        self._record(task, StepResult(task.step, "skipped", reason=reason))

    def _start(self, task: Task) -> bool:
        """Start a step, or take its outcome from the cache; True if it ended at once."""
        inputs = {
            key: (producer, output, self.state.digests[producer][output])
            for key, (producer, output) in task.inputs.items()
        }
        self.store.record_inputs(self.run, task.step, inputs)
        key = self._cache_key(task, {name: item[2] for name, item in inputs.items()})
        if key is not None and self.options.cache and self._from_cache(task, key):
            return True
        folder = self.options.store / "runs" / self.run / task.name
        folder.mkdir(parents=True, exist_ok=True)
        executor_input = self._executor_input(task, folder, inputs)
        arguments = tuple(
            json.dumps(executor_input) if item == "{{$}}" else item for item in task.arguments
        )
        environment = {
            **dict(task.env),
            "KALELIKE_RECORD": str(folder / "record.json"),
            "KALELIKE_CODE": str(self.options.code_dir),
        }
        launch = Launch(arguments, environment, self.options.notebook_dir, folder / "log.txt")
        now = time.time()
        number = self._launcher().start(launch)
        self.store.start_step(self.run, task.step, folder, key or "")
        self.state.active[number] = _Active(task, folder, key, now, number)
        self.tell(StepStarted(now, self.run, task.step))
        return False

    def _launcher(self) -> Launcher:
        if self.launcher is None:
            method = self.options.start_method or default_start_method()
            if method == "fork":
                self.launcher = ForkLauncher(self.options.imports, self.options.notebook_dir)
            else:
                self.launcher = SpawnLauncher()
        return self.launcher

    def _executor_input(
        self, task: Task, folder: Path, inputs: Mapping[str, tuple[str, str, str]]
    ) -> dict[str, Any]:
        def artifact(name: str, path: Path, kind: str) -> dict[str, Any]:
            return {
                "artifacts": [
                    {"name": name, "uri": str(path), "type": {"schemaTitle": kind}, "metadata": {}}
                ]
            }

        given = {
            key: artifact(output, object_path(self.options.store, digest), "system.Artifact")
            for key, (_, output, digest) in inputs.items()
        }
        outputs = {
            key: artifact(key, folder / _REPORTS.get(key, f"values/{key}"), kind)
            for key, kind in task.outputs.items()
        }
        return {
            "inputs": {"artifacts": given, "parameterValues": dict(task.parameters)},
            "outputs": {"artifacts": outputs, "outputFile": str(folder / "executor_output.json")},
        }

    # -- the cache --------------------------------------------------------------------

    def _cache_key(self, task: Task, digests: Mapping[str, str]) -> str | None:
        """Hash all that decides what the step gives; None if the step is not to be cached."""
        if not task.cache:
            return None
        content = {
            "sha": task.sha,
            "inputs": digests,
            "parameters": task.parameters,
            "outputs": task.outputs,
            "env": task.env,
            "environment": self.options.environment_key,
            "cacheKey": task.cache_key,
            "files": self._data_files(task),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _data_files(self, task: Task) -> dict[str, str]:
        path = self.options.code_dir / f"{task.step}-{task.sha}.json"
        try:
            names = json.loads(path.read_text("utf-8")).get("data_files", [])
        except (OSError, ValueError):
            return {}
        found = {}
        for name in names:
            file = self.options.notebook_dir / name
            if file.is_file():
                found[name] = self.store.file_hash(file.resolve(), file_digest)
        return found

    def _from_cache(self, task: Task, key: str) -> bool:
        entry = self.store.find_cached(key)
        if entry is None:
            return False
        self.state.digests[task.name] = {
            name: item["digest"] for name, item in entry.outputs.items()
        }
        self.store.finish_step(
            self.run, task.step, outputs=entry.outputs, metrics=entry.metrics, attempts=0,
            cache_key=None, folder=entry.folder, source_run=entry.run,
        )  # fmt: skip
        result = StepResult(task.step, "cached", metrics=entry.metrics, source_run=entry.run)
        self._record(task, result)
        return True

    # -- ending -------------------------------------------------------------------------

    def _ended(self, number: int, status: int) -> None:
        active = self.state.active.pop(number, None)
        if active is None:
            return
        self._read_log(active, last=True)
        assert self.launcher is not None
        self.launcher.signal(number, signal.SIGKILL)
        record = _read_record(active.folder / "record.json")
        seconds = time.time() - active.started
        if status == 0 and record is not None:
            self._succeeded(active, record, seconds)
        else:
            self._failed(active, status, record, seconds)

    def _succeeded(self, active: _Active, record: dict[str, Any], seconds: float) -> None:
        task = active.task
        outputs = {}
        for key, item in record["outputs"].items():
            place = active.folder / "values" / key
            commit_object(self.options.store, place, item["digest"])
            outputs[key] = {**item, "type": task.outputs.get(key, "system.Artifact")}
        shutil.rmtree(active.folder / "values", ignore_errors=True)
        self.state.digests[task.name] = {name: item["digest"] for name, item in outputs.items()}
        self.store.finish_step(
            self.run, task.step, outputs=outputs, metrics=record["metrics"],
            attempts=record["attempt"], cache_key=active.key, folder=active.folder,
        )  # fmt: skip
        metrics = record["metrics"]
        self._record(task, StepResult(task.step, "succeeded", seconds, metrics), record["attempt"])

    def _failed(
        self, active: _Active, status: int, record: dict[str, Any] | None, seconds: float
    ) -> None:
        error = (record or {}).get("error") or _process_error(active, status)
        if active.timed_out:
            error = _timeout_error(active)
        attempts = (record or {}).get("attempt", 1)
        shutil.rmtree(active.folder / "values", ignore_errors=True)
        self.store.fail_step(self.run, active.task.step, "failed", error=error, attempts=attempts)
        result = StepResult(active.task.step, "failed", seconds, error=error)
        self._record(active.task, result, attempts)

    def _record(self, task: Task, result: StepResult, attempts: int = 1) -> None:
        self.state.results[task.name] = result
        self.tell(
            StepFinished(
                time.time(), self.run, result.step, result.status, result.seconds, result.metrics,
                result.source_run, attempts, result.error, result.reason,
            )
        )  # fmt: skip

    def _check_time(self) -> None:
        now = time.time()
        assert self.launcher is not None
        for active in self.state.active.values():
            limit = active.task.timeout
            if limit is not None and now - active.started > limit and not active.timed_out:
                active.timed_out = True
                self.launcher.signal(active.number, signal.SIGKILL)
        if self.options.timeout is not None and now - self.started > self.options.timeout:
            self.stops = max(self.stops, 1)

    # -- logs ------------------------------------------------------------------------------

    def _read_logs(self) -> None:
        for active in self.state.active.values():
            self._read_log(active)

    def _read_log(self, active: _Active, *, last: bool = False) -> None:
        try:
            with (active.folder / "log.txt").open("rb") as file:
                file.seek(active.read)
                data = file.read()
        except FileNotFoundError:
            return
        active.read += len(data)
        *lines, active.rest = (active.rest + data).split(b"\n")
        if last and active.rest:
            lines.append(active.rest)
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r")
            if text and not text.startswith(MARK):
                self.tell(StepLog(time.time(), self.run, active.task.step, text))

    # -- the end of the run ---------------------------------------------------------------

    @contextlib.contextmanager
    def _signals(self) -> Any:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            del number, frame
            self.stops += 1
            if self.stops > 1:
                self._kill(signal.SIGKILL)

        before = {kind: signal.signal(kind, stop) for kind in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)

    def _kill(self, kind: signal.Signals) -> None:
        for number in list(self.state.active):
            if self.launcher is not None:
                self.launcher.signal(number, kind)

    def _end_processes(self) -> None:
        """End every process that is left, gently first, and forget what they had begun."""
        if self.launcher is None:
            return
        if self.state.active:
            self._kill(signal.SIGTERM)
            deadline = time.monotonic() + _GRACE
            while self.state.active and time.monotonic() < deadline and self.stops < 2:
                with contextlib.suppress(ChildProcessError):
                    for number, _ in self.launcher.ended(_TICK):
                        self._interrupted(number)
            self._kill(signal.SIGKILL)
            for number in list(self.state.active):
                self._interrupted(number)
        self.launcher.close()

    def _interrupted(self, number: int) -> None:
        active = self.state.active.pop(number, None)
        if active is None:
            return
        assert self.launcher is not None
        self.launcher.signal(number, signal.SIGKILL)
        shutil.rmtree(active.folder / "values", ignore_errors=True)
        self.store.fail_step(self.run, active.task.step, "interrupted")
        self._record(active.task, StepResult(active.task.step, "interrupted"))

    def _finish(self) -> RunResult:
        for task in self.waiting.values():
            self.store.fail_step(self.run, task.step, "skipped", reason="the run was interrupted")
            self._record(task, StepResult(task.step, "skipped", reason="the run was interrupted"))
        results = tuple(self.state.results[task.name] for task in self.plan.tasks)
        status = "succeeded"
        if any(item.status == "failed" for item in results):
            status = "failed"
        if self.stops:
            status = "interrupted"
        seconds = time.time() - self.started
        self.store.finish_run(self.run, status)
        self.tell(RunFinished(time.time(), self.run, status, seconds))
        return RunResult(self.run, status, seconds, results)


def _read_record(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def _process_error(active: _Active, status: int) -> dict[str, Any]:
    if status < 0:
        name = signal.Signals(-status).name
        hint = "the system may have run out of memory" if name == "SIGKILL" else ""
        return _error("Killed", f"the step's process was ended by {name}", "KL803", hint)
    tail = _tail(active.folder / "log.txt")
    return _error("Exited", f"the step's process ended with status {status}", "KL803", "", tail)


def _timeout_error(active: _Active) -> dict[str, Any]:
    limit = active.task.timeout
    return _error("Timeout", f"the step ran longer than its limit of {limit:g} s", "KL802",
                  "raise the limit with a tag `timeout:…`")  # fmt: skip


def _error(kind: str, message: str, code: str, hint: str = "", text: str = "") -> dict[str, Any]:
    return {
        "type": kind, "message": message, "code": code, "cell": None, "line": None,
        "source_line": "", "traceback": text, "hint": hint,
    }  # fmt: skip


def _tail(path: Path, most: int = 4000) -> str:
    try:
        size = os.path.getsize(path)
        with path.open("rb") as file:
            file.seek(max(0, size - most))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
