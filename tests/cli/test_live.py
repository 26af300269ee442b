"""``kalelike run`` in a terminal: steps are drawn as they go, and nothing where none is run."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.equivalence.harness import write_notebook

ROOT = Path(__file__).parents[2]
_HIDE_CURSOR = "\x1b[?25l"


def run_in_terminal(notebook: Path) -> str:
    """Run a notebook in a terminal of its own and return all that came out of it."""
    ours, theirs = pty.openpty()
    imports = notebook.with_name("imports.txt")
    with imports.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", "kalelike", "run", str(notebook)],
            stdin=theirs,
            stdout=theirs,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"},
        )
    os.close(theirs)
    found = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # Linux: nobody holds the other end any more.
            break
        if not data:
            break
        found += data
    assert process.wait(timeout=60) == 0, found
    os.close(ours)
    assert (b"rich.live" in imports.read_bytes()) is (_HIDE_CURSOR.encode() in found)
    return found.decode()


def test_steps_are_drawn_while_they_run(tmp_path: Path) -> None:
    code = "import time\ntime.sleep(0.5)\nx = 1"
    notebook = write_notebook(tmp_path / "n.ipynb", [("step:slow", code), ("step:next", "y = x")])
    first = run_in_terminal(notebook)
    assert _HIDE_CURSOR in first
    assert "0 of 2 steps" in first
    assert "succeeded" in first.splitlines()[-2]
    again = run_in_terminal(notebook)
    assert _HIDE_CURSOR not in again
    assert "2 of 2 steps from the cache" in again
