"""Compile of hundreds of steps, stage by stage, and how it grows."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from measure import Series, cost_of, kalelike_command, make_parser, must_pass, print_table
from notebooks import many_steps, write_notebook

from kalelike.compiler import compile_notebook
from kalelike.emit import to_yaml

SIZES = (125, 250, 500, 1000)


def main() -> None:
    """Compile notebooks of growing size, cold and in process."""
    options = make_parser(__doc__, rounds=5, with_kale=False).parse_args()
    rows: list[Series] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in SIZES:
            notebook = write_notebook(folder / f"steps{size}.ipynb", many_steps(size))
            rows += measure_size(notebook, size, options.rounds)
    print_table("Compile by number of steps, CPU seconds", rows)


def measure_size(notebook: Path, size: int, rounds: int) -> list[Series]:
    """Return the cold command, the compile, and the compile for one step."""
    cold = Series(f"{size} steps, cold process", "1 s CPU for 250 steps" if size == 250 else "")
    stages = Series(f"{size} steps, in process")
    each = Series(f"{size} steps, for one step", "the same for all sizes", "ms")
    for _ in range(rounds):
        command = [*kalelike_command(), "compile", str(notebook), "-o", str(notebook) + ".yaml"]
        cold.values.append(must_pass(cost_of(command, notebook.parent)).cpu)
        start = time.process_time()
        to_yaml(compile_notebook(notebook).document)
        stages.values.append(time.process_time() - start)
        each.values.append(1000 * stages.values[-1] / size)
    return [cold, stages, each]


if __name__ == "__main__":
    main()
