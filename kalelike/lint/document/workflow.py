"""The size of the Argo Workflow that KFP makes of a pipeline, and of what it holds at its end.

Kubernetes stores the Workflow as one object, which Argo lets grow to 1 MiB.
The object holds the specification of each distinct component and container
once, each task's own specification (twice: by itself, and in the DAG that it
stands in), and, while it runs, a compressed state of four nodes a step. The
parts are those that ``argocompiler`` writes; what they weigh was measured on
the workflows of KFP's own tests and on pipelines of up to 735 steps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from kalelike.lint.document.decoding import Message
from kalelike.lint.document.model import Call, Component, Pipeline

# Templates that every workflow, or every one with such tasks, has once.
_BASE_BYTES = 3_600
_CONTAINER_BYTES = 6_100
_RETRY_BYTES = 3_300
_METADATA_BYTES = 3_000
_METADATA_PAIR_BYTES = 700
_IMPORTER_BYTES = 2_600
_DAG_BYTES = 130

# Tasks of the workflow, less the name and the specification of the task itself.
_CONTAINER_TASK = 700
_KUBERNETES_TASK = 70
_RETRY_TASK = 210
_IMPORTER_TASK = 420
_DAG_TASK = 670
_LOOP_TASK = 1_900
_DEPENDENCY = 16
_PAIR = 110

# State of a step at its end, compressed.
_STATE_BYTES = 350
_STATE_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class WorkflowSize:
    """How many pods' worth of steps a pipeline has, and the bytes of its Workflow.

    ``steps`` counts a step in a loop over given items once for each of them;
    ``created`` are the bytes at the start, ``finished`` those at the end.
    """

    steps: int
    created: int
    finished: int


def measure_workflow(pipeline: Pipeline, settings: Mapping[str, Message]) -> WorkflowSize:
    """Estimate the Workflow of a decoded pipeline, within a few per cent."""
    created = _BASE_BYTES + _shared_templates(pipeline, settings) + _arguments(pipeline, settings)
    turns = _turns(pipeline)
    steps, state = 0, 0.0
    for call in pipeline.calls:
        size = _task(call, settings)
        created += size
        if call.component is not None and call.component.kind in ("container", "importer"):
            times = turns.get(call.dag.name, 1)
            steps += times
            state += times * (_STATE_BYTES + _STATE_SHARE * size)
    return WorkflowSize(steps, created, created + int(state))


def _arguments(pipeline: Pipeline, settings: Mapping[str, Message]) -> int:
    """Return the bytes of the specifications that stand in the workflow once."""
    seen: set[str] = set()
    total = 0
    for component in pipeline.reached:
        key = component.name
        if component.kind == "container":
            key = _text(component.container)
            if key not in seen:
                total += _quoted(key) + 110
        if key not in seen:
            total += _quoted(_text(component.spec)) + (110 if component.container else 60)
        seen.add(key)
        if component.label in settings:
            total += _quoted(_text(settings[component.label])) + len(component.name) + 50
    return total


def _shared_templates(pipeline: Pipeline, settings: Mapping[str, Message]) -> int:
    total = _DAG_BYTES * sum(component.kind == "dag" for component in pipeline.reached)
    kinds: set[tuple[object, ...]] = set()
    for call in pipeline.calls:
        component = call.component
        if component is None or component.kind == "dag":
            continue
        if component.kind == "importer":
            kinds.add(("importer",))
            continue
        pairs = _pairs(component, settings)
        kinds.add((component.kind, "retryPolicy" in call.task, pairs))
    for kind in kinds:
        if kind[0] == "importer":
            total += _IMPORTER_BYTES
            continue
        total += _RETRY_BYTES if kind[1] else _METADATA_BYTES
        total += _METADATA_PAIR_BYTES * int(str(kind[2]))
    return total + (_CONTAINER_BYTES - _METADATA_BYTES if kinds else 0)


def _pairs(component: Component, settings: Mapping[str, Message]) -> int:
    metadata = settings.get(component.label, {}).get("podMetadata", {})
    return len(metadata.get("labels", ())) + len(metadata.get("annotations", ()))


def _task(call: Call, settings: Mapping[str, Message]) -> int:
    """Return the bytes of a task in its template (its DAG's specification holds it again)."""
    component = call.component
    if component is None:
        return 0
    task = dict(call.task)
    if call.dependencies:
        task["dependentTasks"] = sorted(call.dependencies)
    own = _quoted(_text(task))
    name = len(call.name)
    total = own + 6 * name
    total += sum(len(other) + _DEPENDENCY for other in call.dependencies)
    if call.is_loop:
        return total + own + _LOOP_TASK + 2 * len(component.name)
    if component.kind == "importer":
        return total + _IMPORTER_TASK
    if component.kind == "dag":
        return total + _DAG_TASK + 2 * len(component.name)
    total += _CONTAINER_TASK + _PAIR * _pairs(component, settings)
    if component.label in settings:
        total += _KUBERNETES_TASK + len(component.name)
    return total + (_RETRY_TASK if "retryPolicy" in call.task else 0)


def _turns(pipeline: Pipeline) -> dict[str, int]:
    """Return how often each DAG runs at least: loops over given items have their number."""
    turns = {pipeline.root.name: 1}
    for dag in pipeline.reached[1:]:
        if dag.kind == "dag":
            turns[dag.name] = sum(
                turns.get(call.dag.name, 1) * max(_items(call), 1)
                for call in pipeline.callers.get(dag.name, ())
            )
    return turns


def _items(call: Call) -> int:
    raw = call.iterator.get("items", {}).get("raw") if call.is_loop else None
    if not isinstance(raw, str):
        return 1
    try:
        items = json.loads(raw)
    except (ValueError, RecursionError):
        return 1
    return len(items) if isinstance(items, list) else 1


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    return str(value)


def _quoted(text: str) -> int:
    """Return the bytes of a text as a JSON string, as Go writes it: ``<`` as ``\\u003c``."""
    return len(text.encode("utf-8", "surrogatepass")) + sum(
        extra * text.count(char) for char, extra in _ESCAPED
    )


_ESCAPED = (('"', 1), ("\\", 1), ("<", 5), (">", 5), ("&", 5))
