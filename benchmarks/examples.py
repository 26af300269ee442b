"""Every example: the local run against the plain notebook run by nbclient, in turns.

Both are cold processes, and nothing is cached. The pipeline does more (values,
pages, a store) and less (no kernel, no messages; independent steps side by side).
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measure import Cost, Series, cost_of, kalelike_command, make_parser, must_pass, print_table

EXAMPLES = Path(__file__).parents[1] / "examples" / "notebooks"
_NBCLIENT = (
    "import sys, nbformat; from nbclient import NotebookClient; "
    "NotebookClient(nbformat.read(sys.argv[1], as_version=4), timeout=600).execute()"
)


def main() -> None:
    """Measure each example ``rounds`` times, both ways in turns."""
    parser = make_parser(__doc__, rounds=3, with_kale=False)
    parser.add_argument("names", nargs="*", help="examples (default: all)")
    options = parser.parse_args()
    rows = measure_examples(options.rounds, options.names)
    print_table("Examples, local run against the notebook run by nbclient", rows)


def measure_examples(rounds: int, names: Sequence[str] = ()) -> list[Series]:
    """Return a row for each example; the last two are the medians of all, CPU and wall."""
    rows, cpu_ratios, wall_ratios = [], [], []
    for path in sorted(EXAMPLES.glob("*.ipynb")):
        if names and path.stem not in names:
            continue
        row = Series(f"{path.stem}: kalelike / nbclient, CPU", unit="x")
        walls = []
        for _ in range(rounds):
            ours, theirs = measure(path)
            row.values.append(ours.cpu / theirs.cpu)
            walls.append(ours.wall / theirs.wall)
        rows.append(row)
        cpu_ratios.append(row.median)
        wall_ratios.append(statistics.median(walls))
    rows.append(Series("all examples: median of the medians, CPU", "1.0", "x", cpu_ratios))
    rows.append(Series("all examples: median of the medians, wall", "1.0", "x", wall_ratios))
    return rows


def measure(path: Path) -> tuple[Cost, Cost]:
    """Run one example both ways in fresh copies of its folder."""
    costs = []
    for command in (
        [*kalelike_command(), "run", path.name, "--no-cache"],
        [sys.executable, "-c", _NBCLIENT, path.name],
    ):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "notebooks"
            shutil.copytree(path.parent, folder, ignore=shutil.ignore_patterns(".kalelike"))
            costs.append(must_pass(cost_of(command, folder)))
    return costs[0], costs[1]


if __name__ == "__main__":
    main()
