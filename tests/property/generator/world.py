"""The program so far, executed as it grows: what exists, and of what kind it is.

A statement that raises, takes too long or makes too much is not part of the
program, so templates need not be sure of what they write.

Kinds: ``I`` int, ``S`` str, ``LI`` list of ints, ``LL`` list of lists, ``DI``
and ``DL`` dictionaries of ints and of lists, ``SI`` set of ints, ``T`` tuple,
``BA`` bytearray, ``Q`` deque, ``A`` and ``M`` arrays of one and two
dimensions, ``F`` frame, ``SE`` series, ``fn`` function, ``cls`` class, ``obj``
instance, ``LF`` and ``DF`` containers of functions, ``LO`` list of instances,
``IT`` iterator, ``?`` anything else.
"""

from __future__ import annotations

import builtins
import collections
import os
import signal
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.property.generator.sandbox import Sandbox

_MOST_ITEMS = 40
_MOST_NUMBER = 10**9
_MOST_TEXT = 300
_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Signature:
    """How a generated function is called: kinds of its arguments and of its result."""

    takes: tuple[str, ...]
    gives: str
    generator: bool = False


@dataclass(frozen=True, slots=True)
class ClassShape:
    """What a generated class offers: its constructor, its methods, what it can do."""

    takes: tuple[str, ...]
    methods: tuple[tuple[str, Signature], ...]
    abilities: frozenset[str] = frozenset()


def kind_of(value: Any, depth: int = 0) -> str:
    """Return the kind of a value."""
    if isinstance(value, bool | int):
        return "I"
    if isinstance(value, str):
        return "S"
    direct = _DIRECT.get(type(value))
    if direct is not None:
        return direct
    if type(value) in (list, dict, tuple):
        return _kind_of_container(value, depth + 1) if depth < 3 else "?"
    if isinstance(value, types.FunctionType | types.MethodType):
        return "fn"
    if isinstance(value, type) and value.__module__ == "__main__":
        return "cls"
    if type(value).__module__ == "__main__":
        return "obj"
    name = type(value).__name__
    if name == "ndarray":
        return {1: "A", 2: "M"}.get(value.ndim, "?") if value.dtype.kind == "i" else "?"
    return {"DataFrame": "F", "Series": "SE"}.get(name, "?")


_DIRECT = {set: "SI", bytearray: "BA", collections.deque: "Q", type(iter([])): "IT"}
_PARTS = {"I": "LI", "LI": "LL", "fn": "LF", "obj": "LO"}
_VALUES = {"I": "DI", "LI": "DL", "fn": "DF"}


def _kind_of_container(value: Any, depth: int) -> str:
    if isinstance(value, tuple):
        return "T"
    inner = value.values() if isinstance(value, dict) else value
    parts = {kind_of(item, depth) for item in inner}
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            return "?"
        return _VALUES.get(parts.pop(), "?") if len(parts) == 1 else "?" if parts else "DI"
    return _PARTS.get(parts.pop(), "?") if len(parts) == 1 else "?" if parts else "LI"


@dataclass(slots=True)
class World:
    """The statements accepted so far and the namespace that they made."""

    sandbox: Sandbox
    statements: list[str] = field(default_factory=list)
    namespace: dict[str, Any] = field(default_factory=dict)
    signatures: dict[str, Signature] = field(default_factory=dict)
    shapes: dict[str, ClassShape] = field(default_factory=dict)
    made: int = 0
    _paths: dict[str, list[str]] | None = None
    _provided: frozenset[str] = frozenset()

    def accept(self, text: str) -> bool:
        """Execute one statement; False, and as if it had never been, when it fails."""
        self._paths = None
        if not self.statements:
            self._reset()
        if self._execute(text) and self._small():
            self.statements.append(text)
            return True
        self._replay()
        return False

    def _reset(self) -> None:
        self.sandbox.enter()
        self.namespace = {"__name__": "__main__", "__builtins__": builtins}
        self._provided = frozenset(self.namespace)

    def _replay(self) -> None:
        self._reset()
        for text in self.statements:
            self._execute(text)

    def _execute(self, text: str) -> bool:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                code = compile(text, "<program>", "exec")
            with _quiet(), _limited():
                exec(code, self.namespace)
        except (Exception, _TooLongError):
            return False
        return True

    def _small(self) -> bool:
        budget = [2000]
        return all(
            _is_small(value, budget, 0) for name, value in self.namespace.items() if name[0] != "_"
        )

    # -- what there is -----------------------------------------------------------

    def fresh(self, prefix: str) -> str:
        """Return a name that was never used."""
        self.made += 1
        return f"{prefix}{self.made}"

    def names(self) -> list[str]:
        """Return the names that the program has bound, modules left out."""
        return [
            name
            for name, value in self.namespace.items()
            if name not in self._provided
            and name[0] != "_"
            and not isinstance(value, types.ModuleType)
        ]

    def paths(self, kind: str) -> list[str]:
        """Return expressions that denote existing objects of a kind, parts of others included."""
        if self._paths is None:
            self._paths = {}
            for name in self.names():
                for path, found in _walk(name, self.namespace[name], 0):
                    self._paths.setdefault(found, []).append(path)
        return self._paths.get(kind, [])

    def value(self, path: str) -> Any:
        """Return the object that a path denotes."""
        return eval(path, self.namespace)

    def signature(self, path: str) -> Signature | None:
        """Return how the function at ``path`` is called, None if that is not known."""
        value = self.value(path)
        function = getattr(value, "__func__", value)
        function = getattr(function, "__wrapped__", function)
        return self.signatures.get(getattr(function, "__name__", ""))


def _walk(path: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    yield path, kind_of(value)
    if depth >= 2:
        return
    if isinstance(value, list | tuple):
        for index, part in enumerate(value[:3]):
            yield from _walk(f"{path}[{index}]", part, depth + 1)
    elif type(value) in (dict, collections.defaultdict):
        for key, part in list(value.items())[:3]:
            if isinstance(key, str):
                yield from _walk(f"{path}[{key!r}]", part, depth + 1)
    elif kind_of(value) in ("obj", "cls", "fn"):
        for key, part in list(_attributes(value).items())[:8]:
            if key.isidentifier() and key[:1] != "_" and not isinstance(part, types.FunctionType):
                yield from _walk(f"{path}.{key}", part, depth + 1)


def _is_small(value: Any, budget: list[int], depth: int) -> bool:
    budget[0] -= 1
    if budget[0] < 0 or depth > 12:
        return False
    if isinstance(value, int):
        return abs(value) < _MOST_NUMBER
    if type(value) in (str, bytearray):
        return len(value) < _MOST_TEXT
    if type(value) is dict:
        value = list(value.values())
    if type(value) in (list, tuple, set, collections.deque):
        return len(value) < _MOST_ITEMS and all(_is_small(v, budget, depth + 1) for v in value)
    if type(value).__module__ == "__main__":
        return all(_is_small(v, budget, depth + 1) for v in _attributes(value).values())
    size = getattr(value, "size", 0)
    return not isinstance(size, int) or size < 4 * _MOST_ITEMS


def _attributes(value: Any) -> dict[str, Any]:
    """The attributes of an object, without running the code of its class."""
    try:
        found: dict[str, Any] = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    before = sys.stdout
    with open(os.devnull, "w", encoding="utf-8") as sink:
        sys.stdout = sink
        try:
            yield
        finally:
            sys.stdout = before


class _TooLongError(BaseException):
    """A statement of a program did not end in time."""


def _too_long(signal_number: int, frame: Any) -> None:
    raise _TooLongError


@contextmanager
def _limited() -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, _too_long)
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, remaining, interval)
