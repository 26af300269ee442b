"""Files and folders that appear whole or not at all: written aside, then renamed."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_PART = ".part-"


@contextmanager
def written_aside(target: Path, scratch: Path | None = None) -> Iterator[Path]:
    """Give a free path; what is made there replaces ``target`` at the end.

    The path is beside ``target``, so that the rename stays within one file
    system, or in ``scratch`` where that is on the same one. When the body
    raises, what it made is removed and ``target`` stays as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.parent
    if scratch is not None and scratch.stat().st_dev == folder.stat().st_dev:
        folder = scratch
    aside = folder / f".{target.name[:100]}{_PART}{os.getpid()}"
    remove(aside)
    try:
        yield aside
        if target.is_dir() or aside.is_dir():
            remove(target)
        aside.replace(target)
    finally:
        remove(aside)


def remove_stale_parts(folder: Path) -> None:
    """Remove what processes of this machine had begun in a folder when they were killed."""
    for path in folder.glob(f".*{_PART}*"):
        with suppress(ValueError):
            if not _is_alive(int(path.name.rpartition("-")[2])):
                remove(path)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def write_text(target: Path, text: str) -> None:
    """Write a UTF-8 file; lone surrogates, which UTF-8 cannot hold, become ``?``."""
    with written_aside(target) as aside:
        aside.write_bytes(text.encode("utf-8", "replace"))


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder; a missing one is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def strict_json(value: object, *, indent: int | None = None) -> str:
    """Return JSON that every parser reads: NaN and infinities as the strings of their names.

    Mapping keys become strings; values that JSON cannot hold become their ``repr``.
    """
    return json.dumps(_jsonable(value), allow_nan=False, indent=indent, ensure_ascii=True)


def _jsonable(value: object) -> object:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else name_of_float(value)
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    return repr(value)


def name_of_float(value: float) -> str:
    """Return ``NaN``, ``Infinity`` or ``-Infinity``."""
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
