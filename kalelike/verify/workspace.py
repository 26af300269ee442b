"""Copies of a notebook's folder, so that two runs start from the same files.

Beside the copy stand links to what stands beside the folder, two levels up:
notebooks read ``../data``. Large files are linked and not copied.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_LEVELS = 2
_MOST_ENTRIES = 5_000
_LARGE = 32 * 2**20
_IGNORED = frozenset(
    {".git", ".kalelike", ".ipynb_checkpoints", "__pycache__", ".venv", "venv", "node_modules"}
)


def make_workspace(folder: Path, target: Path) -> Path:
    """Copy a folder under ``target``, its surroundings as links; return the copy's path."""
    folder = folder.resolve()
    above = [item for item in folder.parents if item != Path(folder.anchor)][:_LEVELS]
    here = target
    for outer, inner in zip(reversed(above), [*reversed(above[:-1]), folder], strict=True):
        here = here / (outer.name or "root")
        here.mkdir(parents=True, exist_ok=True)
        _link_siblings(outer, inner, here)
    copy = here / folder.name
    _copy(folder, copy)
    return copy


def _link_siblings(outer: Path, inner: Path, here: Path) -> None:
    try:
        entries = sorted(outer.iterdir())
    except OSError:
        return
    for entry in entries[:_MOST_ENTRIES]:
        if entry.name != inner.name and not (here / entry.name).exists():
            (here / entry.name).symlink_to(entry)


def _copy(folder: Path, copy: Path) -> None:
    copy.mkdir(parents=True, exist_ok=True)
    for entry in os.scandir(folder):
        target = copy / entry.name
        if entry.name in _IGNORED:
            continue
        if entry.is_symlink():
            target.symlink_to(Path(entry.path).resolve())
        elif entry.is_dir():
            _copy(Path(entry.path), target)
        elif entry.stat().st_size > _LARGE:
            target.symlink_to(entry.path)
        elif entry.is_file():
            shutil.copy2(entry.path, target)
