"""What of this machine's Python can change a step's result: the cache's environment key."""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from kalelike import __version__
from kalelike.graph.model import PipelineGraph
from kalelike.image.imports import cell_imports
from kalelike.image.installed import Distribution, Installed, canonical, module_origin
from kalelike.image.local_modules import LocalModule

# `pkg` from `pkg>=1.0; python_version < "3.12"`; what only an extra needs is left out.
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(.*)")


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
    installed = Installed.here()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        origin = module_origin(module, [str(folder)])
        if origin is None:
            lines.add(f"{module} absent")
            continue
        owners = () if origin.parent == folder else installed.owners(module)
        lines |= _closure(owners, installed)
        # What is installed from a folder of source changes without its version.
        if not owners or any(item.project is not None for item in owners):
            local = LocalModule(module, origin)
            lines |= {f"{module} {_digest(path, local.folder)}" for path in local.files}
            waiting += [item.root for _, item in local.imports]
    return tuple(sorted(lines))


def environment_key(lines: Iterable[str]) -> str:
    """Return one hash for the lines."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def imported_modules(graph: PipelineGraph) -> tuple[str, ...]:
    """Return the top-level modules that a notebook's steps import, in order of first mention."""
    texts = [item.source for step in graph.steps for item in step.preamble]
    texts += [cell.source for step in graph.steps for cell in step.cells]
    found = (item.root for text in dict.fromkeys(texts) for item in cell_imports(text))
    return tuple(dict.fromkeys(found))


def _closure(owners: Iterable[Distribution], installed: Installed) -> set[str]:
    """Return ``name version`` for the distributions and all that they require."""
    lines: set[str] = set()
    waiting = list(owners)
    while waiting:
        item = waiting.pop()
        line = f"{item.name} {item.version}"
        if line not in lines:
            lines.add(line)
            waiting += [found for name in _requirements(item) if (found := installed.find(name))]
    return lines


def _requirements(item: Distribution) -> list[str]:
    matches = (match for text in item.requires if (match := _REQUIREMENT.match(text)))
    return [canonical(match.group(1)) for match in matches if "extra" not in match.group(2)]


def _digest(path: Path, folder: Path) -> str:
    name = path.relative_to(folder)
    try:
        return f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    except OSError as error:
        return f"{name} unreadable: {error.strerror}"
