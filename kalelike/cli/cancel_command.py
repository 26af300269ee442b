"""``kalelike cancel``: end a run, here or on Kubeflow."""

from __future__ import annotations

import argparse
from pathlib import Path

from kalelike.cli.exits import Exit
from kalelike.cli.report import print_json
from kalelike.cli.run_command import STORE, store_folder
from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError
from kalelike.store.runs import RunStore


def run_command(options: argparse.Namespace) -> int:
    """Ask for the end of a run; raises ``KalelikeError`` when it is over already."""
    folder = store_folder(options.store, Path(STORE))
    store = RunStore(folder)
    try:
        run = store.find_run(options.run)
        if run.status != "running":
            message = f"run {run.id} is over already: it {run.status}"
            raise BackendError([diagnose("no-such-run", message, Location(run.id))])
        if run.engine != "kfp":
            store.stop_run(run.id)
    finally:
        store.close()
    if run.engine == "kfp":
        from kalelike.run.kfp.engine import cancel

        cancel(folder, run.id)
    if options.json:
        print_json({"ok": True, "run": run.id})
    else:
        print(f"run {run.id} is being ended")
    return Exit.OK
