"""The end of a step's process: as an interpreter ends, but never waiting for good."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import io
import os
import signal
import sys
import threading
import weakref
from types import FrameType
from typing import NoReturn

_PATIENCE = 3.0


def forget_inherited_exits() -> None:
    """Drop what a forked process inherited of its parent's own end.

    Temporary folders of the parent, and the like, are the parent's to remove.
    What the step's code registers from here on is run by :func:`leave`.
    """
    atexit._clear()
    # The next finalizer then registers itself anew (the standard library's own flag).
    weakref.finalize._registered_with_atexit = False  # type: ignore[attr-defined]
    for item in list(weakref.finalize._registry):  # type: ignore[attr-defined]
        item.atexit = False
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util._finalizer_registry.clear()
        atexit.register(util._exit_function)


def leave(status: int) -> NoReturn:
    """End this process now, with its exit handlers run and its open files flushed.

    Threads that still run are not waited for: with the notebook's kernel they
    would end as well. Exit handlers have some seconds.
    """

    def give_up(number: int, frame: FrameType | None) -> None:
        del number, frame
        os._exit(status)

    with contextlib.suppress(BaseException):
        signal.signal(signal.SIGALRM, give_up)
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
        # As the interpreter does it: executors end their workers first.
        for call in reversed(getattr(threading, "_threading_atexits", ())):
            with contextlib.suppress(Exception):
                call()
        atexit._run_exitfuncs()
    with contextlib.suppress(BaseException):
        _flush_files()
        ctypes.CDLL(None).fflush(None)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    os._exit(status)


def _flush_files() -> None:
    """Flush files that the notebook left open, as the interpreter's end would."""
    for item in gc.get_objects():
        if isinstance(item, io.TextIOWrapper | io.BufferedWriter | io.BufferedRandom):
            with contextlib.suppress(Exception):
                item.flush()
