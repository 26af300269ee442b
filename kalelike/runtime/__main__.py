"""The entry point of every step: ``python -m kalelike.runtime STEP SHA EXECUTOR_INPUT``."""

from __future__ import annotations

import sys

from kalelike.runtime.attempts import run_with_attempts
from kalelike.runtime.code import find_code
from kalelike.runtime.executor_io import ExecutorInput
from kalelike.runtime.faults import BadCallError, ExitCode, StepError
from kalelike.runtime.record import publish
from kalelike.runtime.step import run_step
from kalelike.runtime.workdir import enter_working_folder

_USAGE = "usage: python -m kalelike.runtime STEP SHA EXECUTOR_INPUT [--code=BASE64]"


def main(arguments: list[str]) -> int:
    """Run one step; returns the process's exit code (see :class:`ExitCode`)."""
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
    publish(record)
    return record.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
