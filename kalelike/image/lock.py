"""Locks: every distribution of a notebook's steps with its hash, as PEP 751 writes it.

The file is ``pylock.NOTEBOOK.toml`` beside the notebook; any installer that
reads PEP 751 can install from it. What only kalelike needs (which imported
module belongs to which distribution) stands under ``tool.kalelike``.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

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
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BuildError
from kalelike.image.extras import need
from kalelike.image.installed import Installed
from kalelike.image.pins import Listed, Pin, close, marker_environment
from kalelike.image.pip import run_pip
from kalelike.image.requirements import RUNTIME, Requirements, all_pins
from kalelike.image.wheels import foreign_options, is_native

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True, slots=True)
class Lock:
    """What a lock holds; it is a source of versions for :func:`find_requirements`."""

    path: Path
    machine: str
    packages: Mapping[str, Listed]
    modules: Mapping[str, tuple[str, ...]]

    def find(self, name: str) -> Listed | None:
        """Return the distribution of a name."""
        return self.packages.get(canonicalize_name(name))


def lock_path(notebook: Path) -> Path:
    """Return where a notebook's lock stands."""
    return notebook.with_name(f"pylock.{re.sub(r'[^A-Za-z0-9_-]+', '-', notebook.stem)}.toml")


def make_lock(needs: Requirements, installed: Installed, path: Path, machine: str) -> Lock:
    """Ask pip for the files of everything that the steps need, and return the lock.

    Versions are those installed here. What the notebook asks for and is not
    installed is resolved by pip beside them. Raises ``BuildError``.
    """
    pins = all_pins(needs.steps)
    local = {pin.name: pin for pin in pins if pin.project is not None}
    asked = [pin for pin in pins if pin.project is None]
    wanted = {str(canonicalize_name(item.name)) for item in needs.wanted}
    if wanted:
        kept = [pin for pin in asked if pin.name not in wanted]
        names = [*map(str, needs.wanted), *(pin.name for pin in kept if not pin.url)]
        found = _ask(names, kept, machine)
    else:
        found = _ask([pin.requirement for pin in asked], None, machine)
    packages = {item.key: item for item in found}
    for name, pin in local.items():
        item = installed.find(name)
        requires = item.requires if item is not None else ()
        packages[name] = Listed(name, pin.version, requires, project=pin.project)
    environment = marker_environment("Linux", machine)
    known = Lock(path, machine, packages, needs.roots)
    roots = [Requirement(name) for name in (*RUNTIME, *packages)]
    closure = close([*roots, *needs.stated], known, environment)
    listed = {
        name: _plain(packages[name], closure.needs.get(name, ())) for name in sorted(packages)
    }
    return Lock(path, machine, listed, needs.roots)


def _plain(item: Listed, needs: Sequence[str]) -> Listed:
    """Return a distribution with what it needs here; markers and extras are decided."""
    return Listed(item.key, item.version, tuple(needs), item.project, item.url, item.hashes)


def _ask(
    requirements: Sequence[str], constraints: Sequence[Pin] | None, machine: str
) -> list[Listed]:
    """Return what pip would install, by its report (its format is documented and versioned)."""
    with tempfile.TemporaryDirectory(prefix="kalelike-lock-") as folder:
        asked, limits = Path(folder, "requirements.txt"), Path(folder, "constraints.txt")
        report = Path(folder, "report.json")
        asked.write_text("\n".join(requirements) + "\n", "utf-8")
        options = ["install", "--quiet", "--dry-run", "--ignore-installed", "--report", str(report),
                   "--requirement", str(asked)]  # fmt: skip
        if constraints is None:
            options.append("--no-deps")
        else:
            lines = [pin.requirement for pin in constraints]
            limits.write_text("\n".join(lines) + "\n", "utf-8")
            options += ["--constraint", str(limits)]
        if not is_native(machine):
            options += [*foreign_options(machine), "--target", folder]
        run_pip(options)
        return [_listed(item) for item in json.loads(report.read_text("utf-8"))["install"]]


def _listed(item: Mapping[str, Any]) -> Listed:
    data, download = item["metadata"], item["download_info"]
    hashes = download.get("archive_info", {}).get("hashes", {})
    vcs = download.get("vcs_info")
    url = _without_credentials(download["url"])
    if vcs is not None:
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    return Listed(
        str(canonicalize_name(data["name"])),
        str(data["version"]),
        tuple(data.get("requires_dist", ())),
        url=url,
        hashes=(f"sha256:{hashes['sha256']}",) if "sha256" in hashes else (),
    )


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


# -- the file -----------------------------------------------------------------------------


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
    return Lock(path, machine, packages, modules)


def _read_package(item: Package, folder: Path) -> Listed:
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
