"""``kalelike runs``: the runs that a store knows."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from kalelike.cli.exits import Exit
from kalelike.cli.report import print_diagnostics, print_json
from kalelike.cli.run_command import STORE, store_folder
from kalelike.diagnostics import Severity
from kalelike.errors import KalelikeError
from kalelike.store.rows import RunRow
from kalelike.store.runs import RunStore


def run_command(options: argparse.Namespace) -> int:
    """List the newest runs first; raises ``KalelikeError`` for an unusable store."""
    folder = store_folder(options.store, Path(STORE))
    runs = _list(folder, options.limit)
    going = [run.id for run in runs if run.engine == "kfp" and run.status == "running"]
    if going:
        _look_up(folder, going)
        runs = _list(folder, options.limit)
    if options.json:
        print_json(
            {
                "ok": True,
                "runs": [
                    {"run": run.id, "pipeline": run.pipeline, "notebook": run.notebook,
                     "status": run.status, "started": run.started, "ended": run.ended}
                    for run in runs
                ],
            }
        )  # fmt: skip
        return Exit.OK
    if not runs:
        print("no runs yet: kalelike run NOTEBOOK")
    for run in runs:
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started))
        took = f"{run.ended - run.started:8.2f} s" if run.ended else " " * 10
        print(f"{run.id}  {run.status:<11} {began} {took}  {run.pipeline}")
    return Exit.OK


def _list(folder: Path, limit: int) -> list[RunRow]:
    if not folder.exists():
        return []
    store = RunStore(folder, reading=True)
    try:
        return store.list_runs(limit)
    finally:
        store.close()


def _look_up(folder: Path, runs: list[str]) -> None:
    """Ask the servers how runs stand; one that does not answer leaves them as they were."""
    from kalelike.run.kfp.engine import refresh

    for run in runs:
        try:
            refresh(folder, run)
        except KalelikeError as error:
            print_diagnostics(
                replace(item, severity=Severity.WARNING) for item in error.diagnostics
            )
