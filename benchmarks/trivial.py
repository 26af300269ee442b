"""What the engine itself costs: trivial steps, reruns, harmless edits, parallel steps."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from measure import Cost, Series, cost_of, kalelike_command, make_parser, must_pass, print_table
from notebooks import write_notebook

TRIVIAL = [
    (["step:a"], "x = 1"),
    (["step:b"], "y = x + 1"),
    (["step:c"], "z = y + 1\nprint(z)"),
]
PLOT = [
    (["imports"], "import matplotlib.pyplot as plt"),
    (
        ["step:make"],
        "# a comment\nvalues = [n * n for n in range(100)]\n"
        "plt.plot(values)\nplt.title('squares')\nplt.show()",
    ),
    (["step:total"], "total = sum(values)"),
]
PARALLEL = [
    (["imports"], "import time"),
    (["step:left"], "time.sleep(4)\nleft = 1"),
    (["step:right"], "time.sleep(4)\nright = 2"),
]
_CASES = (
    ("three trivial steps, cold process", "1 s"),
    ("rerun with nothing changed", "0.5 s, no step executed"),
    ("rerun after a comment was edited", "no step executed"),
    ("rerun after a plot was edited", "no step executed"),
    ("two independent 4 s steps", "5.5 s"),
)


def main() -> None:
    """Run each case ``rounds`` times in a folder of its own."""
    options = make_parser(__doc__, rounds=7, with_kale=False).parse_args()
    rows = measure_engine(options.rounds)
    print_table("Local engine", [series for row in rows for series in (row.wall, row.cpu)])


def measure_engine(rounds: int) -> list[Pair]:
    """Return the cases in the order of ``_CASES``."""
    rows = [Pair(name, budget) for name, budget in _CASES]
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            measure_round(Path(name), rows, with_parallel=number < 3)
    return rows


class Pair:
    """Wall and CPU seconds of one case; the budget is of the wall, on a quiet machine."""

    def __init__(self, name: str, budget: str) -> None:
        self.wall, self.cpu = Series(f"{name}, wall", budget), Series(f"{name}, CPU")

    def add(self, cost: Cost) -> None:
        """Add a measurement."""
        self.wall.values.append(cost.wall)
        self.cpu.values.append(cost.cpu)


def measure_round(folder: Path, rows: list[Pair], with_parallel: bool) -> None:
    """Add one measurement to each row."""
    first, again, comment, plot, parallel = rows
    trivial = write_notebook(folder / "trivial.ipynb", TRIVIAL)
    first.add(run(trivial, 3))
    again.add(run(trivial, 0))
    plotted = folder / "plot.ipynb"
    run(write_notebook(plotted, PLOT), 2)
    edited = [(tags, source.replace("a comment", "another one")) for tags, source in PLOT]
    comment.add(run(write_notebook(plotted, edited), 0))
    edited = [(tags, source.replace("'squares'", "'x squared'")) for tags, source in PLOT]
    plot.add(run(write_notebook(plotted, edited), 0))
    if with_parallel:
        cost = run(write_notebook(folder / "parallel.ipynb", PARALLEL), 2)
        parallel.add(cost)


def run(notebook: Path, executed: int) -> Cost:
    """Run a notebook and insist on how many steps were executed rather than cached."""
    cost = must_pass(cost_of([*kalelike_command(), "run", notebook, "--json"], notebook.parent))
    result = json.loads(cost.output.strip().splitlines()[-1])
    found = sum(step["status"] == "succeeded" for step in result["steps"])
    if found != executed:
        raise SystemExit(f"{notebook.name}: {found} steps were executed in place of {executed}")
    return cost


if __name__ == "__main__":
    main()
