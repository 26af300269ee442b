"""A verification as people read it: a table, the first difference, and what is not covered."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kalelike.cli.progress import print_error
from kalelike.cli.terminal import has_colour, paint, visible
from kalelike.verify.findings import Finding, Kind, Outcome, Status, Verification

_COLUMNS = (Kind.VALUE, Kind.METRIC, Kind.DISPLAY, Kind.FILE)
_TITLES = {
    Kind.VALUE: "values",
    Kind.METRIC: "metrics",
    Kind.DISPLAY: "displays",
    Kind.FILE: "files",
}
_MOST = 12


def print_verification(made: Verification, notebook: Path) -> None:
    """Write the outcome to standard output."""
    if made.outcome is Outcome.NOTEBOOK_FAILS:
        print("the notebook itself fails, run top to bottom: there is nothing to compare with")
        print_error("(the notebook)", made.error, notebook)
        return
    if made.outcome is Outcome.INTERRUPTED:
        print("interrupted")
        return
    _print_table(made)
    if made.first is not None:
        _print_first(made.first)
    _print_list("also different", made.of(Status.DIFFERENT)[1:], "red")
    _print_list(
        "not the same in two runs of the notebook itself", made.of(Status.UNSTABLE), "yellow"
    )
    _print_list("not covered by any comparison", made.of(Status.UNCOVERED), "yellow")
    _print_verdict(made)


def _print_table(made: Verification) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim" if has_colour(sys.stdout) else "")
    table.add_column("step", no_wrap=True)
    for kind in _COLUMNS:
        table.add_column(_TITLES[kind], justify="right")
    table.add_column("")
    for step in made.steps:
        own = [item for item in made.findings if item.step == step.step]
        different = [item for item in own if item.status is Status.DIFFERENT]
        row = [_count(step.equal.get(kind, 0), kind, own) for kind in _COLUMNS]
        mark = Text("✗ different", "red") if different else Text("✓ equal", "green")
        if not different and own:
            mark = Text("✓ equal, but see below", "yellow")
        table.add_row(Text(step.step), *row, mark)
    console = Console(file=sys.stdout, no_color=not has_colour(sys.stdout), highlight=False)
    console.print(table)


def _count(equal: int, kind: Kind, own: Sequence[Finding]) -> Text:
    total = equal + len({(item.name, item.index) for item in own if item.kind is kind})
    if not total:
        return Text("-", "dim")
    return Text(str(equal)) if total == equal else Text(f"{equal} of {total}", "yellow")


def _print_first(item: Finding) -> None:
    place = f"step {item.step}" if item.step else "the whole notebook"
    where = f", {item.cell}" if item.cell else ""
    what = _named(item)
    head = paint("first difference", "red", sys.stdout)
    print(f"\n{head}: {place}{where}, {what}")
    print(f"    the pipeline has {visible(item.why)}" if " for " in item.why else
          f"    {visible(item.why)}")  # fmt: skip
    reason = item.reason
    if reason is None:
        return
    print(f"    why: {reason.kind}: {visible(reason.text)}")
    if reason.line:
        print(f"    {paint('-->', 'red', sys.stdout)} {reason.cell}, line {reason.line}: "
              f"{visible(reason.source)}")  # fmt: skip
    if reason.hint:
        print(f"    hint: {visible(reason.hint)}")


def _named(item: Finding) -> str:
    if item.kind is Kind.FAILURE:
        return "which fails"
    if item.kind is Kind.DISPLAY:
        return f"what it shows{f' ({item.where})' if item.where else ''}"
    given = " as it was given" if item.stage == "given" else ""
    return f"{item.kind.value} {item.name}{item.where}{given}"


def _print_list(title: str, items: Sequence[Finding], colour: str) -> None:
    if not items:
        return
    print(f"\n{paint(title, colour, sys.stdout)}: {len(items)}")
    for item in items[:_MOST]:
        place = f"{item.step}{f' {item.cell}' if item.cell else ''}: " if item.step else ""
        print(f"    {place}{_named(item)}: {visible(item.why)[:200]}")
    if len(items) > _MOST:
        print(f"    and {len(items) - _MOST} more (--json has all)")


def _print_verdict(made: Verification) -> None:
    counts = {kind: sum(step.equal.get(kind, 0) for step in made.steps) for kind in _COLUMNS}
    told = ", ".join(f"{count} {_TITLES[kind]}" for kind, count in counts.items() if count)
    good = made.outcome is Outcome.EQUAL
    word = paint("equal" if good else "different", "green" if good else "red", sys.stdout)
    tolerance = f"rtol {made.tolerance.relative:g}, atol {made.tolerance.absolute:g}"
    runs = "once" if made.runs == 1 else "twice"
    print(f"\n{made.notebook}: {word} ({told or 'nothing'} equal; {tolerance}; the notebook ran "
          f"{runs}; {made.seconds:.1f} s)")  # fmt: skip
    if good and not made.proved:
        print("not proved: --strict lets nothing pass that is not covered")
