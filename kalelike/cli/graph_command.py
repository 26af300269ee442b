"""``kalelike graph``: the steps, what flows between them, and why."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from kalelike.cli.exits import Exit
from kalelike.cli.outputs import check_output, write_output
from kalelike.cli.report import print_diagnostics
from kalelike.compiler import analyse
from kalelike.graph.model import PipelineGraph


def run_command(options: argparse.Namespace) -> int:
    """Analyse a notebook and show it; raises ``KalelikeError`` for bad input."""
    output = Path(options.output) if options.output else None
    if output is not None:
        check_output(output, options.notebook)
    if options.json:
        options.format = "json"
    graph = analyse(options.notebook, auto=options.auto)
    if options.explain is not None:
        text = _explanation(graph, options.explain, options.format == "json")
    else:
        text = _picture(graph, options.format)
    if not options.json:
        print_diagnostics(graph.diagnostics, options.notebook)
    if output is None:
        sys.stdout.write(text)
    else:
        write_output(output, text)
    return Exit.OK


def _picture(graph: PipelineGraph, form: str) -> str:
    if form == "svg":
        from kalelike.graph.render.svg import render_svg

        return render_svg(graph)
    if form == "mermaid":
        from kalelike.graph.render.mermaid import render_mermaid

        return render_mermaid(graph)
    if form == "json":
        from kalelike.graph.render.data import graph_data

        return json.dumps(graph_data(graph), indent=2) + "\n"
    from kalelike.graph.render.text import render_text

    return render_text(graph)


def _explanation(graph: PipelineGraph, target: str, as_json: bool) -> str:
    from kalelike.graph.render.explain import explain, explanation_data, explanation_text

    answer = explain(graph, target)
    if as_json:
        return json.dumps(explanation_data(graph, answer), indent=2) + "\n"
    return explanation_text(graph, answer)
