"""The sizes that a cluster takes, computed for a document before it is submitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kalelike.cluster_limits import LARGEST_ARGUMENT, LARGEST_PARAMETERS, argument_bytes
from kalelike.diagnostics import Diagnostic, Location, Severity, diagnose
from kalelike.emit.document import Json, PipelineDocument
from kalelike.emit.texts import carried_default
from kalelike.graph.model import PipelineGraph

# An entry of the executor input (URI, name, type, metadata), generously.
_ARTIFACT_BYTES = 400


def check_limits(graph: PipelineGraph, document: PipelineDocument) -> tuple[Diagnostic, ...]:
    """Return what a cluster would refuse for its size; no limit holds for a local run.

    The defaults of parameters are a warning: a run need not send them, but
    KFP's pages do.
    """
    return (*_parameters(graph), *_arguments(graph, document))


def _parameters(graph: PipelineGraph) -> Iterator[Diagnostic]:
    size = argument_bytes({item.key: carried_default(item) for item in graph.parameters})
    if size > LARGEST_PARAMETERS:
        largest = max(graph.parameters, key=lambda item: argument_bytes(carried_default(item)))
        yield diagnose(
            "parameters-too-large",
            f"the parameters' values take {size:,} bytes, and Kubeflow takes"
            f" {LARGEST_PARAMETERS:,} a run; the largest is {largest.name} with"
            f" {argument_bytes(carried_default(largest)):,}",
            largest.location,
            "read large values from a file, or make them an ordinary variable of a step",
            Severity.WARNING,
        )


def _arguments(graph: PipelineGraph, document: PipelineDocument) -> Iterator[Diagnostic]:
    """KFP hands each part of the document to its drivers as one argument."""
    root = _part(document.ir, "root")
    yield from _too_large(
        argument_bytes(root),
        f"the pipeline's graph of {len(graph.steps)} steps",
        graph.notebook.location,
        "join steps, or pass fewer separate values between them",
    )
    tasks = _part(root, "dag", "tasks")
    components = _part(document.ir, "components")
    executors = _part(document.ir, "deploymentSpec", "executors")
    defaults = {item.name: argument_bytes(carried_default(item)) for item in graph.parameters}
    # Before the steps stand the tasks that set them up, where there are any.
    own = list(tasks.values())[-len(graph.steps) :]
    for step, task in zip(graph.steps, own, strict=True):
        component = components[str(_part(task, "componentRef")["name"])]
        executor = executors[str(_part(component, "")["executorLabel"])]
        values = sum(defaults[name] for name in step.parameters)
        ports = len(step.inputs) + len(step.outputs) + 3
        for size, what in (
            (argument_bytes(component), "interface"),
            (argument_bytes(executor), "container, code included,"),
            (values + ports * _ARTIFACT_BYTES, "input, parameters included,"),
        ):
            yield from _too_large(
                size,
                f"the {what} of step {step.name}",
                step.location,
                "split the step, or pass large values as files or variables",
            )


def _too_large(size: int, what: str, place: Location, hint: str) -> Iterator[Diagnostic]:
    if size > LARGEST_ARGUMENT:
        yield diagnose(
            "argument-too-large",
            f"{what} takes {size:,} bytes as an argument of Kubeflow's driver,"
            f" and Linux takes {LARGEST_ARGUMENT:,}",
            place,
            hint,
        )


def _part(value: object, *keys: str) -> Json:
    for key in keys:
        if key and isinstance(value, Mapping):
            value = value[key]
    assert isinstance(value, dict)
    return value
