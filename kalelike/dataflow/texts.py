"""Texts and paths known in advance: what joins, methods and attributes make of them.

A text may have unknown parts (``WILD``). A path is a text: ``pathlib.Path("a")``
and ``"a"`` are the same value here.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable

from kalelike.dataflow.machine import FOLDER, Machine
from kalelike.dataflow.values import SCALAR, WILD, Value

_LONGEST = 20_000
_MOST = 32
_PLACE = re.compile(r"\{[^{}]*\}")
_PERCENT = re.compile(r"%(\(\w+\))?[-+ #0-9.*]*[a-zA-Z]")
_PURE = frozenset(
    """lower upper title capitalize swapcase casefold strip lstrip rstrip replace removeprefix
    removesuffix zfill ljust rjust center expandtabs""".split()  # noqa: SIM905
)
"""Methods of ``str`` that give a text, and are applied when all is known."""


def join_path(folder: str, rest: str) -> str:
    """Join two paths as ``os.path.join`` and ``pathlib`` do: an absolute one starts afresh."""
    return posixpath.join(folder, rest) if rest else folder


class TextEvaluator(Machine):
    """Values that are texts."""

    def text(self, value: str) -> Value:
        """Return the value of a string or path that is known, ``WILD`` for unknown parts."""
        return frozenset((self.member(value if len(value) <= _LONGEST else WILD, "text"),))

    def any_text(self, texts: Iterable[str]) -> Value:
        """Return a value that is one of ``texts``."""
        return frozenset(item for text in texts for item in self.text(text))

    @staticmethod
    def texts(value: Value) -> list[str]:
        """Return the strings that a value may be, as far as they are known."""
        return [item.path for item in value if item.kind == "text"]

    def known_texts(self, value: Value) -> list[str]:
        """Return the texts that a value may be, ``WILD`` among them if it may be anything else."""
        known = sorted(self.texts(value))
        return known if known and len(known) == len(value) else [*known, WILD]

    def product(self, parts: Iterable[list[str]], join: object = "".join) -> list[str]:
        """Return every combination of ``parts``, joined; too many make the part unknown."""
        rows: list[list[str]] = [[]]
        for part in parts:
            few = part if len(rows) * len(part) <= _MOST else [WILD]
            rows = [[*row, item] for row in rows for item in few]
        return [join(row) for row in rows]  # type: ignore[operator]

    def path_of(self, arguments: Iterable[Value]) -> Value:
        """Return the path that joins the arguments."""

        def joined(row: list[str]) -> str:
            path = ""
            for item in row:
                path = join_path(path, item)
            return path or "."

        return self.any_text(self.product(map(self.known_texts, arguments), joined))

    def join_texts(self, op: ast.operator, left: Value, right: Value) -> Value | None:
        """Return what an operator makes of texts; None if neither side is a text."""
        first, second = self.texts(left), self.texts(right)
        if not first and not (second and isinstance(op, ast.Add | ast.Div)):
            return None
        if isinstance(op, ast.Mod):
            if any(item.kind == "namespace" for item in right):
                self.from_namespace([], ast.Constant(None))
            return self.any_text(_PERCENT.sub(WILD, text) for text in first)
        if isinstance(op, ast.Add):
            pair = [self.known_texts(left), self.known_texts(right)]
            return self.any_text(self.product(pair))
        if isinstance(op, ast.Div):
            return self.path_of((left, right))
        return self.text(WILD) if isinstance(op, ast.Mult) else None

    def text_attribute(self, path: str, name: str) -> Value:
        """Return ``path.name`` for the attributes of ``pathlib`` paths."""
        known = WILD not in posixpath.basename(path)
        match name:
            case "parent":
                return self.text(posixpath.dirname(path) or ".")
            case "name":
                return self.text(posixpath.basename(path))
            case "stem" if known:
                return self.text(posixpath.splitext(posixpath.basename(path))[0])
            case "suffix" if known:
                return self.text(posixpath.splitext(path)[1])
            case "stem" | "suffix" | "parents":
                return self.text(WILD)
            case _:
                return SCALAR

    def text_of_method(self, path: str, name: str, arguments: list[Value]) -> Value | None:
        """Return what a method that only computes a text gives; None for any other method."""
        own = self.text(path)
        given = [self.texts(value) for value in arguments]
        match name:
            case "joinpath":
                return self.path_of([own, *arguments])
            case "with_name" | "with_suffix" | "with_stem" if len(arguments) == 1:
                return self._with_part(path, name, arguments[0])
            case "resolve" | "absolute":
                return self.absolute([path])
            case "expanduser" | "as_posix" | "__str__" | "__fspath__":
                return own
            case "format":
                return self.text(_PLACE.sub(WILD, path))
            case "join":
                return self.text(WILD)
            case "replace" if len(arguments) == 1:
                return None
            case _ if name in _PURE:
                known = WILD not in path and all(len(t) == 1 and WILD not in t[0] for t in given)
                if not known:
                    return self.text(WILD)
                try:
                    return self.text(getattr(path, name)(*(texts[0] for texts in given)))
                except TypeError:
                    return self.text(WILD)
            case _:
                return None

    def _with_part(self, path: str, name: str, value: Value) -> Value:
        folder, last = posixpath.split(path)
        stem, suffix = posixpath.splitext(last)
        made = []
        for part in self.known_texts(value):
            parts = {"with_name": part, "with_suffix": stem + part, "with_stem": part + suffix}
            made.append(join_path(folder, parts[name]))
        return self.any_text(made)

    def absolute(self, texts: Iterable[str]) -> Value:
        """Return paths that stay what they are when the working folder changes."""
        folders = self.known_texts(self.process[FOLDER])
        parts = [folders, [text if text[:1] != "~" else WILD for text in texts]]
        return self.any_text(self.product(parts, lambda row: join_path(*row)))

    def path_function(self, name: str, arguments: list[Value]) -> Value | None:
        """Return what a function of ``os.path`` gives; None for any other."""
        if not arguments:
            return None
        known = self.known_texts(arguments[0])
        match name:
            case "join":
                return self.path_of(arguments)
            case "abspath" | "realpath":
                return self.absolute(known)
            case "normpath" | "expanduser" | "expandvars":
                return self.any_text(known)
            case "dirname":
                return self.any_text(posixpath.dirname(text) for text in known)
            case "basename":
                return self.any_text(posixpath.basename(text) for text in known)
            case _:
                return None
