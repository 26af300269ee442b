"""The README's table of speed: every row measured anew, in one run, and written into it.

    python benchmarks/table.py --kale PATH       # measure, print, and write README.md
    python benchmarks/table.py --no-kale --dry-run

Takes some minutes; close everything else first. The numbers are medians.
"""

from __future__ import annotations

import compileall
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from analysis import SIZES as CELLS
from analysis import measure_analysis
from compile import measure_compile
from handoff import measure_handoff
from measure import Series, kale_command, make_parser
from scale import SIZES as STEPS
from scale import measure_sizes
from startup import measure_help
from trivial import measure_engine

from examples import measure_examples

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- speed: begin -->", "<!-- speed: end -->"
_CLUSTER = "needs a cluster"


@dataclass(frozen=True)
class Row:
    """A line of the table; ``met`` tells whether the budget is."""

    what: str
    budget: str
    found: str
    met: bool
    kale: str = ""


def main() -> None:
    """Measure everything and put the table between the README's markers."""
    parser = make_parser(__doc__, rounds=5)
    parser.add_argument("--dry-run", action="store_true", help="print the table, write nothing")
    options = parser.parse_args()
    compileall.compile_dir(ROOT / "kalelike", quiet=1)
    kale = kale_command(options)
    before = os.getloadavg()[0]
    start = time.monotonic()
    parts: dict[str, Callable[[], list[Row]]] = {
        "cold commands": lambda: commands(options.rounds, kale),
        "analysis": lambda: analysis(options.rounds),
        "many steps": lambda: scale(kale),
        "local engine": lambda: engine(options.rounds),
        "1 GB between two steps": lambda: handoff(min(3, options.rounds)),
        "examples": lambda: examples(max(1, options.rounds // 2)),
    }
    rows: list[Row] = []
    for name, part in parts.items():
        try:
            rows += part()
        except (SystemExit, subprocess.CalledProcessError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            rows.append(Row(name, "", "**not measured**", met=True))
        print(f"{time.monotonic() - start:5.0f} s: {name}", file=sys.stderr)
    text = f"{render(rows)}\n\n{conditions(before, bool(kale))}"
    print(text)
    if not options.dry_run:
        write_between_markers(ROOT / "README.md", text)


def commands(rounds: int, kale: list[str] | None) -> list[Row]:
    """The cold commands, beside Kale's."""
    ours, theirs = measure_help(rounds, kale)
    compiled, kale_compiled = measure_compile(rounds, kale)
    faster = kale_compiled.median / compiled.median if kale else None
    times = f" ({faster:.0f} times)" if faster else ""
    return [
        Row("`--help`, cold process", "0.15 s CPU", seconds(ours), ours.median <= 0.15,
            seconds(theirs)),
        Row("compile of 5 steps, cold process", "0.5 s CPU, 10 times faster than Kale",
            seconds(compiled), compiled.median <= 0.5 and (faster is None or faster >= 10),
            f"{seconds(kale_compiled)}{times}"),
    ]  # fmt: skip


def analysis(rounds: int) -> list[Row]:
    """The analysis in process."""
    rates, edit = measure_analysis(rounds)
    slowest = min(item.median for item in rates)
    each = ", ".join(f"{item.median:,.0f}" for item in rates)
    sizes = ", ".join(f"{size:,}" for size in CELLS)
    return [
        Row(f"analysis in process, cells a second, of {sizes} cells",
            "3,000, linear to 5,000 cells", each, slowest >= 3000),
        Row("one cell of 250 edited, analysed again", "10 ms CPU", f"{edit.median:.0f} ms",
            edit.median <= 10),
    ]  # fmt: skip


def scale(kale: list[str] | None) -> list[Row]:
    """Compiles of many steps; once each, since they are long."""
    found = {item.name: item for item in measure_sizes(1, kale)}
    cold = found["250 steps, cold process"]
    growth = [found[f"{size} steps, for one step"].median for size in STEPS]
    small = found["50 steps, cold process"]
    theirs = found.get("50 steps, kale --nb (2.3.0)", Series(""))
    sizes = ", ".join(f"{size:,}" for size in STEPS)
    return [
        Row("compile of 50 steps, cold process", "", f"{seconds(small)} CPU", True,
            seconds(theirs)),
        Row("compile of 250 steps, cold process", "1 s CPU", seconds(cold), cold.median <= 1),
        Row(f"compile, for each of {sizes} steps", "the same",
            ", ".join(f"{item:.1f}" for item in growth) + " ms", growth[-1] <= 1.5 * growth[0]),
    ]  # fmt: skip


def engine(rounds: int) -> list[Row]:
    """The local engine; what executes too much fails in ``trivial`` itself."""
    trivial, again, comment, plot, parallel = (item.wall for item in measure_engine(rounds))
    return [
        Row("three trivial steps, end to end, cold process", "1 s", seconds(trivial),
            trivial.median <= 1, _CLUSTER),
        Row("rerun with nothing changed: no step executed", "0.5 s", seconds(again),
            again.median <= 0.5, _CLUSTER),
        Row("rerun after a comment, or a plot, was edited: no step executed", "none executed",
            f"{seconds(comment)}, {seconds(plot)}", True, _CLUSTER),
        Row("two independent steps of 4 s", "5.5 s", seconds(parallel), parallel.median < 5.5,
            _CLUSTER),
    ]  # fmt: skip


def handoff(rounds: int) -> list[Row]:
    """A gigabyte between two steps."""
    ratio = measure_handoff(10**9, rounds)[-2]
    return [
        Row("1 GB of float64 between two steps, mapped on load, against a copy of the file",
            "2.5 times", f"{ratio.median:.1f} times", ratio.median <= 2.5, _CLUSTER)
    ]  # fmt: skip


def examples(rounds: int) -> list[Row]:
    """The examples against nbclient."""
    *_, cpu, wall = measure_examples(rounds)
    return [
        Row("local run of the examples against the notebook run by nbclient, nothing cached",
            "1.0 times", f"{wall.median:.2f} times ({cpu.median:.2f} in CPU)", wall.median <= 1,
            _CLUSTER)
    ]  # fmt: skip


def seconds(series: Series) -> str:
    """The median, as far as it was measured."""
    return f"{series.median:.2f} s" if series.values else ""


def render(rows: list[Row]) -> str:
    """The rows as Markdown; a budget that is not met says so."""
    lines = ["| what | budget | kalelike | Kale 2.3 |", "|---|---|---|---|"]
    for row in rows:
        found = row.found if row.met else f"**{row.found}: not met**"
        lines.append(f"| {row.what} | {row.budget} | {found} | {row.kale} |")
    return "\n".join(lines)


def conditions(load: float, with_kale: bool) -> str:
    """On what, when, and of which state of the project."""
    day = time.strftime("%Y-%m-%d")
    kale = "" if with_kale else ", Kale not measured"
    return (
        f"Measured on {day} at commit {commit()}: {processor()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, load {load:.1f} at the start{kale}. "
        "Medians; seconds are of the wall where CPU is not named."
    )


def commit() -> str:
    """The project's commit, with a mark if files differ from it."""
    git = ["git", "-C", str(ROOT)]
    name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True)
    return (name.stdout.strip() or "unknown") + (", with changes" if changed.stdout else "")


def processor() -> str:
    """What the system calls its processor."""
    try:
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text("utf-8"), re.M)
    except OSError:
        found = None
    return found.group(1) if found else platform.machine()


def write_between_markers(readme: Path, text: str) -> None:
    """Replace what stands between the markers; stops where they are missing."""
    content = readme.read_text("utf-8")
    if content.count(BEGIN) != 1 or content.count(END) != 1:
        sys.exit(f"{readme} needs the lines {BEGIN} and {END}, once each")
    head, _, rest = content.partition(BEGIN)
    _, _, tail = rest.partition(END)
    readme.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", "utf-8")


if __name__ == "__main__":
    main()
