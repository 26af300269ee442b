"""What a step showed: an executed notebook, and a page to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kalelike.runtime.cell_page import POLICY, STYLE, cell_html, escape
from kalelike.runtime.code import StepCode
from kalelike.runtime.record import Failure, Record


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
        f"<h1>{escape(report.code.step)} <span class='{state}'>{state}</span></h1>",
        f"<p class=dim>{escape(report.code.notebook)} · {record.seconds:.2f} s"
        + (f" · attempt {record.attempt}" if record.attempt > 1 else "")
        + "</p>",
        _failure(record.error) if record.error is not None else "",
        _table("Metrics", record.metrics),
        _table("Parameters", record.parameters),
        *(_page_cell(cell) for cell in report.cells),
        _outputs_table(record),
    ]
    page = _PAGE.replace("@POLICY@", POLICY).replace("@STYLE@", STYLE.lstrip())
    return page.replace("@TITLE@", escape(title)).replace("@BODY@", "\n".join(parts))


def _failure(failure: Failure) -> str:
    where = ""
    if failure.cell is not None:
        where = f" in cell [{failure.cell['number']}], line {failure.line}"
    hint = f"<p>hint: {escape(failure.hint)}</p>" if failure.hint else ""
    return (
        f"<div class=error><b>{escape(failure.type)}{escape(where)}</b>: "
        f"{escape(failure.message)}{hint}<pre>{escape(failure.traceback)}</pre></div>"
    )


def _table(title: str, values: Mapping[str, object]) -> str:
    if not values:
        return ""
    rows = "".join(
        f"<tr><th>{escape(key)}</th><td>{escape(value)[:500]}</td></tr>"
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
    return cell_html(cell.source, cell.outputs, cell.number, f"{cell.seconds:.2f} s", failed)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>@TITLE@</title>
@POLICY@
<style>
body{font:14px/1.5 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.5em;margin-bottom:0}h2{font-size:1.1em;margin:1.4em 0 .4em}
.dim,small{color:#888}.succeeded{color:#1a7f37}.failed{color:#cf222e}
h1 span{font-size:.6em;font-weight:normal;margin-left:.6em}
table{border-collapse:collapse}td,th{padding:3px 12px 3px 0;text-align:left;
border-bottom:1px solid #eee;font-weight:normal}th{color:#666}
@STYLE@.error{border:1px solid #cf222e;border-radius:6px;padding:.8em;background:#fff5f5}
</style></head><body>
@BODY@
</body></html>
"""
