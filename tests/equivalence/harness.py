"""Compiles and runs a notebook's pipeline, and the notebook itself, and compares the two."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalelike.compiler import Compilation, compile_notebook, write_codes
from kalelike.notebook.model import Role
from kalelike.notebook.read import read_notebook
from kalelike.notebook.roles import tag_notebook
from kalelike.run.backend import RunOptions, RunResult
from kalelike.run.local.engine import run_pipeline
from kalelike.store.objects import object_path
from kalelike.store.runs import RunStore

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a comparison: the run's result, and every difference."""

    compilation: Compilation
    result: RunResult
    differences: tuple[str, ...]


def write_notebook(
    path: Path, cells: list[tuple[str, str]], metadata: dict[str, Any] | None = None
) -> Path:
    """Write a notebook of ``(tags, source)`` pairs; tags are separated by spaces."""
    data = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": metadata or {},
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{index}",
                "metadata": {"tags": tags.split()},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for index, (tags, source) in enumerate(cells)
        ],
    }
    path.write_text(json.dumps(data), "utf-8")
    return path


def compare(notebook: Path, scratch: Path, *, may_fail: bool = False) -> Verdict:
    """Run the pipeline and the notebook in copies of the notebook's folder, and compare.

    Raises ``CompileError`` when the notebook is refused.
    """
    ours, theirs = scratch / "pipeline", scratch / "notebook"
    for folder in (ours, theirs):
        shutil.copytree(notebook.parent, folder, ignore=shutil.ignore_patterns(".kalelike"))
    compilation = compile_notebook(ours / notebook.name)
    store = ours / ".kalelike"
    write_codes(compilation, store / "code")
    options = RunOptions(store, ours, store / "code", pipeline="p", notebook=notebook.name)
    document = compilation.document
    result = run_pipeline(document.ir, document.platform, {}, options, lambda event: None)
    if result.status != "succeeded":
        failed = [f"{item.step}: {item.error or item.reason}" for item in result.steps]
        return Verdict(compilation, result, tuple(failed) if not may_fail else ())
    plan = _plan(compilation, result, store, theirs / notebook.name, may_fail)
    return Verdict(compilation, result, _ask_oracle(plan, theirs))


def _plan(
    compilation: Compilation, result: RunResult, store: Path, notebook: Path, may_fail: bool
) -> dict[str, Any]:
    rows = RunStore(store)
    run = rows.find_run(result.run)
    rows.close()
    tagged = tag_notebook(read_notebook(notebook))
    cells = [item for item in tagged.cells if item.role is not Role.SKIP]
    last: dict[str, int] = {}
    for item in cells:
        if item.step is not None:
            last[item.step] = item.cell.index
    steps = {
        step.name: [[str(object_path(store, a.digest)), a.names] for a in step.artifacts]
        for step in run.steps
    }
    shown: dict[str, Any] = {}
    for step in run.steps:
        page = step.folder / "notebook.ipynb" if step.folder else None
        if page is not None and page.is_file() and step.name in last:
            executed = json.loads(page.read_text("utf-8"))["cells"]
            graph_step = next(s for s in compilation.graph.steps if s.name == step.name)
            whole = {item.cell.index for item in cells if item.step == step.name}
            for cell, data in zip(graph_step.cells, executed, strict=True):
                if cell.index in whole:
                    shown[str(cell.index)] = data["outputs"]
    after: dict[str, list[str]] = {}
    for name, index in last.items():
        after.setdefault(str(index), []).append(name)
    values = {step.step: step.metrics for step in result.steps}
    return {
        "cells": [{"index": c.cell.index, "source": c.cell.source} for c in cells],
        "after": after,
        "at_end": [name for name in steps if name not in last],
        "steps": steps,
        "shown": shown,
        "may_fail": may_fail,
        "metrics": {
            step.name: [
                [m.name, m.expression, values[step.name][m.name]]
                for m in step.metrics
                if m.name in values[step.name]
            ]
            for step in compilation.graph.steps
        },
    }


def _ask_oracle(plan: dict[str, Any], folder: Path) -> tuple[str, ...]:
    path = folder.parent / "plan.json"
    path.write_text(json.dumps(plan), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.equivalence.oracle", str(path)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    for line in done.stdout.splitlines():
        if line.startswith("DIFFERENCES "):
            return tuple(json.loads(line[12:]))
    return (f"the notebook itself: {(done.stdout + done.stderr)[-1500:]}",)
