"""State of the process that travels with the values: random generators, settings and files."""

from __future__ import annotations

import hashlib
import random
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kalelike.runtime.atomic import written_aside
from kalelike.runtime.faults import CannotCrossError
from kalelike.runtime.keras_state import read_names, read_seeds, write_names, write_seeds
from kalelike.runtime.library_settings import read_settings, write_settings

FILE = "@file:"
SETTINGS = "@settings:"
_RANDOM = "@random:"


NAMES = "@star:names"
"""The names that code bound without saying so (``globals()[text] = …``, ``exec``, ``%run``)."""


class UnforeseenNames:
    """Finds and brings back the names that no analysis could foresee."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._before: dict[str, Any] = {}
        self._given: set[str] = set()

    def bring_back(self, values: Mapping[str, Any]) -> None:
        """Bind the names that an earlier step found."""
        self._namespace.update(values)
        self._given.update(values)

    def start(self) -> None:
        """Note what is bound before the step's own cells run."""
        self._before = dict(self._namespace)

    def find(self, foreseen: frozenset[str]) -> dict[str, Any]:
        """Return what the cells bound beyond the ``foreseen`` names, and what was brought back."""
        missing = object()
        return {
            name: value
            for name, value in self._namespace.items()
            if name in self._given
            or (
                name not in foreseen
                and not name.startswith(("_", "@"))
                and self._before.get(name, missing) is not value
            )
        }


def is_hidden(name: str) -> bool:
    """Tell whether a name stands for hidden state and not for a variable."""
    return name.startswith("@")


def read_state(name: str) -> Any:
    """Return the state of a global random generator or of a library's settings.

    ``@random:keras`` are TensorFlow's and Keras' seeds, ``@random:keras-names`` the
    counters from which layers get their names. None if the library is not loaded.
    """
    if name.startswith(SETTINGS):
        return read_settings(name.removeprefix(SETTINGS))
    kind = name.removeprefix(_RANDOM)
    if kind == "python":
        return random.getstate()
    if kind == "numpy" and "numpy" in sys.modules:
        import numpy

        return numpy.random.get_state(legacy=False)
    if kind == "torch" and "torch" in sys.modules:
        import torch  # type: ignore[import-not-found,unused-ignore]

        return torch.get_rng_state()
    if kind == "keras":
        return read_seeds()
    return read_names() if kind == "keras-names" else None


def write_state(name: str, state: Any) -> None:
    """Put a global random generator, or a library's settings, into a saved state."""
    if name.startswith(SETTINGS):
        write_settings(name.removeprefix(SETTINGS), state)
        return
    kind = name.removeprefix(_RANDOM)
    if kind == "python":
        random.setstate(state)
    elif kind == "numpy":
        import numpy

        numpy.random.set_state(state)
    elif kind == "torch":
        import torch  # type: ignore[import-not-found,unused-ignore]

        torch.set_rng_state(state)
    elif kind == "keras":
        write_seeds(state)
    elif kind == "keras-names":
        write_names(state)


def reseed() -> None:
    """Give the global random generators new seeds after a fork.

    Forked processes would otherwise draw the same numbers, which no two fresh
    processes do. Python's own generator does this by itself.
    """
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.seed()


def store_file(name: str, folder: Path, start: Path) -> list[dict[str, object]]:
    """Copy the files that ``name`` stands for into an artifact's folder.

    Relative paths begin at ``start``, wherever the step's code has gone.
    A path that ends in ``/`` stands for the folder itself, any other folder
    for all in it; ``*`` stands for any run of characters. Returns one
    description per file; a file that is not there gives none.
    """
    text = name.removeprefix(FILE)
    described: list[dict[str, object]] = []
    for path in _matching(text, start):
        if not path.exists():
            continue
        members = [] if text.endswith("/") else _files_below(path)
        if path.is_dir() and not members:
            described.append({"path": _shown(path, start), "sha256": "", "size": 0, "stored": ""})
        described.extend(
            {"path": _shown(member, start), **_stored(member, folder)} for member in members
        )
    return described


def _stored(member: Path, folder: Path) -> dict[str, object]:
    digest = file_digest(member)
    stored = folder / "files" / digest
    stored.parent.mkdir(exist_ok=True)
    if not stored.exists():
        shutil.copyfile(member, stored)
    size = stored.stat().st_size
    return {"sha256": digest, "size": size, "stored": f"files/{digest}"}


def _shown(path: Path, start: Path) -> str:
    return str(path.relative_to(start) if path.is_relative_to(start) else path)


def _files_below(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(item for item in path.rglob("*") if item.is_file())
    return [item for item in found if ".kalelike" not in item.parts]


def _matching(text: str, start: Path) -> list[Path]:
    """Return the paths that a name stands for; ``*`` may also stand for folders."""
    if "*" not in text:
        return [start / text]
    pattern = re.compile(re.escape(str(start / text)).replace(r"\*", ".*"))
    top = start / (text.split("*", 1)[0].rpartition("/")[0] or ("/" if text[0] == "/" else "."))
    if not top.is_dir():
        return []
    found = [path for path in _files_below(top) if pattern.fullmatch(str(path))]
    folders = (path for path in sorted(top.rglob("*")) if path.is_dir())
    return [*(path for path in folders if pattern.fullmatch(str(path))), *found]


def restore_file(
    item: Mapping[str, object], folder: Path, start: Path, scratch: Path | None = None
) -> None:
    """Put a stored file back at its path, unless the same content is already there.

    A relative path begins at ``start``.
    It is first written into ``scratch``, where that is on the same file system.
    Raises ``CannotCrossError`` where a folder has taken the file's place.
    """
    path = start / str(item["path"])
    stored = str(item["stored"])
    if not stored:
        path.mkdir(parents=True, exist_ok=True)
        return
    same_size = path.is_file() and path.stat().st_size == item["size"]
    if same_size and file_digest(path) == item["sha256"]:
        return
    if path.is_dir():
        message = f"{path} was a file in the step that wrote it, and is a folder here"
        raise CannotCrossError(message, "move the folder away", str(path))
    with written_aside(path, scratch) as aside:
        shutil.copyfile(folder / stored, aside)


def file_digest(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
