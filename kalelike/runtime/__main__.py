"""The entry point of every step: ``python -m kalelike.runtime STEP SHA EXECUTOR_INPUT``."""

from __future__ import annotations

import contextlib
import io
import os
import sys

from kalelike.runtime.attempts import run_with_attempts
from kalelike.runtime.code import find_code
from kalelike.runtime.executor_io import ExecutorInput
from kalelike.runtime.faults import BadCallError, ExitCode, StepError
from kalelike.runtime.leaving import leave
from kalelike.runtime.parameters import MARKER, decode
from kalelike.runtime.record import publish
from kalelike.runtime.step import run_step
from kalelike.runtime.workdir import enter_working_folder

_USAGE = "usage: python -m kalelike.runtime STEP SHA EXECUTOR_INPUT [--code=BASE64]"


def main(arguments: list[str]) -> int:
    """Run one step; returns the process's exit code (see :class:`ExitCode`)."""
    _prepare_process()
    inline = next((item[7:] for item in arguments if item.startswith("--code=")), None)
    plain = [item for item in arguments if not item.startswith("--")]
    try:
        if len(plain) != 3:
            raise BadCallError(_USAGE)
        code = find_code(plain[0], plain[1], inline)
        executor_input = ExecutorInput.from_json(plain[2])
        enter_working_folder()
    except StepError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(ExitCode.BAD_CALL)
    except OSError as error:
        print(f"error: no working folder can be made: {error}", file=sys.stderr)
        print(
            "    hint: mount a writable folder at /tmp (a tag `empty-dir:tmp:/tmp`)",
            file=sys.stderr,
        )
        return int(ExitCode.BAD_CALL)
    record = run_with_attempts(code, executor_input, run_step)
    try:
        publish(record)
    except OSError as error:
        _say(f"error: the record of the step cannot be written: {error}")
        return int(ExitCode.BAD_CALL)
    return record.exit_code


def _prepare_process() -> None:
    """Make the streams take any text, and decode the environment (see ``parameters``)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    for name, value in list(os.environ.items()):
        if value.startswith(MARKER):
            with contextlib.suppress(ValueError):
                os.environ[name] = str(decode(value, "str"))


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
