"""Generated programs: their pipelines give what they give, in any order of the steps."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.property.executor import Outcome, Verdict, check
from tests.property.generator.programs import Program, programs
from tests.property.reducing import reduce_program
from tests.property.run import as_row

# A refusal is no wrong answer, but a compiler that refused everything would pass.
_MOST_REFUSED = 0.03


@pytest.fixture(scope="module")
def counts() -> Iterator[Counter[Verdict]]:
    found: Counter[Verdict] = Counter()
    yield found
    told = ", ".join(f"{n} {verdict.value}" for verdict, n in found.most_common())
    print(f"\nprograms: {told}")


@given(program=programs(), order=st.integers(0, 2**32), shared=st.booleans())
def test_pipeline_equals_program(
    program: Program, order: int, shared: bool, counts: Counter[Verdict]
) -> None:
    """Every value, printed text and metric is the program's, in any order that edges allow."""
    outcome = check(program.cells, random.Random(order), shared=shared)
    counts[outcome.verdict] += 1
    if outcome.failed or outcome.verdict is Verdict.INVALID:
        pytest.fail(explained(program, outcome, shared=shared), pytrace=False)


def test_few_programs_are_refused(counts: Counter[Verdict]) -> None:
    total = sum(counts.values())
    if not total:
        pytest.skip("no programs were generated")
    refused = counts[Verdict.REFUSED] + counts[Verdict.STOPPED]
    assert refused <= max(2, total * _MOST_REFUSED)


def explained(program: Program, outcome: Outcome, *, shared: bool) -> str:
    """Say what failed, the program reduced and written as a row for ``test_found.py``."""
    cells, smallest = reduce_program(program.cells, outcome, shared=shared)
    details = "\n".join(smallest.details)
    return f"{smallest.verdict.value}: {details}\n\nas a row:\n{as_row(cells)}"
