"""``kalelike lock``: every package of a notebook's images with its hash, for later rebuilds."""

from __future__ import annotations

import argparse

from kalelike.cli.exits import Exit
from kalelike.cli.outputs import write_output
from kalelike.cli.report import print_json
from kalelike.compiler import analyse
from kalelike.image.installed import Installed
from kalelike.image.lock import render_lock
from kalelike.image.pipeline import ImageOptions, check_options, lock_pipeline


def run_command(options: argparse.Namespace) -> int:
    """Resolve and write the lock beside the notebook; raises ``KalelikeError``."""
    wanted = ImageOptions(platform=options.platform)
    check_options(wanted, push=False)
    graph = analyse(options.notebook, auto=options.auto)
    lock = lock_pipeline(graph, wanted, Installed.here())
    write_output(lock.path, render_lock(lock))
    versions = {name: item.version for name, item in lock.packages.items()}
    if options.json:
        data = {"ok": True, "exit_code": int(Exit.OK), "lock": str(lock.path)}
        print_json({**data, "packages": versions})
    else:
        print(f"{graph.notebook.name}: {len(versions)} distributions for Linux {lock.machine}")
        print(f"  lock  {lock.path}")
    return Exit.OK
