"""Abstract values: what a name may hold, and which objects are shared.

An :class:`Obj` stands for every object that one place of the code makes in one
call context. A value is a set of them; the empty set is an immutable scalar.
Contents only grow, and are not told apart by field or index: an object
"holds" whatever was ever stored in it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the code: cell index, 1-based line in the cell, 0-based column."""

    cell: int
    line: int
    column: int = 0


class Obj:
    """One abstract object.

    ``names`` are the global names that point at it now, ``parents`` the
    objects that hold it; ``bases`` are objects that change when it changes,
    but not the other way round (a column of a data frame).
    """

    __slots__ = (
        "bases",
        "class_code",
        "cls",
        "contents",
        "function",
        "kind",
        "names",
        "node",
        "parents",
        "parts",
        "path",
        "site",
        "traits",
    )

    def __init__(self, kind: str, site: Site, path: str = "") -> None:
        self.kind = kind
        self.site = site
        self.path = path
        # Most objects hold nothing and are held by nothing: no set is made for them.
        self.contents: set[Obj] | frozenset[Obj] = SCALAR
        self.parents: set[Obj] | frozenset[Obj] = SCALAR
        self.bases: set[Obj] | frozenset[Obj] = SCALAR
        self.names: set[str] | frozenset[str] = _NO_NAMES
        self.function: FunctionCode | None = None
        self.cls: Obj | None = None
        self.class_code: ClassCode | None = None
        self.traits = CODE if kind in _CODE_KINDS else 0
        self.node: ast.AST | None = None
        self.parts: tuple[frozenset[Obj], ...] | None = None

    def hold(self, objects: Iterable[Obj]) -> None:
        """Let this object hold ``objects``; a text, which all of the same content share, cannot."""
        if self.kind == "text":
            return
        for item in objects:
            if item is not self:
                if not isinstance(self.contents, set):
                    self.contents = set()
                self.contents.add(item)
                item.add_parent(self)
                if item.traits & ~self.traits:
                    self.mark(item.traits)

    @property
    def stochastic(self) -> bool:
        """Whether using the object may draw from a global random generator."""
        return bool(self.traits & STOCHASTIC)

    @property
    def is_dataset(self) -> bool:
        """Whether this is a data set of TensorFlow's; one that shuffles is of kind ``stream``."""
        return self.path == DATASET and self.kind in ("opaque", "stream")

    def mark(self, traits: int) -> None:
        """Give this object, and all that hold it, further traits."""
        stack = [self]
        while stack:
            item = stack.pop()
            if traits & ~item.traits:
                item.traits |= traits
                stack.extend(item.parents)

    def add_parent(self, parent: Obj) -> None:
        """Let ``parent`` change when this object changes."""
        if not isinstance(self.parents, set):
            self.parents = set()
        self.parents.add(parent)

    def add_base(self, base: Obj) -> None:
        """Let ``base`` change when this object changes, but not the other way round."""
        if not isinstance(self.bases, set):
            self.bases = set()
        self.bases.add(base)

    def add_name(self, name: str) -> None:
        """Note that the global ``name`` points here."""
        if not isinstance(self.names, set):
            self.names = set()
        self.names.add(name)

    def drop_name(self, name: str) -> None:
        """Note that the global ``name`` no longer points here."""
        if isinstance(self.names, set):
            self.names.discard(name)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.path or self.site.line}>"


Value = frozenset[Obj]
SCALAR: Value = frozenset()
"""An immutable value without identity."""
CODE = 1
"""The trait of objects that reach functions or instances of the notebook's classes."""
STOCHASTIC = 2
"""The trait of objects that reach something that draws from a global generator."""
GRADED = 4
"""The trait of objects that reach something whose gradient ``backward()`` sets."""
NAMED = 8
"""The trait of objects that reach something of Keras, which counts the names it gives."""
DATASET = "dataset"
"""The ``path`` of a data set of TensorFlow's."""
LATER = "later"
"""The ``path`` of a callback that holds the path of a file that training writes."""
REMEMBERS = "remembers"
"""The ``path`` of a function that keeps what it has returned (``functools.cache``)."""
KEEPS = "keeps"
"""The ``path`` of a getter whose result is stored in its instance (``cached_property``)."""
DEFAULTS = "defaults"
"""The ``path`` of a dictionary in which reading may store (``collections.defaultdict``)."""
_CODE_KINDS = frozenset({"function", "method", "instance", "bound"})
_NO_NAMES: frozenset[str] = frozenset()
WILD = "\0"
"""Stands for the unknown parts of a text."""
START = "/" + "/".join("\1" * 4)
"""Stands for the folder in which a step starts, as ``os.getcwd()`` gives it.

Its parts are its parents, so that ``os.path.dirname`` and ``..`` can be applied.
"""


@dataclass(slots=True)
class ClassCode:
    """A class of the notebook: its methods and bases."""

    methods: dict[str, frozenset[Obj]] = field(default_factory=dict)
    """By name, every function that was ever stored under it."""
    properties: dict[str, Obj] = field(default_factory=dict)
    setters: dict[str, Obj] = field(default_factory=dict)
    static: set[str] = field(default_factory=set)
    class_methods: set[str] = field(default_factory=set)
    bases: tuple[Obj, ...] = ()
    foreign_base: bool = False
    decorated: bool = False


@dataclass(slots=True)
class FunctionCode:
    """A function, lambda or class body of the notebook, ready to be interpreted.

    ``cell`` is the index of the cell that defines it; ``closure`` are the
    local variables of the functions around it, innermost first.
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    name: str
    cell: int
    local_names: frozenset[str]
    global_names: frozenset[str]
    nonlocal_names: frozenset[str]
    is_generator: bool
    returns_early: bool
    module: Obj | None = None
    closure: tuple[dict[str, Value], ...] = ()
    owner: Obj | None = None
    """The class in whose body the function stands."""
    defaults: dict[str, Value] = field(default_factory=dict)


def reach(value: Iterable[Obj], seen: set[Obj] | None = None) -> list[Obj]:
    """Return every object that can be reached from ``value``, save what is in ``seen``.

    What is returned is added to ``seen``.
    """
    seen = set() if seen is None else seen
    found = [item for item in set(value) if item not in seen]
    seen.update(found)
    for item in found:
        for part in item.contents:
            if part not in seen:
                seen.add(part)
                found.append(part)
    return found


def holders(objects: Iterable[Obj], seen: set[Obj]) -> list[Obj]:
    """Return ``objects`` and everything that changes when they change, save what is in ``seen``.

    What is returned is added to ``seen``.
    """
    found = [item for item in set(objects) if item not in seen]
    seen.update(found)
    for item in found:
        for parent in (*item.parents, *item.bases):
            if parent not in seen:
                seen.add(parent)
                found.append(parent)
    return found
