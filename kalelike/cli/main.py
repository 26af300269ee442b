"""The edge: one command in, one exit code out, and no traceback for a user's mistake."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import gc
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from kalelike.cli.arguments import NAME, make_parser
from kalelike.cli.exits import Exit
from kalelike.cli.terminal import make_streams_lenient
from kalelike.errors import KalelikeError

_OBJECTS = 50_000
"""New objects after which garbage is looked for."""


def run_process() -> NoReturn:
    """Run the process's own command line, and end the process with its exit code.

    The process is not taken apart: to free every object, and to look for
    garbage among what was just imported, takes a sixth of a short command.
    """
    gc.set_threshold(_OBJECTS)
    code = main()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see ``exits``); nothing is raised.

    ``argv`` is without the program's name; None takes the process's own.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    make_streams_lenient()
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print(f"{NAME}: interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        _silence_output()
        return Exit.BROKEN_PIPE
    except Exception as error:
        return _internal_error(error, "--json" in arguments)
    return int(code)


def _run(arguments: list[str]) -> int:
    options: argparse.Namespace | None = None
    try:
        options = make_parser(arguments).parse_args(arguments)
        return int(import_module(options.module).run_command(options))
    except SystemExit as leaving:  # argparse's --help and --version
        return leaving.code if isinstance(leaving.code, int) else Exit.OK
    except KalelikeError as error:
        return _refusal(error, options, "--json" in arguments)


def _refusal(error: KalelikeError, options: argparse.Namespace | None, as_json: bool) -> int:
    """Tell the user's mistakes; the output of other commands stays parseable under ``--json``."""
    from kalelike.cli.report import diagnostics_data, print_diagnostics, print_json

    if as_json:
        found = diagnostics_data(error.diagnostics)
        print_json({"event": "error", "ok": False, "exit_code": 2, "diagnostics": found})
    else:
        print_diagnostics(error.diagnostics, input_path(options))
    return Exit.BAD_INPUT


def input_path(options: argparse.Namespace | None) -> str | None:
    """Return the file that a command is about, if it is about one."""
    for name in ("notebook", "source", "document"):
        path = getattr(options, name, None)
        if isinstance(path, str):
            return path
    return None


def _internal_error(error: Exception, as_json: bool) -> int:
    """One line for what must not happen; ``KALELIKE_DEBUG=1`` adds the traceback."""
    if os.environ.get("KALELIKE_DEBUG"):
        traceback.print_exception(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    cause = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    message = f"internal error: {cause}{place}"
    if as_json:
        from kalelike.cli.report import print_json

        print_json({"event": "error", "ok": False, "exit_code": 70, "internal_error": message})
    advice = "this is a mistake in kalelike; please report it (KALELIKE_DEBUG=1 shows more)"
    print(f"{NAME}: {message}; {advice}", file=sys.stderr)
    return Exit.INTERNAL


def _silence_output() -> None:
    # The interpreter flushes standard output once more at its end.
    quiet = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError):  # no file of the system's behind it
        os.dup2(quiet, sys.stdout.fileno())
    os.close(quiet)


if __name__ == "__main__":
    run_process()
