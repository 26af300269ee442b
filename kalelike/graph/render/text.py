"""The graph as lines of text."""

from __future__ import annotations

import textwrap

from kalelike.graph.model import PipelineGraph, Step, StepRole
from kalelike.graph.render.flows import Flow, cells_label, list_flows, step_levels

WIDTH = 100


def render_text(graph: PipelineGraph) -> str:
    """Return the steps in notebook order, each with what it takes, gives and reports."""
    flows = list_flows(graph)
    count = len(graph.steps)
    lines = [
        f"{graph.options.name}: {count} step{'' if count == 1 else 's'} from {graph.notebook.name}"
    ]
    lines += _parameter_lines(graph)
    for step in graph.steps:
        lines += ["", *_step_lines(step, flows)]
    together = [level for level in step_levels(graph) if len(level) > 1]
    if together:
        lines += ["", "can run at the same time:"]
        lines += [f"  {' | '.join(level)}" for level in together]
    return "\n".join(lines) + "\n"


def _parameter_lines(graph: PipelineGraph) -> list[str]:
    if not graph.parameters:
        return []
    readers: dict[str, list[str]] = {}
    for step in graph.steps:
        for name in step.parameters:
            readers.setdefault(name, []).append(step.name)
    lines = ["", "parameters"]
    for item in graph.parameters:
        used = ", ".join(readers.get(item.name, ())) or "(no step reads it)"
        lines.append(f"  {item.name} = {_short(repr(item.default))} → {used}")
    return lines


def _step_lines(step: Step, flows: tuple[Flow, ...]) -> list[str]:
    role = "" if step.role is StepRole.STEP else f" ({step.role.value})"
    head = f"● {step.name}{role}"
    cells = cells_label(step)
    lines = [f"{head}  {cells}" if cells else head]
    for flow in flows:
        if flow.consumer == step.name:
            what = f": {', '.join(flow.labels)}" if flow.names else " (order only)"
            lines += _wrapped("  ← ", f"{flow.producer}{what}")
    for flow in flows:
        if flow.producer == step.name:
            what = f": {', '.join(flow.labels)}" if flow.names else " (order only)"
            lines += _wrapped("  → ", f"{flow.consumer}{what}")
    if step.parameters:
        lines += _wrapped("  parameters ", ", ".join(step.parameters))
    if step.metrics:
        lines += _wrapped("  metrics ", ", ".join(item.name for item in step.metrics))
    if step.data_files:
        lines += _wrapped("  data files ", ", ".join(step.data_files))
    return lines


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
