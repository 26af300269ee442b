"""Files that a command is asked to write: refused early, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import KalelikeError
from kalelike.runtime.atomic import write_text


def check_output(path: Path, source: str | None = None) -> None:
    """Refuse an output that cannot be written, before any work is done for it.

    ``source`` is the input file, which an output must never replace. Raises
    ``KalelikeError`` (output-not-writable).
    """
    if path.is_dir():
        raise not_writable(path, "it is a folder")
    if source is not None and _same_file(path, source):
        raise not_writable(path, "it is the input itself")
    folder = path.parent
    if not folder.is_dir():
        raise not_writable(path, f"there is no folder {folder}")
    probe = folder / f".kalelike-probe-{os.getpid()}"
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        probe.unlink()
    except OSError as error:
        raise not_writable(path, error.strerror or str(error)) from error


def write_output(path: Path, text: str) -> None:
    """Write a text file whole or not at all; raises ``KalelikeError`` (output-not-writable)."""
    try:
        write_text(path, text)
    except OSError as error:
        raise not_writable(path, error.strerror or str(error)) from error


def not_writable(path: Path, why: str) -> KalelikeError:
    """Return the refusal of an output."""
    message = f"{path} cannot be written: {why}"
    hint = "name another file with -o"
    return KalelikeError([diagnose("output-not-writable", message, Location(str(path)), hint)])


def _same_file(path: Path, source: str) -> bool:
    try:
        return path.samefile(source)
    except OSError:
        return False
