"""Graph and step code in, KFP v2 document out."""

from __future__ import annotations

from collections.abc import Mapping

from kalelike import __version__
from kalelike.diagnostics import Diagnostic, diagnose
from kalelike.emit.checks import check_graph
from kalelike.emit.components import Wiring, build_component, build_root
from kalelike.emit.document import Json, PipelineDocument
from kalelike.emit.executors import build_executor
from kalelike.emit.inline import LARGEST_INLINE, pack_code
from kalelike.emit.names import component_names, pipeline_key, task_names
from kalelike.emit.platform import build_platform
from kalelike.emit.setup import Bundle, add_setup
from kalelike.errors import CompileError
from kalelike.graph.model import PipelineGraph, Step
from kalelike.graph.step_code import StepCodeDocument
from kalelike.image.base import default_image
from kalelike.notebook.model import StepName

SCHEMA_VERSION = "2.1.0"


def emit_pipeline(
    graph: PipelineGraph,
    codes: Mapping[StepName, StepCodeDocument],
    *,
    inline: bool = False,
    images: Mapping[StepName, str] | None = None,
    bundle: Bundle | None = None,
) -> PipelineDocument:
    """Return the KFP v2 document of a pipeline.

    ``codes`` holds every step's code document; with ``inline`` it travels in
    the step's arguments, else the image has to hold it. ``images`` are images
    built for the steps, and go before those that the notebook names. A ``bundle``
    is what images that have only Python lack; a first step unpacks it. Raises
    :class:`CompileError` with everything that a document cannot carry.
    """
    problems = check_graph(graph)
    if inline:
        problems.extend(_check_inline(graph, codes))
    if problems:
        raise CompileError(problems)
    key = pipeline_key(graph.options.name)
    tasks = task_names(step.name for step in graph.steps)
    wiring = Wiring.of(graph, tasks, component_names(tasks.values(), key))
    components: Json = {}
    executors: Json = {}
    for step in graph.steps:
        name = tasks[step.name]
        image = (images or {}).get(step.name) or _image(graph, step)
        components[wiring.components[name]] = build_component(step, wiring)
        executors[f"exec-{name}"] = build_executor(
            codes[step.name], step.options, image, inline=inline
        )
    ir: Json = {
        "pipelineInfo": _pipeline_info(graph, key),
        "schemaVersion": SCHEMA_VERSION,
        "sdkVersion": f"kalelike-{__version__}",
        "root": build_root(graph.steps, graph.parameters, wiring),
        "components": components,
        "deploymentSpec": {"executors": executors},
    }
    platform = build_platform(graph.steps, tasks, graph.options)
    if bundle is not None:
        platform = add_setup(ir, platform, graph, tasks.values(), bundle)
    return PipelineDocument(ir, platform)


def _image(graph: PipelineGraph, step: Step) -> str:
    return step.options.image or graph.options.base_image or default_image()


def _pipeline_info(graph: PipelineGraph, key: str) -> Json:
    info: Json = {"name": key}
    if graph.options.name != key:
        info["displayName"] = graph.options.name
    if graph.options.description:
        info["description"] = graph.options.description
    return info


def _check_inline(
    graph: PipelineGraph, codes: Mapping[StepName, StepCodeDocument]
) -> list[Diagnostic]:
    found = []
    for step in graph.steps:
        size = len(pack_code(codes[step.name].text))
        if size > LARGEST_INLINE:
            found.append(
                diagnose(
                    "inline-too-large",
                    f"the code of step {step.name} takes {size:,} bytes compressed, and a"
                    f" document can carry {LARGEST_INLINE:,}",
                    step.location,
                    "split the step, or build images instead of --inline",
                )
            )
    return found
