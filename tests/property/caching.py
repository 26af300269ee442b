"""Runs a program, edits it and runs it again with the results of the first run at hand."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from kalelike.graph.model import PipelineGraph, Step
from tests.property.editing import Edit
from tests.property.executor import Cache, Cells, Outcome, Verdict, check, fast_folder


@dataclass(frozen=True, slots=True)
class EditOutcome:
    """What came of the edited program; ``needless`` are the steps that ran without a cause."""

    outcome: Outcome
    kept: frozenset[str] = frozenset()
    needless: frozenset[str] = frozenset()


def check_edit(cells: Cells, edit: Edit) -> EditOutcome:
    """Run both programs, the second one with a warm cache.

    The second one's values, also those that come out of the cache, must be those
    of its own notebook. A step may only run again if its code or its declared
    inputs and outputs are not what they were, or those of a step above it.
    """
    with fast_folder() as folder:
        cache = Cache(folder)
        first = check(cells, cache=cache)
        if first.verdict is not Verdict.EQUAL:
            return EditOutcome(first)
        second = check(edit.cells, cache=cache)
        if second.verdict is not Verdict.EQUAL:
            return EditOutcome(second)
        assert first.graph is not None
        assert second.graph is not None
        kept = frozenset(cache.kept)
        affected = affected_steps(first.graph, second.graph)
        ran = {str(step.name) for step in second.graph.steps} - kept
        return EditOutcome(second, kept, frozenset(ran - affected))


def affected_steps(before: PipelineGraph, after: PipelineGraph) -> frozenset[str]:
    """Return the steps whose code or ports differ from before, and all that come after them."""
    old = {step.name: _signature(before, step) for step in before.steps}
    found: set[str] = set()
    for step in after.steps:
        changed = old.get(step.name) != _signature(after, step)
        if changed or not found.isdisjoint(item.producer for item in step.inputs):
            found.add(step.name)
    return frozenset(found)


def _signature(graph: PipelineGraph, step: Step) -> object:
    """A step's code without layout, and what it is declared to take and give."""
    code = [_plain(item.source) for item in step.preamble]
    code += [_plain(item.source) for item in step.cells]
    defaults = {item.name: repr(item.default) for item in graph.parameters}
    return (
        code,
        [(item.name, item.expression) for item in step.metrics],
        [(item.producer, item.names) for item in step.inputs],
        [(item.key, item.names, item.changed_later) for item in step.outputs],
        [(name, defaults[name]) for name in step.parameters],
        step.definitions,
        step.foreseen,
    )


def _plain(source: str) -> str:
    return ast.dump(ast.parse(source))
