"""The step code document: everything that the entry point needs to run one step."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from kalelike.graph.model import Fragment, PipelineGraph, Step
from kalelike.notebook.model import Cell, StepName
from kalelike.runtime.parameters import shape_of

FORMAT = 1
# What changes how a step is run and shown, and never what it gives.
_HARMLESS = ("retry", "attempt_seconds", "report")


@dataclass(frozen=True, slots=True)
class StepCodeDocument:
    """A step's code as JSON text, named by the step and a semantic hash.

    ``sha`` is 16 hexadecimal digits over all that can change what the step
    gives; comments, layout and statements that only show something are not
    part of it.
    """

    step: StepName
    sha: str
    text: str


def step_codes(graph: PipelineGraph) -> tuple[StepCodeDocument, ...]:
    """Return the code documents of all steps, in the graph's order."""
    return tuple(_step_code(graph, step) for step in graph.steps)


def _step_code(graph: PipelineGraph, step: Step) -> StepCodeDocument:
    by_name = {item.name: item for item in graph.parameters}
    body: dict[str, object] = {
        "inputs": [{"key": item.key, "names": list(item.names)} for item in step.inputs],
        "outputs": [
            {
                "key": item.key,
                "names": list(item.names),
                "type": item.type.value,
                "changed_later": list(item.changed_later),
            }
            for item in step.outputs
        ],
        "parameters": [
            {
                "name": name,
                "key": by_name[name].key,
                "type": by_name[name].kfp_type,
                "shape": shape_of(by_name[name].default),
                "optional": by_name[name].optional,
            }
            for name in step.parameters
        ],
        "retry": asdict(step.options.retry) if step.options.retry is not None else None,
        "attempt_seconds": step.options.timeout_seconds,
        "report": step.options.report is not False,
        "data_files": list(step.data_files),
        "definitions": list(step.definitions),
        "foreseen": list(step.foreseen),
    }
    if step.kernel is not None:
        body["kernel"] = step.kernel
    metrics = [
        {"name": item.name, "expression": item.expression, **_location(item.location)}
        for item in step.metrics
    ]
    options = {
        "env": step.options.env,
        "image": step.options.image,
        "kernel": step.options.kernel,
        "requirements": step.options.requirements,
    }
    semantic = {
        "format": FORMAT,
        "step": step.name,
        "code": list(step.key_sources),
        "metrics": [[item.name, item.expression] for item in step.metrics],
        "options": options,
        **{key: value for key, value in body.items() if key not in _HARMLESS},
    }
    sha = hashlib.sha256(_canonical(semantic).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    document = {
        "format": FORMAT,
        "step": step.name,
        "sha": sha,
        "notebook": graph.notebook.name,
        "preamble": [_fragment(item) for item in step.preamble],
        "cells": [_cell(item) for item in step.cells],
        "metrics": metrics,
        **body,
    }
    return StepCodeDocument(step.name, sha, _canonical(document))


def _location(place: object) -> dict[str, object]:
    return {
        "index": getattr(place, "index", None),
        "id": getattr(place, "cell_id", None),
        "number": getattr(place, "number", None),
        "line": getattr(place, "line", None),
    }


def _fragment(item: Fragment) -> dict[str, object]:
    return {
        "index": item.cell.index,
        "id": item.cell.id,
        "number": item.cell.number,
        "line": item.line,
        "source": item.source,
        "kind": item.kind,
    }


def _cell(item: Cell) -> dict[str, object]:
    return {
        "index": item.index,
        "id": item.id,
        "number": item.number,
        "source": item.source,
    }


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
