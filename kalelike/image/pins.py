"""Pinned distributions, and the closure of what some of them need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement

from kalelike.image.installed import Distribution, canonical

_EXTRA = re.compile(r"extra *== *['\"]([^'\"]+)")


@dataclass(frozen=True, slots=True)
class Pin:
    """One distribution at one version, and where its wheel comes from.

    ``project`` is a folder of source that the wheel is built from, ``url`` what
    stands after ``name @``; without either, it is asked of the package index.
    ``hashes`` (``sha256:…``) are those that a lock allows.
    """

    name: str
    version: str
    project: Path | None = None
    url: str = ""
    hashes: tuple[str, ...] = ()

    @property
    def requirement(self) -> str:
        """The pin as a line of a requirements file, for what has no folder of source."""
        text = f"{self.name} @ {self.url}" if self.url else f"{self.name}=={self.version}"
        return " ".join((text, *(f"--hash={item}" for item in self.hashes)))


class Known(Protocol):
    """A distribution that is known with all that it requires: installed, reported or locked."""

    @property
    def key(self) -> str:
        """The name in the form in which names are compared."""
        ...

    @property
    def version(self) -> str:
        """The version."""
        ...

    @property
    def requires(self) -> tuple[str, ...]:
        """The requirements as they stand."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """A distribution as pip's report or a lock lists it; the fields are those of :class:`Pin`."""

    key: str
    version: str
    requires: tuple[str, ...] = ()
    project: Path | None = None
    url: str = ""
    hashes: tuple[str, ...] = ()


class Source(Protocol):
    """Where versions and dependencies are looked up: the environment, or a lock."""

    def find(self, name: str) -> Known | None:
        """Return the distribution of a name."""
        ...


def pin_of(item: Known) -> Pin:
    """Return the pin of a distribution."""
    if isinstance(item, Listed):
        return Pin(item.key, item.version, item.project, item.url, item.hashes)
    if not isinstance(item, Distribution):
        return Pin(item.key, item.version)
    url = item.direct_url
    if item.project is not None:
        return Pin(item.key, item.version, project=item.project)
    return Pin(item.key, item.version, url=_direct(url) if url is not None else "")


def _direct(data: Mapping[str, object]) -> str:
    """Return PEP 610's record as pip spells it in a requirement."""
    url, vcs = str(data.get("url", "")), data.get("vcs_info")
    if isinstance(vcs, Mapping):
        return f"{vcs.get('vcs')}+{url}@{vcs.get('commit_id')}"
    return url


def marker_environment(system: str | None = None, machine: str | None = None) -> dict[str, str]:
    """Return the values of markers for this Python on another system, or on this one.

    ``system`` is as ``platform.system()`` says it, ``machine`` as ``platform.machine()``.
    """
    found = {key: str(value) for key, value in default_environment().items()}
    if machine is not None:
        found["platform_machine"] = machine
    if system == "Linux" and found["platform_system"] != "Linux":
        found |= {"platform_system": "Linux", "sys_platform": "linux", "os_name": "posix"}
        found |= {"platform_release": "", "platform_version": ""}
    return found


@dataclass(frozen=True, slots=True)
class Closure:
    """Distributions with all that they need, by name; ``missing`` names what is not there.

    ``missing`` maps a name to the distribution that asks for it.
    """

    found: Mapping[str, Known]
    needs: Mapping[str, tuple[str, ...]]
    missing: Mapping[str, str]


def close(roots: Iterable[Requirement], source: Source, environment: Mapping[str, str]) -> Closure:
    """Return the closure of requirements in a source, their markers and extras obeyed.

    Versions are the source's own: what is installed together is shipped together.
    """
    found: dict[str, Known] = {}
    needs: dict[str, dict[str, None]] = {}
    missing: dict[str, str] = {}
    waiting = [(canonical(item.name), extra, "") for item in roots for extra in ("", *item.extras)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extra, because = waiting.pop()
        if because:
            needs.setdefault(because, {})[name] = None
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        item = source.find(name)
        if item is None:
            missing.setdefault(name, because)
            continue
        found[name] = item
        for needed in requirements_of(item, extra, environment):
            waiting += [(canonical(needed.name), wanted, name) for wanted in ("", *needed.extras)]
    ordered = {name: tuple(sorted(set(items) - {name})) for name, items in sorted(needs.items())}
    return Closure(dict(sorted(found.items())), ordered, missing)


def requirements_of(
    item: Known, extra: str, environment: Mapping[str, str]
) -> Iterator[Requirement]:
    """Yield what a distribution requires, or what an extra of it adds."""
    wanted = canonical(extra)
    for text in item.requires:
        named = _EXTRA.findall(text)
        if wanted not in map(canonical, named) if wanted else named:
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement:  # older tools wrote some that are none
            continue
        marker = requirement.marker
        spelt = {extra, *(name for name in named if canonical(name) == wanted)}
        if marker is None or any(marker.evaluate({**environment, "extra": name}) for name in spelt):
            yield requirement
