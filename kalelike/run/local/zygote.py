"""The supervisor of the steps' processes: their parent, warm with the imports that they share.

Requests and answers are lines of JSON over the socket that the engine passes.
It only imports: it never runs a notebook's code, and starts no threads. When
the engine closes its end, or is gone, it ends every step and then itself.

    {"start": N, "arguments": […], "env": {…}, "fresh": false, "cores": null,
     "cwd": …, "log": …}
    {"signal": N, "kind": 9}
    {"ready": true}   {"started": N, "pid": P}   {"ended": N, "status": S}
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import sysconfig
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from kalelike.runtime.descendants import (
    adopt_orphans,
    die_with_parent,
    end_all,
    own_children,
    signal_tree,
)
from kalelike.runtime.hidden_state import reseed
from kalelike.runtime.leaving import forget_inherited_exits, leave

_ENTRY_POINT = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from kalelike.runtime.__main__ import main; from kalelike.runtime.leaving import leave; "
    "leave(main(sys.argv[1:]))"
)
_TICK = 0.02
_PATIENCE = 0.5
# Their threads, or their state in native code, do not survive a fork.
_NO_FORK = frozenset({"grpc", "jax", "polars", "pyspark", "ray", "tensorflow"})


def main(arguments: list[str]) -> None:
    """Serve the engine until it closes its end of the socket."""
    channel = socket.socket(fileno=int(arguments[0]))
    channel.set_inheritable(False)
    method, modules, root = arguments[1], json.loads(arguments[2]), arguments[3]
    die_with_parent(signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if method == "fork":
        talkative = _warm_up(modules)
        if talkative:
            _start_again(channel, arguments, [name for name in modules if name not in talkative])
    # From here on the end of the engine shows in the socket, and steps are to be
    # ended before this process is.
    die_with_parent(None)
    adopt_orphans()
    forks = method == "fork" and not _NO_FORK & sys.modules.keys()
    with contextlib.suppress(ConnectionError):
        _Supervisor(channel, forks, root).serve()
    leave(0)


def _start_again(channel: socket.socket, arguments: list[str], modules: list[str]) -> None:
    """Become a supervisor that imports less: an import cannot be taken back."""
    channel.set_inheritable(True)
    die_with_parent(None)
    again = [*arguments[:2], json.dumps(modules), *arguments[3:]]
    code = (
        "import sys; sys.path.append(sys.argv[4]); "
        "from kalelike.run.local.zygote import main; main(sys.argv[1:])"
    )
    os.execv(sys.executable, [sys.executable, "-c", code, *again])  # noqa: S606 - no shell is meant


def _warm_up(modules: list[str]) -> list[str]:
    """Do the imports; return those that printed something, which a step would show."""
    sys.path.insert(0, str(Path.cwd()))
    # What is imported stays: looking for garbage in it takes a tenth of the time.
    gc.disable()
    from kalelike.runtime.step import prepare

    # Each step would compile the patterns, and look for the folders, for itself.
    prepare().to_python("1")
    sysconfig.get_paths()
    talkative = []
    with tempfile.TemporaryFile() as said:
        for number in (1, 2):
            os.dup2(said.fileno(), number)
        for name in modules:
            before = os.fstat(1).st_size
            # A failing import is the step's to report, with its own cell and line.
            with contextlib.suppress(BaseException):
                importlib.import_module(name)
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            if os.fstat(1).st_size > before:
                talkative.append(name)
        silence = os.open(os.devnull, os.O_WRONLY)
        for number in (1, 2):
            os.dup2(silence, number)
        os.close(silence)
    gc.freeze()
    gc.enable()
    return talkative


class _Supervisor:
    def __init__(self, channel: socket.socket, forks: bool, root: str) -> None:
        self._channel = channel
        self._forks = forks
        self._root = root
        self._steps: dict[int, int] = {}
        self._lingering: dict[int, float] = {}
        self._killed: set[int] = set()
        self._wake, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Do what the engine asks until it is gone."""
        self._tell({"ready": True})
        buffer = b""
        watched: list[Any] = [self._channel, self._wake]
        while True:
            ready, _, _ = select.select(watched, [], [], _TICK if self._lingering else None)
            if self._wake in ready:
                os.read(self._wake, 4096)
            self._reap()
            if self._channel not in ready:
                continue
            try:
                data = self._channel.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                end_all([*self._steps, *self._orphans()])
                return
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                self._obey(json.loads(line))

    def _tell(self, message: dict[str, Any]) -> None:
        self._channel.sendall(json.dumps(message).encode() + b"\n")

    def _obey(self, request: dict[str, Any]) -> None:
        if "signal" in request:
            pid = next((p for p, n in self._steps.items() if n == request["signal"]), None)
            if pid is not None:
                if request["kind"] == signal.SIGKILL:
                    self._killed.add(pid)
                signal_tree(pid, request["kind"])
            return
        pid = self._start(request)
        self._steps[pid] = request["start"]
        self._tell({"started": request["start"], "pid": pid})

    def _reap(self) -> None:
        """Report the steps that ended, once nothing that they started is left.

        What a step leaves running has a moment to end by itself, as helper
        processes do that clean up shared memory behind it; then it is killed.
        """
        for pid in self._steps:
            if pid not in self._lingering and _has_ended(pid):
                patience = 0.0 if pid in self._killed else _PATIENCE
                self._lingering[pid] = time.monotonic() + patience
        for pid, deadline in list(self._lingering.items()):
            orphans = self._orphans()
            if orphans and time.monotonic() < deadline:
                continue
            # Not reaped yet: the number of its group cannot be another's.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            end_all(orphans)
            _, status = os.waitpid(pid, 0)
            del self._lingering[pid]
            self._killed.discard(pid)
            number = self._steps.pop(pid)
            self._tell({"ended": number, "status": os.waitstatus_to_exitcode(status)})

    def _orphans(self) -> set[int]:
        """Return what ended steps left behind: children of this process that are no steps."""
        return own_children() - self._steps.keys()

    def _start(self, request: dict[str, Any]) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            child = os.fork()
        if child:
            with contextlib.suppress(OSError):
                os.setpgid(child, child)
            return child
        status = 1
        try:
            self._channel.close()
            status = self._become(request)
        finally:
            leave(status)

    def _become(self, request: dict[str, Any]) -> int:
        """Turn this fresh child into the step's process and run its entry point."""
        os.setpgid(0, 0)
        die_with_parent(signal.SIGKILL)
        adopt_orphans()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(request["log"], os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        if request["cores"] is not None:
            _use_cores(request["cores"], request["start"])
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        if request["fresh"] or not self._forks:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            command = [sys.executable, "-c", _ENTRY_POINT, self._root, *request["arguments"]]
            os.execv(sys.executable, command)  # noqa: S606 - no shell is meant
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, name in ((1, "stdout"), (2, "stderr")):
            setattr(sys, name, os.fdopen(number, "w", closefd=False))
        forget_inherited_exits()
        reseed()
        from kalelike.runtime.__main__ import main as run_entry_point

        return run_entry_point(request["arguments"])


def _use_cores(count: int, number: int) -> None:
    """Let this process run on so many cores, on others than its neighbours where possible."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        first = number * count
        os.sched_setaffinity(0, {cores[(first + at) % len(cores)] for at in range(count)})


def _has_ended(pid: int) -> bool:
    """Tell whether a child ended, and leave it to be reaped."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


if __name__ == "__main__":
    main(sys.argv[1:])
