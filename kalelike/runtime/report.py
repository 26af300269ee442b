"""What a step showed: an executed notebook, and a page to look at."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kalelike.runtime.code import StepCode
from kalelike.runtime.record import Failure, Record

_TEXT_LIMIT = 200_000
_IMAGES = ("image/png", "image/jpeg", "image/gif")


@dataclass(frozen=True, slots=True)
class CellReport:
    """An executed cell: where it stands, its source, outputs (nbformat's form) and seconds."""

    index: int
    id: str
    number: int | None
    source: str
    outputs: tuple[dict[str, Any], ...]
    seconds: float
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class StepReport:
    """Everything that a step's notebook and page are made of."""

    code: StepCode
    cells: tuple[CellReport, ...]
    record: Record


def executed_notebook(report: StepReport) -> str:
    """Return the step's executed cells as a notebook (nbformat 4.5)."""
    cells = [_notebook_cell(cell) for cell in report.cells]
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
            "kalelike": {"step": report.code.step, "notebook": report.code.notebook},
        },
        "cells": cells,
    }
    return json.dumps(document, indent=1, default=repr) + "\n"


def _notebook_cell(cell: CellReport) -> dict[str, Any]:
    outputs: list[dict[str, Any]] = [
        {**item, "execution_count": cell.number}
        if item["output_type"] == "execute_result"
        else dict(item)
        for item in cell.outputs
    ]
    if cell.failure is not None:
        outputs.append(
            {
                "output_type": "error",
                "ename": cell.failure.type,
                "evalue": cell.failure.message,
                "traceback": cell.failure.traceback.splitlines(),
            }
        )
    return {
        "cell_type": "code",
        "id": cell.id if cell.id.replace("-", "").replace("_", "").isalnum() else f"c{cell.index}",
        "metadata": {},
        "execution_count": cell.number,
        "source": cell.source,
        "outputs": outputs,
    }


def report_page(report: StepReport) -> str:
    """Return the step's page: one HTML file that needs nothing else.

    Everything of the user's is escaped; HTML outputs are shown in frames that
    run no scripts and reach nothing.
    """
    record = report.record
    title = f"{report.code.step} · {report.code.notebook}"
    state = "failed" if record.error is not None else "succeeded"
    parts = [
        f"<h1>{_escape(report.code.step)} <span class='{state}'>{state}</span></h1>",
        f"<p class=dim>{_escape(report.code.notebook)} · {record.seconds:.2f} s"
        + (f" · attempt {record.attempt}" if record.attempt > 1 else "")
        + "</p>",
        _failure(record.error) if record.error is not None else "",
        _table("Metrics", record.metrics),
        _table("Parameters", record.parameters),
        *(_page_cell(cell) for cell in report.cells),
        _outputs_table(record),
    ]
    return _PAGE.replace("@TITLE@", _escape(title)).replace("@BODY@", "\n".join(parts))


def _escape(value: object) -> str:
    return html.escape(str(value), quote=True)


def _failure(failure: Failure) -> str:
    where = ""
    if failure.cell is not None:
        where = f" in cell [{failure.cell['number']}], line {failure.line}"
    hint = f"<p>hint: {_escape(failure.hint)}</p>" if failure.hint else ""
    return (
        f"<div class=error><b>{_escape(failure.type)}{_escape(where)}</b>: "
        f"{_escape(failure.message)}{hint}<pre>{_escape(failure.traceback)}</pre></div>"
    )


def _table(title: str, values: Mapping[str, object]) -> str:
    if not values:
        return ""
    rows = "".join(
        f"<tr><th>{_escape(key)}</th><td>{_escape(value)[:500]}</td></tr>"
        for key, value in values.items()
    )
    return f"<h2>{title}</h2><table>{rows}</table>"


def _outputs_table(record: Record) -> str:
    rows = {}
    for item in record.outputs.values():
        names = item["names"]
        assert isinstance(names, list)
        rows[", ".join(names)] = f"{item['size']:,} bytes"
    return _table("Gives", rows)


def _page_cell(cell: CellReport) -> str:
    failed = cell.failure.line if cell.failure is not None else None
    lines = "".join(
        f"<span class='line{' bad' if number == failed else ''}'>{_escape(line) or ' '}</span>"
        for number, line in enumerate(cell.source.splitlines(), start=1)
    )
    outputs = "".join(_output(item) for item in cell.outputs)
    number = cell.number if cell.number is not None else ""
    return (
        f"<div class=cell><div class=number>[{number}]<br><small>{cell.seconds:.2f} s</small>"
        f"</div><div><pre class=code>{lines}</pre>{outputs}</div></div>"
    )


def _output(item: Mapping[str, Any]) -> str:
    if item["output_type"] == "stream":
        text = str(item["text"])[:_TEXT_LIMIT]
        return f"<pre class='{_escape(item['name'])}'>{_escape(text)}</pre>"
    data = item["data"]
    for kind in _IMAGES:
        if kind in data:
            source = "".join(str(data[kind]).split())
            return f"<img alt='figure' src='data:{kind};base64,{_escape(source)}'>"
    for kind in ("text/html", "image/svg+xml"):
        if kind in data:
            return _frame(_joined(data[kind]))
    for kind in ("text/markdown", "text/latex", "text/plain"):
        if kind in data:
            return f"<pre>{_escape(_joined(data[kind])[:_TEXT_LIMIT])}</pre>"
    return ""


def _joined(value: str | Iterable[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _frame(content: str) -> str:
    """Show HTML of the user's in a frame without scripts, as high as its rows need."""
    rows = content.count("<tr") or content.count("\n") // 3 + 3
    height = min(60 + 26 * rows, 520)
    style = (
        "<style>body{font:13px sans-serif;margin:4px}table{border-collapse:collapse}"
        "td,th{padding:3px 8px;text-align:right;border-bottom:1px solid #ddd}</style>"
    )
    return (
        f"<iframe sandbox='' style='height:{height}px' "
        f"srcdoc='{_escape(style + content[:_TEXT_LIMIT])}'></iframe>"
    )


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>@TITLE@</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-src 'self'">
<style>
body{font:14px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.5em;margin-bottom:0}h2{font-size:1.1em;margin:1.4em 0 .4em}
.dim,small{color:#888}.succeeded{color:#1a7f37}.failed{color:#cf222e}
h1 span{font-size:.6em;font-weight:normal;margin-left:.6em}
table{border-collapse:collapse}td,th{padding:3px 12px 3px 0;text-align:left;
border-bottom:1px solid #eee;font-weight:normal}th{color:#666}
.cell{display:grid;grid-template-columns:5em 1fr;margin:1em 0}
.number{color:#888;font-family:monospace;padding-top:.6em}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3em 0;font:12.5px/1.5 monospace}
.code{background:#f6f8fa;border:1px solid #e3e6ea;border-radius:6px;padding:.6em}
.line{display:block}.bad{background:#ffd7d5}
.stderr{background:#fff1f0;padding:.4em}img{max-width:100%}
iframe{width:100%;border:0}
.error{border:1px solid #cf222e;border-radius:6px;padding:.8em;background:#fff5f5}
</style></head><body>
@BODY@
</body></html>
"""
