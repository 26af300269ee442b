"""``kalelike run`` as a process of its own, and the processes that it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def start(
    notebook: Path, *arguments: str, env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[str]:
    """Start ``kalelike run NOTEBOOK``, with its events on standard output."""
    command = [sys.executable, "-m", "kalelike", "run", str(notebook), "--json", *arguments]
    return subprocess.Popen(
        # A test run in the background ignores SIGINT, and so would its children.
        [sys.executable, "-c", _LISTEN, *command],
        cwd=notebook.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


_LISTEN = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def run(notebook: Path, *arguments: str, env: Mapping[str, str] | None = None) -> list[Any]:
    """Run a notebook to its end, and return its events; the last is the result."""
    process = start(notebook, *arguments, env=env)
    output, errors = process.communicate(timeout=200)
    assert output, errors
    return events_of(output)


def events_of(output: str) -> list[Any]:
    """Read the events, without what a killed process had begun."""
    found = []
    for line in output.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something to become true; fails the test when it does not."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def processes_in(folder: Path) -> dict[int, str]:
    """Return the processes that work in a folder, or that name it: pid and command."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            here = os.readlink(entry / "cwd")
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if command and (here.startswith(str(folder)) or str(folder) in command):
            found[int(entry.name)] = command[:100]
    return found


def nothing_is_left(folder: Path, seconds: float = 20) -> None:
    """Wait until no process of a run is left; fails when some are."""
    deadline = time.monotonic() + seconds
    while (left := processes_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == {}
