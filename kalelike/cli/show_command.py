"""``kalelike show``: a past run, in the terminal, as JSON, or as a page."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kalelike.cli.configuration import command_config
from kalelike.cli.exits import Exit
from kalelike.cli.outputs import check_output, write_output
from kalelike.cli.progress import MARKS, metrics_text, print_error
from kalelike.cli.report import print_json
from kalelike.cli.run_command import STORE, store_folder
from kalelike.cli.terminal import paint, visible
from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError
from kalelike.run.local.step_log import read_log
from kalelike.store.loading import describe_values, load
from kalelike.store.objects import has_object
from kalelike.store.rows import RunRow, StepRow
from kalelike.store.runs import RunStore


def run_command(options: argparse.Namespace) -> int:
    """Show a run; raises ``KalelikeError`` when there is no such run."""
    prefix: str | None = options.run
    source = Path(STORE)
    if prefix is not None and prefix.endswith(".ipynb"):
        source, prefix = Path(prefix), None
    folder = store_folder(options.store, source)
    run = _find(folder, prefix)
    if run.engine == "kfp" and run.status == "running":
        if options.follow:
            from kalelike.cli.kfp_command import follow_run

            config = command_config(options)
            notebook = folder.parent / run.notebook
            return follow_run(run.id, folder, notebook, config, None, options.json)
        from kalelike.run.kfp.engine import refresh

        refresh(folder, run.id)
        run = _find(folder, run.id)
    if options.log:
        return _print_log(run, options.log)
    if options.value:
        return _print_value(folder, run, options.value)
    if options.html:
        from kalelike.run.report import run_page

        check_output(Path(options.html))
        write_output(Path(options.html), run_page(run, folder))
        print(f"wrote {options.html}")
    elif options.json:
        print_json(_data(folder, run))
    else:
        _print_run(folder, run)
    return Exit.OK


def _find(folder: Path, prefix: str | None) -> RunRow:
    store = RunStore(folder, reading=True)
    try:
        return store.find_run(prefix)
    finally:
        store.close()


def _print_log(run: RunRow, name: str) -> int:
    step = next((item for item in run.steps if item.name == name), None)
    if step is None or step.folder is None:
        known = ", ".join(item.name for item in run.steps)
        place = Location(run.id)
        message = f"run {run.id} has no log of a step {name}"
        raise BackendError([diagnose("no-such-run", message, place, f"its steps are: {known}")])
    path = step.folder / "log.txt"
    if run.engine == "kfp" and path.is_file():
        from kalelike.run.kfp.logs import shown_lines

        lines = shown_lines(path.read_text("utf-8", "replace"))
    else:
        lines = read_log(path)
    for line in lines:
        print(visible(line))
    return Exit.OK


def _print_value(folder: Path, run: RunRow, value: str) -> int:
    if run.engine == "kfp":
        _check_pulled(folder, run, value)
    found = load(value, run.id, store=folder)
    print(visible(repr(found)))
    return Exit.OK


def _check_pulled(folder: Path, run: RunRow, value: str) -> None:
    """Say how a value that the cluster has comes here."""
    step, _, name = value.partition(".")
    for artifact in (item for row in run.steps if row.name == step for item in row.artifacts):
        if name in artifact.names and not has_object(folder, artifact.digest):
            message = f"{value} of run {run.id} is in the cluster's bucket, and not here yet"
            hint = f"kalelike pull {run.id} {value} --store {folder}"
            raise BackendError([diagnose("cannot-pull", message, Location(run.id), hint)])


def _data(folder: Path, run: RunRow) -> dict[str, Any]:
    return {
        "ok": True,
        "run": run.id,
        "pipeline": run.pipeline,
        "notebook": run.notebook,
        "engine": run.engine,
        "status": run.status,
        "started": run.started,
        "ended": run.ended,
        "parameters": run.parameters,
        "steps": [_step_data(folder, step) for step in run.steps],
    }


def _step_data(folder: Path, step: StepRow) -> dict[str, Any]:
    return {
        "step": step.name,
        "status": step.status,
        "seconds": step.seconds,
        "attempts": step.attempts,
        "source_run": step.source_run,
        "reason": step.reason,
        "error": step.error,
        "metrics": step.metrics,
        "folder": str(step.folder) if step.folder else None,
        "artifacts": [
            {"key": item.key, "names": list(item.names), "type": item.type,
             "digest": item.digest, "size": item.size,
             "values": [asdict(value) for value in describe_values(folder, item)]}
            for item in step.artifacts
        ],
    }  # fmt: skip


def _print_run(folder: Path, run: RunRow) -> None:
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started))
    took = f", {run.ended - run.started:.2f} s" if run.ended else ""
    print(f"run {run.id}: {run.pipeline} ({run.notebook}), {run.status}, {began}{took}")
    if run.parameters:
        shown = ", ".join(f"{name} = {value!r}" for name, value in run.parameters.items())
        print(visible(f"parameters: {shown}"))
    print()
    width = max((len(step.name) for step in run.steps), default=0)
    for step in run.steps:
        _print_step(folder, step, width)
    for step in run.steps:
        if step.error is not None:
            print_error(step.name, step.error, folder.parent / run.notebook)
    print(
        f"\nlog of a step: kalelike show {run.id} --log STEP\n"
        f"a value:       kalelike {'pull' if run.engine == 'kfp' else 'show'} {run.id}"
        f"{'' if run.engine == 'kfp' else ' --value'} STEP.NAME\n"
        f"as a page:     kalelike show {run.id} --html run.html"
    )


def _print_step(folder: Path, step: StepRow, width: int) -> None:
    mark, colour = MARKS.get(step.status, ("·", "dim"))
    seconds = f"{step.seconds:.2f} s" if step.seconds is not None and not step.source_run else ""
    extra = [metrics_text(step.metrics), step.reason or ""]
    if step.attempts > 1:
        extra.append(f"attempt {step.attempts}")
    if step.source_run:
        extra.append(f"from run {step.source_run}")
    text = "  ".join(item for item in extra if item)
    head = f"{paint(mark, colour, sys.stdout)} {step.name:<{width}}  {step.status:<11} {seconds:>9}"
    print(f"{head}  {visible(text)}".rstrip())
    for item in step.artifacts:
        size = _size(item.size)
        for value in describe_values(folder, item):
            text = f"{value.name}: {value.kind} {value.text}".rstrip()
            print(paint(f"    {visible(text)}", "dim", sys.stdout) + f"{size:>{_gap(text)}}")
            size = ""


def _gap(text: str) -> int:
    return max(12, 70 - len(text))


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
