"""A pipeline's images, from its graph to what a builder made: the stages of this package."""

from __future__ import annotations

import platform
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kalelike.diagnostics import Diagnostic, Location, diagnose, has_errors
from kalelike.errors import BuildError
from kalelike.graph.model import PipelineGraph
from kalelike.graph.step_code import StepCodeDocument
from kalelike.image.base import FindBase, default_image
from kalelike.image.builder import Builder, BuiltImage
from kalelike.image.disk_errors import disk_errors
from kalelike.image.installed import Installed
from kalelike.image.lock import Lock, lock_path, make_lock
from kalelike.image.plan import Plans, base_references, plan_images
from kalelike.image.requirements import Requirements, all_pins, find_requirements
from kalelike.image.wheels import cache_folder

# The grammar of the OCI distribution specification, with a host in front.
_REGISTRY = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d+)?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
)
_MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64", "linux/arm64/v8": "aarch64"}
_USERS_OWN = ("system", "global", "command")  # scopes of Git's settings
_OWN_NAMES = {"AMD64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """What a user says of the images.

    ``registry`` is host and path, such as ``registry.example.com/team``;
    ``base`` goes before the notebook's own setting; ``platform`` is Docker's
    name of a system and architecture, ``linux/amd64``.
    """

    registry: str | None = None
    base: str | None = None
    platform: str | None = None

    @property
    def machine(self) -> str:
        """The images' architecture as Linux names it."""
        if self.platform is not None:
            return _MACHINES[self.platform]
        own = platform.machine()
        return _OWN_NAMES.get(own, own)


def check_options(options: ImageOptions, *, push: bool) -> None:
    """Refuse what no registry or builder takes; raises ``BuildError``."""
    found = []
    if push and options.registry is None:
        message = "images cannot be pushed without a registry"
        hint = "name one: --registry registry.example.com/team"
        found.append(diagnose("bad-argument", message, Location("--push"), hint))
    if options.registry is not None and not _REGISTRY.fullmatch(options.registry.rstrip("/")):
        message = f"{options.registry} is not a registry's host and path"
        hint = "write it like registry.example.com/team, in lower case and without https://"
        found.append(diagnose("bad-image-name", message, Location("--registry"), hint))
    if options.platform is not None and options.platform not in _MACHINES:
        message = f"there is no platform {options.platform}"
        hint = f"choose one of {', '.join(_MACHINES)}"
        found.append(diagnose("bad-argument", message, Location("--platform"), hint))
    if found:
        raise BuildError(found)


def plan_pipeline(
    graph: PipelineGraph,
    codes: Sequence[StepCodeDocument],
    options: ImageOptions,
    find_base: FindBase,
    installed: Installed,
) -> Plans:
    """Return the plans of all images; ``find_base`` tells what a base image is.

    Raises ``BuildError`` with everything that keeps a step from having one.
    """
    folder = Path(graph.notebook.path).resolve().parent
    lock = _lock(graph, options.machine)
    modules = lock.modules if lock is not None else None
    needs = find_requirements(
        graph, installed, folder, source=lock, modules=modules, machine=options.machine
    )
    problems = [*needs.diagnostics, *_unresolved(needs, lock, graph)]
    if lock is not None:
        problems += _drifted(lock, needs, installed)
    if has_errors(problems):
        raise BuildError(problems)
    references = base_references(graph, options.base)
    missing = [
        diagnose(
            "kernel-without-image",
            f"step {step.name} runs on the kernel {step.kernel}, which {references[step.name]} has"
            " not",
            step.location,
            "name an image with the kernel and this Python: a tag image:REFERENCE",
        )
        for step in graph.steps
        if step.kernel is not None and references[step.name] == default_image()
    ]
    if missing:
        raise BuildError(missing)
    pinned = lock.bases if lock is not None else {}
    bases = {name: find_base(name, pinned.get(name)) for name in dict.fromkeys(references.values())}
    if lock is not None:
        problems += [not_pinned(name, "the lock was written without it")
                     for name in bases if name not in pinned]  # fmt: skip
    plans = plan_images(
        graph,
        codes,
        needs,
        {step: bases[name] for step, name in references.items()},
        folder,
        registry=options.registry,
        revision=git_revision(folder),
        machine=options.machine,
    )
    return Plans(plans.images, (*problems, *plans.diagnostics))


def build_pipeline(
    graph: PipelineGraph,
    codes: Sequence[StepCodeDocument],
    options: ImageOptions,
    builder: Builder,
    installed: Installed,
    *,
    push: bool,
) -> tuple[tuple[BuiltImage, ...], tuple[Diagnostic, ...]]:
    """Return the images of all steps, and what there is to say of them.

    Those that are missing are made, and with ``push`` brought to the registry,
    which then tells every image's digest. Raises ``BuildError``.
    """
    with disk_errors(cache_folder(), tempfile.gettempdir()):
        plans = plan_pipeline(graph, codes, options, builder.find_base, installed)
        return builder.build(plans.images, push=push), plans.diagnostics


def lock_pipeline(
    graph: PipelineGraph,
    options: ImageOptions,
    installed: Installed,
    bases: Mapping[str, str],
) -> Lock:
    """Return a lock of all that a pipeline's steps need; nothing is written.

    ``bases`` are the digests of their base images, by name.

    Raises ``BuildError`` as :func:`plan_pipeline` does, and where pip cannot resolve.
    """
    notebook = Path(graph.notebook.path).resolve()
    needs = find_requirements(graph, installed, notebook.parent, machine=options.machine)
    # What is asked for and not installed is what pip is to resolve.
    problems = [item for item in needs.diagnostics if item.code.name != "requirement-not-installed"]
    if has_errors(problems):
        raise BuildError(problems)
    return make_lock(needs, installed, lock_path(notebook), options.machine, bases)


def not_pinned(reference: str, why: str) -> Diagnostic:
    """Say that a base image may be another one next time."""
    message = f"the lock does not pin the base image {reference}: {why}"
    hint = "with a Docker daemon that has it or can pull it: kalelike lock"
    return diagnose("base-not-pinned", message, Location("lock"), hint)


def _lock(graph: PipelineGraph, machine: str) -> Lock | None:
    path = lock_path(Path(graph.notebook.path).resolve())
    if not path.exists():
        return None
    from kalelike.image.lock_file import read_lock  # the format's library is slow to load

    return read_lock(path, machine)


def _drifted(lock: Lock, needs: Requirements, installed: Installed) -> list[Diagnostic]:
    """Name what has another version here than in the images."""
    other = [
        f"{pin.name} {item.version} here, {pin.version} in the lock"
        for pin in all_pins(needs.steps)
        if (item := installed.find(pin.name)) is not None and item.version != pin.version
    ]
    if not other:
        return []
    message = f"{lock.path.name} has other versions than are installed: {'; '.join(other[:5])}"
    hint = "the images have the lock's; to lock what is installed: kalelike lock"
    return [diagnose("lock-differs", message, Location(lock.path.name), hint)]


def _unresolved(needs: Requirements, lock: Lock | None, graph: PipelineGraph) -> list[Diagnostic]:
    place = Location(graph.notebook.name)
    if lock is not None:
        hint = "write the lock again: kalelike lock"
        return [
            diagnose("lock-outdated", f"{item} is asked for, and is not in the lock", place, hint)
            for item in needs.wanted
        ]
    hint = "install it, or let `kalelike lock` ask the package index for it"
    return [
        diagnose(
            "requirement-not-installed",
            f"{item} is asked for, and is not what is installed here",
            place,
            hint,
        )
        for item in needs.wanted
    ]


def git_revision(folder: Path) -> str:
    """Return the commit of a folder's work tree; empty if there is none.

    ``-dirty`` follows where a tracked file may have changed. Comparing files can
    run programs that the repository's own settings name: then none is compared.
    """
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return ""
    filters = _git(folder, "config", "--show-scope", "--name-only", "--get-regexp", "^filter[.]")
    own = [line for line in (filters or "").splitlines() if not line.startswith(_USERS_OWN)]
    if own or _git(folder, "diff-index", "--raw", "--ignore-submodules=all", "HEAD", "--") != "":
        return f"{commit}-dirty"
    return commit


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what Git prints, None where it fails; no monitor of the repository's is started."""
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=20,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
