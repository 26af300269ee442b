"""Components and tasks: the interface of each step, and what flows between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kalelike.emit.document import Json
from kalelike.emit.texts import carried_default
from kalelike.emit.timing import retry_bound
from kalelike.graph.model import ArtifactType, Parameter, PipelineGraph, Step
from kalelike.notebook.model import StepName
from kalelike.notebook.options import PipelineOptions

WORKSPACE_INPUT = "kfp-workspace"
"""An input that makes KFP mount the run's workspace into a step; no Python name is like it."""
_WORKSPACE_PATH = "{{$.workspace_path}}"


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the parts of a document need to know of each other.

    ``tasks`` are task names by step, ``components`` component names by task,
    ``types`` the artifact types by producer and output key, ``parameters`` the
    pipeline's parameters by name.
    """

    tasks: Mapping[StepName, str]
    components: Mapping[str, str]
    types: Mapping[tuple[StepName, str], ArtifactType]
    parameters: Mapping[str, Parameter]
    options: PipelineOptions

    @classmethod
    def of(
        cls, graph: PipelineGraph, tasks: Mapping[StepName, str], components: Mapping[str, str]
    ) -> Wiring:
        """Collect the wiring of a graph."""
        types = {
            (step.name, output.key): output.type for step in graph.steps for output in step.outputs
        }
        parameters = {item.name: item for item in graph.parameters}
        return cls(tasks, components, types, parameters, graph.options)


def build_component(step: Step, wiring: Wiring) -> Json:
    """Return the component of a step: the types of its inputs and outputs."""
    component: Json = {"executorLabel": f"exec-{wiring.tasks[step.name]}"}
    artifacts: Json = {
        item.key: _artifact(wiring.types[item.producer, item.output]) for item in step.inputs
    }
    parameters: Json = {
        item.key: _parameter(item) for item in map(wiring.parameters.__getitem__, step.parameters)
    }
    if wiring.options.workspace_size:
        parameters[WORKSPACE_INPUT] = {"parameterType": "STRING"}
    inputs = _stated(artifacts=artifacts, parameters=parameters)
    if inputs:
        component["inputDefinitions"] = inputs
    outputs = {item.key: _artifact(item.type) for item in step.outputs}
    if step.metrics:
        outputs["metrics"] = _artifact(ArtifactType.METRICS)
    if step.options.report is not False:
        outputs["report"] = _artifact(ArtifactType.HTML)
        outputs["notebook"] = _artifact(ArtifactType.ARTIFACT)
    if outputs:
        component["outputDefinitions"] = {"artifacts": outputs}
    return component


def build_task(step: Step, wiring: Wiring) -> Json:
    """Return the task of a step in the root graph.

    ``taskInfo`` differs from the task's name only where a display name is
    asked for: backends before 2.15 look producers up by it.
    """
    options = step.options
    name = wiring.tasks[step.name]
    task: Json = {
        "taskInfo": {"name": options.display_name or name},
        "componentRef": {"name": wiring.components[name]},
        # False is protobuf's default, and stands as nothing at all.
        "cachingOptions": {"enableCache": True} if options.cache is not False else {},
    }
    if step.predecessors:
        task["dependentTasks"] = [wiring.tasks[item] for item in step.predecessors]
    inputs = _task_inputs(step, wiring)
    if inputs:
        task["inputs"] = inputs
    retry = options.retry
    if retry is not None and retry.max_retries > 0:
        task["retryPolicy"] = {
            "maxRetryCount": retry.max_retries,
            "backoffDuration": f"{max(retry.backoff_seconds, 0)}s",
            "backoffFactor": max(retry.backoff_factor, 1),
            "backoffMaxDuration": f"{retry_bound(retry, options, wiring.options)}s",
        }
    return task


def build_root(steps: Iterable[Step], parameters: Iterable[Parameter], wiring: Wiring) -> Json:
    """Return the root component: the pipeline's parameters and its tasks."""
    root: Json = {}
    definitions = {item.key: _pipeline_parameter(item) for item in parameters}
    if definitions:
        root["inputDefinitions"] = {"parameters": definitions}
    root["dag"] = {"tasks": {wiring.tasks[step.name]: build_task(step, wiring) for step in steps}}
    return root


def _task_inputs(step: Step, wiring: Wiring) -> Json:
    artifacts: Json = {
        item.key: {
            "taskOutputArtifact": {
                "producerTask": wiring.tasks[item.producer],
                "outputArtifactKey": item.output,
            }
        }
        for item in step.inputs
    }
    keys = [wiring.parameters[name].key for name in step.parameters]
    parameters: Json = {key: {"componentInputParameter": key} for key in keys}
    if wiring.options.workspace_size:
        parameters[WORKSPACE_INPUT] = {"runtimeValue": {"constant": _WORKSPACE_PATH}}
    return _stated(artifacts=artifacts, parameters=parameters)


def _artifact(kind: ArtifactType) -> Json:
    return {"artifactType": {"schemaTitle": kind.value, "schemaVersion": "0.0.1"}}


def _parameter(parameter: Parameter) -> Json:
    definition: Json = {"parameterType": parameter.kfp_type}
    if parameter.optional:
        definition["isOptional"] = True
    return definition


def _pipeline_parameter(parameter: Parameter) -> Json:
    return {
        "parameterType": parameter.kfp_type,
        "defaultValue": carried_default(parameter),
        "isOptional": True,
    }


def _stated(**parts: Json) -> Json:
    return {key: value for key, value in parts.items() if value}
