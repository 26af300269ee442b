"""Runs the notebook itself, in a fresh process and a copy of its folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kalelike.dataflow.ownership import SETUP_STEP
from kalelike.runtime.observing import RANDOM_START
from kalelike.verify.observations import NotebookObservation, Tell
from kalelike.verify.subject import Subject
from kalelike.verify.workspace import make_workspace

ROOT = str(Path(__file__).parents[2])
_PROCESS = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from kalelike.verify.notebook_process import _run_main; _run_main()"
)
_TICK = 0.05
_TAIL = 3_000


def observe_notebook(
    subject: Subject,
    scratch: Path,
    tell: Tell,
    *,
    start: str,
    hash_seed: int,
    side: str,
    other_memory: bool = False,
) -> NotebookObservation:
    """Run the notebook top to bottom and return what it computed.

    ``start`` starts random generators that the notebook does not seed;
    ``hash_seed`` is that of the process's string hashes. With ``other_memory``
    what ``numpy.empty`` gives has a content of our own. A failure of the
    notebook's code is in the result.
    """
    folder = make_workspace(subject.path.parent, scratch / "copy")
    plan = scratch / "plan.json"
    trace = scratch / "trace.jsonl"
    trace.touch()
    plan.write_text(json.dumps({**_plan(subject, trace), "other_memory": other_memory}), "utf-8")
    started = time.monotonic()
    with (scratch / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROCESS, ROOT, str(plan)],
            cwd=folder,
            env={**os.environ, RANDOM_START: start, "PYTHONHASHSEED": str(hash_seed)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            lines = _follow(process, trace, subject, tell, side)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    seconds = time.monotonic() - started
    return _collect(lines, folder, seconds, process.returncode, scratch / "log.txt")


def _plan(subject: Subject, trace: Path) -> dict[str, Any]:
    return {
        "trace": str(trace),
        "notebook": subject.compilation.graph.notebook.name,
        "setup": str(SETUP_STEP),
        "boundaries": sorted(subject.boundaries),
        "carried": {step.name: list(step.inputs) for step in subject.steps},
        "metrics": [asdict(item) for item in subject.metrics],
        "cells": [
            {
                "index": item.index,
                "number": item.number,
                "title": item.number if item.number is not None else f"#{item.index + 1}",
                "source": item.source,
                "step": item.step,
            }
            for item in subject.cells
        ],
    }


def _follow(
    process: subprocess.Popen[bytes], trace: Path, subject: Subject, tell: Tell, side: str
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    total = len(subject.cells)
    with trace.open("rb") as file:
        rest = b""
        while True:
            ended = process.poll() is not None
            *lines, rest = (rest + file.read()).split(b"\n")
            found += [json.loads(line) for line in lines]
            if lines:
                done = sum("cell" in item for item in found)
                tell(side, f"{done} of {total} cells")
            if ended:
                return found
            time.sleep(_TICK)


def _collect(
    lines: list[dict[str, Any]], folder: Path, seconds: float, status: int, log: Path
) -> NotebookObservation:
    metrics: dict[str, Any] = {}
    error = None
    for item in lines:
        metrics |= item.get("metrics", {})
        error = item.get("error", error)
    ended = next((item for item in lines if item.get("end")), None)
    if ended is None and error is None:
        error = _killed(status, log)
    return NotebookObservation(
        dict(_by_place(lines, "all")),
        dict(_by_place(lines, "generators")),
        dict(_by_place(lines, "named")),
        dict(_by_place(lines, "shown")),
        metrics,
        ended["files"] if ended is not None else {},
        folder,
        seconds,
        error,
        {item["started"]: item["state"] for item in lines if item.get("started")},
    )


def _by_place(lines: list[dict[str, Any]], key: str) -> Iterator[tuple[int, Any]]:
    for item in lines:
        if key in item:
            yield int(item.get("cell", item.get("boundary", -1))), item[key]


def _killed(status: int, log: Path) -> dict[str, Any]:
    tail = log.read_bytes()[-_TAIL:].decode("utf-8", "replace")
    how = f"signal {-status}" if status < 0 else f"status {status}"
    return {
        "type": "Exited",
        "message": f"the notebook's process ended with {how}",
        "code": "KL803",
        "cell": None,
        "line": None,
        "source_line": "",
        "traceback": tail,
        "hint": "",
    }
