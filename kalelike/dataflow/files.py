"""Files as values: who writes a path, who reads it, and which paths overlap.

A file's hidden name is ``@file:PATH``. A path that ends in ``/`` is a folder
that was made, without what it holds; ``*`` stands for any run of characters.
"""

from __future__ import annotations

import ast
import posixpath
import re
from functools import lru_cache

from kalelike.dataflow.calls import CallEvaluator
from kalelike.dataflow.machine import FOLDER
from kalelike.dataflow.texts import join_path
from kalelike.dataflow.values import START, WILD, Value

_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_ANY = re.compile(r"[*?\0\1]+|\[[^\]]*\]|\{[^}]*\}")
_PARENT = "\1"
PREFIX = "@file:"


def normal_path(text: str) -> str | None:
    """Return a path in one spelling, ``*`` for unknown parts; None if nothing of it is known."""
    text = text.strip()
    if not text or "\n" in text or _URL.match(text):
        return None
    path = posixpath.normpath(_ANY.sub("*", _from_start(text)))
    path = re.sub(r"\*[*/]*\*", "*", path)
    if path.strip("*./") == "" and path != ".":
        return None
    return path


def _from_start(text: str) -> str:
    """Make a path that begins at ``START``, or above it, relative to it."""
    if not text.startswith("/" + _PARENT):
        return text
    parts = posixpath.normpath(text).split("/")[1:]
    kept = next((i for i, part in enumerate(parts) if part != _PARENT), len(parts))
    above = START.count(_PARENT) - kept
    return "/".join([*([".."] * above), *parts[kept:]]) or "."


@lru_cache(maxsize=8192)
def overlap(first: str, second: str) -> bool:
    """Tell whether two normal paths can name the same file, or one what is in the other."""
    if first.endswith("/") and second.endswith("/"):
        return first == second
    a, b = first.rstrip("/"), second.rstrip("/")
    if "*" not in a and "*" not in b:
        return a == b or _inside(a, b) or _inside(b, a)
    return _meet(a, b) or _meet(a + "/*", b) or _meet(a, b + "/*")


def _inside(path: str, folder: str) -> bool:
    if folder == ".":
        return not path.startswith(("/", ".."))
    return path.startswith(folder + "/")


def _meet(a: str, b: str) -> bool:
    """Tell whether some text matches both patterns."""
    states = {(0, 0)}
    seen: set[tuple[int, int]] = set()
    while states:
        i, j = states.pop()
        if (i, j) in seen:
            continue
        seen.add((i, j))
        if i == len(a) and j == len(b):
            return True
        if i < len(a) and a[i] == "*":
            states.add((i + 1, j))
            if j < len(b):
                states.add((i, j + 1))
        if j < len(b) and b[j] == "*":
            states.add((i, j + 1))
            if i < len(a):
                states.add((i + 1, j))
        if i < len(a) and j < len(b) and a[i] == b[j]:
            states.add((i + 1, j + 1))
    return False


_PATH_KEYWORDS = (
    "path", "path_or_buf", "filepath_or_buffer", "filename", "fname", "file", "fp", "io", "buf",
    "fn", "f", "src", "dst", "filepath", "log_dir", "backup_dir",
)  # fmt: skip


def named_file(arguments: list[Value], keywords: dict[str, Value]) -> Value:
    """Return the argument that names a file: the first, or a keyword known for it."""
    if arguments:
        return arguments[0]
    found = (keywords[name] for name in _PATH_KEYWORDS if name in keywords)
    return next(found, frozenset())


class FileEvaluator(CallEvaluator):
    """Records what is read from and written to files."""

    def in_folder(self, text: str) -> list[str]:
        """Return what a path means in the folders in which the process may be."""
        if _URL.match(text) or text.startswith(("/", "~")) or not text.strip():
            return [text]
        folders = self.known_texts(self.process[FOLDER])
        return [join_path(item, text) if item != WILD else WILD + text for item in folders]

    def places(self, target: Value) -> list[tuple[str, str | None]]:
        """Return the texts that ``target`` may be, each with its normal path.

        Relative paths of the result begin where the step starts.
        """
        texts = [text for path in self.known_texts(target) for text in self.in_folder(path)]
        return [(text, normal_path(text)) for text in texts]

    def enter_folder(self, target: Value, node: ast.AST) -> None:
        """Record that the process goes into a folder; what made the folder must come first."""
        places = self.places(target)
        for _, path in places:
            for name in self.known_files(path) if path is not None else ():
                self.record_read(name, node)
        self.set_in(self.process, FOLDER, self.any_text(text for text, _ in places))

    def known_files(self, path: str) -> list[str]:
        """Return the hidden names of files written so far that ``path`` may mean."""
        return sorted(name for name in self.files if overlap(name[len(PREFIX) :], path))

    def read_file(self, target: Value, node: ast.AST) -> None:
        """Record a read of the file that ``target`` names."""
        if not self._names_a_file(target):
            return
        for text, path in self.places(target):
            if path is None:
                if not _URL.match(text):
                    self._read_everything(node)
                continue
            for name in self.known_files(path):
                self.record_read(name, node)
            if PREFIX + path not in self.names:
                self.fx.data_files.setdefault(path, self.site(node))

    def mention_files(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> None:
        """Record a read of every written file that an argument names, whatever the call does."""
        if not self.files:
            return
        for value in (*arguments, *keywords.values()):
            for path in self.texts(value):
                for text in self.in_folder(path):
                    if WILD not in text and (name := f"{PREFIX}{normal_path(text)}") in self.names:
                        self.record_read(name, node)

    def _names_a_file(self, target: Value) -> bool:
        """Tell whether a value may be a path; buffers and file objects are none."""
        return not target or any(item.kind in ("opaque", "text", "instance") for item in target)

    def _read_everything(self, node: ast.AST) -> None:
        for name in sorted(self.files):
            self.record_read(name, node)
        self.fx.unknown_paths.setdefault("read", self.site(node))

    def write_file(self, target: Value, node: ast.AST, *, whole: bool = True) -> None:
        """Record a write; ``whole`` if what the file held before is lost."""
        if not self._names_a_file(target):
            return
        places = self.places(target)
        for text, path in places:
            if path is None:
                if not _URL.match(text):
                    self.fx.unknown_paths.setdefault("write", self.site(node))
                continue
            self._write_path(path, node, whole and len(places) == 1 and "*" not in path)

    def make_folder(self, target: Value, node: ast.AST) -> None:
        """Record that a folder is made: it must be there before files are written into it."""
        for _, path in self.places(target):
            if path is not None and path.strip("./") and "*" not in path:
                self._write_path(path + "/", node, whole=False)

    def remove_file(self, target: Value, node: ast.AST) -> None:
        """Record that a file, or a folder with all that is in it, is removed."""
        self.write_file(target, node)
        for text in self.known_texts(target):
            path = normal_path(text)
            for name in self.known_files(path) if path is not None else ():
                # A folder that was made is gone too; the ones around it stay.
                if name.endswith("/") and not _inside(path or "", name[len(PREFIX) : -1]):
                    self.change(self.names[name], node)

    def _write_path(self, path: str, node: ast.AST, whole: bool) -> None:
        name = PREFIX + path
        for other in self.known_files(path):
            if other == name:
                continue
            self.record_read(other, node)
            if not other.endswith("/") and not path.endswith("/"):
                # The other name stands for this file too: it has this content from now on.
                self.change(self.names[other], node)
        if name in self.names:
            if not whole:
                self.record_read(name, node)
            self.change(self.names[name], node)
        self.bind_global(name, frozenset((self.make(node, "file", role=path),)), node)

    def open_file(self, target: Value, mode: str, node: ast.AST) -> Value:
        """Record ``open(target, mode)`` and return the file object."""
        if any(letter in mode for letter in "wx"):
            self.write_file(target, node)
        elif "a" in mode or mode == WILD:
            self.write_file(target, node, whole=False)
        else:
            self.read_file(target, node)
            if "+" in mode:
                self.write_file(target, node, whole=False)
        made = self.make(node, "uncrossable")
        made.path = self.library.uncrossable["builtins.open"]
        return frozenset((made,))
