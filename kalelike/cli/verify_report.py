"""A verification as people read it: a table, the first difference, and what is not covered."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kalelike.cli.progress import print_error
from kalelike.cli.terminal import has_colour, paint, visible
from kalelike.verify.findings import Finding, Kind, Outcome, Reason, Status, Verification
from kalelike.verify.following import is_consequence

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
    unstable = made.of(Status.UNSTABLE)
    _print_list("not the same in two runs of the notebook itself", unstable, "yellow")
    _print_reasons(unstable)
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


def _print_reasons(items: Sequence[Finding]) -> None:
    """Write each line that makes the notebook's own runs differ, once."""
    reasons = [item.reason for item in items if item.reason is not None and item.reason.line]
    for reason in dict.fromkeys(reasons):
        print(f"    why: {reason.kind}: {visible(reason.text)}")
        _print_line(reason, "yellow")


def _print_line(reason: Reason, colour: str) -> None:
    if reason.line:
        print(f"    {paint('-->', colour, sys.stdout)} {reason.cell}, line {reason.line}: "
              f"{visible(reason.source)}")  # fmt: skip
    if reason.hint:
        print(f"    hint: {visible(reason.hint)}")


def _print_first(item: Finding) -> None:
    place = f"step {item.step}" if item.step else "the whole notebook"
    where = f", {item.cell}" if item.cell else ""
    what = _named(item)
    head = paint("first difference", "red", sys.stdout)
    print(f"\n{head}: {place}{where}, {what}")
    head = "the pipeline has " if " for " in item.why else ""
    if item.why.startswith(("has ", "lacks ")):
        head = "the pipeline's "
    print(f"    {head}{visible(item.why)}")
    if item.reason is not None:
        print(f"    why: {item.reason.kind}: {visible(item.reason.text)}")
        _print_line(item.reason, "red")


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
    own = [item for item in items if not is_consequence(item)]
    print(f"\n{paint(title, colour, sys.stdout)}: {len(items)}")
    for item in own[:_MOST]:
        place = f"{item.step}{f' {item.cell}' if item.cell else ''}: " if item.step else ""
        print(f"    {place}{_named(item)}: {visible(item.why)[:200]}")
    if len(own) > _MOST:
        print(f"    and {len(own) - _MOST} more (--json has all)")
    counts = Counter(item.step for item in items if is_consequence(item))
    if counts:
        told = ", ".join(f"{step} {count}" for step, count in counts.items())
        print(f"    what follows from it: {told} (--json has all)")


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
