"""What refers to what: components, executors, tasks, and who waits for whom.

KFP's compiler refuses missing components, executors and producers when a run
is created; Argo refuses a dependency that is no task, and cycles. An upload
accepts them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kalelike.diagnostics import Severity
from kalelike.lint.document.findings import Report, suggest
from kalelike.lint.document.model import ROOT, Call, Component, Pipeline, part


def check_references(pipeline: Pipeline, report: Report) -> None:
    """Check components, executors and the order of tasks, as far as the root reaches."""
    for component in pipeline.reached:
        _check_implementation(component, pipeline, report)
    for call in pipeline.calls:
        _check_reference(call, pipeline, report)
        _check_producers(call, pipeline.by_dag[call.dag.name], report)
        _check_dependencies(call, pipeline.by_dag[call.dag.name], report)
        if call.component is not None and not part(call.task, "taskInfo").get("name"):
            report.add(
                "missing-task-info",
                call.path,
                f"task {call.name} has no `taskInfo.name`; its driver fails in the middle of a run",
                f"add `taskInfo: {{name: {call.name}}}`",
            )
    for dag in pipeline.reached:
        if dag.kind == "dag":
            _check_cycles(pipeline.by_dag.get(dag.name, {}), report)
    _check_recursion(pipeline, report)


def _check_implementation(component: Component, pipeline: Pipeline, report: Report) -> None:
    title = "the pipeline" if component is pipeline.root else f"component {component.name}"
    if component.kind == "none" or (component is pipeline.root and component.kind != "dag"):
        report.add(
            "empty-dag" if component is pipeline.root else "unknown-executor",
            component.path,
            f"{title} has neither tasks (`dag`) nor an executor"
            if component.kind == "none"
            else f"{title} is a single executor, and only a `dag` can be run",
            "give it a `dag` with tasks" if component is pipeline.root else "name its executor",
        )
    elif component.kind == "lost":
        report.add(
            "unknown-executor",
            (*component.path, "executorLabel"),
            f"{title} names executor `{component.label}`, which is not in `deploymentSpec`; no run"
            " can be created",
            suggest(component.label, pipeline.executors),
        )
    elif component.kind == "other":
        kinds = ", ".join(f"`{kind}`" for kind in component.executor) or "nothing"
        report.add(
            "not-supported",
            component.executor_path,
            f"executor {component.label} holds {kinds}; KFP runs `container` and `importer`",
            "use a container",
        )
    elif component.kind == "dag" and not any(
        not call.is_exit for call in pipeline.by_dag.get(component.name, {}).values()
    ):
        only = "only exit handlers" if component.tasks else "no task"
        report.add(
            "empty-dag",
            (*component.path, "dag"),
            f"{title} has {only}; KFP refuses to create a run",
            "add a task, or remove the component and the tasks that call it",
        )


def _check_reference(call: Call, pipeline: Pipeline, report: Report) -> None:
    if call.component is not None:
        if call.component.kind == "importer" and call.condition:
            report.add(
                "not-supported",
                (*call.path, "triggerPolicy", "condition"),
                f"task {call.name} imports an artifact under a condition, which KFP refuses",
                "put the importer into a DAG component, and the condition on that component's task",
            )
        if "artifactIterator" in call.task:
            report.add(
                "not-supported",
                (*call.path, "artifactIterator"),
                f"task {call.name} iterates over artifacts, which KFP refuses",
                "iterate over a parameter",
            )
        return
    where = (*call.path, "componentRef")
    if not call.reference:
        report.add(
            "unknown-component", where, f"task {call.name} names no component", "add `componentRef`"
        )
    elif call.reference == ROOT:
        report.add(
            "bad-component-name",
            (*where, "name"),
            f"task {call.name} calls a component named `root`, which KFP takes for the pipeline",
            "rename the component",
        )
    else:
        report.add(
            "unknown-component",
            (*where, "name"),
            f"task {call.name} names component `{call.reference}`, which does not exist; no run can"
            " be created",
            suggest(call.reference, pipeline.components),
        )


def _check_producers(call: Call, tasks: Mapping[str, Call], report: Report) -> None:
    for group, kind, specs in (
        ("parameters", "taskOutputParameter", call.parameters),
        ("artifacts", "taskOutputArtifact", call.artifacts),
    ):
        for name, spec in specs.items():
            if kind not in spec:
                continue
            place = (*call.path, "inputs", group, name, kind, "producerTask")
            _check_task(spec[kind].get("producerTask", ""), place, call, tasks, report)


def _check_task(
    name: str,
    place: Iterable[str | int],
    call: Call,
    tasks: Mapping[str, Call],
    report: Report,
) -> None:
    other = tasks.get(name)
    if other is None:
        report.add(
            "unknown-task",
            place,
            f"task {call.name} waits for `{name}`, which is no task of the same DAG; no run"
            " can be created",
            suggest(name, tasks),
        )
    elif other.is_exit and not call.is_exit:
        report.add(
            "unknown-task",
            place,
            f"task {call.name} waits for {name}, an exit handler, which runs outside the DAG",
            "let nothing depend on an exit handler",
        )


def _check_dependencies(call: Call, tasks: Mapping[str, Call], report: Report) -> None:
    named = call.task.get("dependentTasks", ())
    seen: set[str] = set()
    for number, name in enumerate(named):
        place = (*call.path, "dependentTasks", number)
        if name in seen:
            report.add(
                "duplicate-dependency",
                place,
                f"task {call.name} names {name} twice; the second has no effect",
                "remove it",
            )
        elif not _is_driver(name, tasks):
            _check_task(name, place, call, tasks, report)
        seen.add(name)
    if call.is_exit:
        return
    for name in call.dependencies:
        other = tasks.get(name)
        if other is not None and other.condition and not other.is_exit:
            report.add(
                "depends-on-condition",
                call.path,
                f"task {call.name} waits for {name}, which has a condition: where that is false,"
                f" {call.name} is left out too",
                f"make {call.name} part of the conditional branch, or let it wait for what"
                f" {name} waits for",
                Severity.WARNING,
            )


def _is_driver(name: str, tasks: Mapping[str, Call]) -> bool:
    """Tell whether a dependency names the driver that KFP adds to a task, as Argo allows."""
    return name.endswith("-driver") and name not in tasks and name[: -len("-driver")] in tasks


def _check_cycles(tasks: Mapping[str, Call], report: Report) -> None:
    edges = {
        name: [other for other in call.dependencies if other in tasks]
        for name, call in tasks.items()
        if not call.is_exit
    }
    for cycle in _cycles(edges):
        first = tasks[cycle[0]]
        chain = " -> ".join((*cycle, cycle[0]))
        report.add(
            "task-cycle",
            first.path,
            f"task {cycle[0]} waits for itself; no run can be created"
            if len(cycle) == 1
            else f"these tasks wait for each other, and no run can be created: {chain}",
            "remove one of the dependencies",
        )


def _check_recursion(pipeline: Pipeline, report: Report) -> None:
    edges: dict[str, list[str]] = {}
    for call in pipeline.calls:
        # Argo takes recursion, which ends where a condition is false.
        if call.component is not None and call.component.kind == "dag" and not call.condition:
            edges.setdefault(call.dag.name, []).append(call.component.name)
    for cycle in _cycles(edges):
        component = pipeline.components[cycle[0]]
        chain = " -> ".join((*cycle, cycle[0]))
        report.add(
            "recursive-component",
            component.path,
            f"component {cycle[0]} contains itself without a condition, and a run never ends:"
            f" {chain}",
            "give one of the tasks a condition, repeat with a loop, or call another component",
        )


def _cycles(edges: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    """Yield the first cycle that is found, if there is one; an explicit stack, no recursion."""
    done: set[str] = set()
    for start in edges:
        if start in done:
            continue
        trail: list[str] = [start]
        position = {start: 0}
        pending = [iter(edges[start])]
        while pending:
            following = next(pending[-1], None)
            if following is None:
                pending.pop()
                finished = trail.pop()
                del position[finished]
                done.add(finished)
            elif following in position:
                yield trail[position[following] :]
                return
            elif following not in done and following in edges:
                position[following] = len(trail)
                trail.append(following)
                pending.append(iter(edges[following]))
