"""The static analysis in process: cells per second, growth, and one edited cell."""

from __future__ import annotations

import tempfile
from pathlib import Path

from measure import Series, cpu_of_call, make_parser, print_table
from notebooks import many_cells, write_notebook

from kalelike.compiler import analyse

SIZES = (250, 1000, 2500, 5000)


def main() -> None:
    """Analyse notebooks of growing size, then one of 250 cells again after an edit."""
    options = make_parser(__doc__, rounds=5, with_kale=False).parse_args()
    rates, edit = measure_analysis(options.rounds)
    print_table("Analysis in process, cells per CPU second", rates)
    print_table("One edited cell of 250, milliseconds CPU", [edit])


def measure_analysis(rounds: int) -> tuple[list[Series], Series]:
    """Return cells per second for each of ``SIZES``, and milliseconds after an edit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rates = [measure_size(folder, size, rounds) for size in SIZES]
        return rates, measure_edit(folder, rounds * 4)


def measure_size(folder: Path, size: int, rounds: int) -> Series:
    """Return cells per second, from file to graph, nothing remembered from the round before."""
    notebook = write_notebook(folder / f"cells{size}.ipynb", many_cells(size))
    budget = "3000 cells/s, linear to 5,000 cells"
    series = Series(f"{size} cells", budget, "cells/s")
    for _ in range(rounds):
        forget()
        series.values.append(size / cpu_of_call(lambda: analyse(notebook)))
    return series


def measure_edit(folder: Path, rounds: int) -> Series:
    """Return the time to analyse a notebook again of which one cell has changed."""
    cells = many_cells(250)
    notebook = write_notebook(folder / "edited.ipynb", cells)
    analyse(notebook)
    series = Series("one cell edited", "10 ms", "ms")
    for number in range(rounds):
        tags, source = cells[120]
        changed = [*cells[:120], (tags, f"{source}\nedit = {number}"), *cells[121:]]
        write_notebook(notebook, changed)
        series.values.append(1000 * cpu_of_call(lambda: analyse(notebook)))
    return series


def forget() -> None:
    """Empty every cache of the analysis, so that a round measures work and not memory."""
    import gc
    from functools import _lru_cache_wrapper

    for item in gc.get_objects():
        if isinstance(item, _lru_cache_wrapper) and str(getattr(item, "__module__", "")).startswith(
            "kalelike"
        ):
            item.cache_clear()


if __name__ == "__main__":
    main()
