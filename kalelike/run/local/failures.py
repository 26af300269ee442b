"""How a step failed when its own record does not say."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from kalelike.run.local.launcher import Ended
from kalelike.run.local.plan import Task

Failure = dict[str, Any]
"""As :class:`kalelike.run.events.StepFinished` has it."""

_MOST_TAIL = 4000
_CRASHES = {"SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE"}


def process_failure(task: Task, ended: Ended, log: Path) -> Failure:
    """Describe a process that ended without a record of what it did."""
    if ended.cause == "memory":
        return memory_failure(task)
    if ended.cause == "lost" and ended.note:
        return _failure("Lost", ended.note, "KL831", "run again: what had finished is kept")
    if ended.cause == "lost":
        return _failure(
            "Killed", "the process that steps are forked from ended, and the step with it",
            "KL803", "the system may have run out of memory; try --start-method spawn",
        )  # fmt: skip
    if ended.status < 0:
        name = _signal_name(-ended.status)
        hint = ""
        if name == "SIGKILL":
            hint = "the system may have run out of memory, or somebody ended the process"
        elif name in _CRASHES:
            hint = "a library crashed in native code, or recursion was too deep"
        return _failure(
            "Killed", f"the step's process was ended by {name}", "KL803", hint, _tail(log)
        )
    message = f"the step's process ended by itself, with status {ended.status}"
    hint = "code of the step may have called os._exit"
    return _failure("Exited", message, "KL803", hint, _tail(log))


def timeout_failure(task: Task) -> Failure:
    """Describe a step that ran longer than it may."""
    message = f"the step ran longer than its limit of {task.timeout:g} s"
    return _failure("Timeout", message, "KL802", "raise the limit with a tag `timeout:…`")


def memory_failure(task: Task) -> Failure:
    """Describe a step that used more memory than it may."""
    limit = (task.limits.memory or 0) / 2**20
    message = f"the step used more memory than its limit of {limit:,.0f} MiB"
    return _failure("OutOfMemory", message, "KL803", "raise the limit with a tag `limit:memory:…`")


def _failure(kind: str, message: str, code: str, hint: str = "", text: str = "") -> Failure:
    return {
        "type": kind, "message": message, "code": code, "cell": None, "line": None,
        "source_line": "", "traceback": text, "hint": hint,
    }  # fmt: skip


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _tail(path: Path) -> str:
    """Return the end of the log, from the beginning of a line."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _MOST_TAIL))
            data = file.read()
    except OSError:
        return ""
    text = data.decode("utf-8", "replace")
    return text if size <= _MOST_TAIL else text.partition("\n")[2] or text
