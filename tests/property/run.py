"""Checks many programs and counts what came of them; prints every failure, reduced.

A script: ``python -m tests.property.run --programs 10000 --seed 0``.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from tests.property.caching import check_edit
from tests.property.editing import edit_program
from tests.property.executor import Outcome, Verdict, check, warm_up
from tests.property.generator.drawing import SeededDraw
from tests.property.generator.programs import Cells, from_seed


def main() -> None:
    """Check programs of consecutive seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=16, help="statements in a program")
    parser.add_argument("--failures", type=int, default=10, help="stop after so many")
    parser.add_argument("--refused", action="store_true", help="tell refusals too")
    parser.add_argument("--edits", action="store_true", help="also edit a cell and run again")
    parser.add_argument("--reduce", action="store_true", help="reduce failures")
    options = parser.parse_args()
    warm_up()
    counts: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    failures = 0
    start = time.process_time()
    for seed in range(options.seed, options.seed + options.programs):
        program = from_seed(seed, most=options.most)
        outcome = check(program.cells, random.Random(seed), shared=seed % 3 == 0)
        if options.edits and outcome.verdict is Verdict.EQUAL:
            failures += not _edited(seed, program.cells, counts)
        counts[outcome.verdict.value] += 1
        if outcome.verdict in (Verdict.REFUSED, Verdict.STOPPED):
            codes.update(outcome.codes)
        refused = outcome.verdict in (Verdict.REFUSED, Verdict.STOPPED) and options.refused
        if outcome.failed or refused or outcome.verdict is Verdict.INVALID:
            failures += 1
            tell(seed, program.cells, outcome, options.reduce)
            if failures >= options.failures:
                break
    seconds = time.process_time() - start
    print(dict(counts), dict(codes), f"{seconds:.1f} s")
    sys.exit(bool(failures))


def _edited(seed: int, cells: Cells, counts: Counter[str]) -> bool:
    """Edit a program; tells whether the cache gave what a fresh notebook gives, and no less."""
    edit = edit_program(SeededDraw(seed), cells)
    found = check_edit(cells, edit)
    outcome = found.outcome
    counts[f"edited: {outcome.verdict.value}"] += 1
    counts["steps kept"] += len(found.kept)
    counts["steps run again"] += len(outcome.runs) - len(found.kept)
    needless = found.needless or (edit.layout and len(found.kept) < len(outcome.runs))
    if not outcome.failed and not needless:
        return True
    print(f"--- seed {seed}, {edit.kind} in cell {edit.cell}: {sorted(found.needless)} needless")
    print(as_row(cells))
    tell(seed, edit.cells, outcome, reduced=False)
    return False


def tell(seed: int, cells: list[tuple[str, str]], outcome: Outcome, reduced: bool) -> None:
    """Print a failing program as a row of a table."""
    if reduced:
        from tests.property.reducing import reduce_program

        cells, outcome = reduce_program(cells, outcome)
    print(f"--- seed {seed}: {outcome.verdict.value} {' '.join(outcome.codes)}")
    print(as_row(cells))
    for detail in outcome.details:
        print("   ", detail[-1500:])
    sys.stdout.flush()


def as_row(cells: list[tuple[str, str]]) -> str:
    """Write cells as a table of tests has them."""
    inner = ",\n     ".join(f"({tag!r}, {source!r})" for tag, source in cells)
    return f"    [{inner}]"


if __name__ == "__main__":
    main()
