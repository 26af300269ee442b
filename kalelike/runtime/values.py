"""A value artifact: a folder with a manifest, one pickle, its buffers and its files.

The names of an artifact are in one pickle, so objects that they share stay
shared. Large buffers stand beside it as they are in memory and are mapped,
copy on write, when loaded: nothing is copied until it is changed.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import mmap
import pickle
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from kalelike.runtime.atomic import strict_json, written_aside
from kalelike.runtime.crossing import explain_failure
from kalelike.runtime.faults import CannotCrossError
from kalelike.runtime.hidden_state import (
    FILE,
    NAMES,
    is_hidden,
    read_state,
    restore_file,
    store_file,
)
from kalelike.runtime.pickling import StepPickler, load
from kalelike.runtime.tensors import TensorReducer
from kalelike.runtime.views import shared_owners

FORMAT = 1
MANIFEST = "manifest.json"
_PICKLE = "values.pkl"
_BUFFERS = "buffers.bin"
_LARGE = 64 * 1024
_ALIGN = 64
# What cp takes too: writes of a megabyte cost Linux's page cache eight times the CPU.
_CHUNK = 2**18
# The place that is written to is to blame, not the value.
_PLACE_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO})


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artifact's folder holds; ``digest`` is SHA-256 over all of its content."""

    names: Mapping[str, Mapping[str, object]]
    files: tuple[Mapping[str, object], ...]
    definitions: tuple[str, ...]
    buffers: tuple[tuple[int, int], ...]
    digest: str
    size: int
    hashes: Mapping[str, str] = field(default_factory=dict)


def save_values(
    folder: Path,
    names: tuple[str, ...],
    namespace: dict[str, Any],
    definitions: frozenset[str],
    start: Path | None = None,
) -> Manifest:
    """Write the artifact of ``names``; a name that is not bound is saved as absent.

    Relative paths of files begin at ``start``, else at the working directory.
    Raises ``CannotCrossError`` naming the value that cannot be pickled.
    """
    values, described, files = {}, {}, []
    for name in names:
        if name.startswith(FILE):
            continue
        if is_hidden(name) and name != NAMES:
            state = read_state(name)
            described[name] = {"type": "state", "absent": state is None}
            if state is not None:
                values[name] = state
        elif name in namespace:
            values[name] = namespace[name]
            described[name] = _describe(namespace[name])
        else:
            described[name] = {"type": "", "absent": True}
    with written_aside(folder) as aside:
        aside.mkdir()
        for name in names:
            if name.startswith(FILE):
                files.extend(store_file(name, aside, start or Path.cwd()))
        writer = _Writer(aside, namespace, definitions)
        writer.write(values)
        manifest = writer.manifest(described, tuple(files))
        text = strict_json({"format": FORMAT, **_as_dict(manifest)}, indent=1)
        (aside / MANIFEST).write_text(text, "utf-8")
    return manifest


def _describe(value: Any) -> dict[str, object]:
    kind = type(value)
    # An attribute of the notebook's own classes may be code that changes something.
    shape = None if kind.__module__ == "__main__" else getattr(value, "shape", None)
    described: dict[str, object] = {
        "type": kind.__qualname__,
        "module": kind.__module__,
        "absent": False,
    }
    if isinstance(shape, tuple) and all(isinstance(item, int) for item in shape):
        described["shape"] = list(shape)
    elif isinstance(value, list | tuple | dict | set | str):
        described["length"] = len(value)
    if isinstance(value, int | float | bool | str) and len(repr(value)) < 200:
        described["repr"] = repr(value)
    return described


def _as_dict(manifest: Manifest) -> dict[str, object]:
    return {
        "names": manifest.names,
        "files": list(manifest.files),
        "definitions": list(manifest.definitions),
        "buffers": [list(item) for item in manifest.buffers],
        "hashes": manifest.hashes,
        "digest": manifest.digest,
        "size": manifest.size,
    }


class _Writer:
    """Writes a pickle and its buffers, hashing as it goes."""

    def __init__(self, folder: Path, namespace: dict[str, Any], names: frozenset[str]) -> None:
        self._folder = folder
        self._namespace = namespace
        self._definitions = names
        self._buffers: list[tuple[int, int]] = []
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self._end = 0
        self._pickle = b""
        self._referred: tuple[str, ...] = ()

    def write(self, values: dict[str, Any]) -> None:
        target = io.BytesIO()
        pickler = StepPickler(
            target,
            self._namespace,
            self._definitions,
            self._take,
            shared_owners(values.values()),
            TensorReducer(values.values()) if "torch" in sys.modules else None,
        )
        try:
            pickler.dump(values)
        except CannotCrossError:
            raise
        except (Exception, RecursionError) as error:
            if isinstance(error, OSError) and error.errno in _PLACE_ERRORS:
                raise
            raise explain_failure(values, self._dump_one, error) from error
        finally:
            if self._file is not None:
                self._file.close()
        self._pickle = target.getvalue()
        self._referred = tuple(sorted(pickler.referred))
        (self._folder / _PICKLE).write_bytes(self._pickle)

    def _dump_one(self, value: Any, target: io.BytesIO) -> None:
        StepPickler(target, self._namespace, self._definitions).dump(value)

    def _take(self, buffer: pickle.PickleBuffer) -> bool:
        """Write a large buffer beside the pickle; True keeps a small one in it."""
        raw = buffer.raw()
        if raw.nbytes < _LARGE:
            return True
        if self._file is None:
            self._file = (self._folder / _BUFFERS).open("wb")
        padding = -self._end % _ALIGN
        self._file.write(b"\0" * padding)
        self._hash.update(b"\0" * padding)
        hashing = threading.Thread(target=self._hash_all, args=(raw,))
        hashing.start()
        for start in range(0, raw.nbytes, _CHUNK):
            self._file.write(raw[start : start + _CHUNK])
        hashing.join()
        self._buffers.append((self._end + padding, raw.nbytes))
        self._end += padding + raw.nbytes
        return False

    def _hash_all(self, raw: memoryview) -> None:
        for start in range(0, raw.nbytes, _CHUNK):
            self._hash.update(raw[start : start + _CHUNK])

    def manifest(
        self, described: dict[str, Any], files: tuple[Mapping[str, object], ...]
    ) -> Manifest:
        hashes = {_PICKLE: hashlib.sha256(self._pickle).hexdigest()}
        if self._buffers:
            hashes[_BUFFERS] = self._hash.hexdigest()
        absent = [name for name, item in described.items() if item["absent"]]
        digest = content_digest(hashes, files, absent, self._buffers)
        size = len(self._pickle) + self._end + sum(int(str(item["size"])) for item in files)
        buffers = tuple(self._buffers)
        return Manifest(described, files, self._referred, buffers, digest, size, hashes)


def content_digest(
    hashes: Mapping[str, str],
    files: Iterable[Mapping[str, object]],
    absent: Iterable[str],
    buffers: Iterable[tuple[int, int]],
) -> str:
    """Return an artifact's digest: over its parts' hashes, and how they make up its values."""
    content = {
        "hashes": dict(hashes),
        "files": list(files),
        "absent": sorted(absent),
        "buffers": [list(item) for item in buffers],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read an artifact's manifest; raises ``CannotCrossError`` when it is missing or damaged."""
    try:
        data = json.loads((folder / MANIFEST).read_text("utf-8"))
        return Manifest(
            dict(data["names"]),
            tuple(data["files"]),
            tuple(data["definitions"]),
            tuple((int(start), int(length)) for start, length in data["buffers"]),
            str(data["digest"]),
            int(data["size"]),
            dict(data["hashes"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotCrossError(
            f"the artifact at {folder} cannot be read: {error}",
            "run the step that makes it again",
        ) from None


def restore_files(folder: Path, start: Path, scratch: Path | None = None) -> list[str]:
    """Put an artifact's files back, relative paths below ``start``; return their paths.

    See :func:`kalelike.runtime.hidden_state.restore_file`.
    """
    files = read_manifest(folder).files
    for item in files:
        restore_file(item, folder, start, scratch)
    return [str(start / str(item["path"])) for item in files]


def load_values(folder: Path, namespace: dict[str, Any]) -> dict[str, Any]:
    """Return an artifact's values by name.

    Raises ``CannotCrossError`` when the artifact is damaged or needs a definition
    that ``namespace`` does not have.
    """
    manifest = read_manifest(folder)
    buffers: list[memoryview] = []
    if manifest.buffers:
        with (folder / _BUFFERS).open("rb") as file:
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
        buffers = [mapped[start : start + length] for start, length in manifest.buffers]
    try:
        with (folder / _PICKLE).open("rb") as file:
            values: dict[str, Any] = load(file, namespace, buffers)
    except CannotCrossError:
        raise
    except Exception as error:
        names = ", ".join(name for name in manifest.names if not is_hidden(name))
        raise CannotCrossError(
            f"{names or folder.name} cannot be loaded: {type(error).__name__}: {error}",
            "the packages of this step may differ from those of the step that saved it",
        ) from error
    return values
