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
    (["step:make"], "values = [n * n for n in range(100)]"),
    (["step:plot"], "# a comment\nplt.plot(values)\nplt.title('squares')\nplt.show()"),
    (["step:total"], "total = sum(values)"),
]
PARALLEL = [
    (["imports"], "import time"),
    (["step:left"], "time.sleep(4)\nleft = 1"),
    (["step:right"], "time.sleep(4)\nright = 2"),
]


def main() -> None:
    """Run each case ``rounds`` times in a folder of its own."""
    options = make_parser(__doc__, rounds=7, with_kale=False).parse_args()
    rows = [
        Series("three trivial steps, cold process, wall", "1 s"),
        Series("rerun with nothing changed, wall", "0.5 s, no step executed"),
        Series("rerun after a comment was edited, wall", "no step executed"),
        Series("rerun after a plot was edited, wall", "no step executed"),
        Series("two independent 4 s steps, wall", "5.5 s"),
    ]
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as name:
            measure_round(Path(name), rows, with_parallel=number < 3)
    print_table("Local engine, wall seconds", rows)


def measure_round(folder: Path, rows: list[Series], with_parallel: bool) -> None:
    """Add one measurement to each row."""
    first, again, comment, plot, parallel = rows
    trivial = write_notebook(folder / "trivial.ipynb", TRIVIAL)
    first.values.append(run(trivial, 3).wall)
    again.values.append(run(trivial, 0).wall)
    plotted = folder / "plot.ipynb"
    run(write_notebook(plotted, PLOT), 3)
    edited = [(tags, source.replace("a comment", "another one")) for tags, source in PLOT]
    comment.values.append(run(write_notebook(plotted, edited), 0).wall)
    edited = [(tags, source.replace("'squares'", "'x squared'")) for tags, source in PLOT]
    plot.values.append(run(write_notebook(plotted, edited), 0).wall)
    if with_parallel:
        cost = run(write_notebook(folder / "parallel.ipynb", PARALLEL), 2)
        parallel.values.append(cost.wall)


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
