"""Warm processes for many small comparisons: libraries are imported once, not once a case.

Steps are forked by the engine's own warm parent, kept between runs. The
notebook is run by a server of the same kind: a script that reads a plan's path
a line, forks, and lets the child compare.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kalelike.run.local.launcher import LauncherKind
from kalelike.run.local.processes import ProcessLauncher

ROOT = Path(__file__).parents[2]
LIBRARIES = (
    "numpy",
    "pandas",
    "sklearn.compose",
    "sklearn.datasets",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "matplotlib.pyplot",
)


class _KeptLauncher(ProcessLauncher):
    """A launcher that outlives the run."""

    def close(self) -> None:
        """Kept for the next run."""


class Oracle:
    """The server that runs notebooks and compares; ``kind`` runs the pipelines' steps."""

    def __init__(self, kind: LauncherKind) -> None:
        self.kind = kind
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.equivalence.warm"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, plan: Path, folder: Path) -> str:
        """Run a plan in ``folder``; return all that was printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(plan), str(folder)]) + "\n")
        self._process.stdin.flush()
        self._process.stdout.readline()
        return Path(f"{plan}.log").read_text("utf-8", "replace")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def warm_processes(folder: Path) -> Iterator[Oracle]:
    """Keep a warm parent and an oracle while the context lasts."""
    launcher = _KeptLauncher("fork", LIBRARIES, folder)
    oracle = Oracle(LauncherKind("local", frozenset(), lambda plan, options: launcher))
    try:
        yield oracle
    finally:
        oracle.close()
        ProcessLauncher.close(launcher)


def _serve() -> None:
    from kalelike.runtime.step import prepare

    for name in (*LIBRARIES, "tests.equivalence.oracle"):
        importlib.import_module(name)
    prepare()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        plan, folder = json.loads(line)
        child = os.fork()
        if child == 0:
            _answer(plan, folder)
        os.waitpid(child, 0)
        print("done", flush=True)


def _answer(plan: str, folder: str) -> None:
    from tests.equivalence.oracle import main

    log = os.open(f"{plan}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for number in (1, 2):
        os.dup2(log, number)
    sys.stdin = open(os.devnull)  # noqa: SIM115
    os.chdir(folder)
    try:
        main(plan)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    _serve()
