"""KFP's own placeholders, ``{{$…}}``: which are replaced, where, and what becomes of others.

The driver replaces ``{{$.inputs.parameters['x']}}`` in command and arguments
and a few ``{{$.pipeline_…}}`` that are a whole constant; the launcher replaces
paths, URIs and ``{{$}}`` in command and arguments, and does so again inside
the values that ``{{$}}`` brought (``compileCmdAndArgs``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kalelike.diagnostics import Severity
from kalelike.lint.document.findings import Path, Report, suggest
from kalelike.lint.document.model import Call, Component, Pipeline
from kalelike.lint.document.types import output_type, type_of

_PLACEHOLDER = re.compile(r"\{\{\$(.*?)\}\}")
_NAMED = re.compile(r"\.(inputs|outputs)\.(parameters|artifacts)\['(.+?)'\](.*)")
_INPUT_NAME = re.compile(r"\$\.inputs\.parameters\['(.+?)'\]|InputName\\*\"\s*:\s*\\*\"([^\"\\]+)")
_CHANNEL = re.compile(r"\$\.inputs\.parameters\['(.+?)'\]")

_WHOLE_CONSTANTS = frozenset(
    f"{{{{$.{name}}}}}"
    for name in (
        "pipeline_job_name",
        "pipeline_job_resource_name",
        "pipeline_job_uuid",
        "pipeline_task_name",
        "pipeline_task_uuid",
        "pipeline_job_create_time_utc",
        "pipeline_job_schedule_time_utc",
    )
)
_WORKSPACE = "{{$.workspace_path}}"
_TAILS = {
    ("inputs", "parameters"): ("",),
    ("inputs", "artifacts"): (".uri", ".path"),
    ("outputs", "parameters"): (".output_file",),
    ("outputs", "artifacts"): (".uri", ".path"),
}
_SDK_CHANNEL = "pipelinechannel--"


def input_names(text: str) -> Iterator[str]:
    """Yield the input parameters that placeholders in a text (or JSON of texts) name."""
    for match in _INPUT_NAME.finditer(text):
        yield match[1] or match[2]


def named_input(text: str) -> str | None:
    """Return the input that stands for a whole field (image, CPU, …), None for a plain value.

    The driver takes a field that names an input anywhere for that input's
    value alone (``resolvePodSpecInputRuntimeParameter``).
    """
    match = _CHANNEL.search(text)
    return match[1] if match else None


def has_input(component: Component, callers: tuple[Call, ...], name: str) -> bool:
    """Tell whether an input parameter is declared, or passed by all callers without that."""
    return name in component.parameters or _all_pass(callers, "parameters", name)


def check_placeholders(pipeline: Pipeline, report: Report) -> None:
    """Check the placeholders of every reached container, and of the constants of tasks."""
    for component in pipeline.reached:
        if component.kind == "container":
            _check_container(component, pipeline.callers.get(component.name, ()), report)
    for call in pipeline.calls:
        if call.component is None:
            continue
        for name, spec in call.parameters.items():
            value = spec.get("runtimeValue", {}).get("constant")
            place = (*call.path, "inputs", "parameters", name, "runtimeValue", "constant")
            for where, text in _texts(value, place):
                if "{{$" in text:
                    _check_constant(call, call.component, text, where, pipeline, report)


def _check_container(component: Component, callers: tuple[Call, ...], report: Report) -> None:
    for part in ("command", "args"):
        for number, text in enumerate(component.container.get(part, ())):
            if "{{$" not in text:
                continue
            place = (*component.executor_path, "container", part, number)
            for match in _PLACEHOLDER.finditer(text):
                if match[1]:
                    _check_argument(component, callers, match, text, place, report)
    for number, variable in enumerate(component.container.get("env", ())):
        found = _PLACEHOLDER.search(variable.get("value", ""))
        if found:
            report.add(
                "unreplaced-placeholder",
                (*component.executor_path, "container", "env", number, "value"),
                f"`{found[0]}` is not replaced in environment variables: it arrives as written",
                "pass the value as an argument",
            )


def _check_argument(
    component: Component,
    callers: tuple[Call, ...],
    match: re.Match[str],
    text: str,
    place: Path,
    report: Report,
) -> None:
    named = _NAMED.fullmatch(match[1])
    if named is None or named[4] not in _TAILS[named[1], named[2]]:
        report.add(
            "unreplaced-placeholder",
            place,
            f"`{match[0]}` is no placeholder that KFP replaces here: it arrives as written",
            "use `{{$}}`, `{{$.inputs.parameters['…']}}`, `….uri`, `….path` or `….output_file`",
        )
        return
    side, group, name, _ = named.groups()
    declared = _declarations(component, side, group)
    if name in declared:
        if side == "inputs" and group == "parameters" and not _is_resolved_later(text):
            _check_omitted(name, declared[name], callers, place, match[0], report)
    elif side == "outputs" or not _all_pass(callers, group, name):
        report.add(
            "bad-placeholder",
            place,
            f"`{match[0]}` names `{name}`, which is no {side[:-1]} {group[:-1]} of component"
            f" {component.name}",
            suggest(name, declared),
        )


def _is_resolved_later(text: str) -> bool:
    # `resolveContainerArgs` leaves arguments with outputs to the launcher, which
    # knows the defaults, and takes conditional arguments apart first.
    return "$.outputs" in text or text.lstrip().startswith('{"IfPresent":')


def _check_omitted(
    name: str,
    declaration: Mapping[str, object],
    callers: tuple[Call, ...],
    place: Path,
    written: str,
    report: Report,
) -> None:
    if not declaration.get("isOptional"):
        return
    for call in callers:
        if name not in call.parameters and name != call.item:
            report.add(
                "omitted-value",
                place,
                f"`{written}` has no value in task {call.name}, which leaves `{name}` out: the"
                " driver of KFP 2.17 knows no defaults and fails the step",
                f"pass `{name}` in the task, or wrap the argument in an `IfPresent`",
            )


def _all_pass(callers: tuple[Call, ...], group: str, name: str) -> bool:
    if group == "parameters":
        return bool(callers) and all(name in call.parameters for call in callers)
    return bool(callers) and all(name in call.artifacts for call in callers)


def _declarations(component: Component, side: str, group: str) -> Mapping[str, dict[str, object]]:
    if side == "inputs":
        return component.parameters if group == "parameters" else component.artifacts
    if group == "parameters":
        return component.output_parameters
    return component.output_artifacts


def _check_constant(
    call: Call, component: Component, text: str, place: Path, pipeline: Pipeline, report: Report
) -> None:
    if text in _WHOLE_CONSTANTS:
        return
    for match in _PLACEHOLDER.finditer(text):
        if match[0] == _WORKSPACE:
            continue
        if match[1] == "":
            report.add(
                "placeholder-in-value",
                place,
                "`{{$}}` in a value is replaced by the whole input of the step, whose quotes then"
                " break it",
                "write the value in another way: it cannot travel as it stands",
                Severity.ERROR,
            )
        elif component.kind == "container":
            _check_named(call, component, match, place, pipeline, report)


def _check_named(
    call: Call,
    component: Component,
    match: re.Match[str],
    place: Path,
    pipeline: Pipeline,
    report: Report,
) -> None:
    named = _NAMED.fullmatch(match[1])
    known = (
        named is not None
        and named[4] in _TAILS[named[1], named[2]]
        and (
            named[3] in call.parameters or named[3] in _declarations(component, named[1], named[2])
        )
    )
    if not known or named is None:
        report.add(
            "unreplaced-placeholder",
            place,
            f"`{match[0]}` is not replaced inside this value: it arrives as written",
            "pass what it stands for as an input of its own",
        )
        return
    name = named[3]
    is_parameter = (named[1], named[2]) == ("inputs", "parameters")
    if is_parameter and _type_passed(call, component, name, pipeline) in ("LIST", "STRUCT"):
        report.add(
            "placeholder-in-value",
            place,
            f"`{match[0]}` stands for a list or a mapping, whose quotes break the step's input",
            "pass it as an input of its own",
            Severity.ERROR,
        )
    elif not (is_parameter and name.startswith(_SDK_CHANNEL)):
        report.add(
            "placeholder-in-value",
            place,
            f"`{match[0]}` inside this value is replaced by KFP's launcher; a quote or a new line"
            " in what it stands for breaks the step's input",
            "pass it as an input of its own, or encode the value where text is meant",
        )


def _type_passed(call: Call, component: Component, name: str, pipeline: Pipeline) -> str:
    if name in component.parameters:
        return type_of(component.parameters[name])
    spec = call.parameters.get(name, {})
    if "parameterExpressionSelector" in spec:
        return ""
    if "taskOutputParameter" in spec:
        output = spec["taskOutputParameter"]
        producer = pipeline.by_dag[call.dag.name].get(output.get("producerTask", ""))
        return output_type(producer, output.get("outputParameterKey", "")) if producer else ""
    return type_of(call.dag.parameters.get(spec.get("componentInputParameter", ""), {}))


def _texts(value: object, place: Path) -> Iterator[tuple[Path, str]]:
    """Yield every text inside a JSON value, without recursion."""
    waiting: list[tuple[Path, object]] = [(place, value)]
    while waiting:
        where, item = waiting.pop()
        if isinstance(item, str):
            yield where, item
        elif isinstance(item, Mapping):
            waiting.extend(((*where, str(key)), inner) for key, inner in item.items())
        elif isinstance(item, (list, tuple)):
            waiting.extend(((*where, n), inner) for n, inner in enumerate(item))
