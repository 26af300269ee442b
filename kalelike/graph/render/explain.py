"""Why a step waits for another: the cells and lines that make an edge."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import CompileError
from kalelike.graph.model import Edge, PipelineGraph, Reason, Step
from kalelike.graph.render.data import place_data
from kalelike.graph.render.flows import name_label


@dataclass(frozen=True, slots=True)
class Explanation:
    """The edges that answer a question about ``step`` (and one ``name`` of it, if asked)."""

    step: Step
    name: str | None
    arriving: tuple[Edge, ...]
    leaving: tuple[Edge, ...]


def explain(graph: PipelineGraph, target: str) -> Explanation:
    """Find the edges behind ``STEP`` or ``STEP.NAME``.

    A name may be spelt as in the picture (``file data.csv``) or as in the
    data (``@file:data.csv``). Raises ``CompileError`` (bad-argument) for a
    step or name that is not there, with what was probably meant.
    """
    step, name = _resolve_step(graph, target)
    arriving = [edge for edge in graph.edges if edge.consumer == step.name]
    leaving = [edge for edge in graph.edges if edge.producer == step.name]
    if name is None:
        return Explanation(step, None, tuple(arriving), tuple(leaving))
    wanted = {name, f"@file:{name}", f"@random:{name}", f"@settings:{name}"}
    arriving = [edge for edge in arriving if wanted & {edge.name, name_label(edge.name)}]
    leaving = [edge for edge in leaving if wanted & {edge.name, name_label(edge.name)}]
    if not arriving and not leaving:
        raise _unknown_name(graph, step, name)
    return Explanation(step, name, tuple(arriving), tuple(leaving))


def _resolve_step(graph: PipelineGraph, target: str) -> tuple[Step, str | None]:
    steps = {step.name: step for step in graph.steps}
    for name, step in steps.items():
        if target == name:
            return step, None
    # The longest step name wins, should names ever hold dots.
    for name in sorted(steps, key=len, reverse=True):
        if target.startswith(f"{name}."):
            return steps[name], target[len(name) + 1 :]
    wanted = target.split(".")[0]
    near = difflib.get_close_matches(wanted, list(steps), 1, 0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"the steps are: {', '.join(steps)}"
    place = graph.notebook.location
    message = f"there is no step `{wanted}`"
    raise CompileError([diagnose("bad-argument", message, place, hint)])


def _unknown_name(graph: PipelineGraph, step: Step, name: str) -> CompileError:
    known = sorted(
        {
            edge.name
            for edge in graph.edges
            if edge.name and step.name in (edge.consumer, edge.producer)
        }
    )
    near = difflib.get_close_matches(name, known, 1, 0.5)
    if near:
        hint = f"did you mean `{step.name}.{near[0]}`?"
    elif known:
        hint = f"what flows there: {', '.join(known)}"
    else:
        hint = "nothing flows to or from this step"
    message = f"`{name}` neither reaches nor leaves step `{step.name}`"
    return CompileError([diagnose("bad-argument", message, step.location, hint)])


def explanation_text(graph: PipelineGraph, answer: Explanation) -> str:
    """Return the explanation as lines: each edge, then its cells and lines with their source."""
    lines: list[str] = []
    for edge in (*answer.arriving, *answer.leaving):
        lines += ["", _headline(edge)] if lines else [_headline(edge)]
        for reason in edge.reasons:
            lines += _reason_lines(graph, reason)
    if not lines:
        lines = [f"{answer.step.name} waits for no step, and no step waits for it."]
    return "\n".join(lines) + "\n"


def _headline(edge: Edge) -> str:
    if edge.kind == "order" or not edge.name:
        return f"{edge.consumer} runs after {edge.producer}: the order is asked for"
    return f"{edge.consumer} waits for {edge.producer}: {name_label(edge.name)}"


def _reason_lines(graph: PipelineGraph, reason: Reason) -> list[str]:
    lines = [f"  {_place(reason.location)}: {reason.text}"]
    source = source_line(graph, reason.location)
    if source:
        lines.append(f"      {source}")
    return lines


def _place(place: Location) -> str:
    cell = f"cell [{place.number}]" if place.number is not None else place.source
    return f"{cell}, line {place.line}" if place.line is not None else cell


def source_line(graph: PipelineGraph, place: Location) -> str:
    """Return the line of the notebook at a place, stripped; empty when there is none."""
    if place.index is None or place.line is None:
        return ""
    for cell in graph.notebook.cells:
        if cell.index == place.index:
            lines = cell.source.splitlines()
            return lines[place.line - 1].strip() if 0 < place.line <= len(lines) else ""
    return ""


def explanation_data(graph: PipelineGraph, answer: Explanation) -> dict[str, object]:
    """Return the explanation as JSON-ready data."""
    return {
        "format": 1,
        "step": answer.step.name,
        "name": answer.name,
        "edges": [
            {
                "producer": edge.producer,
                "consumer": edge.consumer,
                "name": edge.name,
                "kind": edge.kind,
                "reasons": [
                    {
                        "at": place_data(item.location),
                        "text": item.text,
                        "source": source_line(graph, item.location),
                    }
                    for item in edge.reasons
                ],
            }
            for edge in (*answer.arriving, *answer.leaving)
        ],
    }
