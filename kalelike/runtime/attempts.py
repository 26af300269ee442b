"""Retries: further attempts of a step, each in a fresh process from the same inputs.

KFP's stock workflow defaults do not retry a step whose own process fails, so
the attempts are made here, inside the step's container.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kalelike.runtime.atomic import remove
from kalelike.runtime.code import StepCode
from kalelike.runtime.executor_io import ExecutorInput
from kalelike.runtime.faults import ExitCode
from kalelike.runtime.record import Failure, Record

Run = Callable[[StepCode, ExecutorInput, int], Record]


def run_with_attempts(code: StepCode, executor_input: ExecutorInput, run: Run) -> Record:
    """Run a step, again after a failure of its own code as its retry policy says.

    A wrong call and a value that cannot cross are not retried: they would
    fail the same way. Without a policy the step runs in this process.
    """
    policy = code.retry
    if policy is None or policy.max_retries == 0:
        return run(code, executor_input, 1)
    wait = policy.backoff_seconds
    attempt = 1
    while True:
        record = _run_apart(code, executor_input, run, attempt)
        retry = record.exit_code == ExitCode.USER_CODE_FAILED and attempt <= policy.max_retries
        if not retry:
            return record
        pause = min(wait, policy.backoff_max_seconds)
        print(
            f"attempt {attempt} of {policy.max_retries + 1} failed; next in {pause:g} s",
            file=sys.stderr,
            flush=True,
        )
        time.sleep(pause)
        wait *= policy.backoff_factor
        attempt += 1
        for place in executor_input.outputs.values():
            remove(place.path)


def _run_apart(code: StepCode, executor_input: ExecutorInput, run: Run, attempt: int) -> Record:
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryDirectory(prefix="kalelike-attempt-") as folder:
        target = Path(folder) / "record.json"
        child = os.fork()
        if child == 0:
            status = 1
            try:
                record = run(code, executor_input, attempt)
                target.write_text(record.to_json(whole=True), "utf-8")
                status = record.exit_code
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        _, status = os.waitpid(child, 0)
        if target.exists():
            return _read_record(target)
    signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    failure = Failure("Killed", f"the attempt's process ended by signal {signal}", "KL803")
    return Record(
        code.step, code.sha, "failed", attempt=attempt, error=failure,
        exit_code=int(ExitCode.USER_CODE_FAILED),
    )  # fmt: skip


def _read_record(path: Path) -> Record:
    data = json.loads(path.read_text("utf-8"))
    data.pop("format")
    error = data.pop("error")
    record = Record(**data)
    return replace(record, error=Failure(**error)) if error is not None else record
