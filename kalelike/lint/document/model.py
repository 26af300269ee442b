"""The pipeline as the rules see it: components, the tasks that call them, and who is reached.

KFP's compiler starts at the root and visits what the root's tasks refer to;
whatever is not reached has no effect, so no rule looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from kalelike.lint.document.decoding import Message
from kalelike.lint.document.findings import Path

ROOT = "root"
EXIT_STRATEGY = "ALL_UPSTREAM_TASKS_COMPLETED"
PLATFORM_IMAGES = frozenset({"argostub/createpvc", "argostub/deletepvc"})
"""Images that stand for the driver's own work: no pod of the user's runs."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Component:
    """A component with its executor (or its DAG); ``kind`` tells which it is.

    Kinds: ``dag``, ``container``, ``importer``, ``other`` (an executor that
    KFP does not run), ``lost`` (no executor of that label), ``none``.
    """

    name: str
    path: Path
    kind: str
    spec: Message
    executor: Message

    @cached_property
    def parameters(self) -> Mapping[str, Message]:
        """The declared input parameters."""
        return part(self.spec, "inputDefinitions", "parameters")

    @cached_property
    def artifacts(self) -> Mapping[str, Message]:
        """The declared input artifacts."""
        return part(self.spec, "inputDefinitions", "artifacts")

    @cached_property
    def output_parameters(self) -> Mapping[str, Message]:
        """The declared output parameters."""
        return part(self.spec, "outputDefinitions", "parameters")

    @cached_property
    def output_artifacts(self) -> Mapping[str, Message]:
        """The declared output artifacts."""
        return part(self.spec, "outputDefinitions", "artifacts")

    @cached_property
    def tasks(self) -> Mapping[str, Message]:
        """The tasks of a DAG, by name."""
        return part(self.spec, "dag", "tasks")

    @cached_property
    def container(self) -> Message:
        """The container, empty for anything else."""
        return dict(part(self.executor, "container"))

    @property
    def label(self) -> str:
        """The executor's label, empty for a DAG."""
        return str(self.spec.get("executorLabel", ""))

    @property
    def executor_path(self) -> Path:
        """Where the executor stands."""
        return ("deploymentSpec", "executors", self.label)

    @property
    def runs_in_driver(self) -> bool:
        """Tell whether KFP's driver does the work itself (creating a volume claim, …)."""
        return self.container.get("image") in PLATFORM_IMAGES


@dataclass(frozen=True)
class Call:
    """A task of a DAG, and the component that it runs (None where there is none)."""

    dag: Component
    name: str
    task: Message
    component: Component | None

    @cached_property
    def path(self) -> Path:
        """Where the task stands."""
        return (*self.dag.path, "dag", "tasks", self.name)

    @cached_property
    def parameters(self) -> Mapping[str, Message]:
        """The parameters that the task passes."""
        return part(self.task, "inputs", "parameters")

    @cached_property
    def artifacts(self) -> Mapping[str, Message]:
        """The artifacts that the task passes."""
        return part(self.task, "inputs", "artifacts")

    @property
    def reference(self) -> str:
        """The name of the component that the task asks for."""
        return str(part(self.task, "componentRef").get("name", ""))

    @property
    def iterator(self) -> Message:
        """The parameter iterator, empty for a task that is no loop."""
        return dict(part(self.task, "parameterIterator"))

    @property
    def item(self) -> str:
        """The input that receives a loop's item, empty for a task that is no loop."""
        return str(self.iterator.get("itemInput", ""))

    @property
    def is_loop(self) -> bool:
        """Tell whether the task runs once for each item of a list."""
        return "parameterIterator" in self.task

    @property
    def condition(self) -> str:
        """The condition, empty for a task that always runs."""
        return str(part(self.task, "triggerPolicy").get("condition", ""))

    @property
    def is_exit(self) -> bool:
        """Tell whether the task is an exit handler, run when what it waits for has ended."""
        return part(self.task, "triggerPolicy").get("strategy") == EXIT_STRATEGY

    @cached_property
    def producers(self) -> tuple[str, ...]:
        """The tasks whose outputs this task takes, once each."""
        names: dict[str, None] = {}
        for spec in self.parameters.values():
            if "taskOutputParameter" in spec:
                names[str(spec["taskOutputParameter"].get("producerTask", ""))] = None
        for spec in self.artifacts.values():
            if "taskOutputArtifact" in spec:
                names[str(spec["taskOutputArtifact"].get("producerTask", ""))] = None
        return tuple(names)

    @property
    def dependencies(self) -> tuple[str, ...]:
        """All tasks that this one waits for, named or implied."""
        return tuple(dict.fromkeys((*self.task.get("dependentTasks", ()), *self.producers)))


@dataclass(frozen=True)
class Pipeline:
    """A decoded pipeline, as far as its root reaches."""

    spec: Message
    executors: Mapping[str, Message]
    root: Component
    components: Mapping[str, Component]
    reached: tuple[Component, ...]
    calls: tuple[Call, ...]
    callers: Mapping[str, tuple[Call, ...]] = field(repr=False)
    by_dag: Mapping[str, Mapping[str, Call]] = field(repr=False)

    def passed_parameters(self, dag: Component) -> frozenset[str]:
        """Return the parameters that tasks inside a DAG can name.

        Declared ones; and those that every caller passes although they are
        not declared, since the driver hands on whatever it is given.
        """
        names = set(dag.parameters)
        calls = self.callers.get(dag.name, ()) if dag is not self.root else ()
        if calls:
            names |= set.intersection(*({*call.parameters, call.item} for call in calls))
        return frozenset(names)

    def passed_artifacts(self, dag: Component) -> frozenset[str]:
        """Return the artifacts that tasks inside a DAG can name."""
        names = set(dag.artifacts)
        calls = self.callers.get(dag.name, ()) if dag is not self.root else ()
        if calls:
            names |= set.intersection(*(set(call.artifacts) for call in calls))
        return frozenset(names)


def build_pipeline(spec: Message, deployment: Message) -> Pipeline:
    """Link a decoded pipeline: components to executors, tasks to components.

    ``deployment`` is the decoded ``deploymentSpec``, ``{}`` where it could not
    be decoded.
    """
    executors = part(deployment, "executors")
    components = {
        name: _component(name, ("components", name), message, executors)
        for name, message in part(spec, "components").items()
    }
    root = _component(ROOT, (ROOT,), dict(part(spec, ROOT)), executors)
    reached: dict[str, Component] = {}
    calls: list[Call] = []
    callers: dict[str, list[Call]] = {}
    by_dag: dict[str, dict[str, Call]] = {}
    waiting = [root]
    while waiting:
        dag = waiting.pop()
        for call in _calls_of(dag, components):
            calls.append(call)
            by_dag.setdefault(dag.name, {})[call.name] = call
            component = call.component
            if component is None:
                continue
            callers.setdefault(component.name, []).append(call)
            if component.name not in reached:
                reached[component.name] = component
                waiting.append(component)
    return Pipeline(
        spec,
        executors,
        root,
        components,
        (root, *reached.values()),
        tuple(calls),
        {name: tuple(found) for name, found in callers.items()},
        by_dag,
    )


def part(message: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """Return a nested message or map, empty where it (or one around it) is unset."""
    for name in names:
        found = message.get(name)
        if not isinstance(found, dict):
            return _NOTHING
        message = found
    return message


def _calls_of(dag: Component, components: Mapping[str, Component]) -> Iterator[Call]:
    for name, task in dag.tasks.items():
        reference = part(task, "componentRef").get("name", "")
        # The compiler takes a component called `root` for the pipeline itself.
        component = None if reference == ROOT else components.get(reference)
        yield Call(dag, name, task, component)


def _component(name: str, path: Path, spec: Message, executors: Mapping[str, Message]) -> Component:
    label = spec.get("executorLabel", "")
    executor = executors.get(label, {}) if label else {}
    if label:
        kind = "lost" if label not in executors else "other"
        for candidate in ("container", "importer"):
            if candidate in executor:
                kind = candidate
    else:
        kind = "dag" if "dag" in spec else "none"
    return Component(name, path, kind, spec, executor)
