"""Runs the pipeline on this machine: each step in a process and a folder of its own.

A step sees the files that the notebook's folder had at first, and those that
its inputs bring. It does not see what another step has left in a folder: on a
cluster it would not either.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalelike.compiler import write_codes
from kalelike.graph.model import StepRole
from kalelike.run.backend import RunOptions, RunResult
from kalelike.run.events import Event, StepFinished, StepStarted
from kalelike.run.local.engine import run_pipeline
from kalelike.runtime.observing import DETAIL, RANDOM_START
from kalelike.store.rows import StepRow
from kalelike.store.runs import RunStore
from kalelike.verify.observations import PipelineObservation, Shown, StepObservation, Tell
from kalelike.verify.subject import StepPlan, Subject
from kalelike.verify.workspace import make_workspace


@dataclass(frozen=True, slots=True)
class LocalSide:
    """The local engine; see :class:`kalelike.verify.observations.PipelineSide`.

    ``start_method`` spawn gives each step a fresh interpreter; fork is faster,
    and forks the steps from a process that has done ``imports`` and no more.
    """

    start: str
    hash_seed: int
    jobs: int = 1
    timeout: float | None = None
    start_method: str = "spawn"
    imports: tuple[str, ...] = ()

    def observe(self, subject: Subject, scratch: Path, tell: Tell) -> PipelineObservation:
        """Run the pipeline and return what it computed."""
        store = scratch / "store"
        folders: dict[str, Path] = {}

        def step_dir(step: str) -> Path:
            folders[step] = make_workspace(subject.path.parent, scratch / "steps" / step)
            return folders[step]

        write_codes(subject.compilation, store / "code")
        done = 0

        def listen(event: Event) -> None:
            nonlocal done
            if isinstance(event, StepStarted):
                tell("pipeline", f"{done} of {len(subject.steps)} steps, {event.step} runs")
            elif isinstance(event, StepFinished):
                done += 1
                tell("pipeline", f"{done} of {len(subject.steps)} steps")

        document = subject.compilation.document
        options = RunOptions(
            store=store,
            notebook_dir=subject.path.parent.resolve(),
            code_dir=store / "code",
            pipeline=subject.compilation.graph.options.name,
            notebook=subject.path.name,
            jobs=self.jobs,
            cache=False,
            start_method=self.start_method,
            imports=self.imports,
            timeout=self.timeout,
            env={
                DETAIL: "all",
                RANDOM_START: self.start,
                "PYTHONHASHSEED": str(self.hash_seed),
            },
            step_dir=step_dir,
        )
        result = run_pipeline(document.ir, document.platform, {}, options, listen)
        return _collect(subject, result, store, folders)


def _collect(
    subject: Subject, result: RunResult, store: Path, folders: dict[str, Path]
) -> PipelineObservation:
    rows = RunStore(store)
    try:
        run = rows.find_run(result.run)
    finally:
        rows.close()
    stored = {row.name: row for row in run.steps}
    results = {item.step: item for item in result.steps}
    found = []
    for step in subject.steps:
        row, outcome = stored[step.name], results[step.name]
        record = _read_json(row.folder / "record.json") if row.folder is not None else {}
        found.append(
            StepObservation(
                step.name,
                outcome.status,
                outcome.seconds,
                record.get("fingerprints", {}),
                _shown(subject, step, row),
                outcome.metrics,
                outcome.error,
                outcome.reason,
                (folders[step.name],) if step.name in folders else (),
            )
        )
    return PipelineObservation(tuple(found), result.status == "interrupted")


def _shown(subject: Subject, step: StepPlan, row: StepRow) -> dict[int, Shown]:
    """Read what whole cells showed from the step's executed notebook."""
    if step.role is not StepRole.STEP or row.folder is None:
        return {}
    cells = _read_json(row.folder / "notebook.ipynb").get("cells", [])
    whole = {item.index for item in subject.cells if item.step == step.name}
    return {
        code.index: executed["outputs"]
        for code, executed in zip(step.code.cells, cells, strict=False)
        if code.index in whole
    }


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
