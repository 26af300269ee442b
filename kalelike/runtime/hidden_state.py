"""State of the process that travels with the values: random generators and files."""

from __future__ import annotations

import hashlib
import random
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kalelike.runtime.atomic import written_aside

FILE = "@file:"
_RANDOM = "@random:"


def is_hidden(name: str) -> bool:
    """Tell whether a name stands for hidden state and not for a variable."""
    return name.startswith("@")


def read_state(name: str) -> Any:
    """Return the state of a global random generator, None if its library is not loaded."""
    kind = name.removeprefix(_RANDOM)
    if kind == "python":
        return random.getstate()
    if kind == "numpy" and "numpy" in sys.modules:
        import numpy

        return numpy.random.get_state(legacy=False)
    if kind == "torch" and "torch" in sys.modules:
        import torch  # type: ignore[import-not-found,unused-ignore]

        return torch.get_rng_state()
    return None


def write_state(name: str, state: Any) -> None:
    """Put a global random generator into a saved state."""
    kind = name.removeprefix(_RANDOM)
    if kind == "python":
        random.setstate(state)
    elif kind == "numpy":
        import numpy

        numpy.random.set_state(state)
    elif kind == "torch":
        import torch  # type: ignore[import-not-found,unused-ignore]

        torch.set_rng_state(state)


def store_file(name: str, folder: Path) -> list[dict[str, object]]:
    """Copy the file or folder that ``name`` stands for into an artifact's folder.

    Returns one description per file; a file that is not there gives none.
    """
    path = Path(name.removeprefix(FILE))
    if not path.exists():
        return []
    members = (
        sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
    )
    described: list[dict[str, object]] = []
    if path.is_dir() and not members:
        return [{"path": str(path), "sha256": "", "size": 0, "stored": ""}]
    for member in members:
        if ".kalelike" in member.parts:
            continue
        digest = file_digest(member)
        stored = folder / "files" / digest
        stored.parent.mkdir(exist_ok=True)
        if not stored.exists():
            shutil.copyfile(member, stored)
        size = stored.stat().st_size
        described.append(
            {"path": str(member), "sha256": digest, "size": size, "stored": f"files/{digest}"}
        )
    return described


def restore_file(item: Mapping[str, object], folder: Path) -> None:
    """Put a stored file back at its path, unless the same content is already there."""
    path = Path(str(item["path"]))
    stored = str(item["stored"])
    if not stored:
        path.mkdir(parents=True, exist_ok=True)
        return
    same_size = path.is_file() and path.stat().st_size == item["size"]
    if same_size and file_digest(path) == item["sha256"]:
        return
    with written_aside(path) as aside:
        shutil.copyfile(folder / stored, aside)


def file_digest(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
