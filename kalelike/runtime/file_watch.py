"""Which files of the working directory a process has written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kalelike.runtime.fingerprints import fingerprint_file

_MOST_FILES = 500
_MOST_SEEN = 20_000
_IGNORED = frozenset({".git", ".kalelike", ".ipynb_checkpoints", "__pycache__", ".venv"})


class FileWatch:
    """Tells which files of the working directory were written since it began."""

    def __init__(self) -> None:
        self.folder = Path.cwd()
        self._before = self._listed()

    def written(self) -> dict[str, dict[str, Any]]:
        """Return the fingerprints of new and changed files, by path; empty for removed ones."""
        now = self._listed()
        changed = [path for path, state in now.items() if self._before.get(path) != state]
        found: dict[str, dict[str, Any]] = {}
        for path in changed[:_MOST_FILES]:
            try:
                found[path] = fingerprint_file(self.folder / path, load=True)
            except OSError:
                continue
        found.update({path: {} for path in self._before if path not in now})
        return found

    def _listed(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for folder, folders, files in os.walk(self.folder):
            folders[:] = sorted(name for name in folders if name not in _IGNORED)
            for name in sorted(files):
                path = Path(folder, name)
                try:
                    status = path.stat()
                except OSError:
                    continue
                relative = path.relative_to(self.folder).as_posix()
                found[relative] = (status.st_size, status.st_mtime_ns)
                if len(found) >= _MOST_SEEN:
                    return found
        return found
