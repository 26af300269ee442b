"""Names that KFP turns into names of Argo tasks, templates and parameters.

Argo's rules (``workflow/validate``): task and template names are
``[a-zA-Z0-9][-a-zA-Z0-9]*`` of at most 128 characters, parameters
``[-a-zA-Z0-9_]+``; a task whose DAG uses ``depends`` must not begin with a
digit. KFP adds a ``-driver`` task to most tasks, and templates of its own
making; two templates must not share a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kalelike.lint.document.findings import Path, Report
from kalelike.lint.document.model import ROOT, Call, Component, Pipeline

_NAME = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*")
_PARAMETER = re.compile(r"[-a-zA-Z0-9_]*")
_LONGEST = 128
_DRIVER = "-driver"

_SYSTEM_TEMPLATES = frozenset(
    {
        "system-dag-driver",
        "system-container-driver",
        "system-container-executor",
        "system-container-impl",
        "retry-system-container-executor",
        "retry-system-container-impl",
        "system-importer",
        "system-importer-workspace",
    }
)


def check_names(pipeline: Pipeline, configured: frozenset[str], report: Report) -> None:
    """Check the names of tasks and components; ``configured`` are executors with a platform entry.

    Every figure in a message is of the name that KFP makes, not of the one
    that stands in the document.
    """
    for dag in pipeline.reached:
        calls = pipeline.by_dag.get(dag.name, {})
        inside = [call for call in calls.values() if not call.is_exit]
        _check_tasks(inside, report)
        for call in calls.values():
            if call.is_exit:
                _check_tasks([call], report)
    for component in pipeline.reached[1:]:
        _check_component(component, configured, report)
    _check_templates(pipeline, report)


def _check_tasks(calls: list[Call], report: Report) -> None:
    waiting = any(_uses_depends(call) for call in calls)
    drivers = {call.name + _DRIVER: call for call in calls if _has_driver(call)}
    for call in calls:
        name = call.name
        longest = _LONGEST - (len(_DRIVER) if _has_driver(call) else 0)
        if not _NAME.fullmatch(name):
            report.add(
                "bad-task-name",
                call.path,
                f"`{name}` cannot be the name of a task: Argo takes letters, digits and `-`,"
                " beginning with a letter",
                f"call it `{_repaired(name)}`; `taskInfo.name` may keep the old name",
            )
        elif name[0].isdigit() and waiting:
            report.add(
                "bad-task-name",
                call.path,
                f"task `{name}` begins with a digit, which Argo refuses",
                f"call it `step-{name}`",
            )
        elif len(name) > longest:
            report.add(
                "bad-task-name",
                call.path,
                f"the task's name has {len(name)} characters, and at most {longest} fit"
                f" into Argo's {_LONGEST}"
                + (f" with the `{_DRIVER}` that KFP adds" if longest < _LONGEST else ""),
                "shorten it",
            )
        if name in drivers and drivers[name] is not call:
            report.add(
                "name-clash",
                call.path,
                f"KFP gives task {drivers[name].name} a driver that is called {name} too",
                "rename one of the two tasks",
            )


def _has_driver(call: Call) -> bool:
    component = call.component
    if component is None or call.is_loop or component.runs_in_driver:
        return False
    return component.kind in ("dag", "container")


def _uses_depends(call: Call) -> bool:
    return _has_driver(call) or bool(call.dependencies)


def _check_component(component: Component, configured: frozenset[str], report: Report) -> None:
    name = component.name
    if component.kind == "dag":
        allowed, rule = _NAME, "letters, digits and `-` for a component with tasks"
    elif component.kind == "importer" or component.label in configured:
        allowed, rule = _PARAMETER, "letters, digits, `-` and `_`"
    else:
        # A container's specification travels under its hash, whatever its name is.
        return
    if not allowed.fullmatch(name):
        report.add(
            "bad-component-name",
            component.path,
            f"`{name}` cannot be the name of this component: Argo takes {rule}",
            f"call it `{_repaired(name)}`",
        )


def _check_templates(pipeline: Pipeline, report: Report) -> None:
    taken: dict[str, str] = {"entrypoint": "the run itself", ROOT: "the pipeline"}
    taken |= dict.fromkeys(_SYSTEM_TEMPLATES, "KFP's own work")
    for name, owner, path in _templates(pipeline):
        if name in taken:
            report.add(
                "name-clash",
                path,
                f"{owner} becomes Argo's template `{name}`, which already stands for {taken[name]}",
                "give each loop a component of its own"
                if name.endswith("-iteration")
                else "rename one of the two",
            )
        elif len(name) > _LONGEST:
            report.add(
                "bad-component-name" if path[0] == "components" else "bad-task-name",
                path,
                f"{owner} becomes Argo's template `{name}` of {len(name)} characters; at most"
                f" {_LONGEST} are allowed",
                "shorten the name",
            )
        taken.setdefault(name, owner)


def _templates(pipeline: Pipeline) -> Iterator[tuple[str, str, Path]]:
    for component in pipeline.reached[1:]:
        if component.kind == "dag":
            yield component.name, f"component {component.name}", component.path
    for call in pipeline.calls:
        if call.component is None:
            continue
        if call.is_exit:
            yield f"exit-hook-{call.dag.name}-{call.name}", f"exit handler {call.name}", call.path
        elif call.is_loop:
            loop = f"the loop {call.name}"
            yield f"{call.component.name}-iteration", loop, call.path
            yield f"{call.component.name}-{call.name}-iterator", loop, call.path


def _repaired(name: str) -> str:
    return re.sub(r"-+", "-", re.sub(r"[^a-zA-Z0-9-]", "-", name)).strip("-").lower() or "step"
