"""Layers of images as data, and as tar archives with the same bytes for the same content."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from kalelike.image.pins import Pin

if TYPE_CHECKING:
    import tarfile

# The time of every file: early, and late enough for zip files made from them.
EPOCH = 315532800

LAYOUT = 3
"""Goes up when the same wheels are unpacked into other bytes, so that no older layer is taken."""

ROOT = "/kalelike"
SITE = f"{ROOT}/site"
"""Where the requirements are installed."""
LIBRARY = f"{ROOT}/lib"
"""Where kalelike's runtime lies, and modules from elsewhere on the user's path."""
FILES = f"{ROOT}/files"
"""The notebook's folder, as far as a step needs it."""
CODE = f"{ROOT}/code"
"""The steps' code documents: the entry point looks for them there."""


class LayerKind(Enum):
    """What a layer holds, in the order in which layers lie on each other."""

    REQUIREMENTS = "requirements"
    DATA = "data"
    MODULES = "modules"
    RUNTIME = "runtime"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class ShippedFile:
    """A file of a layer: its absolute path in the image, and its content or where that lies."""

    path: str
    digest: str
    source: Path | None = None
    content: bytes = b""
    executable: bool = False

    @classmethod
    def of_file(cls, path: str, source: Path, digest: str) -> ShippedFile:
        """Return a file of this machine, executable there if it is so here; raises ``OSError``."""
        return cls(path, digest, source, executable=bool(source.stat().st_mode & 0o100))

    @classmethod
    def of_text(cls, path: str, text: str) -> ShippedFile:
        """Return a file with a text as its content."""
        data = text.encode("utf-8", "surrogatepass")
        return cls(path, hashlib.sha256(data).hexdigest(), content=data)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: files, or distributions that are to be installed into it.

    ``digest`` (16 hexadecimal digits) stands for its content: equal layers
    have equal digests.
    """

    kind: LayerKind
    digest: str
    files: tuple[ShippedFile, ...] = ()
    pins: tuple[Pin, ...] = ()

    @property
    def name(self) -> str:
        """Its name, by kind and content."""
        return f"{self.kind.value}-{self.digest}"

    @classmethod
    def of_files(cls, kind: LayerKind, files: Iterable[ShippedFile]) -> Layer:
        """Return the layer of some files."""
        ordered = tuple(sorted(files, key=lambda item: item.path))
        content = [
            [item.path, item.digest, *(["executable"] if item.executable else [])]
            for item in ordered
        ]
        return cls(kind, digest_of(content), ordered)


def digest_of(content: object) -> str:
    """Return 16 hexadecimal digits for JSON-ready content."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content; raises ``OSError``."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_tar(
    target: BinaryIO,
    members: Iterable[tuple[str, Path | bytes]],
    folders: Iterable[str] = (),
    executable: Callable[[str], bool] = lambda _: False,
) -> None:
    """Write an archive whose bytes depend on names and contents only.

    ``members`` are absolute paths with their content, or the file that has it;
    a later one of a path goes before earlier ones. Owner is root, the time
    fixed, folders come before what they hold. Raises ``OSError``.
    """
    import tarfile  # with all its compressors, for what is rarely written

    found = dict(members)
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for folder in sorted({*_parents(found), *folders, *_parents(folders)}):
            mode = 0o1777 if folder in ("/tmp", "/var/tmp") else 0o755  # noqa: S108
            archive.addfile(_entry(folder, mode, tarfile.DIRTYPE))
        for path, content in sorted(found.items()):
            entry = _entry(path, 0o755 if executable(path) else 0o644, tarfile.REGTYPE)
            if isinstance(content, bytes):
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
            else:
                with content.open("rb") as file:
                    entry.size = content.stat().st_size
                    archive.addfile(entry, file)


def layer_members(layer: Layer) -> Iterator[tuple[str, Path | bytes]]:
    """Yield what :func:`write_tar` takes, for a layer of files."""
    for item in layer.files:
        yield item.path, item.source if item.source is not None else item.content


def _entry(path: str, mode: int, kind: bytes) -> tarfile.TarInfo:
    from tarfile import TarInfo

    entry = TarInfo(path.lstrip("/"))
    entry.mode, entry.mtime, entry.type = mode, EPOCH, kind
    return entry


def _parents(paths: Iterable[str]) -> set[str]:
    return {str(parent) for path in paths for parent in PurePosixPath(path).parents} - {"/"}
