"""What decides a step's result, as one hash: to find the run that filled the backend's cache.

The backend tells that a step was cached, but not from where. It compares
container, parameters and inputs; so does this, with the recipes of the steps
that make the inputs in the place of the backend's artifact numbers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def step_recipes(ir: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """Return a hash per task of the pipeline's root; none for loops, conditions and nests.

    ``values`` are the run's parameters, defaults included.
    """
    tasks = ir["root"]["dag"]["tasks"]
    found: dict[str, str] = {}
    waiting = list(tasks)
    while waiting:
        ready = [name for name in waiting if _producers(tasks[name]) <= found.keys()]
        if not ready:
            return found
        for name in ready:
            waiting.remove(name)
            recipe = _recipe(ir, tasks[name], values, found)
            if recipe is not None:
                found[name] = recipe
    return found


def _producers(task: Mapping[str, Any]) -> set[str]:
    artifacts = task.get("inputs", {}).get("artifacts", {}).values()
    return {item["taskOutputArtifact"]["producerTask"] for item in artifacts
            if "taskOutputArtifact" in item}  # fmt: skip


def _recipe(
    ir: Mapping[str, Any],
    task: Mapping[str, Any],
    values: Mapping[str, Any],
    known: Mapping[str, str],
) -> str | None:
    component = ir["components"][task["componentRef"]["name"]]
    executor = ir["deploymentSpec"]["executors"].get(component.get("executorLabel"), {})
    container = executor.get("container")
    if container is None or "triggerPolicy" in task or "parameterIterator" in task:
        return None
    parameters: dict[str, Any] = {}
    for key, item in task.get("inputs", {}).get("parameters", {}).items():
        name = item.get("componentInputParameter")
        parameters[key] = values.get(name) if name is not None else item
    inputs = {
        key: [known[item["taskOutputArtifact"]["producerTask"]],
              item["taskOutputArtifact"]["outputArtifactKey"]]
        for key, item in task.get("inputs", {}).get("artifacts", {}).items()
        if "taskOutputArtifact" in item
    }  # fmt: skip
    content = {
        "container": {key: container.get(key) for key in ("image", "command", "args")},
        "parameters": parameters,
        "inputs": inputs,
        "outputs": component.get("outputDefinitions", {}),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
