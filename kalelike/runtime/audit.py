"""What a step reads from outside its inputs: files, folders' listings, environment variables.

The compiler finds what can be found in advance; a local run sees what was
really read, through Python's audit events, and its cache holds a result only
as long as all of that is unchanged. Files that native code opens by itself are
not seen.
"""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
import threading
from collections.abc import Callable, Collection, ItemsView, Iterator, KeysView, ValuesView
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from kalelike.runtime.atomic import strict_json, write_text

FILE_NAME = "audit.json"
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/bin", "/run")
_CODE = (".py", ".pyc", ".so", ".pyi", ".ipynb")
_MOST_FRAMES = 6


def stamp_of(path: str | Path) -> str | None:
    """Return what changes when a file does, without reading it; None if it is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return f"{status.st_mtime_ns} {status.st_size} {status.st_ino}"


def digest_of_listing(path: str | Path) -> str | None:
    """Return a hash of the names in a folder; None if it cannot be listed."""
    try:
        # Hidden files are of editors and tools; patterns such as `*` pass them by, too.
        names = sorted(name for name in os.listdir(path) if not name.startswith("."))
    except OSError:
        return None
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def digest_of_text(text: str | None) -> str:
    """Return a hash of an environment variable's value; of None for one that is not set."""
    data = b"-" if text is None else b"=" + text.encode("utf-8", "surrogateescape")
    return hashlib.sha256(data).hexdigest()


class Audit:
    """Notes what the process reads and writes while it is switched on.

    There is one for a process, for good: audit hooks cannot be taken away.
    ``own`` are folders whose files do not count, as the store. ``cells`` is
    the live collection of file names that the notebook's code is compiled
    under: environment variables count where that code reads them.
    """

    def __init__(self, own: Collection[Path], cells: Collection[str]) -> None:
        self.on = False
        self.reads: dict[str, str] = {}
        self.folders: dict[str, str] = {}
        self.writes: set[str] = set()
        self.variables: dict[str, str] = {}
        self.copied: set[str] = set()
        self._cells = cells
        self._ignored = _ignored_folders(own)
        self._here = f"{os.getcwd()}{os.sep}"
        self._environment = dict(os.environ)
        self._inside = threading.local()
        sys.addaudithook(self._hear)
        os.environ.__class__ = _audited_environ(self)

    def write(self, record: Path, given: Collection[str]) -> None:
        """Write what was noted beside the record; ``given`` are files that are inputs."""
        known = {os.path.abspath(path) for path in given}
        data = {
            "reads": {path: stamp for path, stamp in self.reads.items() if path not in known},
            "folders": self.folders,
            "writes": sorted(self.writes),
            "variables": self.variables,
        }
        write_text(record.with_name(FILE_NAME), strict_json(data))

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on or event not in _EVENTS or getattr(self._inside, "now", False):
            return
        self._inside.now = True
        try:
            with suppress(OSError, ValueError, TypeError):
                _EVENTS[event](self, *arguments)
        finally:
            self._inside.now = False

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        del mode
        place = self._place(path)
        if place is None or place in self.writes:
            return
        if isinstance(flags, int) and flags & _WRITING:
            self.writes.add(place)
        elif place not in self.reads and os.path.isfile(place):
            stamp = stamp_of(place)
            if stamp is not None:
                self.reads[place] = stamp

    def _listed(self, path: Any = None, *_: Any) -> None:
        if _called_by_imports():
            return
        place = self._place("." if path is None else path)
        if place is not None and place not in self.folders:
            digest = digest_of_listing(place)
            if digest is not None:
                self.folders[place] = digest

    def _read_database(self, path: Any, *_: Any) -> None:
        self._opened(path, None, 0)

    def _renamed(self, source: Any, target: Any, *_: Any) -> None:
        del source
        self._opened(target, None, os.O_WRONLY)

    def _place(self, path: Any) -> str | None:
        """Return the absolute path, None for what does not count."""
        if isinstance(path, int) or path is None:
            return None
        place = os.path.abspath(os.fsdecode(path))
        if place.endswith(_CODE):
            return None
        if place.startswith(self._ignored):
            longest = max(len(item) for item in self._ignored if place.startswith(item))
            if longest > (len(self._here) if place.startswith(self._here) else 0):
                return None
        return place

    def read_variable(self, name: str, frame: FrameType | None) -> None:
        """Note that a variable was read, if the notebook did it and the step did not set it."""
        if not self.on or getattr(self._inside, "now", False) or name in self.variables:
            return
        if not self._is_notebook(frame):
            return
        value = self._environment.get(name)
        if os.getenv(name) == value:
            self.variables[name] = digest_of_text(value)

    def _is_notebook(self, frame: FrameType | None) -> bool:
        for _ in range(_MOST_FRAMES):
            if frame is None:
                return False
            name = frame.f_code.co_filename
            if name in self._cells:
                return True
            if not name.endswith(("os.py", "_collections_abc.py")) and "<frozen" not in name:
                return False
            frame = frame.f_back
        return False


_EVENTS: dict[str, Callable[..., None]] = {
    "open": Audit._opened,
    "os.listdir": Audit._listed,
    "os.scandir": Audit._listed,
    "os.rename": Audit._renamed,
    "sqlite3.connect": Audit._read_database,
}


def _ignored_folders(own: Collection[Path]) -> tuple[str, ...]:
    """Return beginnings of paths that are no data: system, interpreter, packages, caches."""
    home = os.path.expanduser("~")
    folders = {*_SYSTEM, *map(str, own), sys.prefix, sys.base_prefix}
    folders |= set(sysconfig.get_paths().values())
    # A dot behind the home's separator: caches and settings of libraries.
    return (*(f"{folder}{os.sep}" for folder in folders), f"{home}{os.sep}.")


def _called_by_imports() -> bool:
    frame: FrameType | None = sys._getframe(3)
    return frame is not None and frame.f_code.co_filename.startswith("<frozen importlib")


def _audited_environ(audit: Audit) -> type:
    """Return a class for ``os.environ`` that tells ``audit`` of single reads.

    Reading all of it, to hand it on to a child process, tells nothing.
    """

    class Keys(KeysView[str]):
        """Iterated when all is copied: the single reads that follow are no reads."""

        def __iter__(self) -> Iterator[str]:
            found = list(super().__iter__())
            audit.copied |= set(found)
            return iter(found)

    class AuditedEnviron(type(os.environ)):  # type: ignore[misc]
        def __getitem__(self, key: str) -> str:
            if key in audit.copied:
                audit.copied.discard(key)
            elif isinstance(key, str):
                audit.read_variable(key, sys._getframe(1))
            return str(super().__getitem__(key))

        def keys(self) -> KeysView[str]:
            return Keys(self)

        def copy(self) -> dict[str, str]:
            return {self.decodekey(k): self.decodevalue(v) for k, v in self._data.items()}

        def items(self) -> ItemsView[str, str]:
            return self.copy().items()

        def values(self) -> ValuesView[str]:
            return self.copy().values()

    AuditedEnviron.__name__ = AuditedEnviron.__qualname__ = "_Environ"
    AuditedEnviron.__module__ = "os"
    return AuditedEnviron
