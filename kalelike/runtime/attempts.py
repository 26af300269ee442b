"""Retries: further attempts of a step, each in a fresh process from the same inputs.

KFP's stock workflow defaults do not retry a step whose own process fails, so
the attempts are made here, inside the step's container.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType

from kalelike.runtime.atomic import remove, strict_json
from kalelike.runtime.code import RetryCode, StepCode
from kalelike.runtime.descendants import adopt_orphans, end_all, own_children, signal_tree
from kalelike.runtime.executor_io import ExecutorInput
from kalelike.runtime.faults import ExitCode
from kalelike.runtime.hidden_state import reseed
from kalelike.runtime.leaving import forget_inherited_exits, leave
from kalelike.runtime.record import RETRY_MARK, Failure, Record

Run = Callable[[StepCode, ExecutorInput, int], Record]

_GRACE = 2.0


class _TimeUpError(Exception):
    """The attempt's time is up."""


def run_with_attempts(code: StepCode, executor_input: ExecutorInput, run: Run) -> Record:
    """Run a step, again after a failure of its own code as its retry policy says.

    An attempt that is killed, or exceeds its time limit, counts as failed by
    its own code. A wrong call and a value that cannot cross are not retried:
    they would fail the same way. Without a policy the step runs in this process.
    """
    policy = code.retry
    if policy is None or policy.max_retries == 0:
        return run(code, executor_input, 1)
    adopt_orphans()
    wait = policy.backoff_seconds
    attempt = 1
    while True:
        record, interrupted = _run_apart(code, executor_input, run, attempt)
        retry = record.exit_code == ExitCode.USER_CODE_FAILED and attempt <= policy.max_retries
        if not retry or interrupted:
            return record
        pause = min(wait, policy.backoff_max_seconds)
        _tell(record, policy, pause)
        time.sleep(pause)
        wait *= policy.backoff_factor
        attempt += 1
        for place in executor_input.outputs.values():
            remove(place.path)


def _tell(record: Record, policy: RetryCode, pause: float) -> None:
    """Write the failed attempt to the log: a line for people, and one for programs."""
    attempts = policy.max_retries + 1
    error = asdict(record.error) if record.error is not None else {}
    data = {"attempt": record.attempt, "attempts": attempts, "wait": pause, "error": error}
    with contextlib.suppress(OSError, ValueError):
        print(
            f"attempt {record.attempt} of {attempts} failed; next in {pause:g} s\n"
            f"{RETRY_MARK}{strict_json(data)}",
            file=sys.stderr,
            flush=True,
        )


def _run_apart(
    code: StepCode, executor_input: ExecutorInput, run: Run, attempt: int
) -> tuple[Record, bool]:
    """Make one attempt in a process of its own; True if this process was interrupted."""
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryDirectory(prefix="kalelike-attempt-") as folder:
        target = Path(folder) / "record.json"
        child = os.fork()
        if child == 0:
            _become_attempt(code, executor_input, run, attempt, target)
        with contextlib.suppress(OSError):
            os.setpgid(child, child)
        interrupted = timed_out = False
        try:
            with _time_limit(code.attempt_seconds):
                _, status = os.waitpid(child, 0)
        except KeyboardInterrupt:
            interrupted, status = True, _end_gently(child)
        except _TimeUpError:
            signal_tree(child, signal.SIGKILL)
            timed_out, (_, status) = True, os.waitpid(child, 0)
        end_all(own_children())
        if timed_out:
            limit = code.attempt_seconds or 0
            message = f"the attempt ran longer than its limit of {limit:g} s"
            hint = "raise the limit with a tag `timeout:…`"
            return _failed(code, attempt, Failure("Timeout", message, "KL802", hint=hint)), False
        if target.exists():
            return _read_record(target), interrupted
    return _failed(code, attempt, _ended_failure(status)), interrupted


def _become_attempt(
    code: StepCode, executor_input: ExecutorInput, run: Run, attempt: int, target: Path
) -> None:
    """Run the step in this fresh child, and end it."""
    status = 1
    try:
        os.setpgid(0, 0)
        forget_inherited_exits()
        adopt_orphans()
        reseed()
        record = run(code, executor_input, attempt)
        target.write_text(record.to_json(whole=True), "utf-8")
        status = record.exit_code
    finally:
        leave(status)


@contextlib.contextmanager
def _time_limit(seconds: float | None) -> Iterator[None]:
    """Raise ``_TimeUpError`` in the body when the time is up."""
    if seconds is None:
        yield
        return

    def time_up(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise _TimeUpError

    before = signal.signal(signal.SIGALRM, time_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _end_gently(child: int) -> int:
    """Interrupt an attempt, kill it if it takes long, and return its status."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGINT)
    deadline = time.monotonic() + _GRACE
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status
        time.sleep(0.02)
    signal_tree(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _ended_failure(status: int) -> Failure:
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        hint = "the system may have run out of memory" if name == "SIGKILL" else ""
        return Failure("Killed", f"the attempt's process was ended by {name}", "KL803", hint=hint)
    number = os.waitstatus_to_exitcode(status)
    message = f"the attempt's process ended by itself, with status {number}"
    return Failure("Exited", message, "KL803", hint="code of the step may have called os._exit")


def _failed(code: StepCode, attempt: int, failure: Failure) -> Record:
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
