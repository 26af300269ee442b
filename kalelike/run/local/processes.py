"""Processes of steps: forked from the warm parent, or started afresh."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError

# The package may be on this process's path only (a checkout): its folder goes to
# the end of the child's path, where it hides nothing.
_ROOT = str(Path(__file__).parents[3])
_ZYGOTE = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from kalelike.run.local.zygote import main; main(sys.argv[1:])"
)
_STEP = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from kalelike.runtime.__main__ import main; sys.exit(main(sys.argv[1:]))"
)


@dataclass(frozen=True, slots=True)
class Launch:
    """A step's process to be: its entry point's arguments and its surroundings."""

    arguments: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    log: Path


class Launcher(Protocol):
    """Starts steps' processes and tells how they ended."""

    def start(self, launch: Launch) -> int:
        """Start a process in a group of its own and return its number."""
        ...

    def ended(self, seconds: float) -> list[tuple[int, int]]:
        """Wait up to ``seconds``; return numbers and statuses (negative: signals)."""
        ...

    def signal(self, number: int, kind: signal.Signals) -> None:
        """Send a signal to a process and all that it started."""
        ...

    def close(self) -> None:
        """End everything that is left."""
        ...


def _signal_group(number: int, kind: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(number, kind)


class ForkLauncher:
    """Asks a warm parent, which has done the imports, to fork a process per step."""

    def __init__(self, imports: Sequence[str], cwd: Path) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _ZYGOTE,
                    _ROOT,
                    str(theirs.fileno()),
                    json.dumps(list(imports)),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=cwd,
                start_new_session=True,
            )
        self._socket = ours
        self._buffer = b""
        self._waiting: list[tuple[int, int]] = []

    def start(self, launch: Launch) -> int:
        """See :class:`Launcher`."""
        request = {
            "arguments": launch.arguments,
            "env": dict(launch.env),
            "cwd": str(launch.cwd),
            "log": str(launch.log),
        }
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            for message in self._messages(None):
                if "started" in message:
                    return int(message["started"])
                self._waiting.append((message["ended"], message["status"]))

    def ended(self, seconds: float) -> list[tuple[int, int]]:
        """See :class:`Launcher`."""
        if not self._waiting:
            for message in self._messages(seconds):
                self._waiting.append((message["ended"], message["status"]))
        found, self._waiting = self._waiting, []
        return found

    def _messages(self, seconds: float | None) -> list[dict[str, int]]:
        self._socket.settimeout(seconds)
        try:
            data = self._socket.recv(65536)
        except (TimeoutError, BlockingIOError):
            return []
        except ConnectionError:
            data = b""
        if not data:
            raise _parent_ended()
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def signal(self, number: int, kind: signal.Signals) -> None:
        """See :class:`Launcher`."""
        _signal_group(number, kind)

    def close(self) -> None:
        """See :class:`Launcher`."""
        self._socket.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            _signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _parent_ended() -> BackendError:
    return BackendError(
        [
            diagnose(
                "step-killed",
                "the process that steps are forked from ended",
                Location("run"),
                "try --start-method spawn; the system may have run out of memory",
            )
        ]
    )


class SpawnLauncher:
    """Starts a fresh interpreter per step."""

    def __init__(self) -> None:
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, launch: Launch) -> int:
        """See :class:`Launcher`."""
        with launch.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", _STEP, _ROOT, *launch.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=launch.cwd,
                env={**os.environ, **launch.env},
                start_new_session=True,
            )
        self._processes[process.pid] = process
        return process.pid

    def ended(self, seconds: float) -> list[tuple[int, int]]:
        """See :class:`Launcher`."""
        found = []
        for number, process in list(self._processes.items()):
            if process.poll() is not None:
                found.append((number, process.returncode))
                del self._processes[number]
        if not found and self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                next(iter(self._processes.values())).wait(timeout=seconds)
        return found

    def signal(self, number: int, kind: signal.Signals) -> None:
        """See :class:`Launcher`."""
        _signal_group(number, kind)

    def close(self) -> None:
        """See :class:`Launcher`."""
        for number, process in self._processes.items():
            _signal_group(number, signal.SIGKILL)
            process.wait()


def default_start_method() -> str:
    """Fork where forking a warm process is safe; start afresh elsewhere."""
    return "fork" if sys.platform.startswith("linux") else "spawn"
