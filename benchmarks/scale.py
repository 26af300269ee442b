"""Compile of hundreds of steps, stage by stage, and how it grows."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from measure import (
    Series,
    cost_of,
    kale_command,
    kalelike_command,
    make_parser,
    must_pass,
    print_table,
)
from notebooks import many_steps, write_notebook

from kalelike.compiler import compile_notebook
from kalelike.emit import to_yaml

SIZES = (50, 125, 250, 500, 1000)
KALE_SIZE = 50
"""Kale needs minutes for more."""
LARGEST = 250
"""Of those sizes, the largest that Kubeflow's limits let the command compile."""


def main() -> None:
    """Compile notebooks of growing size, cold and in process."""
    options = make_parser(__doc__, rounds=5).parse_args()
    rows = measure_sizes(options.rounds, kale_command(options))
    print_table("Compile by number of steps, CPU seconds", rows)


def measure_sizes(
    rounds: int, kale: list[str] | None, sizes: Sequence[int] = SIZES
) -> list[Series]:
    """Return three rows for each size, and one of Kale's for 50 steps, measured once."""
    rows: list[Series] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in sizes:
            notebook = write_notebook(folder / f"steps{size}.ipynb", many_steps(size))
            rows += measure_size(notebook, size, rounds)
            if kale and size == KALE_SIZE:
                command = [*kale, "--nb", notebook.name, "--output_path", "kale"]
                cost = must_pass(cost_of(command, folder))
                rows.append(Series(f"{size} steps, kale --nb (2.3.0)", values=[cost.cpu]))
    return rows


def measure_size(notebook: Path, size: int, rounds: int) -> list[Series]:
    """Return the cold command, the compile, and the compile for one step."""
    cold = Series(f"{size} steps, cold process", "1 s CPU for 250 steps" if size == 250 else "")
    stages = Series(f"{size} steps, in process")
    each = Series(f"{size} steps, for one step", "the same for all sizes", "ms")
    for _ in range(rounds):
        if size <= LARGEST:
            command = [*kalelike_command(), "compile", str(notebook), "-o", f"{notebook}.yaml"]
            cold.values.append(must_pass(cost_of(command, notebook.parent)).cpu)
        start = time.process_time()
        to_yaml(compile_notebook(notebook).document)
        stages.values.append(time.process_time() - start)
        each.values.append(1000 * stages.values[-1] / size)
    return [cold, stages, each] if cold.values else [stages, each]


if __name__ == "__main__":
    main()
