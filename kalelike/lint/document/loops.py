"""Loops over parameters, and importers: inputs that the driver finds in its own way."""

from __future__ import annotations

import json

from kalelike.lint.document.findings import Path, Report, suggest
from kalelike.lint.document.model import Call, Component, Pipeline, part
from kalelike.lint.document.types import kind_of, takes, type_of

_ITERABLE = frozenset({"LIST", "STRING", ""})


def check_loops(pipeline: Pipeline, report: Report) -> None:
    """Check where the items of every loop come from, and where an item goes."""
    for call in pipeline.calls:
        if call.component is not None and call.is_loop:
            _check_items(call, call.component, report)
            _check_item_input(call, call.component, report)


def check_importers(pipeline: Pipeline, report: Report) -> None:
    """Check where every importer takes its URI from (``ImportSpecToMLMDArtifact``)."""
    for call in pipeline.calls:
        if call.component is None or call.component.kind != "importer":
            continue
        component = call.component
        path = (*component.executor_path, "importer", "artifactUri")
        source = part(component.executor, "importer", "artifactUri")
        name = source.get("runtimeParameter")
        if name:
            _check_runtime_uri(call, name, (*path, "runtimeParameter"), report)
        elif not isinstance(source.get("constant"), str) or not source["constant"]:
            report.add(
                "missing-input",
                path,
                f"the importer of task {call.name} has no URI",
                "give `constant: …` or `runtimeParameter: …`",
            )


def _check_runtime_uri(call: Call, name: str, place: Path, report: Report) -> None:
    if name not in call.parameters:
        report.add(
            "missing-input",
            place,
            f"the importer of task {call.name} takes its URI from `{name}`, which the task does"
            " not pass",
            suggest(name, call.parameters),
        )
    elif "componentInputParameter" not in call.parameters[name]:
        report.add(
            "not-supported",
            (*call.path, "inputs", "parameters", name),
            f"the importer of task {call.name} gets its URI from something other than an input of"
            " the surrounding component, and KFP looks nowhere else: the step fails",
            "hand the value to a DAG component first, or give the URI as a constant",
        )


def _check_items(call: Call, component: Component, report: Report) -> None:
    items = part(call.task, "parameterIterator", "items")
    place = (*call.path, "parameterIterator", "items")
    source = items.get("inputParameter")
    if source is not None:
        declaration = component.parameters.get(source, {})
        if source not in call.parameters and not declaration.get("isOptional"):
            report.add(
                "bad-loop",
                (*place, "inputParameter"),
                f"the loop {call.name} runs over `{source}`, which the task does not pass",
                suggest(source, call.parameters),
            )
        elif type_of(declaration) not in _ITERABLE:
            report.add(
                "bad-loop",
                (*place, "inputParameter"),
                f"the loop {call.name} runs over `{source}`, which is {type_of(declaration)} and"
                " no list",
                "declare it as LIST",
            )
    elif "raw" in items:
        _check_raw(call, component, items["raw"], (*place, "raw"), report)
    else:
        report.add(
            "bad-loop",
            place,
            f"the loop {call.name} has no items",
            "give `inputParameter` or `raw`",
        )


def _check_raw(call: Call, component: Component, raw: str, place: Path, report: Report) -> None:
    try:
        items = json.loads(raw)
    except ValueError:
        items = None
    if not isinstance(items, list):
        report.add(
            "bad-loop",
            place,
            f"the items of the loop {call.name} are no JSON list",
            'write them as JSON text: `raw: "[1, 2, 3]"`',
        )
        return
    wanted = type_of(component.parameters.get(call.item, {}))
    for item in items:
        if wanted and not takes(wanted, item):
            report.add(
                "bad-loop",
                place,
                f"an item of the loop {call.name} is {kind_of(item)}, and `{call.item}` is"
                f" {wanted}; that turn fails",
                f"declare `{call.item}` with a type that all items have",
            )
            return


def _check_item_input(call: Call, component: Component, report: Report) -> None:
    name = call.item
    place = (*call.path, "parameterIterator")
    if not name:
        report.add(
            "bad-loop",
            place,
            f"the loop {call.name} does not say where an item goes",
            "add `itemInput`",
        )
        return
    inner = {
        str(spec.get("componentInputParameter", ""))
        for task in component.tasks.values()
        for spec in part(task, "inputs", "parameters").values()
    }
    if name not in component.parameters and name not in inner:
        report.add(
            "bad-loop",
            (*place, "itemInput"),
            f"the items of the loop {call.name} go to `{name}`, which component {component.name}"
            " does not have",
            suggest(name, component.parameters),
        )
