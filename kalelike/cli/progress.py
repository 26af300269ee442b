"""A run as it goes: a live table on a terminal, plain lines elsewhere, JSON for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from kalelike.cli.report import print_json
from kalelike.cli.terminal import is_terminal, paint, visible
from kalelike.run.backend import RunResult
from kalelike.run.events import (
    Event,
    Notice,
    RunFinished,
    RunStarted,
    StepFinished,
    StepLog,
    StepStarted,
    StepWaits,
)

MARKS = {
    "succeeded": ("✓", "green"),
    "cached": ("↻", "blue"),
    "failed": ("✗", "red"),
    "skipped": ("-", "dim"),
    "interrupted": ("!", "yellow"),
}
_MOST_LINES = 40


class Progress(Protocol):
    """Shows a run while it goes, and its outcome."""

    def __enter__(self) -> Progress: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def tell(self, event: Event) -> None:
        """Take an event."""
        ...

    def summary(self, result: RunResult, store: Path) -> None:
        """Show the outcome."""
        ...


def make_progress(as_json: bool, notebook: Path) -> Progress:
    """Return the progress that fits standard output."""
    if as_json:
        return JsonProgress()
    if is_terminal(sys.stdout):
        return LiveProgress(notebook)
    return PlainProgress(notebook)


class JsonProgress:
    """One JSON object per event."""

    def __enter__(self) -> JsonProgress:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def tell(self, event: Event) -> None:
        """See :class:`Progress`."""
        print_json(_strict(event.as_dict()))

    def summary(self, result: RunResult, store: Path) -> None:
        """See :class:`Progress`."""
        print_json(
            _strict(
                {
                    "event": "Result",
                    "run": result.run,
                    "status": result.status,
                    "seconds": result.seconds,
                    "reason": result.reason,
                    "metrics": result.metrics,
                    "steps": [asdict(item) for item in result.steps],
                    "store": str(store),
                }
            )
        )


def _strict(data: dict[str, Any]) -> dict[str, Any]:
    """Spell NaN and infinities as texts, which JSON cannot hold as numbers."""
    text = json.dumps(data, default=str)
    found: dict[str, Any] = json.loads(text, parse_constant=str)
    return found


class PlainProgress:
    """One line for everything that happens."""

    def __init__(self, notebook: Path) -> None:
        self._notebook = notebook
        self._start = time.time()
        self._steps = 0
        self._done = 0

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def tell(self, event: Event) -> None:
        """See :class:`Progress`."""
        match event:
            case RunStarted(steps=steps):
                self._steps = len(steps)
                self._line(f"run {event.run}: {event.pipeline}, {len(steps)} steps")
            case Notice(diagnostic=diagnostic):
                self._line(notice_text(diagnostic))
            case StepWaits(step=step, reason=reason):
                self._line(f"{step} {visible(reason)}")
            case StepStarted(step=step):
                self._line(f"{step} starts")
            case StepLog(step=step, line=line):
                self._line(f"{step} | {visible(line)}")
            case StepFinished():
                self._done += 1
                self._line(f"[{self._done}/{self._steps}] {outcome_line(event)}")
            case RunFinished():
                pass

    def _line(self, text: str) -> None:
        print(f"{time.time() - self._start:7.2f}s  {text}", flush=True)

    def summary(self, result: RunResult, store: Path) -> None:
        """See :class:`Progress`."""
        print_summary(result, store, self._notebook)


def notice_text(diagnostic: Mapping[str, Any]) -> str:
    """Return a notice on one line."""
    hint = f" (hint: {diagnostic['hint']})" if diagnostic["hint"] else ""
    text = f"{diagnostic['severity']} {diagnostic['code']}: {diagnostic['message']}{hint}"
    return visible(text)


def outcome_line(event: StepFinished) -> str:
    """Return how a step ended, on one line."""
    mark, colour = MARKS[event.status]
    text = f"{paint(mark, colour, sys.stdout)} {event.step} {event.status}"
    if event.status == "cached":
        text += f" (from run {event.source_run})" if event.source_run else ""
    elif event.status == "skipped":
        text += f" ({event.reason})"
    elif event.seconds:
        text += f" in {event.seconds:.2f} s"
    if event.waited >= 1:
        text += f" after waiting {event.waited:.0f} s"
    if event.attempts > 1:
        text += f", attempt {event.attempts}"
    if event.metrics:
        text += "  " + metrics_text(event.metrics)
    return text


def metrics_text(metrics: Any) -> str:
    """Return metrics on one line."""
    return ", ".join(
        f"{name} = {value:.6g}" if isinstance(value, float) else f"{name} = {value}"
        for name, value in metrics.items()
    )


@dataclass(slots=True)
class _Row:
    status: str = "waiting"
    started: float | None = None
    seconds: float = 0.0
    text: str = ""


class LiveProgress:
    """A table of steps that is redrawn as they go (Rich)."""

    def __init__(self, notebook: Path) -> None:
        from rich.console import Console
        from rich.live import Live

        self._notebook = notebook
        self._rows: dict[str, _Row] = {}
        self._console = Console()
        self._live = Live(console=self._console, get_renderable=self._render, transient=True)

    def __enter__(self) -> LiveProgress:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _render(self) -> Any:
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, show_header=False)
        for step, row in self._rows.items():
            mark: Any = Text(*MARKS.get(row.status, ("·", "dim")))
            seconds = row.seconds
            if row.status == "running" and row.started is not None:
                mark, seconds = Spinner("dots"), time.time() - row.started
            time_text = f"{seconds:.1f} s" if seconds else ""
            width = max(20, self._console.width - 40)
            table.add_row(mark, step, Text(time_text, "dim"), Text(row.text[:width], "dim"))
        return table

    def tell(self, event: Event) -> None:
        """See :class:`Progress`."""
        match event:
            case RunStarted(steps=steps):
                self._rows = {step: _Row() for step in steps}
            case Notice(diagnostic=diagnostic):
                self._console.print(notice_text(diagnostic), markup=False, highlight=False)
            case StepWaits(step=step, reason=reason):
                self._rows[step].text = visible(reason)
            case StepStarted(step=step, time=started):
                self._rows[step] = _Row("running", started)
            case StepLog(step=step, line=line):
                self._rows[step].text = visible(line)
            case StepFinished(step=step, status=status):
                row = self._rows[step]
                row.status, row.seconds = status, event.seconds
                if event.metrics:
                    row.text = metrics_text(event.metrics)
                elif status == "skipped":
                    row.text = event.reason or ""
            case RunFinished():
                pass

    def summary(self, result: RunResult, store: Path) -> None:
        """See :class:`Progress`."""
        for item in result.steps:
            mark, colour = MARKS[item.status]
            seconds = f"{item.seconds:.2f} s" if item.seconds else ""
            extra = metrics_text(item.metrics) or item.reason or ""
            if item.source_run:
                extra = f"from run {item.source_run}  {extra}"
            print(f"{paint(mark, colour, sys.stdout)} {item.step:<24} {seconds:>9}  {extra}")
        print_summary(result, store, self._notebook)


def print_summary(result: RunResult, store: Path, notebook: Path) -> None:
    """Print errors with the user's own cells, metrics, and where the rest is to be seen."""
    for item in result.steps:
        if item.error is not None:
            print_error(item.step, item.error, notebook)
    if result.metrics:
        print("\nmetrics")
        width = max(len(name) for name in result.metrics)
        for name, value in result.metrics.items():
            text = f"{value:.6g}" if isinstance(value, float) else str(value)
            print(f"  {name:<{width}}  {text}")
    cached = sum(item.status == "cached" for item in result.steps)
    reused = f", {cached} of {len(result.steps)} steps from the cache" if cached else ""
    colour = "green" if result.status == "succeeded" else "red"
    status = paint(result.status, colour, sys.stdout)
    print(f"\nrun {result.run} {status} in {result.seconds:.2f} s{reused}")
    print(f"look at it: kalelike show {result.run} --store {store} --html run.html")


def print_error(step: str, error: Any, notebook: Path) -> None:
    """Print a step's failure: the user's cell, an arrow at the line, the traceback."""
    cell, line = error.get("cell"), error.get("line")
    at = f", line {line}" if line is not None else ""
    where = f", cell [{cell['number']}]{at}" if cell else ""
    head = paint(f"{error['type']}: {visible(error['message'])}", "red", sys.stdout)
    print(f"\nstep {step}{where}: {error['code']} {head}")
    source = _cell_source(notebook, cell["index"]) if cell else None
    if source is not None and line:
        _print_cell(source, line)
    elif error.get("traceback"):
        print("    " + visible(error["traceback"]).replace("\n", "\n    ").rstrip())
    if error.get("hint"):
        print(f"    hint: {visible(error['hint'])}")


def _print_cell(source: str, failed: int) -> None:
    lines = source.splitlines()
    first = max(1, failed - _MOST_LINES // 2)
    for number in range(first, min(len(lines), failed + _MOST_LINES // 2) + 1):
        arrow = paint("-->", "red", sys.stdout) if number == failed else "   "
        print(f"  {arrow} {number:>3} | {visible(lines[number - 1])}")


def _cell_source(notebook: Path, index: int) -> str | None:
    try:
        cell = json.loads(notebook.read_text("utf-8-sig"))["cells"][index]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)
