"""``kalelike pull``: a result of a run on Kubeflow comes into the local store."""

from __future__ import annotations

import argparse
from pathlib import Path

from kalelike.cli.exits import Exit
from kalelike.cli.report import print_json
from kalelike.cli.run_command import STORE, store_folder
from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError
from kalelike.run.kfp.pull import PAGES, Pulled, pull
from kalelike.store.objects import has_object, object_path
from kalelike.store.rows import RunRow, StepRow
from kalelike.store.runs import RunStore


def run_command(options: argparse.Namespace) -> int:
    """Fetch one result; raises ``KalelikeError`` when it cannot be had."""
    folder = store_folder(options.store, Path(STORE))
    step_name, dot, name = options.result.partition(".")
    if not dot or not name:
        message = f"{options.result} is not STEP.NAME"
        hint = "write, for example, train.model or train.report"
        raise BackendError([diagnose("bad-argument", message, Location("pull"), hint)])
    store = RunStore(folder)
    try:
        run = store.find_run(options.run)
        step = _step(run, step_name)
        source = store.find_run(step.source_run) if step.source_run else run
    finally:
        store.close()
    if run.engine == "kfp":
        found = pull(folder, run, source, step, name)
    else:
        found = _local(folder, run, step, name)
    if options.json:
        print_json(
            {"ok": True, "path": str(found.path), "names": list(found.names), "size": found.size,
             "fetched": found.fetched}
        )  # fmt: skip
    else:
        how = "fetched" if found.fetched else "here already"
        print(f"{step_name}.{name}: {how}, {found.size:,} bytes, {found.path}")
    return Exit.OK


def _step(run: RunRow, name: str) -> StepRow:
    for step in run.steps:
        if step.name == name:
            return step
    known = ", ".join(step.name for step in run.steps)
    message = f"run {run.id} has no step {name}"
    place = Location(run.id)
    raise BackendError([diagnose("no-such-run", message, place, f"its steps are: {known}")])


def _local(folder: Path, run: RunRow, step: StepRow, name: str) -> Pulled:
    """A run made here has everything in the store."""
    page = step.folder / PAGES[name] if name in PAGES and step.folder is not None else None
    if page is not None and page.is_file():
        return Pulled(page, (name,), page.stat().st_size, fetched=False)
    for item in step.artifacts:
        if name in (*item.names, item.key) and has_object(folder, item.digest):
            return Pulled(object_path(folder, item.digest), item.names, item.size, fetched=False)
    given = ", ".join(each for item in step.artifacts for each in item.names)
    message = f"step {step.name} of run {run.id} has no {name}"
    raise BackendError(
        [diagnose("cannot-pull", message, Location(run.id), f"it has: {given or 'no values'}")]
    )
