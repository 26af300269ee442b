"""Wheels for pins: from the index that pip is set up with, or built from a source folder."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.errors import BuildError
from kalelike.image.installed import Installed, canonical
from kalelike.image.layers import digest_of, file_digest
from kalelike.image.local_modules import project_digest
from kalelike.image.pins import Pin
from kalelike.image.pip import run_pip

# Platforms whose wheels run on the Debian that python:X.Y-slim stands on, newest first.
_GLIBC = (36, 35, 34, 31, 28, 24, 17, 12, 5)


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel file, and the SHA-256 of its content."""

    path: Path
    sha256: str


def cache_folder() -> Path:
    """Return where wheels are kept: ``$KALELIKE_CACHE``, else in the user's cache folder."""
    named = os.environ.get("KALELIKE_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kalelike"


def collect_wheels(
    pins: Iterable[Pin], installed: Installed, machine: str, cache: Path | None = None
) -> dict[str, Wheel]:
    """Return a wheel for each pin, by name; those of earlier calls are taken from the cache.

    Wheels of the index are compared with what is installed here: other code
    under the same version is refused, since the image would then not compute
    what the notebook computed. Raises ``BuildError``.
    """
    asked = tuple(pins)
    found = cached_wheels(asked, machine, cache)
    folder = (cache or cache_folder()) / "wheels"
    missing = [pin for pin in asked if pin.name not in found]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as new:
            _fetch(missing, Path(new), machine)
            arrived = _by_name(Path(new))
            problems = _differences(missing, arrived, installed)
            if problems:
                raise BuildError(problems)
            for pin in missing:
                found[pin.name] = _keep(pin, arrived[pin.name], folder, machine)
    return found


def cached_wheels(pins: Iterable[Pin], machine: str, cache: Path | None = None) -> dict[str, Wheel]:
    """Return those wheels that earlier calls have brought, by name; nothing is asked for."""
    folder = (cache or cache_folder()) / "wheels"
    found = {pin.name: _cached(pin, folder, machine) for pin in pins}
    return {name: wheel for name, wheel in found.items() if wheel is not None}


def is_native(machine: str) -> bool:
    """Tell whether wheels for Linux on ``machine`` are those of this machine."""
    return sys.platform.startswith("linux") and platform.machine() == machine


def _fetch(pins: Sequence[Pin], target: Path, machine: str) -> None:
    # With hashes pip wants one for every line, and repositories have none.
    for hashed in (True, False):
        asked = [pin for pin in pins if pin.project is None and bool(pin.hashes) is hashed]
        if not asked:
            continue
        requirements = target / "requirements.txt"
        requirements.write_text("".join(f"{pin.requirement}\n" for pin in asked), "utf-8")
        common = ["--no-deps", "--requirement", str(requirements)]
        if is_native(machine):
            run_pip(["wheel", *common, "--wheel-dir", str(target)])
        else:
            run_pip(["download", *common, *foreign_options(machine), "--dest", str(target)])
    for pin in pins:
        if pin.project is not None:
            run_pip(["wheel", "--no-deps", "--wheel-dir", str(target), str(pin.project)])


def foreign_options(machine: str) -> list[str]:
    """Return pip's options for wheels of Linux on another architecture than this one's."""
    names = [f"manylinux_2_{minor}_{machine}" for minor in _GLIBC]
    names += [f"manylinux2014_{machine}", f"linux_{machine}"]
    return [
        "--only-binary=:all:",
        *(part for name in names for part in ("--platform", name)),
        "--python-version",
        f"{sys.version_info.major}.{sys.version_info.minor}",
        "--implementation",
        "cp",
    ]


def _by_name(folder: Path) -> dict[str, Path]:
    return {canonical(path.name.partition("-")[0]): path for path in folder.glob("*.whl")}


def _slot(pin: Pin, folder: Path, machine: str) -> Path:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    source = project_digest(pin.project) if pin.project is not None else pin.requirement
    return folder / f"{pin.name}-{pin.version}-{digest_of([python, machine, source])}"


def _cached(pin: Pin, folder: Path, machine: str) -> Wheel | None:
    for path in _slot(pin, folder, machine).glob("*.whl"):
        return Wheel(path, path.with_suffix(".sha256").read_text("ascii"))
    return None


def _keep(pin: Pin, path: Path, folder: Path, machine: str) -> Wheel:
    slot = _slot(pin, folder, machine)
    aside = path.parent / "kept"
    aside.mkdir()
    digest = file_digest(path)
    (aside / path.name).with_suffix(".sha256").write_text(digest, "ascii")
    path.replace(aside / path.name)
    keep_folder(aside, slot)
    return Wheel(slot / path.name, digest)


def keep_folder(made: Path, place: Path) -> None:
    """Put a folder where it is kept, unless another process has put the same there."""
    try:
        made.replace(place)
    except OSError:
        if not place.is_dir():
            raise


def _differences(
    pins: Iterable[Pin], wheels: dict[str, Path], installed: Installed
) -> list[Diagnostic]:
    """Compare the modules of wheels with those installed, by the hashes that both record."""
    found = []
    for pin in pins:
        item = installed.find(pin.name)
        if pin.project is not None or item is None or item.version != pin.version:
            continue
        here, there = _modules(item.record), _modules(_wheel_record(wheels[pin.name]))
        other = sorted(name for name in here.keys() & there.keys() if here[name] != there[name])
        if other:
            found.append(
                diagnose(
                    "distribution-differs",
                    f"{pin.name} {pin.version} of the package index is not what is installed here:"
                    f" {other[0]} differs" + (f", and {len(other) - 1} more" * (len(other) > 1)),
                    Location("pip"),
                    "see that pip's index is the one it was installed from; install it again, or"
                    " from its source folder",
                )
            )
    return found


def _modules(record: bytes) -> dict[str, str]:
    """Return the hashes of a record's modules, by path."""
    found = {}
    for line in record.decode("utf-8", "replace").splitlines():
        path, _, rest = line.partition(",")
        digest = rest.partition(",")[0]
        if path.endswith(".py") and digest:
            found[path] = digest
    return found


def _wheel_record(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".dist-info/RECORD") and name.count("/") == 1:
                return archive.read(name)
    return b""
