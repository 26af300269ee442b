"""The seam between the engine and what a step's process runs in: a process, or a container."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kalelike.run.backend import RunOptions
from kalelike.run.local.plan import Plan, Task


@dataclass(frozen=True, slots=True)
class Launch:
    """A step's process to be.

    ``arguments`` are the entry point's, the executor input filled in with paths
    of this machine; ``env`` is what the process gets beside its launcher's own
    environment. ``folder`` is the step's own, where it writes; the process
    appends what it prints to ``log``.
    """

    task: Task
    arguments: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    folder: Path
    log: Path


@dataclass(frozen=True, slots=True)
class Ended:
    """A step's process ended, with all that it had started.

    ``status`` is its exit code, or the negative number of the signal that
    ended it. ``cause`` is ``memory`` when it was ended for its memory limit,
    ``lost`` when what it ran in went away, else empty; ``note`` then says what
    that was, if the launcher knows better than the engine.
    """

    number: int
    status: int
    cause: str = ""
    note: str = ""


class Launcher(Protocol):
    """Starts steps' processes and tells how they ended; used by one thread."""

    def start(self, launch: Launch) -> int:
        """Start a process and return the number by which the launcher knows it.

        Does not wait for the process. Raises :class:`BackendError` when no
        process can be started at all.
        """
        ...

    def ended(self, seconds: float) -> list[Ended]:
        """Wait up to ``seconds`` for processes to end; return those that did."""
        ...

    def signal(self, number: int, kind: signal.Signals) -> None:
        """Send a signal to a process and all that it started; one that ended is no error."""
        ...

    def close(self) -> None:
        """End everything that is left; the launcher is not used again."""
        ...


@dataclass(frozen=True, slots=True)
class LauncherKind:
    """A way to run steps: the engine's name in the store, and how its launcher is made.

    ``applies`` are the options of a step that it honours: names of the platform
    document (``activeDeadlineSeconds``, …) and of the container's resources
    (``resourceMemoryLimit``, …); for all others the engine tells that this
    machine does not apply them. ``make`` is cheap, is called before the run is
    recorded, and raises :class:`BackendError` when the plan cannot run that way.
    ``observes`` is for steps that see this machine's own files under their own
    paths: the cache then counts what they really read.
    """

    name: str
    applies: frozenset[str]
    make: Callable[[Plan, RunOptions], Launcher]
    observes: bool = False
