"""Artifacts by content: a folder per digest, committed by rename."""

from __future__ import annotations

import re
from pathlib import Path

from kalelike.runtime.atomic import remove
from kalelike.runtime.audit import stamp_of

_DIGEST = re.compile(r"[0-9a-f]{64}")
MANIFEST = "manifest.json"


def object_path(store: Path, digest: str) -> Path:
    """Return the place of the artifact with this digest.

    Raises ``ValueError`` for anything that is not a SHA-256 in hexadecimal.
    """
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"not a digest: {digest!r}")
    return store / "objects" / digest[:2] / digest[2:]


def has_object(store: Path, digest: str) -> bool:
    """Tell whether the artifact is there, whole."""
    return (object_path(store, digest) / MANIFEST).is_file()


def commit_object(store: Path, folder: Path, digest: str) -> Path:
    """Move a finished artifact folder to its place; a copy that is there already wins.

    Its files can only be read from then on: steps map them into memory.
    """
    target = object_path(store, digest)
    if has_object(store, digest):
        remove(folder)
        return target
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.rename(target)
    except OSError:
        if not has_object(store, digest):
            remove(target)
            folder.replace(target)
        remove(folder)
    return target


def object_stamp(store: Path, digest: str) -> str | None:
    """Return what changes when any file of an artifact does; None if it is not there."""
    folder = object_path(store, digest)
    if not (folder / MANIFEST).is_file():
        return None
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return "\n".join(f"{path.relative_to(folder)} {stamp_of(path)}" for path in paths)
