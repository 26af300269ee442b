"""The state of the abstract interpreter: names, objects, branches and what was recorded."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from kalelike.dataflow.library import Library, load_library
from kalelike.dataflow.values import (
    CODE,
    SCALAR,
    START,
    WILD,
    FunctionCode,
    Obj,
    Site,
    Value,
    holders,
    reach,
)

BUILTINS = frozenset(dir(builtins))
HISTORY = frozenset({"_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "In", "Out"})
PROVIDED = frozenset(
    {"display", "get_ipython", "exit", "quit", "__name__", "__doc__", "__builtin__",
     "__builtins__", "__package__", "__spec__", "__loader__", "_dh", "open", "__magic__"}
)  # fmt: skip
"""What IPython puts into every notebook's namespace."""

Names = dict[str, Value]
DYNAMIC = "@star:names"
FOLDER = "working folder"
"""The part of the process's state that says where relative paths begin."""
_NOT_DATA = frozenset({"function", "class", "method", "member", "module", "builtin", "text"})
_SPARED = frozenset({"function", "class", "module"})
_SPARED_BY_ESTIMATORS = _SPARED | {"list", "tuple", "dict", "set", "array", "frame"}
_UNCHANGING = frozenset({"member", "builtin", "module", "text", "namespace"})


@dataclass(slots=True)
class Effects:
    """What one top-level statement does, each fact with the place that makes it.

    Names that begin with ``@`` are hidden state: ``@random:numpy``,
    ``@file:PATH``, ``@settings:pandas``, ``@star:MODULE`` (what a star import bound, unknown) and
    ``@star:names`` (what code bound by names that cannot be read in advance).
    """

    reads: dict[str, Site] = field(default_factory=dict)
    binds: dict[str, Site] = field(default_factory=dict)
    maybe: set[str] = field(default_factory=set)
    changes: dict[str, Site] = field(default_factory=dict)
    deletes: dict[str, Site] = field(default_factory=dict)
    unknown: dict[str, Site] = field(default_factory=dict)
    certain_unknown: set[str] = field(default_factory=set)
    history: dict[str, Site] = field(default_factory=dict)
    changed_objects: set[Obj] = field(default_factory=set)
    impure: dict[str, Site] = field(default_factory=dict)
    settings: dict[str, Site] = field(default_factory=dict)
    code_in_settings: set[str] = field(default_factory=set)
    """Settings that hold functions of the notebook, whose names no step is known to need."""
    data_files: dict[str, Site] = field(default_factory=dict)
    unknown_paths: dict[str, Site] = field(default_factory=dict)
    dynamic: dict[str, Site] = field(default_factory=dict)
    calls_unknown: dict[str, Site] = field(default_factory=dict)
    split: dict[str, Site] = field(default_factory=dict)
    """Names that may look at memory into which the statement writes, and where it does."""
    identity: dict[str, Site] = field(default_factory=dict)
    """What is asked that only the same object answers: ``nan`` in a list, an array's ``base``."""
    unfilled: Site | None = None
    """Where memory is shown that nothing has filled."""
    shows: bool = False
    checks: bool = False


@dataclass(slots=True)
class Frame:
    """A function's activation: local variables, and those of the functions around it."""

    code: FunctionCode | None
    local_vars: Names
    cell: int
    context: int
    returned: set[Obj] = field(default_factory=set)
    is_class: bool = False


_MAX_CALLS = 400
_MAX_WORK = 60_000
"""Objects gone through by one statement, after which its calls are not followed: half a second."""


_site = lru_cache(maxsize=2**14)(Site)


class Machine:
    """The interpreter's memory and its elementary operations.

    Branches are run one after the other on the same memory: every change goes
    on a trail, is undone afterwards, and the outcomes are joined.
    """

    def __init__(self, library: Library | None = None) -> None:
        self.library = library or load_library()
        self._paths: dict[str, Obj] = {}
        self.names: Names = {}
        self.fx = Effects()
        self.cell = 0
        self.frames: list[Frame] = []
        self.bound: set[str] = set()
        self.changed: set[Obj] = set()
        """What this statement has changed, with its holders. Who holds it since is bound by it."""
        self.uncertain = 0
        self.forgiving = 0
        self.dead = False
        self.trail: list[tuple[Names, str, Value | None]] | None = None
        self.stars: list[str] = []
        # What ``%%writefile`` has put where; None where more than one cell has.
        self.written_sources: dict[str, str | None] = {}
        self.files: set[str] = set()
        self.process: Names = {FOLDER: frozenset((self.member(START, "text"),))}
        self.touched: set[int] = set()
        self.searched: set[Obj] = set()
        self.touching = 0
        self.raised: list[set[Obj]] = []
        self._made: dict[tuple[int, int, str], Obj] = {}
        self._contexts: dict[tuple[int, int], int] = {}
        self.scopes: dict[int, tuple[Names, Obj]] = {}
        self.budget = 0
        self.work = 0
        """Objects that this statement's calls have gone through: a measure of time."""
        self.swept: set[Obj] = set()
        """What callbacks of this statement, or calls that it does not follow, may have changed."""
        self.keep_alive: list[ast.AST] = []
        self.unfilled: set[Obj] = set()
        self.looks_at: dict[Obj, set[Obj]] = {}
        """Frames by the arrays from which they were made, whose memory they may use."""
        self.result: ast.stmt | None = None
        """The statement whose value the cell shows."""

    # -- places and objects ------------------------------------------------

    def site(self, node: ast.AST) -> Site:
        """Return where ``node`` stands, in the cell whose code is running."""
        cell = self.frames[-1].cell if self.frames else self.cell
        return _site(cell, getattr(node, "lineno", 1), getattr(node, "col_offset", 0))

    def make(self, node: ast.AST, kind: str, contents: Iterable[Obj] = (), role: str = "") -> Obj:
        """Return the object that ``node`` makes in the running call context."""
        key = (id(node), self.frames[-1].context if self.frames else 0, role)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = Obj(kind, self.site(node))
        elif found.kind != kind:
            found.kind = "opaque"
        contents = tuple(contents)
        self.work += len(contents)
        found.hold(contents)
        return found

    def fresh(self, node: ast.AST, kind: str = "opaque", contents: Iterable[Obj] = ()) -> Value:
        """Return a value with one object of ``make``."""
        return frozenset((self.make(node, kind, contents),))

    def member(self, path: str, kind: str = "member") -> Obj:
        """Return the object that stands for an importable thing, by dotted path."""
        found = self._paths.get(path)
        if found is None:
            found = self._paths[path] = Obj(kind, Site(0, 0), path)
        return found

    def context_of(self, node: ast.AST) -> int:
        """Return the call context that a call at ``node`` opens."""
        key = (self.frames[-1].context if self.frames else 0, id(node))
        return self._contexts.setdefault(key, len(self._contexts) + 1)

    # -- names -------------------------------------------------------------

    def set_in(self, where: Names, name: str, value: Value | None) -> None:
        """Set or remove (None) a variable, keeping the index of names per object."""
        old = where.get(name)
        if self.trail is not None:
            self.trail.append((where, name, old))
        if where is self.names:
            if name.startswith("@file:"):
                (self.files.discard if value is None else self.files.add)(name)
            for item in old or ():
                item.drop_name(name)
            for item in value or ():
                item.add_name(name)
        if value is None:
            where.pop(name, None)
        else:
            where[name] = value

    def bind_global(self, name: str, value: Value, node: ast.AST) -> None:
        """Bind a global name: the statement defines it from here on."""
        self.set_in(self.names, name, value)
        self.fx.binds.setdefault(name, self.site(node))
        self.bound.add(name)

    def record_read(self, name: str, node: ast.AST) -> None:
        """Note that the value from before the statement is used."""
        if name not in self.bound:
            self.fx.reads.setdefault(name, self.site(node))

    def read_global(self, name: str, node: ast.AST) -> Value:
        """Return a global name's value, recording the read."""
        value = self.names.get(name)
        if value is not None:
            self.record_read(name, node)
            return value
        if name in BUILTINS:
            return frozenset((self.member("builtins." + name),))
        if name in PROVIDED:
            return frozenset((self.member("IPython.display." + name),))
        if name in HISTORY or (name[:1] == "_" and name[1:].isdigit()):
            self.fx.history.setdefault(name, self.site(node))
            return self.fresh(node)
        if self.stars:
            for star in self.stars:
                self.record_read(star, node)
            if DYNAMIC in self.names:
                return self.names[DYNAMIC]
            return frozenset((self.member(self.stars[-1].removeprefix("@star:") + "." + name),))
        if name not in self.fx.unknown:
            self.fx.unknown[name] = self.site(node)
        if not self.uncertain and not self.forgiving:
            self.fx.certain_unknown.add(name)
        # An earlier step may have deleted it: that it is gone must be known here too.
        self.record_read(name, node)
        return self.fresh(node)

    def bind_dynamically(self, value: Value, node: ast.AST) -> None:
        """Bind names that cannot be known: they travel together, as one hidden value."""
        known = self.names.get(DYNAMIC)
        if known is not None:
            self.record_read(DYNAMIC, node)
        else:
            self.stars.append(DYNAMIC)
        made = self.make(node, "opaque", value, role="names")
        self.bind_global(DYNAMIC, frozenset((made,)) | (known or SCALAR), node)

    # -- change ------------------------------------------------------------

    @property
    def spent(self) -> bool:
        """Whether the statement has had its share of time: no more calls are followed."""
        return self.budget > _MAX_CALLS or self.work > _MAX_WORK

    def change(self, objects: Iterable[Obj], node: ast.AST) -> None:
        """Record that ``objects`` change in place, and with them all that hold them."""
        direct = [item for item in objects if item.kind not in _UNCHANGING]
        if not direct:
            return
        site = self.site(node)
        if any(item.kind == "anything" for item in direct):
            direct = [item for item in reach(direct) if item.kind not in _NOT_DATA]
        self.fx.changed_objects.update(direct)
        self.unfilled.difference_update(direct)
        self.write_memory([item for item in direct if item.kind == "array"], node)
        for item in direct:
            self.fx.changed_objects.update(item.bases)
        for item in holders(direct, self.changed):
            for name in item.names:
                self.fx.changes.setdefault(name, site)

    def write_memory(self, objects: Sequence[Obj], node: ast.AST) -> None:
        """Record the names that may look at the memory of arrays or frames that is written to."""
        if not objects:
            return
        written = {*objects, *(base for item in objects for base in item.bases)}
        sources = {part for item in written for part in self.looks_at.get(item, ())}
        for name, value in self.names.items():
            if written.isdisjoint(value) and any(
                item in sources
                or not written.isdisjoint(item.bases)
                or not written.isdisjoint(self.looks_at.get(item, ()))
                for item in value
            ):
                self.fx.split.setdefault(name, self.site(node))

    def change_unknown(self, owner: ast.expr, node: ast.AST) -> None:
        """Record a change of what ``owner`` denotes, where no object is known for it.

        What is stored into was taken for an immutable value: the name that
        holds it, or the object of which it is a part, changes.
        """
        while isinstance(owner, ast.Attribute | ast.Subscript):
            owner = owner.value
            if held := self.evaluate(owner):
                self.change(held, node)
                return
        if not isinstance(owner, ast.Name):
            return
        for frame in reversed(self.frames):
            if owner.id in frame.local_vars:
                return
        if owner.id in self.names:
            self.set_in(self.names, owner.id, self.fresh(owner))
            self.change(self.names[owner.id], node)

    def change_deep(self, value: Iterable[Obj], node: ast.AST) -> None:
        """Record that everything reachable from ``value`` may change.

        Estimators change themselves and the estimators that they hold, never
        what they were configured with or given to learn from.
        """
        objects = tuple(value)
        spared = _SPARED
        if objects and all(item.kind == "estimator" for item in objects):
            spared = _SPARED_BY_ESTIMATORS
        reached = reach(objects, self.swept if self.touching or self.spent else None)
        self.work += len(reached)
        self.change((item for item in reached if item.kind not in spared), node)

    def set_process(self, path: str, value: Iterable[Obj], node: ast.AST) -> None:
        """Record that the setting ``path`` of the process gets ``value``."""
        self.fx.settings.setdefault(path, self.site(node))
        code = [item for item in value if item.traits & CODE]
        if code:
            self.fx.code_in_settings.add(path)
            self.touch(code, node)

    def show(self, value: Iterable[Obj], node: ast.AST) -> None:
        """Record that ``value`` is shown as it is: it may be memory that nothing has filled."""
        if self.fx.unfilled is None and self.unfilled and not self.unfilled.isdisjoint(value):
            self.fx.unfilled = self.site(node)

    # -- branches ----------------------------------------------------------

    def branches(self, arms: Sequence[Callable[[], None]]) -> None:
        """Run alternatives from one state, and join their outcomes."""
        outer, start = self.trail, self.bound
        outcomes: list[dict[tuple[int, str], tuple[Names, str, Value | None]]] = []
        ends: list[set[str]] = []
        was_dead = self.dead
        self.uncertain += 1
        for arm in arms:
            trail: list[tuple[Names, str, Value | None]] = []
            self.trail, self.bound, self.dead = trail, set(start), False
            arm()
            outcome: dict[tuple[int, str], tuple[Names, str, Value | None]] = {}
            for where, name, old in reversed(trail):
                key = (id(where), name)
                if key not in outcome:
                    outcome[key] = (where, name, where.get(name))
                self.trail = None
                self.set_in(where, name, old)
            outcomes.append(outcome)
            if not self.dead:
                ends.append(self.bound)
        self.uncertain -= 1
        self.trail = outer
        self.dead = was_dead or not ends
        self.bound = set.intersection(*ends) if ends else set(start)
        self._join(outcomes)

    def _join(self, outcomes: list[dict[tuple[int, str], tuple[Names, str, Value | None]]]) -> None:
        merged: dict[tuple[int, str], tuple[Names, str, set[Obj], bool]] = {}
        for outcome in outcomes:
            for key, (where, name, _) in outcome.items():
                merged.setdefault(key, (where, name, set(), False))
        for key, (where, name, objects, _) in merged.items():
            present = unknown = False
            for outcome in outcomes:
                value = outcome[key][2] if key in outcome else where.get(name)
                if value is not None:
                    objects |= value
                    present = True
                    unknown = unknown or not value
            if unknown and any(item.kind == "text" for item in objects):
                objects.add(self.member(WILD, "text"))
            self.set_in(where, name, frozenset(objects) if present else None)

    def optional(self, arm: Callable[[], None]) -> None:
        """Run something that may not happen at all."""
        self.branches((arm, lambda: None))

    # -- what the other parts provide --------------------------------------

    def evaluate(self, node: ast.expr) -> Value:
        """Evaluate an expression."""
        raise NotImplementedError

    def execute(self, body: Sequence[ast.stmt]) -> None:
        """Execute statements in order."""
        raise NotImplementedError

    def assign(self, target: ast.expr, value: Value) -> None:
        """Store a value into a target."""
        raise NotImplementedError

    def call_value(
        self,
        callee: Value,
        arguments: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
    ) -> Value:
        """Call whatever ``callee`` may be."""
        raise NotImplementedError

    def from_namespace(self, names: list[str], node: ast.AST) -> Value:
        """Return what ``globals()[name]`` gives; an unknown name may be any."""
        raise NotImplementedError

    def touch(self, value: Iterable[Obj], node: ast.AST) -> None:
        """Let foreign code run the notebook's own functions that ``value`` holds."""
        raise NotImplementedError


__all__ = ["BUILTINS", "SCALAR", "Effects", "Frame", "Machine", "Names"]
