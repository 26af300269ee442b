"""``kalelike lock``: every package of a notebook's images with its hash, for later rebuilds."""

from __future__ import annotations

import argparse
import sys

from kalelike.cli.exits import Exit
from kalelike.cli.images import image_options
from kalelike.cli.outputs import write_output
from kalelike.cli.report import diagnostics_data, print_diagnostics, print_json
from kalelike.compiler import analyse
from kalelike.diagnostics import Diagnostic
from kalelike.errors import BuildError
from kalelike.graph.model import PipelineGraph
from kalelike.image.installed import Installed
from kalelike.image.lock_file import render_lock
from kalelike.image.pipeline import ImageOptions, lock_pipeline, not_pinned
from kalelike.image.plan import base_references


def run_command(options: argparse.Namespace) -> int:
    """Resolve and write the lock beside the notebook; raises ``KalelikeError``."""
    wanted = image_options(options, None)
    graph = analyse(options.notebook, auto=options.auto)
    installed = Installed.here()
    bases, found = _digests(graph, options, wanted, installed)
    lock = lock_pipeline(graph, wanted, installed, bases)
    write_output(lock.path, render_lock(lock))
    versions = {name: item.version for name, item in lock.packages.items()}
    if options.json:
        data = {"ok": True, "exit_code": int(Exit.OK), "lock": str(lock.path), "packages": versions}
        print_json({**data, "bases": dict(bases), "diagnostics": diagnostics_data(found)})
        return Exit.OK
    print_diagnostics(found, options.notebook)
    print(f"{graph.notebook.name}: {len(versions)} distributions for Linux {lock.machine}")
    for name, digest in bases.items():
        print(f"  base  {name} {digest}")
    print(f"  lock  {lock.path}")
    return Exit.OK


def _digests(
    graph: PipelineGraph, options: argparse.Namespace, wanted: ImageOptions, installed: Installed
) -> tuple[dict[str, str], tuple[Diagnostic, ...]]:
    """Return the base images' digests; packages can be locked where no daemon is, too."""
    from kalelike.image.docker_builder import DockerBuilder

    given = wanted.base
    found: dict[str, str] = {}
    problems = []
    try:
        builder = DockerBuilder(installed, wanted.machine, _tell)
        if options.base_from_host:
            given = builder.base_from_host()
        for name in dict.fromkeys(base_references(graph, given).values()):
            found[name] = builder.find_base(name).identity
    except BuildError as error:
        names = dict.fromkeys(base_references(graph, given).values())
        why = error.diagnostics[0].message
        problems = [not_pinned(name, why) for name in names if name not in found]
    return found, tuple(problems)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
