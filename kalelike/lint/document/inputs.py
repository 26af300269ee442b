"""The inputs of tasks: what is passed, what is missing, and whether it fits.

None of this is looked at before a run: KFP's driver meets it when the step
starts. Rules from ``resolveInputs`` in ``backend/src/v2/driver/resolve.go``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from kalelike.diagnostics import Severity
from kalelike.lint.document.decoding import Message
from kalelike.lint.document.findings import Path, Report, suggest
from kalelike.lint.document.model import Call, Component, Pipeline, part
from kalelike.lint.document.placeholders import input_names
from kalelike.lint.document.types import (
    fits,
    has_output_artifact,
    has_output_parameter,
    kind_of,
    output_names,
    output_type,
    takes,
    type_of,
)

_CHANNEL = re.compile(r"\{\{\$\.inputs\.parameters\['pipelinechannel--[^']+'\]\}\}")
_PARAMETER_KINDS = (
    "taskOutputParameter",
    "runtimeValue",
    "componentInputParameter",
    "taskFinalStatus",
)


def check_inputs(pipeline: Pipeline, report: Report) -> None:
    """Check what every task passes against what its component declares."""
    passed = {
        dag.name: (pipeline.passed_parameters(dag), pipeline.passed_artifacts(dag))
        for dag in pipeline.reached
        if dag.kind == "dag"
    }
    for call in pipeline.calls:
        if call.component is None:
            continue
        _check_missing(call, call.component, report)
        _check_unknown(call, call.component, report)
        parameters, artifacts = passed[call.dag.name]
        for name, spec in call.parameters.items():
            place = (*call.path, "inputs", "parameters", name)
            _check_parameter(call, name, spec, place, parameters, pipeline, report)
        for name, spec in call.artifacts.items():
            place = (*call.path, "inputs", "artifacts", name)
            _check_artifact(call, spec, place, artifacts, pipeline, report)


def _check_missing(call: Call, component: Component, report: Report) -> None:
    if component.kind == "importer":
        # An importer resolves its one input by itself: see `loops.check_importers`.
        return
    place = (*call.path, "inputs")
    for name, declaration in component.parameters.items():
        if name in call.parameters or name == call.item or declaration.get("isOptional"):
            continue
        kind = type_of(declaration)
        if kind == "TASK_CONFIG":
            continue
        if "defaultValue" not in declaration:
            report.add(
                "missing-input",
                place,
                f"task {call.name} does not pass `{name}`, which component {component.name}"
                " requires; the step fails when it starts",
                f"pass `{name}`, or declare it with `isOptional: true`",
            )
        else:
            text = kind == "STRING"
            report.add(
                "missing-input",
                (*component.path, "inputDefinitions", "parameters", name),
                f"task {call.name} does not pass `{name}`, and a default counts only where"
                " `isOptional: true` stands beside it: "
                + ("the step gets an empty text" if text else "the step fails when it starts"),
                "add `isOptional: true` beside `defaultValue`",
                Severity.WARNING if text else None,
            )
    for name, declaration in component.artifacts.items():
        looped = part(call.task, "artifactIterator").get("itemInput")
        if name not in call.artifacts and name != looped and not declaration.get("isOptional"):
            report.add(
                "missing-input",
                place,
                f"task {call.name} does not pass artifact `{name}`, which component"
                f" {component.name} requires",
                f"pass `{name}`, or declare it with `isOptional: true`",
            )


def _check_unknown(call: Call, component: Component, report: Report) -> None:
    unknown = [name for name in call.parameters if name not in component.parameters]
    if unknown:
        used = _names_in_use(call, component)
        for name in unknown:
            if name not in used and not _is_channel(call.parameters[name]):
                report.add(
                    "unknown-input",
                    (*call.path, "inputs", "parameters", name),
                    f"task {call.name} passes `{name}`, which component {component.name} does not"
                    " have; the input that it is meant for goes without",
                    suggest(name, component.parameters),
                )
    for name in call.artifacts:
        if name not in component.artifacts and not (
            component.kind == "dag" and name in _inner_references(component, "artifacts")
        ):
            report.add(
                "unknown-input",
                (*call.path, "inputs", "artifacts", name),
                f"task {call.name} passes artifact `{name}`, which component {component.name}"
                " does not have",
                suggest(name, component.artifacts),
            )


def _names_in_use(call: Call, component: Component) -> set[str]:
    """Return inputs that need no declaration, since a placeholder or an inner task names them.

    KFP's SDK passes such inputs itself: ``f"…{task.output}"`` becomes a
    constant with a placeholder and an undeclared input beside it.
    """
    used = set(input_names(json.dumps([component.executor, call.task], default=str)))
    used.add(str(call.iterator.get("items", {}).get("inputParameter", "")))
    if component.kind == "dag":
        used |= _inner_references(component, "parameters")
    return used


def _is_channel(spec: Message) -> bool:
    """Tell whether the value is another input's, as KFP's SDK hands on what sets a resource."""
    value = spec.get("runtimeValue", {}).get("constant")
    return isinstance(value, str) and bool(_CHANNEL.fullmatch(value))


def _inner_references(component: Component, group: str) -> set[str]:
    key = "componentInputParameter" if group == "parameters" else "componentInputArtifact"
    return {
        str(spec[key])
        for task in component.tasks.values()
        for spec in task.get("inputs", {}).get(group, {}).values()
        if key in spec
    }


def _check_parameter(
    call: Call,
    name: str,
    spec: Message,
    place: Path,
    passed: frozenset[str],
    pipeline: Pipeline,
    report: Report,
) -> None:
    assert call.component is not None
    declaration = call.component.parameters.get(name)
    if declaration is not None and not type_of(declaration):
        report.add(
            "untyped-parameter",
            (*call.component.path, "inputDefinitions", "parameters", name),
            f"`{name}` has no `parameterType`; a step that is given a value fails when it starts",
            "add `parameterType` (STRING, NUMBER_INTEGER, …)",
        )
        declaration = None
    kind = next((kind for kind in _PARAMETER_KINDS if kind in spec), None)
    if kind is None:
        report.add(
            "missing-input",
            place,
            f"`{name}` is passed without a value",
            "give a constant, an output of another task, or an input of the surrounding component",
        )
    elif kind == "runtimeValue":
        _check_value(call, name, spec, (*place, kind), declaration, report)
    elif kind == "componentInputParameter":
        _check_outer(call, name, spec, place, passed, declaration, pipeline, report)
    elif kind == "taskOutputParameter":
        _check_output(call, name, spec, place, declaration, pipeline, report)
    elif not call.task.get("dependentTasks"):
        report.add(
            "unknown-task",
            (*place, kind),
            f"task {call.name} wants the final status of a task and depends on none",
            "name that task in `dependentTasks`",
        )


def _check_value(
    call: Call,
    name: str,
    spec: Message,
    place: Path,
    declaration: Message | None,
    report: Report,
) -> None:
    value = spec["runtimeValue"]
    if "constant" not in value:
        written = next(iter(value), "nothing")
        report.add(
            "not-supported",
            place,
            f"`{name}` is given as `{written}`, which KFP's driver does not know",
            "write `constant: …`",
        )
        return
    constant = value["constant"]
    if declaration is None or "parameterExpressionSelector" in spec:
        return
    wanted = type_of(declaration)
    if not takes(wanted, constant):
        report.add(
            "bad-constant",
            (*place, "constant"),
            f"`{name}` of task {call.name} is {kind_of(constant)}, and {wanted} is declared; the"
            " step fails when it starts",
            "leave the input out, and declare it with `isOptional: true`"
            if constant is None
            else f"give a value of type {wanted}",
        )
        return
    allowed = declaration.get("literals")
    if allowed and constant not in allowed:
        report.add(
            "bad-constant",
            (*place, "constant"),
            f"`{name}` of task {call.name} is {json.dumps(constant)}, which is not among the"
            f" declared values {json.dumps(allowed)}",
            "give one of these values",
        )


def _check_outer(
    call: Call,
    name: str,
    spec: Message,
    place: Path,
    passed: frozenset[str],
    declaration: Message | None,
    pipeline: Pipeline,
    report: Report,
) -> None:
    outer = spec["componentInputParameter"]
    place = (*place, "componentInputParameter")
    if outer not in passed:
        report.add(
            "unknown-component-input",
            place,
            f"task {call.name} takes `{outer}`, which is no input of {_title(call.dag)}; the"
            " step fails when it starts",
            suggest(outer, passed),
        )
        return
    source = call.dag.parameters.get(outer)
    if source is None or declaration is None or "parameterExpressionSelector" in spec:
        return
    if not fits(type_of(source), type_of(declaration)):
        report.add(
            "type-mismatch",
            place,
            f"`{outer}` is {type_of(source)}, and `{name}` of task {call.name} is"
            f" {type_of(declaration)}; the step fails when it starts",
            "declare both with the same type",
        )
    elif _may_be_unset(call.dag, outer, pipeline) and not declaration.get("isOptional"):
        report.add(
            "optional-reaches-required",
            place,
            f"`{outer}` may be left out, and `{name}` of task {call.name} requires a"
            " value: such a run fails at this step",
            f"give `{outer}` a default, or declare `{name}` with `isOptional: true`",
        )


def _may_be_unset(dag: Component, name: str, pipeline: Pipeline) -> bool:
    declaration = dag.parameters[name]
    if not declaration.get("isOptional") or "defaultValue" in declaration:
        return False
    callers = pipeline.callers.get(dag.name, ())
    return dag is pipeline.root or any(name not in call.parameters for call in callers)


def _check_output(
    call: Call,
    name: str,
    spec: Message,
    place: Path,
    declaration: Message | None,
    pipeline: Pipeline,
    report: Report,
) -> None:
    output = spec["taskOutputParameter"]
    producer = pipeline.by_dag[call.dag.name].get(output.get("producerTask", ""))
    if producer is None or producer.component is None:
        return
    key = output.get("outputParameterKey", "")
    place = (*place, "taskOutputParameter", "outputParameterKey")
    if not has_output_parameter(producer, key):
        _report_output(producer, key, "parameters", place, report)
    elif declaration is not None and "parameterExpressionSelector" not in spec:
        produced, wanted = output_type(producer, key), type_of(declaration)
        if not fits(produced, wanted):
            report.add(
                "type-mismatch",
                place,
                f"`{key}` of task {producer.name} is {produced}, and `{name}` of task"
                f" {call.name} is {wanted}; the step fails when it starts",
                "declare both with the same type",
            )


def _check_artifact(
    call: Call,
    spec: Message,
    place: Path,
    passed: frozenset[str],
    pipeline: Pipeline,
    report: Report,
) -> None:
    if "componentInputArtifact" in spec:
        outer = spec["componentInputArtifact"]
        if outer not in passed:
            report.add(
                "unknown-component-input",
                (*place, "componentInputArtifact"),
                f"task {call.name} takes artifact `{outer}`, which is no input of"
                f" {_title(call.dag)}; the step fails when it starts",
                suggest(outer, passed),
            )
    elif "taskOutputArtifact" in spec:
        output = spec["taskOutputArtifact"]
        producer = pipeline.by_dag[call.dag.name].get(output.get("producerTask", ""))
        key = output.get("outputArtifactKey", "")
        if producer is None or producer.component is None or has_output_artifact(producer, key):
            return
        where = (*place, "taskOutputArtifact", "outputArtifactKey")
        _report_output(producer, key, "artifacts", where, report)
    else:
        report.add(
            "missing-input",
            place,
            f"artifact `{place[-1]}` is passed without a source",
            "name an output of another task, or an input of the surrounding component",
        )


def _report_output(producer: Call, key: str, group: str, place: Path, report: Report) -> None:
    kind, other = (
        ("parameter", "artifacts")
        if group == "parameters"
        else (
            "artifact",
            "parameters",
        )
    )
    hint = suggest(key, output_names(producer, group))
    if key in output_names(producer, other):
        hint = f"`{key}` is one of its {other}"
    report.add(
        "unknown-output",
        place,
        f"task {producer.name} gives no output {kind} `{key}`; whoever takes it fails when it"
        " starts",
        hint,
    )


def _title(component: Component) -> str:
    return "the pipeline" if component.path == ("root",) else f"component {component.name}"


def iter_constants(call: Call) -> Iterator[tuple[Path, object]]:
    """Yield every constant that a task passes, with its place."""
    for name, spec in call.parameters.items():
        value = spec.get("runtimeValue")
        if isinstance(value, Mapping) and "constant" in value:
            place = (*call.path, "inputs", "parameters", name, "runtimeValue", "constant")
            yield place, value["constant"]
