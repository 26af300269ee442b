"""Compiles and runs a notebook's pipeline, and the notebook itself, and compares the two."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalelike.compiler import Compilation, compile_notebook, write_codes
from kalelike.dataflow.partition import partition_notebook
from kalelike.notebook.model import Role, TaggedNotebook
from kalelike.notebook.read import read_notebook
from kalelike.notebook.roles import tag_notebook
from kalelike.notebook.settings import read_settings
from kalelike.run.backend import RunOptions, RunResult
from kalelike.run.local.engine import run_pipeline
from kalelike.run.local.launcher import LauncherKind
from kalelike.run.local.processes import PROCESSES
from kalelike.store.objects import object_path
from kalelike.store.rows import RunRow
from kalelike.store.runs import RunStore
from tests.equivalence.warm import Oracle

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a comparison: the run's result, every difference, and how much was compared."""

    compilation: Compilation
    result: RunResult
    run: RunRow
    differences: tuple[str, ...]
    compared: int = 0

    def folder(self, step: str) -> Path:
        """Return where a step's log and reports are."""
        found = next(item.folder for item in self.run.steps if item.name == step)
        assert found is not None
        return found


def write_notebook(
    path: Path, cells: list[tuple[str, str]], metadata: dict[str, Any] | None = None
) -> Path:
    """Write a notebook of ``(tags, source)`` pairs; tags are separated by spaces.

    The tag ``markdown`` makes a text cell.
    """
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
            if tags != "markdown"
            else {"cell_type": "markdown", "id": f"c{index}", "metadata": {}, "source": source}
            for index, (tags, source) in enumerate(cells)
        ],
    }
    path.write_text(json.dumps(data), "utf-8")
    return path


def compare(
    notebook: Path,
    scratch: Path,
    *,
    may_fail: bool = False,
    oracle: Oracle | None = None,
    kind: LauncherKind | None = None,
    prepare: Callable[[Compilation], Compilation] | None = None,
    auto: bool = False,
) -> Verdict:
    """Run the pipeline and the notebook in copies of the notebook's folder, and compare.

    ``auto`` lets kalelike choose the steps. ``may_fail``: both may stop at an error, and what
    came before it is compared. ``oracle`` is a warm one to use; ``kind`` is what the steps run in
    (processes), and ``prepare`` makes their images. Raises ``CompileError`` when the notebook is
    refused.
    """
    ours, theirs = scratch / "pipeline", scratch / "notebook"
    for folder in (ours, theirs):
        shutil.copytree(notebook.parent, folder, ignore=shutil.ignore_patterns(".kalelike"))
    compilation = compile_notebook(ours / notebook.name, auto=auto)
    if prepare is not None:
        compilation = prepare(compilation)
    store = ours / ".kalelike"
    write_codes(compilation, store / "code")
    options = RunOptions(store, ours, store / "code", pipeline="p", notebook=notebook.name)
    document = compilation.document
    kind = kind or (oracle.kind if oracle is not None else PROCESSES)
    result = run_pipeline(document.ir, document.platform, {}, options, lambda event: None, kind)
    rows = RunStore(store)
    run = rows.find_run(result.run)
    rows.close()
    if result.status != "succeeded" and not may_fail:
        failed = [f"{item.step}: {item.error or item.reason}" for item in result.steps]
        return Verdict(compilation, result, run, tuple(failed))
    tagged = _tagged(theirs / notebook.name, auto)
    plan = _plan(compilation, result, run, store, tagged, may_fail)
    return Verdict(compilation, result, run, *_ask_oracle(plan, theirs, oracle))


def _tagged(path: Path, auto: bool) -> TaggedNotebook:
    notebook = read_notebook(path)
    if auto:
        return partition_notebook(notebook, read_settings(notebook))
    return tag_notebook(notebook)


def _plan(
    compilation: Compilation,
    result: RunResult,
    run: RunRow,
    store: Path,
    tagged: TaggedNotebook,
    may_fail: bool,
) -> dict[str, Any]:
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
            for cell, data in zip(graph_step.cells, executed, strict=not may_fail):
                if cell.index in whole:
                    shown[str(cell.index)] = data["outputs"]
    after: dict[str, list[str]] = {}
    for name, index in last.items():
        after.setdefault(str(index), []).append(name)
    values = {step.step: step.metrics for step in result.steps}
    return {
        "cells": [
            {
                "index": c.cell.index,
                "name": f"{tagged.notebook.name} cell [{c.cell.number}]",
                "source": c.cell.source,
            }
            for c in cells
        ],
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


def _ask_oracle(
    plan: dict[str, Any], folder: Path, oracle: Oracle | None
) -> tuple[tuple[str, ...], int]:
    path = folder.parent / "plan.json"
    path.write_text(json.dumps(plan), "utf-8")
    if oracle is not None:
        output = oracle.ask(path, folder)
    else:
        done = subprocess.run(
            [sys.executable, "-m", "tests.equivalence.oracle", str(path)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        output = done.stdout + done.stderr
    for line in output.splitlines():
        if line.startswith("DIFFERENCES "):
            differences, compared = json.loads(line[12:])
            return tuple(differences), compared
    return (f"the notebook itself: {output[-1500:]}",), 0
