"""Notebooks of the tests, compiled and run by the local engine in this process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalelike.cli.environment import environment_key, environment_lines, imported_modules
from kalelike.compiler import compile_notebook, write_codes
from kalelike.run.backend import RunOptions, RunResult, StepResult
from kalelike.run.events import Event, StepFinished, StepLog
from kalelike.run.local.engine import run_pipeline
from kalelike.store.rows import RunRow
from kalelike.store.runs import RunStore
from tests.equivalence.harness import write_notebook

Cells = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run as the engine returned it, its events, and what the store has of it."""

    result: RunResult
    events: tuple[Event, ...]
    row: RunRow

    @property
    def status(self) -> dict[str, str]:
        """How each step ended."""
        return {item.step: item.status for item in self.result.steps}

    @property
    def executed(self) -> set[str]:
        """The steps that were run rather than taken from the cache."""
        return {name for name, status in self.status.items() if status == "succeeded"}

    def step(self, name: str) -> StepResult:
        """Return a step's result."""
        return next(item for item in self.result.steps if item.step == name)

    def error(self, name: str) -> Mapping[str, Any]:
        """Return a failed step's error."""
        error = self.step(name).error
        assert error is not None
        return error

    def log(self, name: str) -> list[str]:
        """Return the lines of a step's log as they were told."""
        return [
            item.line for item in self.events if isinstance(item, StepLog) and item.step == name
        ]

    def outputs(self, name: str) -> list[dict[str, Any]]:
        """Return what the cells of a step showed, from its executed notebook."""
        step = next(item for item in self.row.steps if item.name == name)
        assert step.folder is not None
        cells = json.loads((step.folder / "notebook.ipynb").read_text("utf-8"))["cells"]
        return [output for cell in cells for output in cell["outputs"]]

    def text(self, name: str) -> str:
        """Return the text that a step wrote to standard output, from its executed notebook."""
        return "".join(
            "".join(item["text"]) for item in self.outputs(name) if item["output_type"] == "stream"
        )

    def attempts(self, name: str) -> int:
        """Return how many attempts a step took."""
        return next(
            item.attempts
            for item in self.events
            if isinstance(item, StepFinished) and item.step == name
        )


def run_cells(folder: Path, cells: Cells, **options: Any) -> Outcome:
    """Write a notebook of ``(tags, source)`` pairs into a folder and run it there."""
    return run_notebook(write_notebook(folder / "notebook.ipynb", cells), **options)


def run_notebook(
    notebook: Path,
    parameters: Mapping[str, object] | None = None,
    store: Path | None = None,
    **options: Any,
) -> Outcome:
    """Run a notebook's pipeline in the notebook's own folder."""
    compilation = compile_notebook(notebook)
    place = store or notebook.parent / ".kalelike"
    write_codes(compilation, place / "code")
    lines = environment_lines(imported_modules(compilation.graph), notebook.parent)
    chosen = RunOptions(
        place,
        notebook.parent,
        place / "code",
        pipeline=compilation.graph.options.name,
        notebook=notebook.name,
        environment_key=environment_key(lines),
        **options,
    )
    events: list[Event] = []
    document = compilation.document
    result = run_pipeline(document.ir, document.platform, parameters or {}, chosen, events.append)
    rows = RunStore(place)
    try:
        row = rows.find_run(result.run)
    finally:
        rows.close()
    return Outcome(result, tuple(events), row)
