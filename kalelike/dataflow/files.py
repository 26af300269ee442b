"""Files as values: who writes a path, who reads it, and which paths overlap."""

from __future__ import annotations

import ast
import posixpath
import re

from kalelike.dataflow.calls import CallEvaluator
from kalelike.dataflow.values import WILD, Value

_URL = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
PREFIX = "@file:"


def normal_path(text: str) -> str | None:
    """Return a path in one spelling, its unknown tail cut to the folder; None if not a path."""
    text = text.strip()
    if not text or "\n" in text or _URL.match(text):
        return None
    if any(mark in text for mark in (WILD, "*", "{")):
        head = re.split(r"[*{\0]", text, maxsplit=1)[0]
        text = head.rpartition("/")[0]
        if not text:
            return None
        text += "/"
    folder = text.endswith("/")
    path = posixpath.normpath(text)
    return path + "/" if folder and path not in (".", "/") else path


def overlap(first: str, second: str) -> bool:
    """Tell whether two normal paths can name the same file."""
    a, b = first.rstrip("/"), second.rstrip("/")
    return a == b or a.startswith(b + "/") or b.startswith(a + "/") or b == "." or a == "."


class FileEvaluator(CallEvaluator):
    """Records what is read from and written to files."""

    def known_files(self, path: str) -> list[str]:
        """Return the hidden names of files written so far that ``path`` may mean."""
        return sorted(name for name in self.files if overlap(name[len(PREFIX) :], path))

    def read_file(self, target: Value, node: ast.AST) -> None:
        """Record a read of the file that ``target`` names."""
        texts = self.texts(target)
        if not texts:
            if any(item.kind not in ("opaque", "file", "instance") for item in target):
                return
            self.fx.unknown_paths.setdefault("read", self.site(node))
            return
        for text in texts:
            path = normal_path(text)
            if path is None:
                if not _URL.match(text):
                    self._read_everything(node)
                continue
            found = self.known_files(path)
            for name in found:
                self.record_read(name, node)
            if PREFIX + path not in self.names and not path.endswith("/"):
                self.fx.data_files.setdefault(path, self.site(node))

    def _read_everything(self, node: ast.AST) -> None:
        for name in sorted(self.files):
            self.record_read(name, node)
        self.fx.unknown_paths.setdefault("read", self.site(node))

    def write_file(self, target: Value, node: ast.AST, *, whole: bool = True) -> None:
        """Record a write; ``whole`` if what the file held before is lost."""
        texts = self.texts(target)
        if not texts:
            if any(item.kind not in ("opaque", "file", "instance") for item in target):
                return
            self.fx.unknown_paths.setdefault("write", self.site(node))
            return
        for text in texts:
            path = normal_path(text)
            if path is None:
                if not _URL.match(text):
                    self.fx.unknown_paths.setdefault("write", self.site(node))
                continue
            self._write_path(path, node, whole and len(texts) == 1 and not path.endswith("/"))

    def _write_path(self, path: str, node: ast.AST, whole: bool) -> None:
        name = PREFIX + path
        for other in self.known_files(path):
            inside = other[len(PREFIX) :].rstrip("/")
            if path.rstrip("/").startswith(inside + "/"):
                self.record_read(other, node)
        if name in self.names:
            if not whole:
                self.record_read(name, node)
            self.change(self.names[name], node)
        self.bind_global(name, frozenset((self.make(node, "file", role=path),)), node)

    def open_file(self, target: Value, mode: str, node: ast.AST) -> Value:
        """Record ``open(target, mode)`` and return the file object."""
        if any(letter in mode for letter in "wx"):
            self.write_file(target, node)
        elif "a" in mode:
            self.write_file(target, node, whole=False)
        else:
            self.read_file(target, node)
            if "+" in mode:
                self.write_file(target, node, whole=False)
        made = self.make(node, "uncrossable")
        made.path = self.library.uncrossable["builtins.open"]
        return frozenset((made,))
