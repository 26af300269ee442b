"""Processes of steps: asked of a supervisor, which forks them warm or starts them afresh.

The supervisor (``zygote.py``) is a process of its own because it, and not the
engine, is the parent of all steps: it sees when the engine is gone, however
that happened, and can then end the steps with all that they started.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kalelike.run.backend import RunOptions
from kalelike.run.local.launcher import Ended, Launch, Launcher, LauncherKind
from kalelike.run.local.plan import Plan
from kalelike.runtime.descendants import ENGINE, end_marked, memory_of
from kalelike.store.owners import process_start

# The package may be on this process's path only (a checkout): its folder goes to
# the end of the child's path, where it hides nothing.
ROOT = str(Path(__file__).parents[3])
_SUPERVISOR = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from kalelike.run.local.zygote import main; main(sys.argv[1:])"
)
_PATIENCE = 2.0
_marks = itertools.count(1)
_LOOK_SECONDS = 0.1


class ProcessLauncher:
    """Has one supervisor, made when the first step starts; see :class:`Launcher`.

    ``method`` is ``fork`` (steps are forked from the supervisor, which has
    done ``imports``) or ``spawn`` (each is a fresh interpreter).
    """

    def __init__(self, method: str, imports: Sequence[str], cwd: Path) -> None:
        self._method = method
        self._imports = list(imports)
        self._cwd = cwd
        self._supervisor: _Supervisor | None = None
        here = os.getpid()
        self._mark = f"{here}:{process_start(here)}:{next(_marks)}:"
        self._next = 1
        self._live: dict[int, int | None] = {}
        self._done: list[Ended] = []
        self._requests: dict[int, dict[str, Any]] = {}
        self._memory: dict[int, int] = {}
        self._exceeded: set[int] = set()
        self._next_look = 0.0

    def start(self, launch: Launch) -> int:
        """See :class:`Launcher`."""
        if self._supervisor is None:
            self._supervisor = _Supervisor(self._method, self._imports, self._cwd, self._mark)
        number = self._next
        self._next += 1
        self._live[number] = None
        limits = launch.task.limits
        if limits.memory is not None:
            self._memory[number] = limits.memory
        request = {
            "start": number,
            "arguments": launch.arguments,
            "env": dict(launch.env),
            # What libraries read when they are imported cannot be set later.
            "fresh": bool(launch.task.env),
            "cores": math.ceil(limits.cpu) if limits.cpu is not None else None,
            "cwd": str(launch.cwd),
            "log": str(launch.log),
        }
        self._requests[number] = request
        if not self._supervisor.send(request):
            self._lost()
        return number

    def ended(self, seconds: float) -> list[Ended]:
        """See :class:`Launcher`."""
        if not self._done and self._supervisor is not None:
            messages = self._supervisor.receive(seconds)
            if messages is None:
                self._lost()
            for message in messages or ():
                self._take(message)
            self._watch_memory()
        found, self._done = self._done, []
        return found

    def _take(self, message: dict[str, Any]) -> None:
        if "started" in message and message["started"] in self._live:
            self._live[message["started"]] = message["pid"]
            del self._requests[message["started"]]
        elif "ended" in message and message["ended"] in self._live:
            number = message["ended"]
            del self._live[number]
            cause = "memory" if number in self._exceeded else ""
            self._done.append(Ended(number, message["status"], cause))

    def _watch_memory(self) -> None:
        """End what uses more memory than it may.

        A limit of the system's own (``RLIMIT_AS``) counts addresses, of which
        numerical libraries reserve many times what they use; so memory is watched.
        """
        watched = self._memory.keys() & self._live.keys() - self._exceeded
        if not watched or time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK_SECONDS
        for number in watched:
            pid = self._live[number]
            if pid is not None and memory_of(pid) > self._memory[number]:
                self._exceeded.add(number)
                self.signal(number, signal.SIGKILL)

    def _lost(self) -> None:
        """Count the steps of a supervisor that ended as ended; the next one is cold.

        A module that crashes when it is imported would end it again, and is to
        end its own step only: those that were not begun are asked for anew.
        """
        assert self._supervisor is not None
        self._supervisor.kill()
        end_marked(self._mark)
        self._supervisor = None
        was_warm, self._imports = bool(self._imports), []
        for number, pid in list(self._live.items()):
            if pid is None and was_warm:
                continue
            if pid is not None:
                _kill_group(pid)
            del self._live[number]
            self._done.append(Ended(number, -signal.SIGKILL, "lost"))
        if self._live:
            self._supervisor = _Supervisor(self._method, self._imports, self._cwd, self._mark)
            for number in self._live:
                self._supervisor.send(self._requests[number])

    def signal(self, number: int, kind: signal.Signals) -> None:
        """See :class:`Launcher`."""
        if number not in self._live or self._supervisor is None:
            return
        if not self._supervisor.ready:
            # It is still importing, for who knows how long: the step is not begun.
            del self._live[number]
            self._done.append(Ended(number, -kind))
        self._supervisor.send({"signal": number, "kind": int(kind)})

    def close(self) -> None:
        """See :class:`Launcher`."""
        if self._supervisor is not None:
            self._supervisor.close()
            for pid in self._live.values():
                if pid is not None:
                    _kill_group(pid)
        self._supervisor = None


class _Supervisor:
    """The supervisor's process, and the lines of JSON to and from it."""

    def __init__(self, method: str, imports: list[str], cwd: Path, mark: str) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = [str(theirs.fileno()), method, json.dumps(imports), ROOT]
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SUPERVISOR, ROOT, *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=cwd,
                env={**os.environ, ENGINE: mark},
                start_new_session=True,
            )
        ours.setblocking(False)
        self._socket = ours
        self._received = b""
        self._unsent = b""
        self.ready = False
        """Whether it has done its imports and listens."""

    def send(self, message: dict[str, Any]) -> bool:
        """Send a message, or as much of it as can go; False if the supervisor is gone."""
        self._unsent += json.dumps(message).encode() + b"\n"
        return self._flush()

    def _flush(self) -> bool:
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True

    def receive(self, seconds: float) -> list[dict[str, Any]] | None:
        """Return the messages that came within ``seconds``; None if the supervisor is gone."""
        writing = [self._socket] if self._unsent else []
        readable, writable, _ = select.select([self._socket], writing, [], seconds)
        if writable and not self._flush():
            return None
        if not readable:
            return []
        try:
            data = self._socket.recv(65536)
        except OSError:
            return None
        if not data:
            return None
        self.ready = True
        *lines, self._received = (self._received + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Let it end the steps that are left, then itself; at once if it is still importing."""
        if self.ready:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
                self._wait_for_end(time.monotonic() + _PATIENCE)
        self.kill()

    def _wait_for_end(self, deadline: float) -> None:
        """Wait until it closes its end of the socket, as it does when it ends."""
        while (seconds := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([self._socket], [], [], seconds)
            if readable and not self._socket.recv(65536):
                return

    def kill(self) -> None:
        """End it whatever it does; the system then ends its steps."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def default_start_method() -> str:
    """Fork where forking a warm process is safe; start afresh elsewhere."""
    return "fork" if sys.platform.startswith("linux") else "spawn"


def _make(plan: Plan, options: RunOptions) -> Launcher:
    del plan
    method = options.start_method or default_start_method()
    return ProcessLauncher(method, options.imports, options.notebook_dir)


# Memory is watched; cores are allotted, whole ones.
_APPLIED = frozenset({"resourceMemoryLimit", "memoryLimit", "resourceCpuLimit", "cpuLimit"})
if not sys.platform.startswith("linux"):
    _APPLIED = frozenset()

PROCESSES = LauncherKind("local", _APPLIED, _make, observes=True)
"""Steps as processes of this machine."""
