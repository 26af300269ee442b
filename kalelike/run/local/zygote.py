"""The warm parent: imports once, then forks a process per step on request.

Requests and answers are lines of JSON over the socket that the engine passes.
It only imports: it never runs a notebook's code, and starts no threads.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Let the kernel end this process when its parent ends, however that happens (Linux)."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main(arguments: list[str]) -> None:
    """Serve the engine until it closes its end of the socket."""
    die_with_parent()
    channel = socket.socket(fileno=int(arguments[0]))
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path.insert(0, os.getcwd())
    from kalelike.runtime.step import prepare

    prepare()
    for name in json.loads(arguments[1]):
        # A failing import is the step's to report, with its own cell and line.
        with contextlib.suppress(BaseException):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    _serve(channel, wake_read)


def _serve(channel: socket.socket, wake: int) -> None:
    buffer = b""
    while True:
        waiting: list[Any] = [channel, wake]
        ready, _, _ = select.select(waiting, [], [])
        if wake in ready:
            os.read(wake, 4096)
            _report_ended(channel)
        if channel not in ready:
            continue
        data = channel.recv(65536)
        if not data:
            return
        *lines, buffer = (buffer + data).split(b"\n")
        for line in lines:
            child = _fork(json.loads(line), channel)
            channel.sendall(json.dumps({"started": child}).encode() + b"\n")


def _report_ended(channel: socket.socket) -> None:
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if child == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        channel.sendall(json.dumps({"ended": child, "status": code}).encode() + b"\n")


def _fork(request: dict[str, Any], channel: socket.socket) -> int:
    child = os.fork()
    if child:
        with contextlib.suppress(OSError):
            os.setpgid(child, child)
        return child
    status = 1
    try:
        channel.close()
        status = _run(request)
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _run(request: dict[str, Any]) -> int:
    """Become the step's process and run its entry point."""
    os.setpgid(0, 0)
    die_with_parent()
    signal.set_wakeup_fd(-1)
    for kind in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, signal.SIG_DFL)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    from kalelike.runtime.__main__ import main as run_entry_point

    return run_entry_point(request["arguments"])


if __name__ == "__main__":
    main(sys.argv[1:])
