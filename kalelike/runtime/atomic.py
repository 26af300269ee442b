"""Files and folders that appear whole or not at all: written aside, then renamed."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """Give a free path beside ``target``; what is made there replaces it at the end.

    The same folder is used, so that the rename stays within one file system.
    When the body raises, what it made is removed and ``target`` stays as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name[:100]}.part-{os.getpid()}")
    remove(aside)
    try:
        yield aside
        if target.is_dir() or aside.is_dir():
            remove(target)
        aside.replace(target)
    finally:
        remove(aside)


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
