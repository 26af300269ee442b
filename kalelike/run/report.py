"""A run as one page to look at: graph, times, metrics, results, errors, and every step's cells."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kalelike.runtime.cell_page import POLICY, STYLE, cell_html, escape
from kalelike.store.loading import describe_values
from kalelike.store.rows import ArtifactRow, RunRow, StepRow

_COLOURS = {
    "succeeded": "#2da44e",
    "cached": "#54aeff",
    "failed": "#cf222e",
    "skipped": "#afb8c1",
    "interrupted": "#d4a72c",
    "killed": "#d4a72c",
}


def run_page(run: RunRow, store: Path) -> str:
    """Return a self-contained HTML page; everything of the user's is escaped or framed.

    ``store`` is the folder of the store that the run is in.
    """
    parts = [
        _header(run),
        _errors(run),
        _graph(run),
        _table("Metrics", _metrics(run)),
        _table("Parameters", run.parameters),
        _gantt(run),
        _steps(run, store),
    ]
    body = "\n".join(part for part in parts if part)
    page = _PAGE.replace("@POLICY@", POLICY).replace("@STYLE@", STYLE.lstrip())
    return page.replace("@TITLE@", escape(f"{run.pipeline} · {run.id}")).replace("@BODY@", body)


def _header(run: RunRow) -> str:
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started))
    took = f" · {run.ended - run.started:.2f} s" if run.ended else ""
    colour = _COLOURS.get(run.status, "#6e7781")
    return (
        f"<h1>{escape(run.pipeline)} <span class=tag style='background:{colour}'>"
        f"{escape(run.status)}</span></h1><p class=dim>{escape(run.notebook)} · run "
        f"{escape(run.id)} · {began}{took}</p>"
    )


def _errors(run: RunRow) -> str:
    found = []
    for step in run.steps:
        error = step.error
        if error is None:
            continue
        cell = error.get("cell")
        at = f", line {error['line']}" if error.get("line") is not None else ""
        where = f", cell [{cell['number']}]{at}" if cell else ""
        found.append(
            f"<div class=error><b>step {escape(step.name)}{escape(where)}</b>: "
            f"{escape(error.get('type'))}: {escape(error.get('message'))}"
            f"<pre>{escape(error.get('traceback', ''))}</pre></div>"
        )
    return "\n".join(found)


def _graph(run: RunRow) -> str:
    if not run.graph:
        return ""
    data = base64.b64encode(run.graph.encode()).decode("ascii")
    return f"<h2>Steps</h2><img class=graph alt='graph' src='data:image/svg+xml;base64,{data}'>"


def _metrics(run: RunRow) -> dict[str, Any]:
    return {name: value for step in run.steps for name, value in step.metrics.items()}


def _table(title: str, values: Mapping[str, Any]) -> str:
    if not values:
        return ""
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(_number(value))}</td></tr>"
        for name, value in values.items()
    )
    return f"<h2>{escape(title)}</h2><table>{rows}</table>"


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _gantt(run: RunRow) -> str:
    """Bars of when each step ran."""
    timed = [step for step in run.steps if step.started is not None and step.ended is not None]
    if not timed:
        return ""
    start = min(float(step.started or 0) for step in timed)
    span = max(float(step.ended or 0) for step in timed) - start or 1.0
    rows = []
    for index, step in enumerate(timed):
        left = 170 + 700 * (float(step.started or 0) - start) / span
        width = max(2.0, 700 * float(step.seconds or 0) / span)
        top = 6 + 24 * index
        colour = _COLOURS.get(step.status, "#6e7781")
        rows.append(
            f"<text x=160 y={top + 12} text-anchor=end>{escape(step.name)[:60]}</text>"
            f"<rect x={left:.1f} y={top} width={width:.1f} height=16 rx=3 fill='{colour}'/>"
            f"<text x={left + width + 6:.1f} y={top + 12} class=dim>{step.seconds:.2f} s</text>"
        )
    height = 12 + 24 * len(timed)
    return f"<h2>Time</h2><svg viewBox='0 0 960 {height}' class=gantt>{''.join(rows)}</svg>"


def _steps(run: RunRow, store: Path) -> str:
    return "<h2>Results</h2>" + "\n".join(_step(step, store) for step in run.steps)


def _step(step: StepRow, store: Path) -> str:
    colour = _COLOURS.get(step.status, "#6e7781")
    notes = step.reason or (f"from run {step.source_run}" if step.source_run else "")
    rows = "".join(_artifact(item, store) for item in step.artifacts)
    table = f"<table>{rows}</table>" if rows else ""
    return (
        f"<details open><summary>"
        f"<span class=tag style='background:{colour}'>{escape(step.status)}</span> "
        f"<b>{escape(step.name)}</b> <span class=dim>{escape(notes)}</span></summary>"
        f"{table}{_cells(step)}</details>"
    )


def _artifact(artifact: ArtifactRow, store: Path) -> str:
    values = describe_values(store, artifact)
    size = f"<td rowspan={len(values)}>{artifact.size:,} bytes</td>"
    rows = []
    for value in values:
        rows.append(
            f"<tr><th>{escape(value.name)}</th><td>{escape(value.kind)}</td>"
            f"<td>{escape(value.text)}</td>{size}</tr>"
        )
        size = ""
    return "".join(rows)


def _cells(step: StepRow) -> str:
    """The step's executed cells, from the notebook that it left."""
    try:
        path = (step.folder or Path()) / "notebook.ipynb"
        cells = json.loads(path.read_text("utf-8", "replace"))["cells"]
        failed = _failed_line(step)
        return "".join(
            cell_html(
                "".join(cell["source"]), cell["outputs"], cell["execution_count"],
                failed=failed[1] if cell["id"] == failed[0] else None,
            )
            for cell in cells
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def _failed_line(step: StepRow) -> tuple[object, int | None]:
    error = step.error or {}
    cell = error.get("cell") or {}
    return cell.get("id"), error.get("line")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>@TITLE@</title>
@POLICY@
<style>
body{font:14px/1.5 system-ui,sans-serif;max-width:1060px;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.6em;margin-bottom:0}h2{font-size:1.15em;margin:1.6em 0 .5em}
.dim{color:#888;fill:#888}.tag{color:#fff;border-radius:9px;padding:1px 9px;font-size:12px;
font-weight:normal;vertical-align:middle}
table{border-collapse:collapse;margin:.4em 0}td,th{padding:3px 14px 3px 0;text-align:left;
border-bottom:1px solid #eee;font-weight:normal}th{color:#555}
.graph{max-width:100%}.gantt{width:100%;font:12px system-ui,sans-serif}
details{border:1px solid #e3e6ea;border-radius:6px;margin:.5em 0;padding:.5em .8em}
summary{cursor:pointer}pre{white-space:pre-wrap;font:12.5px/1.5 monospace}
@STYLE@
.error{border:1px solid #cf222e;border-radius:6px;padding:.8em;background:#fff5f5;margin:1em 0}
</style></head><body>
@BODY@
</body></html>
"""
