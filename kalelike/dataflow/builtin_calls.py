"""Python's own functions: what they give, change and run."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from kalelike.dataflow.expressions import CONTAINERS
from kalelike.dataflow.files import FileEvaluator
from kalelike.dataflow.values import SCALAR, WILD, Obj, Value

_LOOKING = frozenset(
    {"print", "type", "isinstance", "id", "repr", "str", "format", "hash", "callable", "hasattr",
     "iter", "map", "filter", "len", "bool"}
)  # fmt: skip
"""Builtins that take nothing from an iterator that they are given."""


def everything_of(arguments: list[Value], keywords: dict[str, Value]) -> set[Obj]:
    """Return every object among a call's arguments."""
    return {item for value in (*arguments, *keywords.values()) for item in value}


class BuiltinEvaluator(FileEvaluator):
    """Calls of builtins; those that need more than the table have a ``_builtin_NAME`` method."""

    def call_builtin(
        self, name: str, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Call the builtin ``name``, or a method of a builtin type (``list.append``)."""
        everything = everything_of(arguments, keywords)
        special = getattr(self, f"_builtin_{name}", None)
        if special is not None:
            return special(arguments, keywords, node)  # type: ignore[no-any-return]
        root = name.partition(".")[0]
        self.touch(everything, node)
        if root not in _LOOKING:
            self.consume(everything, node)
        if root in ("print", "display"):
            self.fx.shows = True
            self.show(everything, node)
            self.change(keywords.get("file", SCALAR), node)
            return SCALAR
        if root in ("input", "breakpoint"):
            self.fx.impure.setdefault(name, self.site(node))
            return SCALAR
        if name != root:
            return self._call_through_type(name, arguments, keywords, node)
        if root in self.library.builtins["fresh"]:
            return SCALAR
        parts = {part for value in arguments for part in self.elements(value)}
        kind = {"list": "list", "sorted": "list", "dict": "dict", "set": "set", "tuple": "tuple"}
        if root in ("min", "max"):
            if len(arguments) > 1:
                return frozenset(everything)
            return frozenset(parts | {item for item in everything if item.kind == "opaque"})
        called = {item for item in everything if item.kind in ("function", "method", "instance")}
        if root not in kind:
            return self.iterator(node, parts | called, everything)
        return self.fresh(node, kind[root], parts | called)

    def _call_through_type(
        self, name: str, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Call ``list.append(x, 1)``: the method of the first argument."""
        root, _, method = name.partition(".")
        if name == "object.__new__":
            return self.make_instances(arguments, node)
        if not arguments or root == "object":
            return SCALAR
        if method == "fromkeys":
            held = {item for value in arguments[1:] for item in value}
            return self.fresh(node, "dict", held | self.elements(arguments[0]))
        return self.call_method(arguments[0], method, arguments[1:], keywords, node)

    def _builtin_setattr(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Set an attribute, whose name may not be known; of a module it is a setting."""
        self.touch_arguments(arguments, keywords, node)
        for item in arguments[0] if arguments else ():
            if item.kind in ("member", "module", "localmodule"):
                self.fx.settings.setdefault(item.path, self.site(node))
        return self._builtin_next(arguments, keywords, node)

    _builtin_delattr = _builtin_setattr

    def _builtin_next(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        if not arguments:
            return SCALAR
        self.touch_arguments(arguments, keywords, node)
        self.change(arguments[0], node)
        for item in arguments[0]:
            item.hold(everything_of(arguments, keywords) - {item})
        return self.elements(arguments[0])

    def _builtin_memoryview(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """The memory of the arguments: what is stored into it is stored into them."""
        everything = everything_of(arguments, keywords)
        view = self.make(node, "uncrossable", everything)
        view.path = self.library.uncrossable["builtins.memoryview"]
        for item in everything:
            view.add_base(item)
        return frozenset((view,))

    def _builtin_bytearray(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        del arguments, keywords
        return self.fresh(node, "array")

    def _builtin_enumerate(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        self.touch_arguments(arguments, keywords, node)
        inner = self.iterated(arguments[0], node) if arguments else SCALAR
        return self.tuples([SCALAR, inner], node, everything_of(arguments, keywords))

    def _builtin_zip(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        self.touch_arguments(arguments, keywords, node)
        parts = [self.iterated(value, node) for value in arguments]
        return self.tuples(parts, node, everything_of(arguments, keywords))

    def tuples(self, parts: list[Value], node: ast.AST, sources: Iterable[Obj]) -> Value:
        """Return an iterator over tuples of these parts, which come from ``sources``."""
        pair = self.make(node, "tuple", (i for part in parts for i in part), role="tuple")
        old = pair.parts or (SCALAR,) * len(parts)
        if len(old) == len(parts):
            pair.parts = tuple(a | b for a, b in zip(old, parts, strict=True))
        return self.iterator(node, (pair,), sources, role="tuples")

    def _builtin_open(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        target = arguments[0] if arguments else keywords.get("file", SCALAR)
        mode = arguments[1] if len(arguments) > 1 else keywords.get("mode")
        modes = self.texts(mode) if mode is not None else ["r"]
        return self.open_file(target, modes[0] if modes else "r", node)

    def _builtin_getattr(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        del keywords
        names = self.texts(arguments[1]) if len(arguments) > 1 else []
        rest = arguments[2] if len(arguments) > 2 else SCALAR
        if not names or not arguments:
            return frozenset({item for value in arguments for item in value})
        return self.attribute_of(arguments[0], names[0], node) | rest

    def _builtin_type(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        if len(arguments) > 1:
            return self.fresh(node, "opaque", everything_of(arguments, keywords))
        found: set[Obj] = set()
        for item in arguments[0] if arguments else ():
            if item.kind == "instance" and item.cls is not None:
                found.add(item.cls)
            else:
                known = item.kind in CONTAINERS
                found.add(self.member(f"builtins.{item.kind if known else 'object'}"))
        return frozenset(found)

    def _builtin_super(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        del arguments, keywords
        for frame in reversed(self.frames):
            owner = frame.code.owner if frame.code is not None else None
            if owner is None:
                continue
            own = next(iter(frame.local_vars.values()), SCALAR)
            bases = owner.class_code.bases if owner.class_code is not None else ()
            proxies = [self.make(node, "super", own, role=f"super:{id(base)}") for base in bases]
            for proxy, base in zip(proxies, bases, strict=True):
                proxy.cls = base
            return frozenset(proxies or (self.make(node, "super", own, role="super"),))
        return self.fresh(node)

    def _names_in_scope(self, arguments: list[Value], node: ast.AST, *, write: bool) -> Value:
        """Interpret code in a string: read in full when it is known, else anything goes."""
        known = self.texts(arguments[0]) if arguments else []
        if known and WILD not in known[0]:
            try:
                tree = ast.parse(known[0].strip())
            except SyntaxError:
                return SCALAR
            self.keep_alive.append(tree)
            result: Value = SCALAR
            for statement in tree.body:
                ast.increment_lineno(statement, getattr(node, "lineno", 1) - 1)
                if isinstance(statement, ast.Expr):
                    result = self.evaluate(statement.value)
                else:
                    self.execute([statement])
            return result
        self.fx.dynamic.setdefault("exec" if write else "eval", self.site(node))
        everything = self._everything_visible(node)
        if write:
            self._rebind_everything(everything, node)
        return everything

    def _rebind_everything(self, everything: Value, node: ast.AST) -> None:
        """Account for code that may bind and change any name, old or new."""
        self.change_deep(everything, node)
        for name, value in list(self.names.items()):
            if name.startswith("@") or any(item.kind in ("module", "class") for item in value):
                continue
            either = value | everything
            self.optional(lambda name=name, either=either: self.bind_global(name, either, node))  # type: ignore[misc]
        self.bind_dynamically(everything, node)

    def _everything_visible(self, node: ast.AST) -> Value:
        found: set[Obj] = set()
        for name, value in list(self.names.items()):
            only_code = value and all(i.kind in ("module", "class") for i in value)
            if not name.startswith("@") and not only_code:
                self.record_read(name, node)
                found |= value
        return self.fresh(node, "opaque", found)

    def _builtin_eval(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        del keywords
        return self._names_in_scope(arguments, node, write=False)

    def _builtin_exec(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        del keywords
        return self._names_in_scope(arguments, node, write=True)

    def _builtin_globals(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        del arguments, keywords
        space = self.member("globals()", "namespace")
        self.keep_alive.append(node)
        return frozenset((space,))

    def _builtin_locals(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        if self.frames and self.frames[-1].code is not None:
            held = {item for value in self.frames[-1].local_vars.values() for item in value}
            return self.fresh(node, "dict", held)
        return self._builtin_globals(arguments, keywords, node)

    def _builtin_vars(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        return arguments[0] if arguments else self._builtin_locals(arguments, keywords, node)

    def _builtin_dir(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        return SCALAR if arguments else self._builtin_locals(arguments, keywords, node)

    def _builtin___import__(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        del keywords
        known = self.texts(arguments[0]) if arguments else []
        return frozenset((self.member(known[0], "module"),)) if known else self.fresh(node)
