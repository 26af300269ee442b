"""Runs a function in a child of this process, so that nothing it does outlives it."""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class ChildError(Exception):
    """The function raised, or the child died; the message is its traceback."""


def in_child(function: Callable[[], Result], seconds: float = 60) -> Result:
    """Return what ``function`` returns in a forked child; the result is pickled.

    Raises :class:`ChildError` when it raises, dies or takes too long.
    """
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(read)
        _run(function, write, seconds)
    os.close(write)
    with open(read, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    if not data:
        raise ChildError(f"the child ended with status {status}")
    succeeded, result = pickle.loads(data)
    if not succeeded:
        raise ChildError(result)
    return result  # type: ignore[no-any-return]


def _run(function: Callable[[], object], write: int, seconds: float) -> None:
    """The child: it never returns, so that no test runner goes on in it."""
    import signal

    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        try:
            data = pickle.dumps((True, function()))
        except BaseException:
            data = pickle.dumps((False, traceback.format_exc()))
        with open(write, "wb") as pipe:
            pipe.write(data)
    finally:
        os._exit(0)
