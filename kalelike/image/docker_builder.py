"""Images by the Docker daemon, through its SDK."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kalelike.diagnostics import diagnose
from kalelike.errors import BuildError
from kalelike.image.base import Base, name_base, pinned_reference
from kalelike.image.builder import BuiltImage
from kalelike.image.docker_errors import PLACE, docker_errors, explain
from kalelike.image.dockerfile import LAYERS, render_dockerfile, render_requirements
from kalelike.image.host_base import host_base_members, host_base_tag, is_program
from kalelike.image.installed import Installed
from kalelike.image.layers import Layer, LayerKind, digest_of, write_tar
from kalelike.image.plan import ImagePlan

_PREFIXES = "kalelike/requirements"
_ASK = "import json, sys; print(json.dumps(sys.version_info[:2]))"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

if TYPE_CHECKING:
    from kalelike.image.archives import Archives

Tell = Callable[[str], None]


def connect(seconds: int = 600) -> Any:
    """Return a client of the Docker daemon; raises ``BuildError``."""
    with docker_errors():
        import docker

        return docker.from_env(timeout=seconds)


class DockerBuilder:
    """Builds layer by layer: requirements once for all steps, then each step's own files."""

    def __init__(self, installed: Installed, machine: str, tell: Tell, client: Any = None) -> None:
        self._client = client or connect()
        self._api = self._client.api
        self._installed = installed
        self._machine = machine
        self._tell = tell
        self._checked: set[str] = set()

    # -- base images ------------------------------------------------------------------

    def find_base(self, reference: str, digest: str | None = None) -> Base:
        """See :class:`kalelike.image.builder.Builder`."""
        found = self._inspect(reference)
        if digest is not None and (found is None or digest not in _identities(found, reference)):
            return self._find_pinned(reference, digest)
        if found is None:
            found = self._pull(reference)
        return Base(reference, digest or _identities(found, reference)[0])

    def _find_pinned(self, reference: str, digest: str) -> Base:
        """Return what a lock names, where the reference has come to name something else."""
        base = name_base(reference, digest)
        cause = None
        if base.reference != reference:
            try:
                if self._inspect(base.reference) is None:
                    self._pull(base.reference)
                return base
            except BuildError as error:
                if error.diagnostics[0].code.name != "base-not-found":
                    raise
                cause = error
        message = f"the base image {reference} is not the one that the lock names ({digest})"
        hint = "to go on with the one that is here: kalelike lock"
        raise BuildError([diagnose("base-changed", message, PLACE, hint)]) from cause

    def base_from_host(self) -> str:
        """Make a base image of this machine's Python, if it is not there; return its name."""
        reference = host_base_tag()
        if self._inspect(reference) is None:
            self._tell(f"making {reference} from this machine's Python")
            with tempfile.TemporaryFile() as file, docker_errors(reference):
                write_tar(file, host_base_members().items(), ("/tmp",), is_program)  # noqa: S108
                file.seek(0)
                repository, _, tag = reference.rpartition(":")
                answer = self._api.import_image_from_data(file, repository=repository, tag=tag)
                _check_answers(map(json.loads, answer.splitlines()), reference)
        return reference

    def _pull(self, reference: str) -> dict[str, Any]:
        self._tell(f"pulling {reference}")
        architecture = _ARCHITECTURES.get(self._machine, self._machine)
        from docker.errors import DockerException

        with docker_errors(reference):
            try:
                self._client.images.pull(reference, platform=f"linux/{architecture}")
            except DockerException as error:
                known = explain(str(error), reference)
                if known.code.name not in ("build-failed", "base-without-python"):
                    raise
                message = f"the base image {reference} cannot be pulled: {error}"
                hint = "check its name, log in, or use --base IMAGE or --base-from-host"
                raise BuildError([diagnose("base-not-found", message, PLACE, hint)]) from error
            found = self._inspect(reference)
        assert found is not None
        return found

    def _inspect(self, reference: str) -> dict[str, Any] | None:
        from docker.errors import ImageNotFound

        with docker_errors(reference):
            try:
                found: dict[str, Any] = self._api.inspect_image(reference)
            except ImageNotFound:
                return None
        return found

    def _check_base(self, base: Base) -> None:
        """Ask the base for its Python: the one that the packages here are made for."""
        if base.identity in self._checked:
            return
        found = self._inspect(base.reference)
        assert found is not None
        wanted = _ARCHITECTURES.get(self._machine, self._machine)
        if found.get("Architecture") != wanted:
            message = f"{base.reference} is for {found.get('Architecture')}, not for {wanted}"
            hint = (
                f"pull it with --platform linux/{wanted}, or name the architecture with --platform"
            )
            raise BuildError([diagnose("architecture-mismatch", message, PLACE, hint)])
        version = self._ask(base.reference)
        if version != list(sys.version_info[:2]):
            message = (
                f"{base.reference} has Python {'.'.join(map(str, version))}, and this is"
                f" {sys.version_info[0]}.{sys.version_info[1]}"
            )
            hint = "name a base image with this Python, or run kalelike with that one"
            raise BuildError([diagnose("base-without-python", message, PLACE, hint)])
        self._checked.add(base.identity)

    def _ask(self, reference: str) -> Any:
        with docker_errors(reference):
            made = self._api.create_container(
                reference, entrypoint=["python3", "-c", _ASK], command=[], network_disabled=True
            )
            try:
                self._api.start(made["Id"])
                status = self._api.wait(made["Id"])["StatusCode"]
                printed = self._api.logs(made["Id"], stderr=False)
            finally:
                self._api.remove_container(made["Id"], force=True)
        try:
            return json.loads(printed)
        except ValueError:
            message = f"python3 of {reference} does not run (status {status})"
            hint = "name a base image with a Python of its own"
            raise BuildError([diagnose("base-without-python", message, PLACE, hint)]) from None

    # -- building --------------------------------------------------------------------------

    def build(self, plans: Sequence[ImagePlan], *, push: bool) -> tuple[BuiltImage, ...]:
        """See :class:`kalelike.image.builder.Builder`."""
        found = {plan.step: self._existing(plan, push) for plan in plans}
        missing = [plan for plan in plans if found[plan.step] is None]
        if missing:
            from kalelike.image.archives import Archives  # and what makes wheels into layers

            with tempfile.TemporaryDirectory(prefix="kalelike-build-") as folder:
                archives = Archives(Path(folder), self._installed, self._machine)
                self._prepare(missing, archives)
                for plan in missing:
                    self._tell(f"building {plan.reference}")
                    self._build_step(plan, archives)
                    found[plan.step] = BuiltImage(plan.step, plan.repository, plan.tag, made=True)
        images = [image for image in found.values() if image is not None]
        return tuple(self._push(item) if push and not item.digest else item for item in images)

    def _existing(self, plan: ImagePlan, push: bool) -> BuiltImage | None:
        if push:
            digest = self._pushed_digest(plan.reference)
            if digest:
                return BuiltImage(plan.step, plan.repository, plan.tag, made=False, digest=digest)
        if self._inspect(plan.reference) is None:
            return None
        return BuiltImage(plan.step, plan.repository, plan.tag, made=False)

    def _prepare(self, plans: Sequence[ImagePlan], archives: Archives) -> None:
        """Check the bases, and get the wheels of all layers that are to be made."""
        needed: dict[Layer, None] = {}
        for plan in plans:
            layers = _requirements(plan)
            start = self._longest_prefix(plan)
            if start == 0:
                self._check_base(plan.base)
            needed |= dict.fromkeys(layers[start:])
        if needed:
            count = len({pin for layer in needed for pin in layer.pins})
            self._tell(f"collecting {count} distributions")
        archives.prepare(needed)

    def _longest_prefix(self, plan: ImagePlan) -> int:
        """Return how many of a plan's requirement layers an image holds already."""
        for length in range(len(_requirements(plan)), 0, -1):
            if self._inspect(_prefix_name(plan, length)) is not None:
                return length
        return 0

    def _build_step(self, plan: ImagePlan, archives: Archives) -> None:
        length = self._longest_prefix(plan)
        layers = _requirements(plan)
        below = self._id(_prefix_name(plan, length) if length else plan.base.reference)
        for number, layer in enumerate(layers[length:], start=length + 1):
            self._tell(f"installing {len(layer.pins)} distributions")
            text = render_requirements(below, layer)
            below = self._run(text, [archives.write(plan, layer)], _prefix_name(plan, number))
        rest = [layer for layer in plan.layers if layer.kind is not LayerKind.REQUIREMENTS]
        text = render_dockerfile(plan, base=below, below=len(layers))
        self._run(text, [archives.write(plan, layer) for layer in rest], plan.reference)

    def _id(self, reference: str) -> str:
        found = self._inspect(reference)
        assert found is not None
        return str(found["Id"])

    def _run(self, dockerfile: str, archives: Iterable[Path], tag: str) -> str:
        """Build one Dockerfile and return the image's id."""
        members: list[tuple[str, Path | bytes]] = [("/Dockerfile", dockerfile.encode())]
        members += [(f"/{LAYERS}/{path.name}", path) for path in archives]
        with tempfile.TemporaryFile() as context, docker_errors(tag):
            write_tar(context, members)
            context.seek(0)
            answers = self._api.build(
                fileobj=context, custom_context=True, tag=tag, rm=True, forcerm=True, decode=True,
                use_config_proxy=False,
            )  # fmt: skip
            _check_answers(answers, tag)
        return self._id(tag)

    # -- the registry ----------------------------------------------------------------------

    def _pushed_digest(self, reference: str) -> str:
        """Return the digest under which the registry has an image, empty if it has not."""
        from docker.errors import APIError

        with docker_errors(reference):
            try:
                answer = self._api.inspect_distribution(reference)
            except APIError:
                return ""
        return str(answer.get("Descriptor", {}).get("digest", ""))

    def _push(self, image: BuiltImage) -> BuiltImage:
        name = f"{image.repository}:{image.tag}"
        self._tell(f"pushing {name}")
        digest = ""
        with docker_errors(name):
            for answer in self._api.push(image.repository, image.tag, stream=True, decode=True):
                if "error" in answer:
                    message = f"the registry refused {name}: {answer['error']}"
                    hint = "log in (docker login), and see that you may write to this repository"
                    raise BuildError([diagnose("push-refused", message, PLACE, hint)])
                digest = answer.get("aux", {}).get("Digest", digest)
        return BuiltImage(image.step, image.repository, image.tag, image.made, digest)


def _identities(found: Mapping[str, Any], reference: str) -> list[str]:
    """Return what an image's content is told by: registries' digests, its own first, then ours.

    Docker's id is no such thing: it changes with the time of the build.
    """
    known = sorted(found.get("RepoDigests") or ())
    known.sort(key=lambda item: not item.startswith(pinned_reference(reference, "")))
    digests = [item.partition("@")[2] for item in known]
    config = found["Config"]
    kept = ("Cmd", "Entrypoint", "Env", "Labels", "User", "WorkingDir")
    content = [found["RootFS"]["Layers"], found["Architecture"], [config.get(key) for key in kept]]
    return [*dict.fromkeys(digests), f"local:{digest_of(content)}"]


def _requirements(plan: ImagePlan) -> tuple[Layer, ...]:
    return tuple(layer for layer in plan.layers if layer.kind is LayerKind.REQUIREMENTS)


def _prefix_name(plan: ImagePlan, length: int) -> str:
    """Return the name of an image of the base and the first requirement layers."""
    names = [layer.name for layer in _requirements(plan)[:length]]
    return f"{_PREFIXES}:{digest_of([plan.base.identity, names])}"


def _check_answers(answers: Iterable[dict[str, Any]], reference: str) -> None:
    for answer in answers:
        if "error" in answer:
            raise BuildError([explain(str(answer["error"]), reference)])
