"""Locks: every distribution of a notebook's steps with its hash, and their base images."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kalelike.image.installed import Installed
from kalelike.image.pins import Listed, Pin, close, marker_environment
from kalelike.image.pip import run_pip
from kalelike.image.requirements import RUNTIME, Requirements, all_pins
from kalelike.image.wheels import foreign_options, is_native


@dataclass(frozen=True, slots=True)
class Lock:
    """What a lock holds; it is a source of versions for :func:`find_requirements`.

    ``modules`` maps imported modules to their distributions, ``bases`` the
    base images' names to their digests.
    """

    path: Path
    machine: str
    packages: Mapping[str, Listed]
    modules: Mapping[str, tuple[str, ...]]
    bases: Mapping[str, str]

    def find(self, name: str) -> Listed | None:
        """Return the distribution of a name."""
        return self.packages.get(canonicalize_name(name))


def lock_path(notebook: Path) -> Path:
    """Return where a notebook's lock stands."""
    return notebook.with_name(f"pylock.{re.sub(r'[^A-Za-z0-9_-]+', '-', notebook.stem)}.toml")


def make_lock(
    needs: Requirements,
    installed: Installed,
    path: Path,
    machine: str,
    bases: Mapping[str, str],
) -> Lock:
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
    known = Lock(path, machine, packages, needs.roots, bases)
    roots = [Requirement(name) for name in (*RUNTIME, *packages)]
    closure = close([*roots, *needs.stated], known, environment)
    listed = {
        name: _plain(packages[name], closure.needs.get(name, ())) for name in sorted(packages)
    }
    return Lock(path, machine, listed, needs.roots, bases)


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
        options = ["install", "--dry-run", "--ignore-installed", "--report", str(report),
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
