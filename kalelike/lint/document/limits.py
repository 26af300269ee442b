"""The sizes that a cluster takes. None of them holds for a run on this machine."""

from __future__ import annotations

from collections.abc import Mapping

from kalelike.cluster_limits import (
    LARGEST_ARGUMENT,
    LARGEST_PARAMETERS,
    LARGEST_WORKFLOW,
    argument_bytes,
)
from kalelike.diagnostics import Severity
from kalelike.lint.document.decoding import Message
from kalelike.lint.document.findings import Path, Report
from kalelike.lint.document.model import ROOT, Pipeline
from kalelike.lint.document.workflow import measure_workflow

MANY_STEPS = 150


def check_limits(pipeline: Pipeline, settings: Mapping[str, Message], report: Report) -> None:
    """Check the Workflow's size, the parameters of a run, and every single argument.

    ``settings`` are the decoded platform settings by executor label.
    """
    check_workflow(pipeline, settings, report)
    _check_parameters(pipeline, report)
    for component in pipeline.reached:
        title = "the pipeline" if component is pipeline.root else f"component {component.name}"
        _check_argument(component.spec, f"the specification of {title}", component.path, report)
        if component.kind == "container":
            path = (*component.executor_path, "container")
            title = f"the container of executor {component.label}"
            _check_argument(component.container, title, path, report)
    for call in pipeline.calls:
        _check_argument(call.task, f"task {call.name}", call.path, report)


def check_workflow(pipeline: Pipeline, settings: Mapping[str, Message], report: Report) -> None:
    """Check the size of the Workflow object, and the number of steps that makes it grow."""
    size = measure_workflow(pipeline, settings)
    if size.finished > LARGEST_WORKFLOW:
        report.add(
            "pipeline-too-large",
            (),
            f"the Workflow of {size.steps} steps takes {size.created:,} bytes, and about"
            f" {size.finished:,} at its end; Argo takes {LARGEST_WORKFLOW:,}",
            "join steps, or split the pipeline; a run on this machine has no such limit",
        )
    elif size.steps >= MANY_STEPS:
        report.add(
            "too-many-steps",
            (),
            f"the Workflow of {size.steps} steps takes about {size.finished:,} bytes at its end;"
            f" Argo takes {LARGEST_WORKFLOW:,}, and a retry or a long message adds to it",
            "join steps, or split the pipeline",
        )


def _check_parameters(pipeline: Pipeline, report: Report) -> None:
    defaults = {
        name: declaration["defaultValue"]
        for name, declaration in pipeline.root.parameters.items()
        if "defaultValue" in declaration
    }
    size = argument_bytes(defaults)
    if size > LARGEST_PARAMETERS:
        largest = max(defaults, key=lambda name: argument_bytes(defaults[name]))
        report.add(
            "parameters-too-large",
            (ROOT, "inputDefinitions", "parameters", largest),
            f"the defaults of the parameters take {size:,} bytes, `{largest}` the most of them;"
            f" KFP takes {LARGEST_PARAMETERS:,} from a run that states them",
            "read large values from a file",
            Severity.WARNING,
        )


def _check_argument(value: object, title: str, path: Path, report: Report) -> None:
    size = argument_bytes(value)
    if size > LARGEST_ARGUMENT:
        report.add(
            "argument-too-large",
            path,
            f"{title} takes {size:,} bytes as an argument of KFP's driver, and Linux takes"
            f" {LARGEST_ARGUMENT:,}",
            "keep code and data out of the document, join steps, or split the pipeline",
        )
