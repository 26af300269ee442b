"""The steps of a document, each with the way to it through conditions and loops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Task:
    """A task on the way to a step: a loop, a condition (or a plain nested pipeline), or itself."""

    name: str
    loop: bool = False
    condition: bool = False


@dataclass(frozen=True, slots=True)
class KfpStep:
    """A step as users know it, and the tasks from the pipeline's root to it.

    ``name`` is what the entry point is called with; a container that is not
    kalelike's has its task's name. ``sha`` is the hash of its code. ``after``
    names the tasks that the outermost one waits for.
    """

    name: str
    sha: str
    path: tuple[Task, ...]
    image: str
    after: frozenset[str] = frozenset()

    @property
    def task(self) -> str:
        """The step's own task."""
        return self.path[-1].name


def read_steps(ir: Mapping[str, Any]) -> tuple[KfpStep, ...]:
    """Return the steps of a compiled document in its order; loops and conditions are entered."""
    return tuple(_walk(ir, ir["root"]["dag"]["tasks"], (), frozenset()))


def _walk(
    ir: Mapping[str, Any],
    tasks: Mapping[str, Any],
    above: tuple[Task, ...],
    after: frozenset[str],
) -> Iterator[KfpStep]:
    for name, task in tasks.items():
        component = ir["components"][task["componentRef"]["name"]]
        loop = "parameterIterator" in task or "artifactIterator" in task
        condition = bool(task.get("triggerPolicy", {}).get("condition"))
        path = (*above, Task(name, loop, condition))
        needs = after if above else _needs(task)
        if "dag" in component:
            yield from _walk(ir, component["dag"]["tasks"], path, needs)
            continue
        container = _container(ir, component)
        if container is None:
            continue  # An importer: the backend does it without a pod of ours.
        args = [str(item) for item in container.get("args", ())]
        ours = len(args) >= 3 and args[2] == "{{$}}"
        step, sha = args[:2] if ours else (name, "")
        yield KfpStep(step, sha, path, str(container.get("image", "")), needs)


def _container(ir: Mapping[str, Any], component: Mapping[str, Any]) -> Mapping[str, Any] | None:
    executors = ir.get("deploymentSpec", {}).get("executors", {})
    found: Mapping[str, Any] | None = executors.get(component.get("executorLabel"), {}).get(
        "container"
    )
    return found


def _needs(task: Mapping[str, Any]) -> frozenset[str]:
    names = set(task.get("dependentTasks", ()))
    inputs = task.get("inputs", {})
    for item in inputs.get("artifacts", {}).values():
        names.add(item.get("taskOutputArtifact", {}).get("producerTask"))
    for item in inputs.get("parameters", {}).values():
        names.add(item.get("taskOutputParameter", {}).get("producerTask"))
    return frozenset(name for name in names if name)
