"""From the graph to the images of its steps, as data: nothing is built, run or asked for."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import kalelike.runtime
from kalelike import __version__
from kalelike.diagnostics import Diagnostic, diagnose
from kalelike.graph.data_files import data_paths
from kalelike.graph.model import PipelineGraph, Step
from kalelike.graph.step_code import StepCodeDocument
from kalelike.image.base import Base, default_image
from kalelike.image.layers import (
    CODE,
    FILES,
    LAYOUT,
    LIBRARY,
    SITE,
    Layer,
    LayerKind,
    ShippedFile,
    digest_of,
    file_digest,
)
from kalelike.image.local_modules import LocalModule, project_digest
from kalelike.image.pins import Pin
from kalelike.image.requirements import Requirements, StepRequirements
from kalelike.image.shipping import shipped_files, why_not
from kalelike.notebook.model import StepName

USER = "65532:65532"
"""Who a step runs as where nobody else is named: a number, as Kubernetes' ``runAsNonRoot`` asks."""

_ENV = (
    ("KALELIKE_FILES", FILES),
    ("PATH", f"{SITE}/bin:$PATH"),
    ("PYTHONPATH", f"{LIBRARY}:{SITE}"),
    ("PYTHONUNBUFFERED", "1"),
)
_OTHER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class ImagePlan:
    """The image of one step.

    ``layers`` lie on the base in their order. ``env`` may refer to the base's
    own variables as a Dockerfile does. ``content`` (12 hexadecimal digits)
    stands for all that decides what the image gives; labels, comments in the
    step's cells and their places in the notebook are not part of it.
    """

    step: StepName
    repository: str
    base: Base
    layers: tuple[Layer, ...]
    labels: tuple[tuple[str, str], ...]
    content: str
    env: tuple[tuple[str, str], ...] = _ENV
    user: str = USER
    workdir: str = FILES

    @property
    def tag(self) -> str:
        """The tag: the step, and its content."""
        return f"{_spelt(self.step)[:100] or 'step'}-{self.content}"

    @property
    def reference(self) -> str:
        """The image's name with its tag."""
        return f"{self.repository}:{self.tag}"

    @cached_property
    def pins(self) -> tuple[Pin, ...]:
        """All distributions in it, sorted by name."""
        found = (pin for layer in self.layers for pin in layer.pins)
        return tuple(sorted(found, key=lambda pin: pin.name))


@dataclass(frozen=True, slots=True)
class Plans:
    """The images of a pipeline, in the graph's order."""

    images: tuple[ImagePlan, ...]
    diagnostics: tuple[Diagnostic, ...]


def base_references(graph: PipelineGraph, given: str | None = None) -> dict[StepName, str]:
    """Return each step's base: its own, else ``given``, else the pipeline's, else Python's."""
    common = given or graph.options.base_image or default_image()
    return {step.name: step.options.image or common for step in graph.steps}


def repository_name(graph: PipelineGraph, registry: str | None) -> str:
    """Return the repository of a pipeline's images: one for all its steps."""
    name = _spelt(graph.options.name) or "pipeline"
    return f"{registry.rstrip('/') if registry else 'kalelike'}/{name}"


def plan_images(
    graph: PipelineGraph,
    codes: Iterable[StepCodeDocument],
    requirements: Requirements,
    bases: Mapping[StepName, Base],
    folder: Path,
    *,
    registry: str | None = None,
    revision: str = "",
    machine: str = "x86_64",
    digest: Callable[[Path], str] = file_digest,
) -> Plans:
    """Return the plans of all steps' images.

    ``folder`` is the notebook's, ``revision`` its Git commit, ``machine`` the
    images' architecture as Linux names it, ``digest`` what tells a file's
    content. Files are read to tell their content, and for nothing else.
    """
    documents = {item.step: item for item in codes}
    chains = _chains(requirements.steps, requirements.runtime, machine)
    runtime = Layer.of_files(LayerKind.RUNTIME, _runtime_files())
    problems: list[Diagnostic] = []
    images = []
    for step, needs in zip(graph.steps, requirements.steps, strict=True):
        layers = [
            *chains[needs.pins],
            Layer.of_files(LayerKind.DATA, _data_files(step, folder, problems, digest)),
            Layer.of_files(LayerKind.MODULES, _module_files(needs.modules, folder)),
            runtime,
            _code_layer(step, documents[step.name]),
        ]
        kept = tuple(layer for layer in layers if layer.files or layer.pins)
        content = {
            "base": bases[step.name].identity,
            "layers": [layer.name for layer in kept],
            "env": _ENV,
            "user": USER,
        }
        name = repository_name(graph, registry)
        labels = _labels(graph, step, documents[step.name], revision)
        number = digest_of(content)[:12]
        images.append(ImagePlan(step.name, name, bases[step.name], kept, labels, number))
    return Plans(tuple(images), tuple(problems))


# -- requirements ---------------------------------------------------------------


def _chains(
    steps: Iterable[StepRequirements], runtime: tuple[Pin, ...], machine: str
) -> dict[tuple[Pin, ...], tuple[Layer, ...]]:
    """Return the requirement layers of each set of pins.

    A set lies on the largest other one that it holds, so that a distribution
    which several steps need is installed, stored and sent once. The runtime's
    own needs lie lowest.
    """
    sets = {runtime, *(item.pins for item in steps)}
    known: dict[tuple[Pin, ...], tuple[Layer, ...]] = {(): ()}
    for pins in sorted(sets, key=lambda item: (len(item), str(item))):
        below = max(
            (other for other in known if set(other) <= set(pins)),
            key=lambda item: (len(item), str(item)),
        )
        rest = tuple(pin for pin in pins if pin not in below)
        layer = Layer(LayerKind.REQUIREMENTS, _pins_digest(rest, machine), pins=rest)
        known[pins] = (*known[below], layer) if rest else known[below]
    return known


def _pins_digest(pins: Iterable[Pin], machine: str) -> str:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    lines = [
        f"{pin.name} {project_digest(pin.project)}" if pin.project is not None else pin.requirement
        for pin in pins
    ]
    return digest_of([LAYOUT, python, machine, lines])


# -- files ----------------------------------------------------------------------


def _runtime_files() -> Iterator[ShippedFile]:
    """Yield kalelike's runtime: all of the package that a step can use."""
    folder = Path(kalelike.runtime.__file__).parent
    package = folder.parent
    for path in (package / "__init__.py", *sorted(folder.rglob("*.py"))):
        yield ShippedFile(
            f"{LIBRARY}/kalelike/{path.relative_to(package).as_posix()}", file_digest(path), path
        )


def _code_layer(step: Step, document: StepCodeDocument) -> Layer:
    """Return the layer of a step's code.

    What a comment or a cell's place changes does not change its digest: such
    an edit leaves the image, and with it the cluster's cache, as it is.
    """
    file = ShippedFile.of_text(f"{CODE}/{document.step}-{document.sha}.json", document.text)
    retry = step.options.retry
    content = [document.step, document.sha, str(retry), step.options.report is not False]
    return Layer(LayerKind.CODE, digest_of(content), (file,))


def _module_files(modules: Iterable[LocalModule], folder: Path) -> Iterator[ShippedFile]:
    for module in modules:
        place = FILES if module.folder == folder.resolve() else LIBRARY
        for path in module.files:
            name = path.relative_to(module.folder).as_posix()
            yield ShippedFile.of_file(f"{place}/{name}", path, file_digest(path))


def _data_files(
    step: Step, folder: Path, problems: list[Diagnostic], digest: Callable[[Path], str]
) -> Iterator[ShippedFile]:
    """Yield the files that a step reads and no step writes, as far as they may travel."""
    root = folder.resolve()
    for name, path in data_paths(step.data_files, folder):
        why = why_not(name, path, root)
        if why:
            problems.append(
                diagnose(
                    "file-not-shipped",
                    f"step {step.name} reads {name}, which {why}",
                    step.location,
                    "put it beside the notebook, or mount it (volume:, secret-volume:)",
                )
            )
            continue
        for place, item in shipped_files(path, root):
            yield ShippedFile.of_file(f"{FILES}/{place}", item, digest(item))


# -- names and labels -------------------------------------------------------------


def _labels(
    graph: PipelineGraph, step: Step, code: StepCodeDocument, revision: str
) -> tuple[tuple[str, str], ...]:
    """Return the labels; ``org.opencontainers.image`` are the OCI image specification's own."""
    prefix = "org.opencontainers.image"
    labels = {
        f"{prefix}.title": f"{graph.options.name}: {step.name}",
        f"{prefix}.description": graph.options.description,
        f"{prefix}.revision": revision,
        "io.kalelike.version": __version__,
        "io.kalelike.notebook": graph.notebook.name,
        "io.kalelike.step": step.name,
        "io.kalelike.code": code.sha,
    }
    return tuple((key, value) for key, value in sorted(labels.items()) if value)


def _spelt(name: str) -> str:
    """Return a name as repositories and tags can have it."""
    return _OTHER.sub("-", name.lower()).strip("-")
