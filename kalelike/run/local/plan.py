"""From the compiled document to the tasks that the local engine runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.errors import BackendError
from kalelike.runtime.parameters import encode

ENTRY_POINT = ["-m", "kalelike.runtime"]
_INPUT = "{{$}}"


@dataclass(frozen=True, slots=True)
class Task:
    """One step as the document states it.

    ``arguments`` are the entry point's, with ``{{$}}`` for the executor input.
    ``inputs`` maps an input key to producer task and output key, ``parameters``
    an input key to its value. ``timeout`` is in seconds.
    """

    name: str
    step: str
    sha: str
    arguments: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    inputs: Mapping[str, tuple[str, str]]
    parameters: Mapping[str, Any]
    outputs: Mapping[str, str]
    after: frozenset[str]
    cache: bool
    cache_key: str
    timeout: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All tasks, in an order in which each follows what it needs."""

    pipeline: str
    tasks: tuple[Task, ...]
    parameters: Mapping[str, Any]
    notes: tuple[Diagnostic, ...]


def plan_run(
    ir: Mapping[str, Any], platform: Mapping[str, Any] | None, given: Mapping[str, object]
) -> Plan:
    """Read a document; raises :class:`BackendError` for what cannot run here."""
    source = str(ir.get("pipelineInfo", {}).get("name", "pipeline"))
    values = _parameter_values(ir, given, source)
    root = ir["root"].get("dag", {}).get("tasks", {})
    options = _platform_options(platform)
    problems: list[Diagnostic] = []
    tasks = {}
    for name, task in root.items():
        try:
            tasks[name] = _task(ir, name, task, values, options)
        except _Unsupported as error:
            problems.append(
                diagnose(
                    "engine-cannot-run",
                    f"task {name}: the local engine cannot run {error}",
                    Location(source, path=f"root.dag.tasks.{name}"),
                    "run it on Kubeflow Pipelines",
                )
            )
    if problems:
        raise BackendError(problems)
    return Plan(source, _ordered(tasks), values, tuple(_notes(options, tasks, source)))


class _Unsupported(Exception):
    pass


def _parameter_values(
    ir: Mapping[str, Any], given: Mapping[str, object], source: str
) -> dict[str, Any]:
    declared = ir["root"].get("inputDefinitions", {}).get("parameters", {})
    values: dict[str, Any] = {}
    problems = []
    for name in given:
        if name not in declared:
            close = get_close_matches(name, list(declared), n=1)
            known = ", ".join(declared) or "none"
            hint = f"did you mean {close[0]}?" if close else f"the parameters are: {known}"
            problems.append(
                diagnose(
                    "unknown-parameter", f"there is no parameter {name}", Location(source), hint
                )
            )
    for name, spec in declared.items():
        if name in given:
            values[name] = encode(given[name])
        elif "defaultValue" in spec:
            values[name] = spec["defaultValue"]
        elif not spec.get("isOptional"):
            problems.append(
                diagnose(
                    "bad-parameter-value",
                    f"parameter {name} has no value",
                    Location(source),
                    f"give it with -p {name}=VALUE",
                )
            )
    if problems:
        raise BackendError(problems)
    return values


def _platform_options(platform: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    kubernetes = (platform or {}).get("platforms", {}).get("kubernetes", {})
    executors = kubernetes.get("deploymentSpec", {}).get("executors", {})
    return dict(executors)


def _task(
    ir: Mapping[str, Any],
    name: str,
    task: Mapping[str, Any],
    values: Mapping[str, Any],
    options: Mapping[str, Mapping[str, Any]],
) -> Task:
    for part in ("iteratorPolicy", "parameterIterator", "artifactIterator", "triggerPolicy"):
        if part in task and not (part == "triggerPolicy" and not task[part].get("condition")):
            raise _Unsupported(f"loops and conditions ({part})")
    component = ir["components"][task["componentRef"]["name"]]
    label = component.get("executorLabel")
    if label is None:
        raise _Unsupported("a nested pipeline")
    container = ir["deploymentSpec"]["executors"][label].get("container")
    if container is None:
        raise _Unsupported("an importer or a resolver")
    command = list(container.get("command", ()))
    arguments = tuple(container.get("args", ()))
    if command[1:3] != ENTRY_POINT or len(arguments) < 3 or arguments[2] != _INPUT:
        raise _Unsupported("a container whose command is not kalelike's entry point")
    inputs, after = {}, set(task.get("dependentTasks", ()))
    for key, item in task.get("inputs", {}).get("artifacts", {}).items():
        source = item.get("taskOutputArtifact")
        if source is None:
            raise _Unsupported(f"the input {key}")
        inputs[key] = (source["producerTask"], source["outputArtifactKey"])
        after.add(source["producerTask"])
    caching = task.get("cachingOptions", {})
    seconds = options.get(label, {}).get("activeDeadlineSeconds")
    return Task(
        name,
        arguments[0],
        arguments[1],
        arguments,
        tuple((item["name"], str(item.get("value", ""))) for item in container.get("env", ())),
        inputs,
        _inputs_by_value(component, task, values),
        {
            key: item["artifactType"].get("schemaTitle", "system.Artifact")
            for key, item in component.get("outputDefinitions", {}).get("artifacts", {}).items()
        },
        frozenset(after),
        bool(caching.get("enableCache")),
        str(caching.get("cacheKey", "")),
        float(seconds) if seconds is not None else None,
    )


def _inputs_by_value(
    component: Mapping[str, Any], task: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    specs = component.get("inputDefinitions", {}).get("parameters", {})
    for key, spec in specs.items():
        if "defaultValue" in spec:
            found[key] = spec["defaultValue"]
    for key, item in task.get("inputs", {}).get("parameters", {}).items():
        if "componentInputParameter" in item:
            if item["componentInputParameter"] in values:
                found[key] = values[item["componentInputParameter"]]
        elif "runtimeValue" in item and "constant" in item["runtimeValue"]:
            found[key] = item["runtimeValue"]["constant"]
        else:
            raise _Unsupported(f"the value of the input {key}")
    return found


def _ordered(tasks: dict[str, Task]) -> tuple[Task, ...]:
    """Order tasks so that each follows its needs, otherwise as the document has them."""
    done: dict[str, Task] = {}
    waiting = dict(tasks)
    while waiting:
        ready = [name for name, task in waiting.items() if task.after <= done.keys()]
        if not ready:
            raise BackendError(
                [diagnose("cycle", "tasks wait for each other", Location(", ".join(waiting)))]
            )
        for name in ready:
            done[name] = waiting.pop(name)
    return tuple(done.values())


_APPLIED = frozenset({"activeDeadlineSeconds"})
_HARMLESS = frozenset({"podMetadata", "nodeSelector", "tolerations", "imagePullPolicy",
                       "imagePullSecret", "securityContext", "nodeAffinity"})  # fmt: skip


def _notes(
    options: Mapping[str, Mapping[str, Any]], tasks: Mapping[str, Task], source: str
) -> list[Diagnostic]:
    """Name what only a cluster can give a step: never dropped without a word."""
    found = []
    for label, item in options.items():
        missing = sorted(set(item) - _APPLIED - _HARMLESS)
        if missing and any(label == f"exec-{name}" for name in tasks):
            found.append(
                diagnose(
                    "not-on-this-machine",
                    f"step {label.removeprefix('exec-')}: {', '.join(missing)} "
                    "cannot be applied on this machine",
                    Location(source),
                    "set the variables or files by hand if the step needs them here",
                )
            )
    return found
