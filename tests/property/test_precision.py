"""What generated programs' steps read when they run, against what the compiler declared."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from kalelike.errors import CompileError
from kalelike.graph.build import build_graph
from kalelike.graph.model import PipelineGraph
from tests.dataflow.tagged import tagged_notebook
from tests.property.children import in_child
from tests.property.executor import fast_folder, quieten
from tests.property.generator.programs import Program, programs
from tests.property.run import as_row
from tests.property.trace import Score, StepTrace, combined, score, trace_graph

_SHARE = 0.5
# Branches that are not taken are common in generated programs, and one run is one path.
_LEAST_PRECISION = 0.85


@pytest.fixture(scope="module")
def scores() -> Iterator[list[Score]]:
    found: list[Score] = []
    yield found
    total = combined(found)
    print(f"\nprecision {total.precision:.3f} of {total.declared}, recall {total.recall:.3f}")


@settings(max_examples=max(1, int(settings.default.max_examples * _SHARE)))
@given(program=programs())
def test_a_step_is_given_all_that_it_reads(program: Program, scores: list[Score]) -> None:
    try:
        graph = build_graph(tagged_notebook(program.cells))
    except CompileError:
        return
    found = score(graph, traced(graph))
    scores.append(found)
    if found.missing:
        row = as_row(program.cells)
        pytest.fail(f"not given: {', '.join(found.missing)}\n{row}", pytrace=False)


def test_few_inputs_are_never_read(scores: list[Score]) -> None:
    if not scores:
        pytest.skip("no programs were generated")
    assert combined(scores).precision >= _LEAST_PRECISION


def traced(graph: PipelineGraph) -> dict[str, StepTrace]:
    """Trace the graph's notebook in a child, in an empty folder."""
    with fast_folder() as folder:

        def run() -> dict[str, StepTrace]:
            os.chdir(folder)
            quieten()
            return trace_graph(graph)

        return in_child(run, seconds=30)
