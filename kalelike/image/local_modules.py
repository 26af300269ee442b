"""Modules that no distribution holds: helpers beside the notebook, folders on the path."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kalelike.image.imports import Import, module_imports
from kalelike.image.shipping import looks_secret

_MOST_FILES = 2_000
_SKIPPED = frozenset({"__pycache__", "node_modules"})


@dataclass(frozen=True, slots=True)
class LocalModule:
    """A module that is shipped as files: its name, and its file or folder."""

    root: str
    origin: Path

    @property
    def folder(self) -> Path:
        """The folder on the path that the module was found in."""
        return self.origin.parent

    @property
    def files(self) -> tuple[Path, ...]:
        """All its files, sorted: a package's data files count like its modules."""
        held = frozenset(self.held_back)
        return tuple(path for path in self._all if path not in held)

    @property
    def held_back(self) -> tuple[Path, ...]:
        """Files of a package that do not travel: secrets by their names, links to elsewhere."""
        root = self.origin.resolve()
        return tuple(
            path
            for path in self._all
            if path.suffix != ".py"
            and (
                looks_secret(path.relative_to(self.folder).as_posix())
                or not path.resolve().is_relative_to(root)
            )
        )

    @property
    def _all(self) -> tuple[Path, ...]:
        if self.origin.is_file():
            return (self.origin,)
        return tuple(sorted(_walk(self.origin)))[:_MOST_FILES]

    @property
    def imports(self) -> Iterator[tuple[Path, Import]]:
        """What its modules import, with the file that does so."""
        for path in self.files:
            if path.suffix == ".py":
                try:
                    source = path.read_text("utf-8", errors="replace")
                except OSError:
                    continue
                yield from ((path, item) for item in module_imports(source))


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _SKIPPED and not name.startswith(".")]
        for name in names:
            path = Path(parent, name)
            if not name.startswith(".") and path.suffix != ".pyc" and path.is_file():
                yield path


def project_digest(folder: Path) -> str:
    """Return a hash over a project's source: all files that a wheel may be built from."""
    total = hashlib.sha256()
    for path in sorted(_walk(folder)):
        if not {"build", "dist", "venv", "env"} & set(path.relative_to(folder).parts[:-1]):
            total.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
            total.update(path.read_bytes())
    return total.hexdigest()[:32]
