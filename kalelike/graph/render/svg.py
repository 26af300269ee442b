"""The graph as an SVG picture, for light and dark pages."""

from __future__ import annotations

import re
import unicodedata

from kalelike.graph.model import PipelineGraph, Step, StepRole
from kalelike.graph.render.flows import Flow, cells_label, list_flows
from kalelike.graph.render.layout import Layout, Link, Point, Route, Size, lay_out

MARGIN = 24.0
_LINE = 16.0
_MOST_LABELS = 150
"""Beyond this many lines, names stand in tooltips only."""

_STYLE = """
  .kl { font: 12px ui-sans-serif, system-ui, "Segoe UI", Roboto, sans-serif; }
  .kl .page { fill: #ffffff; } .kl text { fill: #1f2430; } .kl .dim { fill: #667085; }
  .kl .step { fill: #f5f7ff; stroke: #4f63d7; stroke-width: 1.4; }
  .kl .other { fill: #f4f4f5; stroke: #8b8f98; stroke-width: 1.2; }
  .kl .name { font-weight: 600; font-size: 14px; }
  .kl .flow { fill: none; stroke: #8a93ad; stroke-width: 1.5; }
  .kl .order { stroke-dasharray: 5 4; } .kl .tip { fill: #8a93ad; }
  .kl .pill { fill: #ffffff; stroke: #d5d9e6; }
  .kl .what { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 11px; }
  @media (prefers-color-scheme: dark) {
    .kl .page { fill: #16181d; } .kl text { fill: #e6e8ee; } .kl .dim { fill: #9aa3b5; }
    .kl .step { fill: #212744; stroke: #8796ff; } .kl .other { fill: #26282e; stroke: #7b808b; }
    .kl .flow { stroke: #7c86a3; } .kl .tip { fill: #7c86a3; }
    .kl .pill { fill: #1d2027; stroke: #3a4050; }
  }
"""

# XML 1.0 allows no control characters, and no lone surrogates.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def render_svg(graph: PipelineGraph) -> str:
    """Return a self-contained SVG document: no script, no font, no link."""
    flows = list_flows(graph)
    boxes: dict[str, list[str]] = {step.name: _box_lines(step) for step in graph.steps}
    sizes = {name: _box_size(lines) for name, lines in boxes.items()}
    with_labels = len(flows) <= _MOST_LABELS
    links = [
        Link(flow.producer, flow.consumer, _label_size(flow) if with_labels else None)
        for flow in flows
    ]
    layout = lay_out(sizes, links)
    parts = [_opening(graph, layout)]
    parts += [_line(route, flow) for route, flow in zip(layout.routes, flows, strict=True)]
    parts += [_pill(route, flow) for route, flow in zip(layout.routes, flows, strict=True)]
    for step in graph.steps:
        parts.append(_box(step, boxes[step.name], layout.centres[step.name], sizes[step.name]))
    parts.append("</g>\n</svg>\n")
    return "\n".join(part for part in parts if part)


def xml_text(text: str) -> str:
    """Escape text for XML content and attributes; characters that XML forbids become U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", text).translate(_ENTITIES)


def text_width(text: str, per_char: float) -> float:
    """Estimate the width of text in pixels; East Asian wide characters count twice."""
    units = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
    return units * per_char


def _opening(graph: PipelineGraph, layout: Layout) -> str:
    width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
    title = xml_text(f"{graph.options.name}: {len(graph.steps)} steps of {graph.notebook.name}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kl" role="img" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n"
        '<defs><marker id="kl-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path class="tip" d="M0 0 L8 4 L0 8 Z"/></marker></defs>\n'
        f'<rect class="page" width="{width:.0f}" height="{height:.0f}" rx="10"/>\n'
        f'<g transform="translate({MARGIN:.0f} {MARGIN:.0f})">'
    )


def _box_lines(step: Step) -> list[str]:
    lines = [step.name, cells_label(step)]
    if step.parameters:
        lines.append(f"parameters: {_some(step.parameters)}")
    if step.metrics:
        lines.append(f"metrics: {_some([item.name for item in step.metrics])}")
    return [line for line in lines if line]


def _some(names: tuple[str, ...] | list[str], most: int = 3) -> str:
    more = f" +{len(names) - most}" if len(names) > most else ""
    return ", ".join(_cut(name) for name in names[:most]) + more


def _cut(text: str, most: int = 34) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _box_size(lines: list[str]) -> Size:
    widths = [text_width(_cut(lines[0]), 8.6), *(text_width(line, 6.6) for line in lines[1:])]
    return max(96.0, max(widths) + 28), 14 + 20 + _LINE * (len(lines) - 1)


def _label_lines(flow: Flow) -> list[str]:
    labels = [_cut(label, 26) for label in flow.labels]
    if len(labels) > 4:
        labels = [*labels[:3], f"+{len(labels) - 3} more"]
    return labels


def _label_size(flow: Flow) -> Size | None:
    lines = _label_lines(flow)
    if not lines:
        return None
    return max(text_width(line, 6.9) for line in lines) + 14, 14.0 * len(lines) + 6


def _line(route: Route, flow: Flow) -> str:
    kind = "flow" if flow.names else "flow order"
    what = ", ".join(flow.labels) if flow.names else "order only"
    title = xml_text(f"{flow.producer} → {flow.consumer}: {what}")
    return (
        f'<path class="{kind}" marker-end="url(#kl-tip)" d="{_curve(route.points)}">'
        f"<title>{title}</title></path>"
    )


def _curve(points: tuple[Point, ...]) -> str:
    (x, y), *rest = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for next_x, next_y in rest:
        middle = (y + next_y) / 2
        parts.append(f"C{x:.1f} {middle:.1f} {next_x:.1f} {middle:.1f} {next_x:.1f} {next_y:.1f}")
        x, y = next_x, next_y
    return " ".join(parts)


def _pill(route: Route, flow: Flow) -> str:
    size = route.link.label
    if route.label is None or size is None:
        return ""
    (x, y), (width, height) = route.label, size
    lines = _label_lines(flow)
    rows = "".join(
        f'<text class="what" x="{x:.1f}" y="{y - height / 2 + 14 + 14 * index:.1f}" '
        f'text-anchor="middle">{xml_text(line)}</text>'
        for index, line in enumerate(lines)
    )
    return (
        f'<g><rect class="pill" x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" '
        f'width="{width:.1f}" height="{height:.1f}" rx="8"/>{rows}</g>'
    )


def _box(step: Step, lines: list[str], centre: Point, size: Size) -> str:
    (x, y), (width, height) = centre, size
    kind = "step" if step.role is StepRole.STEP else "other"
    top = y - height / 2
    rows = [
        f'<text class="name" x="{x:.1f}" y="{top + 22:.1f}" text-anchor="middle">'
        f"{xml_text(_cut(lines[0]))}</text>"
    ]
    rows += [
        f'<text class="dim" x="{x:.1f}" y="{top + 22 + _LINE * number:.1f}" '
        f'text-anchor="middle">{xml_text(line)}</text>'
        for number, line in enumerate(lines[1:], 1)
    ]
    return (
        f'<g><title>{xml_text(step.name)}</title><rect class="{kind}" x="{x - width / 2:.1f}" '
        f'y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="9"/>{"".join(rows)}</g>'
    )
