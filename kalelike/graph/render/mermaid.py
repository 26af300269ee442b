"""The graph as a Mermaid flowchart, as Markdown pages and Jupyter show them."""

from __future__ import annotations

from kalelike.graph.model import PipelineGraph, StepRole
from kalelike.graph.render.flows import Flow, list_flows

_MOST_NAMES = 4


def render_mermaid(graph: PipelineGraph) -> str:
    """Return a top-down flowchart: a box for a step, a labelled arrow for what flows."""
    ids = {step.name: f"s{number}" for number, step in enumerate(graph.steps)}
    lines = ["flowchart TD"]
    for step in graph.steps:
        opening, closing = ("[", "]") if step.role is StepRole.STEP else ("([", "])")
        lines.append(f'    {ids[step.name]}{opening}"{escape_label(step.name)}"{closing}')
    for flow in list_flows(graph):
        lines.append(f"    {ids[flow.producer]} {_arrow(flow)} {ids[flow.consumer]}")
    return "\n".join(lines) + "\n"


def _arrow(flow: Flow) -> str:
    if not flow.names:
        return "-.->"
    labels = flow.labels
    text = ", ".join(labels[:_MOST_NAMES])
    if len(labels) > _MOST_NAMES:
        text += f" +{len(labels) - _MOST_NAMES}"
    return f'-->|"{escape_label(text)}"|'


def escape_label(text: str) -> str:
    """Escape a quoted Mermaid label: everything but letters, digits and harmless signs.

    Mermaid takes ``#NUMBER;`` for a character; quotes, brackets, pipes,
    backticks (Markdown labels) and ``<`` (HTML) would otherwise be read.
    """
    return "".join(
        char if char.isalnum() or char in " _-.,:+/()=" else f"#{ord(char)};" for char in text
    )
