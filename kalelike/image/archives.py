"""Layers' archives on disk, each made once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BuildError
from kalelike.image.installed import Installed
from kalelike.image.layers import (
    FILES,
    SITE,
    Layer,
    LayerKind,
    file_digest,
    layer_members,
    write_tar,
)
from kalelike.image.plan import ImagePlan
from kalelike.image.sbom import PATH, render_sbom
from kalelike.image.unpacking import site_members, unpack_wheels
from kalelike.image.wheels import Wheel, cached_wheels, collect_wheels
from kalelike.runtime.atomic import written_aside


class Archives:
    """Writes the archives of layers into a folder, by the layers' names."""

    def __init__(
        self, folder: Path, installed: Installed, machine: str, cache: Path | None = None
    ) -> None:
        self.folder = folder
        self._installed = installed
        self._machine = machine
        self._cache = cache
        self._wheels: dict[str, Wheel] = {}

    def prepare(self, layers: Iterable[Layer]) -> None:
        """Get all wheels that the layers need at once; raises ``BuildError``."""
        pins = dict.fromkeys(pin for layer in layers for pin in layer.pins)
        if pins:
            self._wheels |= collect_wheels(pins, self._installed, self._machine, self._cache)

    def write(self, plan: ImagePlan, layer: Layer) -> Path:
        """Return the archive of a layer of a plan; raises ``BuildError`` or ``OSError``."""
        path = self.folder / f"{layer.name}.tar"
        if path.exists() and layer.kind is not LayerKind.CODE:
            return path
        members = list(layer_members(layer))
        if layer.kind is LayerKind.REQUIREMENTS:
            self.prepare([layer])
            wheels = [self._wheels[pin.name] for pin in layer.pins]
            members += site_members(unpack_wheels(wheels, self._cache))
        elif layer.kind is LayerKind.CODE:
            members.append((PATH, render_sbom(plan, self._hashes(plan)).encode()))
        programs = {item.path for item in layer.files if item.executable}
        programs |= {name for name, source in members if _is_program(name, source)}
        with written_aside(path) as aside, aside.open("wb") as target:
            write_tar(target, members, (FILES,), programs.__contains__)
            _check_unchanged(layer)
        return path

    def _hashes(self, plan: ImagePlan) -> dict[str, str]:
        known = cached_wheels(plan.pins, self._machine, self._cache) | self._wheels
        return {name: wheel.sha256 for name, wheel in known.items()}


def _check_unchanged(layer: Layer) -> None:
    """Refuse files that are others than were planned: the image's name would stand for both."""
    for item in layer.files:
        if item.source is not None and file_digest(item.source) != item.digest:
            message = f"{item.source} changed while its image was made"
            hint = "run the command again"
            raise BuildError([diagnose("file-not-usable", message, Location("disk"), hint)])


def _is_program(name: str, source: Path | bytes) -> bool:
    """Tell whether a file of an installed distribution is executable, by its wheel."""
    if not name.startswith(f"{SITE}/") or isinstance(source, bytes):
        return False
    return bool(source.stat().st_mode & 0o100)
