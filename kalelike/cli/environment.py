"""What of this machine's Python can change a step's result: the cache's environment key.

The distributions behind the notebook's imports are found in the installed
metadata directly: ``importlib.metadata.packages_distributions`` reads every
record of every distribution, which costs more than a whole cached run.
"""

from __future__ import annotations

import ast
import hashlib
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib.machinery import PathFinder
from pathlib import Path

from kalelike import __version__
from kalelike.graph.model import PipelineGraph

# `pkg` from `pkg>=1.0; python_version < "3.12"`; what only an extra needs is left out.
_REQUIREMENT = re.compile(r"Requires-Dist: *([A-Za-z0-9._-]+)([^\n]*)")
_MOST_SOURCE_FILES = 2_000


def environment_lines(modules: Iterable[str], folder: Path) -> tuple[str, ...]:
    """Return one line for everything that the modules bring along, sorted.

    ``modules`` are top-level names that the notebook imports; ``folder`` is
    the notebook's. Modules of the folder itself count by their content, and
    bring what they import; installed ones by their distribution's version,
    and bring what it requires.
    """
    lines = {f"kalelike {__version__}", f"python {platform.python_version()}"}
    lines |= {f"platform {sys.platform} {platform.machine()}"}
    waiting, seen = list(modules), set(sys.stdlib_module_names)
    sites: dict[Path, _Site] = {}
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        spec = PathFinder.find_spec(module, [str(folder), *sys.path])
        origin = _origin(spec.origin, spec.submodule_search_locations) if spec else None
        if origin is None:
            lines.add(f"{module} absent")
            continue
        site = sites.setdefault(origin.parent, _Site(origin.parent))
        found = site.closure(module)
        if found:
            lines |= found
        else:
            for path in _sources(origin):
                lines.add(f"{module} {path.relative_to(origin.parent)} {_digest(path)}")
                waiting += _imports(path)
    return tuple(sorted(lines))


def environment_key(lines: Iterable[str]) -> str:
    """Return one hash for the lines."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def imported_modules(graph: PipelineGraph) -> tuple[str, ...]:
    """Return the top-level modules that a notebook's steps import, in order of first mention."""
    texts = [item.source for step in graph.steps for item in step.preamble]
    texts += [cell.source for step in graph.steps for cell in step.cells]
    names = (name for text in dict.fromkeys(texts) for name in _imported_names(text))
    return tuple(dict.fromkeys(names))


def _imported_names(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        # IPython syntax: the lines that are imports by themselves still count.
        for line in source.splitlines():
            if re.match(r"\s*(import|from)\s", line):
                yield from _imported_names(line.strip())
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def _origin(origin: str | None, locations: Iterable[str] | None) -> Path | None:
    """Return the module's file, or its folder for a package."""
    for location in locations or ():
        return Path(location)
    return Path(origin) if origin else None


def _sources(origin: Path) -> list[Path]:
    if origin.is_file():
        return [origin]
    return sorted(origin.rglob("*.py"))[:_MOST_SOURCE_FILES]


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _imports(path: Path) -> list[str]:
    if path.suffix != ".py":
        return []
    try:
        return list(_imported_names(path.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return []


class _Site:
    """A folder of installed distributions, as its ``*.dist-info`` folders tell it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _distributions(self) -> dict[str, Path]:
        found = sorted(self.folder.glob("*.dist-info"))
        return {
            _normal(path.name.removesuffix(".dist-info").rsplit("-", 1)[0]): path for path in found
        }

    def closure(self, module: str) -> set[str]:
        """Return ``name version`` for the module's distribution and all that it requires."""
        lines: set[str] = set()
        waiting = self._owners(module)
        while waiting:
            path = self._distributions.get(waiting.pop())
            if path is None:
                continue
            name, version = path.name.removesuffix(".dist-info").rsplit("-", 1)
            if f"{name} {version}" not in lines:
                lines.add(f"{name} {version}")
                waiting += self._requirements(path)
        return lines

    def _owners(self, module: str) -> list[str]:
        """Return the distributions that hold a module; a namespace has several."""
        direct = _normal(module)
        if direct in self._distributions:
            return [direct]
        needle = re.compile(rf"^{re.escape(module)}(/|\.)".encode(), re.MULTILINE)
        return [
            name
            for name, path in self._distributions.items()
            if needle.search(_read(path / "RECORD"))
        ]

    def _requirements(self, path: Path) -> list[str]:
        head = _read(path / "METADATA").split(b"\n\n", 1)[0].decode("utf-8", "replace")
        return [_normal(name) for name, rest in _REQUIREMENT.findall(head) if "extra" not in rest]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
