"""All processes that a process started, and how to end them; on Linux also its daemons."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LINUX = sys.platform.startswith("linux")
_MOST_SECONDS = 5.0
ENGINE = "KALELIKE_ENGINE"
"""The variable that marks a supervisor and all that it starts: the engine's pid, its start, …"""


def die_with_parent(kind: signal.Signals | None) -> None:
    """Let the system send ``kind`` to this process when its parent ends; None: no longer."""
    _prctl(_PR_SET_PDEATHSIG, int(kind) if kind is not None else 0)


def adopt_orphans() -> None:
    """Become the parent of whatever this process's descendants leave behind (Linux).

    What has made itself independent (a daemon: other session, parent gone) is
    then still found, as a child.
    """
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if _LINUX:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def parents() -> dict[int, int]:
    """Return the parent of every process that can be seen; empty where there is no ``/proc``."""
    found: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The command's name is in parentheses and may hold anything.
            found[int(path.parent.name)] = int(path.read_bytes().rpartition(b")")[2].split()[1])
    return found


def own_children() -> set[int]:
    """Return the children of this process, those that ended and were not waited for included.

    The system's list of a process's children is sure to be whole only where
    none of them goes meanwhile; this process's own go when it waits for them.
    """
    try:
        lists = [path / "children" for path in Path("/proc/self/task").iterdir()]
        return {int(child) for path in lists for child in path.read_bytes().split()}
    except FileNotFoundError:  # Not every system has it.
        here = os.getpid()
        return {child for child, parent in parents().items() if parent == here}


def tree_of(pid: int) -> list[int]:
    """Return a process and all its descendants, parents first."""
    children: dict[int, list[int]] = {}
    for child, parent in parents().items():
        children.setdefault(parent, []).append(child)
    found = [pid]
    for item in found:
        found += children.get(item, ())
    return found


def memory_of(pid: int) -> int:
    """Return the bytes of memory of its own that a process and its descendants hold.

    Pages of files do not count: the system can drop them. 0 where there is no ``/proc``.
    """
    total = 0
    for item in tree_of(pid):
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in Path(f"/proc/{item}/status").read_bytes().splitlines():
                if line.startswith(b"RssAnon:"):
                    total += int(line.split()[1]) * 1024
                    break
    return total


def signal_tree(pid: int, kind: int) -> None:
    """Signal a process, its group, and all its descendants in groups of their own."""
    tree = tree_of(pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, kind)
    for item in tree:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(item) != pid:
                os.kill(item, kind)


def end_marked(mark: str) -> None:
    """Kill all processes whose environment has a ``KALELIKE_ENGINE`` that begins with ``mark``.

    These are what a supervisor and its steps started, wherever they have gone:
    when the supervisor itself was killed, nobody is their parent any more.
    """
    wanted = f"\0{ENGINE}={mark}".encode()
    deadline = time.monotonic() + _MOST_SECONDS
    while (found := _with_environment(wanted)) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)


def _with_environment(part: bytes) -> list[int]:
    """Return the processes that were started with these bytes in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if part in b"\0" + path.read_bytes():
                found.append(int(path.parent.name))
    return [pid for pid in found if pid != os.getpid()]


def end_all(pids: Iterable[int]) -> None:
    """Kill children of this process with all their descendants, and wait for them.

    What a killed process leaves becomes a child of this one
    (:func:`adopt_orphans`), and is killed in turn. Gives up after some
    seconds: a process may hang in the system itself.
    """
    waiting = set(pids)
    deadline = time.monotonic() + _MOST_SECONDS
    known = own_children() - waiting if waiting else set()
    while waiting and time.monotonic() < deadline:
        for pid in waiting:
            signal_tree(pid, signal.SIGKILL)
        for pid in list(waiting):
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0] == 0:
                    continue
            waiting.discard(pid)
        waiting |= own_children() - known
        if waiting:
            time.sleep(0.002)
