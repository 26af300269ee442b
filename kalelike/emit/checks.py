"""What cannot stand in a document, and would be changed or lost in silence if it did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.emit.platform import scratch_volumes
from kalelike.emit.texts import find_danger
from kalelike.graph.model import PipelineGraph, Step
from kalelike.notebook.options import PipelineOptions, StepOptions
from kalelike.runtime.foreign_cell import read_foreign_cell

# A text in quotes that ends like a file's name, in any language.
_FILE = re.compile(r"""(["'])([\w./ -]*\w\.[A-Za-z]\w{0,7})\1""")
# Values of variables travel encoded; requirements are the image builder's.
_NOT_IN_DOCUMENT = frozenset({"env", "requirements", "kernel"})
_PLAIN_STEP = StepOptions()

# Volumes that KFP itself gives to each step's pod.
_KFP_VOLUMES = frozenset(
    {
        "kfp-launcher",
        "gcs-scratch",
        "s3-scratch",
        "minio-scratch",
        "dot-local-scratch",
        "dot-cache-scratch",
        "dot-config-scratch",
    }
)


def check_graph(graph: PipelineGraph) -> list[Diagnostic]:
    """Return the diagnostics of everything in the graph that a document cannot carry."""
    found = list(_pipeline_texts(graph.options, graph.notebook.location))
    for step in graph.steps:
        found.extend(_step_name(step))
        if step.options != _PLAIN_STEP:
            found.extend(_step_texts(step))
            found.extend(_environment(step))
            found.extend(_volumes(step))
            found.extend(_unsupported(step))
    return found


def check_images(graph: PipelineGraph) -> Iterator[Diagnostic]:
    """Yield a note for each step whose requirements its image has to hold.

    A document cannot install packages; for steps whose images are built, the
    builder does.
    """
    for step in graph.steps:
        if step.options.requirements:
            yield diagnose(
                "image-has-to-hold",
                f"step {step.name} requires {', '.join(step.options.requirements)}:"
                " a document installs nothing",
                step.location,
                "build the step's image, or name one that holds them with image:REFERENCE",
            )


def check_foreign_files(graph: PipelineGraph) -> Iterator[Diagnostic]:
    """Yield a warning for each cell in another language that names a file."""
    for step in graph.steps:
        for cell in step.own_cells if step.kernel is not None else ():
            foreign = read_foreign_cell(cell.source)
            named = _FILE.search(foreign.body) if foreign is not None else None
            if named is not None:
                yield diagnose(
                    "kernel-names-file",
                    f"step {step.name} names the file {named.group(2)} in another language, where"
                    " it is not seen what is read and written: no other step waits for it or gets"
                    " it",
                    cell.location,
                    "pass the content with -i and -o, or use the file in a Python step",
                )


def _pipeline_texts(options: PipelineOptions, place: Location) -> Iterator[Diagnostic]:
    for name, text in (
        ("the pipeline's name", options.name),
        ("the pipeline's description", options.description),
        ("the base image", options.base_image or ""),
        ("the workspace's size", options.workspace_size or ""),
    ):
        danger = find_danger(text)
        if danger is not None:
            yield diagnose(
                "bad-setting", f"{name} holds {danger}", place, "write it without these characters"
            )


def _step_name(step: Step) -> Iterator[Diagnostic]:
    danger = find_danger(step.name)
    if danger is not None:
        message = f"the name of step {step.name!r} holds {danger}"
        yield diagnose("bad-name", message, step.location, "rename the step")


def _step_texts(step: Step) -> Iterator[Diagnostic]:
    for path, text in _texts(step.options, ""):
        danger = find_danger(text)
        if danger is not None:
            yield diagnose(
                "bad-option",
                f"option {path} of step {step.name} holds {danger}",
                step.location,
                "write it without these characters: this option reaches Kubernetes as it stands",
            )


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield every string of the options with the path to it; values of ``env`` travel encoded."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, StepOptions):
        for name, _ in value.env:
            yield "env", name
        for field in fields(value):
            if field.name not in _NOT_IN_DOCUMENT:
                yield from _texts(getattr(value, field.name), field.name)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item, path)


def _environment(step: Step) -> Iterator[Diagnostic]:
    options = step.options
    names = [
        *(name for name, _ in (*options.env, *options.field_env)),
        *(item.env for item in options.secret_env),
        *(item.env for item in options.config_map_env),
    ]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield diagnose(
            "bad-option",
            f"step {step.name} sets the environment variable {name} more than once",
            step.location,
            "keep one: Kubernetes would drop the others in silence",
        )


def _volumes(step: Step) -> Iterator[Diagnostic]:
    options = step.options
    used = [
        *(("claim", item.claim, item.mount_path) for item in options.claims),
        *(("secret", item.secret, item.mount_path) for item in options.secret_volumes),
        *(("config map", item.config_map, item.mount_path) for item in options.config_map_volumes),
        *(("volume", item.name, item.mount_path) for item in options.ephemeral_volumes),
        *(("directory", item.name, item.mount_path) for item in scratch_volumes(options)),
    ]
    names = dict.fromkeys(_KFP_VOLUMES, "KFP's own volume")
    paths: dict[str, str] = {}
    for kind, name, path in used:
        before = names.get(name)
        if before is not None:
            both = f"a {kind} twice" if before == kind else f"two things ({before} and {kind})"
            yield diagnose(
                "bad-option",
                f"step {step.name} uses the volume name {name} for {both}, and Kubernetes refuses"
                " two volumes of one name",
                step.location,
                "mount it once, or rename one: KFP names a pod's volumes after what they hold",
            )
        names[name] = kind
        place = path.rstrip("/") or "/"
        if place in paths:
            yield diagnose(
                "bad-option",
                f"step {step.name} mounts both {paths[place]} and {name} at {path}",
                step.location,
                "mount them at different places",
            )
        paths[place] = name


def _unsupported(step: Step) -> Iterator[Diagnostic]:
    kernel = step.kernel
    for cell in step.own_cells if kernel is not None else ():
        if read_foreign_cell(cell.source) is None:
            yield diagnose(
                "kernel-without-magic",
                f"step {step.name} runs on the kernel {kernel}, and this cell does not say what it"
                " takes and gives",
                cell.location,
                "begin it with a line such as `%%R -i table -o result`",
            )
