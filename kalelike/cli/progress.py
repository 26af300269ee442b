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
    RunStopping,
    StepFinished,
    StepLog,
    StepRetrying,
    StepStarted,
    StepWaits,
)
from kalelike.runtime.cell_page import plain_text

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
            case StepLog(step=step, line=line, transient=False):
                self._line(f"{step} | {visible(plain_text(line))}")
            case StepRetrying():
                self._line(f"{event.step}: {retry_text(event)}")
            case RunStopping(reason=reason):
                self._line(f"{reason}: the steps that run are ended")
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
    """A table of steps that is redrawn as they go (Rich), from the first one that runs."""

    def __init__(self, notebook: Path) -> None:
        self._notebook = notebook
        self._rows: dict[str, _Row] = {}
        self._start = time.time()
        self._note = ""
        self._console: Any = None
        self._live: Any = None

    def __enter__(self) -> LiveProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def _show(self) -> None:
        """Begin to draw: where all comes from the cache, loading Rich would take longest."""
        from rich.console import Console
        from rich.live import Live

        self._console = Console()
        self._live = Live(console=self._console, get_renderable=self._render, transient=True)
        self._live.start()

    def _render(self) -> Any:
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=self._console.width // 2)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for step, row in self._shown().items():
            mark: Any = Text(*MARKS.get(row.status, ("·", "dim")))
            seconds = row.seconds
            if row.status == "running" and row.started is not None:
                mark, seconds = Spinner("dots"), time.time() - row.started
            time_text = f"{seconds:.1f} s" if seconds else ""
            table.add_row(mark, Text(step), Text(time_text, "dim"), Text(row.text, "dim"))
        ended = sum(row.status not in ("waiting", "running") for row in self._rows.values())
        took = time.time() - self._start
        note = self._note or f"{ended} of {len(self._rows)} steps, {took:.1f} s"
        table.add_row("", Text(note, "dim"), "", "")
        return table

    def _shown(self) -> dict[str, _Row]:
        """Return the rows that fit: what runs and what failed before what is done or waits."""
        room = max(3, self._console.height - 3)
        if len(self._rows) <= room:
            return self._rows
        order = ("running", "failed", "interrupted", "succeeded", "cached", "skipped", "waiting")
        names = sorted(self._rows, key=lambda name: order.index(self._rows[name].status))
        chosen = set(names[:room])
        return {name: row for name, row in self._rows.items() if name in chosen}

    def tell(self, event: Event) -> None:
        """See :class:`Progress`."""
        if self._live is None and isinstance(event, StepStarted | StepWaits):
            self._show()
        match event:
            case RunStarted(steps=steps):
                self._rows = {step: _Row() for step in steps}
            case Notice(diagnostic=diagnostic) if self._console is None:
                print(notice_text(diagnostic))
            case Notice(diagnostic=diagnostic):
                self._console.print(notice_text(diagnostic), markup=False, highlight=False)
            case StepStarted(step=step, time=started):
                self._rows[step] = _Row("running", started)
            case StepLog(step=step, line=line):
                self._rows[step].text = visible(plain_text(line))
            case StepWaits(step=step, reason=reason):
                self._rows[step].text = visible(reason)
            case StepRetrying(step=step):
                self._rows[step].text = retry_text(event)
            case StepFinished(step=step, status=status):
                row = self._rows[step]
                row.status, row.seconds = status, event.seconds
                if event.metrics:
                    row.text = metrics_text(event.metrics)
                elif event.reason:
                    row.text = event.reason
            case RunStopping(reason=reason):
                self._note = f"{reason}; Ctrl-C again ends the steps at once"
            case _:
                pass

    def summary(self, result: RunResult, store: Path) -> None:
        """See :class:`Progress`."""
        width = max((len(item.step) for item in result.steps), default=0)
        for item in result.steps:
            mark, colour = MARKS[item.status]
            seconds = f"{item.seconds:.2f} s" if item.seconds else ""
            extra = metrics_text(item.metrics) or item.reason or ""
            if item.status == "cached" and item.source_run:
                extra = f"from run {item.source_run}  {extra}"
            text = f"{item.step:<{width}} {seconds:>9}  {extra}".rstrip()
            print(f"{paint(mark, colour, sys.stdout)} {text}")
        print_summary(result, store, self._notebook)


def retry_text(event: StepRetrying) -> str:
    """Return what a retry is about, on one line."""
    error = event.error
    what = f"{error.get('type', 'it failed')}: {error.get('message', '')}".strip(": ")
    return visible(
        f"attempt {event.attempt} of {event.attempts} failed ({what}); next in {event.wait:g} s"
    )


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
    why = f": {result.reason}," if result.reason and result.status == "failed" else ""
    print(f"\nrun {result.run} {status}{why} in {result.seconds:.2f} s{reused}")
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
