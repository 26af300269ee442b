"""``kalelike logs``: what a step wrote, here or on Kubeflow."""

from __future__ import annotations

import argparse
from pathlib import Path

from kalelike.cli.exits import Exit
from kalelike.cli.run_command import STORE, store_folder
from kalelike.cli.terminal import visible
from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError
from kalelike.store.rows import RunRow
from kalelike.store.runs import RunStore


def run_command(options: argparse.Namespace) -> int:
    """Print a log; raises ``KalelikeError`` when there is no such run, step or log."""
    from kalelike.run.kfp.logs import shown_lines

    folder = store_folder(options.store, Path(STORE))
    store = RunStore(folder)
    try:
        run = store.find_run(options.run)
    finally:
        store.close()
    for line in shown_lines(_log(folder, run, options.step)):
        print(visible(line))
    return Exit.OK


def _log(folder: Path, run: RunRow, name: str) -> str:
    step = next((item for item in run.steps if item.name == name), None)
    if step is None:
        known = ", ".join(item.name for item in run.steps)
        message = f"run {run.id} has no step {name}"
        raise _missing(run, message, f"its steps are: {known}")
    file = step.folder / "log.txt" if step.folder is not None else None
    if file is not None and file.is_file():
        return file.read_text("utf-8", "replace")
    if run.engine == "kfp":
        from kalelike.run.kfp.engine import step_log

        return step_log(folder, run.id, name)
    raise _missing(run, f"step {name} of run {run.id} has no log: it is {step.status}", "")


def _missing(run: RunRow, message: str, hint: str) -> BackendError:
    return BackendError([diagnose("no-such-run", message, Location(run.id), hint)])
