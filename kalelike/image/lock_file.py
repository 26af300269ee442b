"""Locks as files, in the format of PEP 751.

The file is ``pylock.NOTEBOOK.toml`` beside the notebook; any installer that
reads PEP 751 can install from it. What only kalelike needs (which imported
module belongs to which distribution, the base images' digests) stands under
``tool.kalelike``.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from packaging.markers import Marker
from packaging.pylock import (
    Package,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockValidationError,
)
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BuildError
from kalelike.image.base import DIGEST
from kalelike.image.extras import need
from kalelike.image.lock import Lock
from kalelike.image.pins import Listed

_SPACE = re.compile(r"\s")
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def render_lock(lock: Lock) -> str:
    """Return the lock's text: the same text for the same lock."""
    need("tomli_w")
    import tomli_w

    pylock = Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(f"sys_platform == 'linux' and platform_machine == '{lock.machine}'")],
        requires_python=SpecifierSet(f"=={_PYTHON}.*"),
        created_by="kalelike",
        packages=[_package(item, lock.path.parent) for item in lock.packages.values()],
        tool={
            "kalelike": {
                "machine": lock.machine,
                "bases": dict(sorted(lock.bases.items())),
                "modules": {name: list(found) for name, found in sorted(lock.modules.items())},
            }
        },
    )
    return tomli_w.dumps(dict(pylock.to_dict()))


def _package(item: Listed, folder: Path) -> Package:
    name, version = canonicalize_name(item.key), Version(item.version)
    needs = [{"name": needed} for needed in item.requires]
    if item.project is not None:
        place = item.project
        text = str(place.relative_to(folder)) if place.is_relative_to(folder) else str(place)
        return Package(name=name, version=version, dependencies=needs,
                       directory=PackageDirectory(path=text))  # fmt: skip
    if "+" in item.url.partition(":")[0]:
        kind, _, rest = item.url.partition("+")
        url, _, commit = rest.rpartition("@")
        vcs = PackageVcs(type=kind, url=url, commit_id=commit)
        return Package(name=name, version=version, dependencies=needs, vcs=vcs)
    hashes = dict(text.split(":", 1) for text in item.hashes)
    file = urlsplit(item.url).path.rpartition("/")[2]
    if file.endswith(".whl"):
        wheel = PackageWheel(name=file, url=item.url, hashes=hashes)
        return Package(name=name, version=version, dependencies=needs, wheels=[wheel])
    sdist = PackageSdist(name=file, url=item.url, hashes=hashes)
    return Package(name=name, version=version, dependencies=needs, sdist=sdist)


def read_lock(path: Path, machine: str) -> Lock:
    """Read a lock; raises ``BuildError`` where it is damaged or for another Python or machine."""
    place = Location(path.name)
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        pylock = Pylock.from_dict(data)
        own = data["tool"]["kalelike"]
        packages = {str(item.name): _read_package(item, path.parent) for item in pylock.packages}
        modules = {str(name): tuple(map(str, found)) for name, found in own["modules"].items()}
        bases = {str(name): _digest(text) for name, text in own["bases"].items()}
        locked = str(own["machine"])
    except (OSError, ValueError, KeyError, TypeError, PylockValidationError) as error:
        message = f"{path.name} cannot be used: {error}"
        hint = "write it again: kalelike lock"
        raise BuildError([diagnose("lock-unreadable", message, place, hint)]) from None
    python = pylock.requires_python
    if locked != machine or (python is not None and not python.contains(_PYTHON + ".0")):
        message = f"{path.name} is for Python {python} on {locked}, not {_PYTHON} on {machine}"
        hint = "write it again: kalelike lock"
        raise BuildError([diagnose("lock-outdated", message, place, hint)])
    return Lock(path, machine, packages, modules, bases)


def _read_package(item: Package, folder: Path) -> Listed:
    if any(_SPACE.search(str(text)) for text in _texts(item)):
        raise ValueError(f"{item.name} has spaces in an address or hash")
    needs = tuple(str(needed["name"]) for needed in item.dependencies or ())
    key, version = str(item.name), str(item.version or "")
    if item.directory is not None:
        return Listed(key, version, needs, project=(folder / item.directory.path).resolve())
    if item.vcs is not None:
        url = f"{item.vcs.type}+{item.vcs.url}@{item.vcs.commit_id}"
        return Listed(key, version, needs, url=url)
    file = item.wheels[0] if item.wheels else item.sdist
    if file is None or "sha256" not in file.hashes:
        raise ValueError(f"{key} has no hash")
    return Listed(key, version, needs, hashes=(f"sha256:{file.hashes['sha256']}",))


def _texts(item: Package) -> Iterator[str]:
    """Yield what goes into pip's requirements as it stands."""
    if item.vcs is not None:
        yield from (item.vcs.type, item.vcs.url or "", item.vcs.commit_id)
    for file in (*(item.wheels or ()), *([item.sdist] if item.sdist else ())):
        yield from file.hashes.values()


def _digest(text: object) -> str:
    if not isinstance(text, str) or not DIGEST.fullmatch(text):
        raise ValueError(f"{text!r} is no digest of a base image")
    return text
