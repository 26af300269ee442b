"""Compile of a five-step notebook in a cold process, beside Kale's compile of the same file."""

from __future__ import annotations

import tempfile
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
from notebooks import FIVE_STEPS, write_notebook


def main() -> None:
    """Compile the same notebook with both, in turn, and print the ratio of the medians."""
    options = make_parser(__doc__, rounds=9).parse_args()
    ours, theirs = measure_compile(options.rounds, kale_command(options))
    print_table("Compile of 5 steps, CPU seconds, cold process", [ours, theirs])
    if theirs.values:
        print(f"\nKale needs {theirs.median / ours.median:.1f} times as much.")


def measure_compile(rounds: int, kale: list[str] | None) -> tuple[Series, Series]:
    """Return CPU seconds of both compilers; Kale's is empty without Kale."""
    ours = Series("kalelike compile", "0.5 s CPU, at least 10 times faster than Kale")
    theirs = Series("kale --nb (2.3.0)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notebook = write_notebook(folder / "five.ipynb", FIVE_STEPS)
        for _ in range(rounds):
            command = [*kalelike_command(), "compile", str(notebook), "-o", str(folder / "p.yaml")]
            ours.values.append(must_pass(cost_of(command, folder)).cpu)
            if kale:
                command = [*kale, "--nb", notebook.name, "--output_path", "kale"]
                theirs.values.append(must_pass(cost_of(command, folder)).cpu)
    return ours, theirs


if __name__ == "__main__":
    main()
