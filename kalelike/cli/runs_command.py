"""``kalelike runs``: the runs that a store knows."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from kalelike.cli.exits import Exit
from kalelike.cli.report import print_json
from kalelike.cli.run_command import STORE, store_folder
from kalelike.store.runs import RunStore


def run_command(options: argparse.Namespace) -> int:
    """List the newest runs first; raises ``KalelikeError`` for an unusable store."""
    store = RunStore(store_folder(options.store, Path(STORE)))
    try:
        runs = store.list_runs(options.limit)
    finally:
        store.close()
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
