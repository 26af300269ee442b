"""``kalelike prune``: old runs leave a store, with what only they need."""

from __future__ import annotations

import argparse
from pathlib import Path

from kalelike.cli.exits import Exit
from kalelike.cli.report import print_json
from kalelike.cli.run_command import STORE, store_folder
from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError
from kalelike.store.pruning import Pruned, prune
from kalelike.store.runs import RunStore


def run_command(options: argparse.Namespace) -> int:
    """Remove old runs; raises ``KalelikeError`` for an unusable store, and without a limit."""
    if options.keep is None and options.older_than is None:
        message = "prune removes runs for good: say which"
        hint = "give --keep N, --older-than AGE, or both; --dry-run shows what would go"
        raise BackendError([diagnose("bad-argument", message, Location("kalelike prune"), hint)])
    folder = store_folder(options.store, Path(STORE))
    found = Pruned((), 0, 0)
    if folder.exists():
        store = RunStore(folder)
        try:
            found = prune(
                store,
                keep=options.keep,
                older_than=options.older_than,
                dry_run=options.dry_run,
            )
        finally:
            store.close()
    if options.json:
        runs = [run.id for run in found.runs]
        print_json({"ok": True, "dry_run": options.dry_run, "runs": runs,
                    "values": found.values, "bytes": found.size})  # fmt: skip
        return Exit.OK
    for run in found.runs:
        print(f"{run.id}  {run.status:<11} {run.pipeline}")
    done = "would be removed" if options.dry_run else "removed"
    print(f"{len(found.runs)} runs and {found.values} values {done}, {found.size / 1e6:,.1f} MB")
    return Exit.OK
