"""From the compiled document to the tasks that the local engine runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.emit.setup import MAKE_COMMAND, SETUP, START_COMMAND
from kalelike.errors import BackendError
from kalelike.notebook.kubernetes_values import BadValueError, quantity_value
from kalelike.run.parameters import parameter_values

ENTRY_POINT = ["-m", "kalelike.runtime"]
_CARRIED = list(START_COMMAND[1:])
_INPUT = "{{$}}"

# Names of a document become names of files and folders.
_SAFE_NAME = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9_.@-]{0,199}")
_SAFE_STEP = re.compile(r"(?!\.)[^/\\\x00-\x1f]{1,200}")
_SHA = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a step may use: cores, bytes of memory, and how many accelerators it asks for."""

    cpu: float | None = None
    memory: int | None = None
    accelerators: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """One step as the document states it.

    ``arguments`` are the entry point's, with ``{{$}}`` for the executor input.
    ``inputs`` maps an input key to producer task and output key, ``parameters``
    an input key to its value. ``outputs`` maps an output key to its KFP type.
    ``timeout`` is in seconds, of all attempts together. ``options`` names the
    options that only an engine's launcher can apply (see ``LauncherKind``);
    ``variables`` are those that a cluster takes from secrets and config maps.
    """

    name: str
    step: str
    sha: str
    image: str
    arguments: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    inputs: Mapping[str, tuple[str, str]]
    parameters: Mapping[str, Any]
    outputs: Mapping[str, str]
    after: frozenset[str]
    cache: bool
    cache_key: str
    timeout: float | None
    limits: Limits = Limits()
    options: frozenset[str] = frozenset()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """All tasks, in an order in which each follows what it needs."""

    pipeline: str
    tasks: tuple[Task, ...]
    parameters: Mapping[str, Any]
    notes: tuple[Diagnostic, ...]


def plan_run(
    ir: Mapping[str, Any],
    platform: Mapping[str, Any] | None,
    given: Mapping[str, object],
    applied: Collection[str] = (),
) -> Plan:
    """Read a document; raises :class:`BackendError` for what cannot run here.

    ``applied`` are the steps' options that the launcher honours; the plan's
    notes name all others that a step asks for.
    """
    source = str(ir.get("pipelineInfo", {}).get("name", "pipeline"))
    values = parameter_values(ir, given, source)
    root = ir["root"].get("dag", {}).get("tasks", {})
    options = _platform_options(platform)
    problems: list[Diagnostic] = []
    tasks = {}
    for name, task in root.items():
        if _is_setup(ir, task):
            continue
        try:
            tasks[name] = _task(ir, name, task, values, options)
        except _UnsupportedError as error:
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
    return Plan(source, _ordered(tasks), values, tuple(_notes(tasks, applied, source)))


class _UnsupportedError(Exception):
    pass


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
            raise _UnsupportedError(f"loops and conditions ({part})")
    component = ir["components"][task["componentRef"]["name"]]
    label = component.get("executorLabel")
    if label is None:
        raise _UnsupportedError("a nested pipeline")
    container = ir["deploymentSpec"]["executors"][label].get("container")
    if container is None:
        raise _UnsupportedError("an importer or a resolver")
    command = list(container.get("command", ()))
    arguments = tuple(str(item) for item in container.get("args", ()))
    ours = command[1:3] in (ENTRY_POINT, _CARRIED) and str(command[0]).startswith("python")
    if not ours or arguments[2:3] != (_INPUT,):
        raise _UnsupportedError("a container whose command is not kalelike's entry point")
    inputs, after = _artifact_inputs(task)
    outputs = {
        key: str(item.get("artifactType", {}).get("schemaTitle", "system.Artifact"))
        for key, item in component.get("outputDefinitions", {}).get("artifacts", {}).items()
    }
    _check_names(name, arguments, outputs)
    caching = task.get("cachingOptions", {})
    config = options.get(label, {})
    seconds = config.get("activeDeadlineSeconds")
    resources = container.get("resources", {})
    return Task(
        name,
        arguments[0],
        arguments[1],
        str(container.get("image", "")),
        arguments,
        tuple((item["name"], str(item.get("value", ""))) for item in container.get("env", ())),
        inputs,
        _inputs_by_value(component, task, values),
        outputs,
        frozenset(after),
        bool(caching.get("enableCache")),
        str(caching.get("cacheKey", "")),
        float(seconds) if seconds is not None else None,
        _limits(resources),
        frozenset((*config, *resources)) - _EVERYWHERE,
        tuple(
            str(pair["envVar"])
            for key in ("secretAsEnv", "configMapAsEnv")
            for item in config.get(key, ())
            for pair in item.get("keyToEnv", ())
            if "envVar" in pair
        ),
    )


def _is_setup(ir: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    """Tell whether a task only brings along what is here anyway."""
    component = ir["components"][task["componentRef"]["name"]]
    executors = ir["deploymentSpec"]["executors"]
    container = executors.get(component.get("executorLabel"), {}).get("container") or {}
    return tuple(container.get("command", ())) == MAKE_COMMAND


def _artifact_inputs(task: Mapping[str, Any]) -> tuple[dict[str, tuple[str, str]], set[str]]:
    """Return where each artifact comes from, and all tasks that this one follows."""
    inputs, after = {}, set(task.get("dependentTasks", ()))
    for key, item in task.get("inputs", {}).get("artifacts", {}).items():
        if key == SETUP:
            after.discard(item["taskOutputArtifact"]["producerTask"])
            continue
        source = item.get("taskOutputArtifact")
        if source is None:
            raise _UnsupportedError(f"the input {key}")
        inputs[key] = (source["producerTask"], source["outputArtifactKey"])
        after.add(source["producerTask"])
    return inputs, after


def _check_names(name: str, arguments: tuple[str, ...], outputs: Mapping[str, str]) -> None:
    """Refuse names by which a document could reach files outside the store."""
    for text in (name, *outputs):
        if not _SAFE_NAME.fullmatch(text):
            raise _UnsupportedError(f"the name {text!r}")
    if not _SAFE_STEP.fullmatch(arguments[0]) or not _SHA.fullmatch(arguments[1]):
        raise _UnsupportedError(f"the step {arguments[0]!r} with code {arguments[1]!r}")


def _limits(resources: Mapping[str, Any]) -> Limits:
    cpu = resources.get("resourceCpuLimit") or resources.get("cpuLimit")
    memory = resources.get("resourceMemoryLimit") or resources.get("memoryLimit")
    accelerator = resources.get("accelerator", {})
    count = accelerator.get("resourceCount") or accelerator.get("count") or 0
    try:
        return Limits(
            quantity_value(str(cpu)) if cpu else None,
            int(quantity_value(str(memory))) if memory else None,
            int(count),
        )
    except (BadValueError, ValueError) as error:
        raise _UnsupportedError(f"its resources: {error}") from None


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
            raise _UnsupportedError(f"the value of the input {key}")
    return found


def _ordered(tasks: dict[str, Task]) -> tuple[Task, ...]:
    """Order tasks so that each follows its needs, otherwise as the document has them."""
    done: dict[str, Task] = {}
    waiting = dict(tasks)
    while waiting:
        ready = next((name for name, task in waiting.items() if task.after <= done.keys()), None)
        if ready is None:
            raise BackendError(
                [diagnose("cycle", "tasks wait for each other", Location(", ".join(waiting)))]
            )
        done[ready] = waiting.pop(ready)
    return tuple(done.values())


# Options that mean the same, or nothing, on any one machine, and requests,
# which only tell a scheduler where to place a pod.
_EVERYWHERE = frozenset({"podMetadata", "nodeSelector", "tolerations", "imagePullPolicy",
                         "imagePullSecret", "nodeAffinity", "activeDeadlineSeconds",
                         "resourceCpuRequest", "cpuRequest",
                         "resourceMemoryRequest", "memoryRequest"})  # fmt: skip


def _notes(tasks: Mapping[str, Task], applied: Collection[str], source: str) -> list[Diagnostic]:
    """Name what a step asks for and does not get here: never dropped without a word."""
    return [
        diagnose(
            "not-on-this-machine",
            f"step {task.step}: {', '.join(missing)} cannot be applied on this machine",
            Location(source),
            "set the variables or files by hand if the step needs them here",
        )
        for task in tasks.values()
        if (missing := sorted(task.options - frozenset(applied)))
    ]
