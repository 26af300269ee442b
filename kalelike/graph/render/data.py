"""The graph as JSON-ready data, for programs."""

from __future__ import annotations

from kalelike.diagnostics import Location
from kalelike.graph.model import Edge, Parameter, PipelineGraph, Step
from kalelike.graph.render.flows import step_levels

FORMAT = 1


def graph_data(graph: PipelineGraph) -> dict[str, object]:
    """Return the whole graph as dictionaries and lists.

    ``format`` grows when a reader of the earlier form would break.
    """
    return {
        "format": FORMAT,
        "name": graph.options.name,
        "notebook": graph.notebook.name,
        "parameters": [_parameter(item) for item in graph.parameters],
        "steps": [_step(step) for step in graph.steps],
        "edges": [_edge(edge) for edge in graph.edges],
        "levels": [list(level) for level in step_levels(graph)],
        "diagnostics": [item.as_dict() for item in graph.diagnostics],
    }


def _parameter(item: Parameter) -> dict[str, object]:
    return {
        "name": item.name,
        "key": item.key,
        "type": item.kfp_type,
        "default": repr(item.default),
        "optional": item.optional,
        "at": place_data(item.location),
    }


def _step(step: Step) -> dict[str, object]:
    return {
        "name": step.name,
        "role": step.role.value,
        "cells": [
            {"index": cell.index, "id": cell.id, "number": cell.number} for cell in step.cells
        ],
        "inputs": [
            {
                "key": item.key,
                "from": item.producer,
                "output": item.output,
                "names": list(item.names),
            }
            for item in step.inputs
        ],
        "outputs": [
            {"key": item.key, "type": item.type.value, "names": list(item.names)}
            for item in step.outputs
        ],
        "after": list(step.after),
        "parameters": list(step.parameters),
        "metrics": [{"name": item.name, "expression": item.expression} for item in step.metrics],
        "data_files": list(step.data_files),
        "at": place_data(step.location),
    }


def _edge(edge: Edge) -> dict[str, object]:
    return {
        "producer": edge.producer,
        "consumer": edge.consumer,
        "name": edge.name,
        "kind": edge.kind,
        "reasons": [{"at": place_data(item.location), "text": item.text} for item in edge.reasons],
    }


def place_data(place: Location) -> dict[str, object]:
    """Return a location as JSON-ready data."""
    return {
        "source": place.source,
        "index": place.index,
        "id": place.cell_id,
        "number": place.number,
        "line": place.line,
        "column": place.column,
    }
