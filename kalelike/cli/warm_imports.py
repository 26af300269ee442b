"""Which modules a run's warm parent loads once for all steps."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path


def warm_imports(sources: Iterable[str], folder: Path) -> tuple[str, ...]:
    """Return the modules that the sources import, without those of ``folder`` itself.

    A helper module beside the notebook is the steps' own to import: what it
    prints, or does, belongs to them.
    """
    found: dict[str, None] = {}
    for source in sources:
        for line in source.splitlines():
            if line.lstrip().startswith(("import ", "from ")):
                for name in _modules(line.strip()):
                    if not _is_local(name.partition(".")[0], folder):
                        found[name] = None
    return tuple(found)


def _modules(line: str) -> Iterator[str]:
    try:
        tree = ast.parse(line.rstrip("(\\, "))
    except SyntaxError:
        words = line.split()
        if len(words) > 1:
            yield words[1]
        return
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _is_local(root: str, folder: Path) -> bool:
    return (folder / f"{root}.py").exists() or (folder / root).is_dir()
