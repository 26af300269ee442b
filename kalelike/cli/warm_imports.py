"""Which modules a run's warm parent loads once for all steps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

# What is done before an import can decide what the import does.
_DECIDES_IMPORTS = re.compile(
    r"environ\s*\[[^\]]*\]\s*=|environ\.(update|setdefault|pop)\b|\bputenv\b|%(set_)?env\b"
    r"|\bsys\.path(\s*=|\[|\.(insert|extend))|\bimportlib\.reload\b|%(load_ext|autoreload)\b"
)


def warm_imports(sources: Iterable[str], folder: Path) -> tuple[str, ...]:
    """Return the modules that the sources import, without those of ``folder`` itself.

    A helper module beside the notebook is the steps' own to import: what it
    prints, or does, belongs to them. Nothing is returned where code sets
    variables or search paths, on which an import may depend: every step then
    imports for itself, in its own order.
    """
    texts = list(sources)
    if any(_DECIDES_IMPORTS.search(text) for text in texts):
        return ()
    found: dict[str, None] = {}
    for text in texts:
        for line in text.splitlines():
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
