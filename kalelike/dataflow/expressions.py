"""Expressions: what they give, what they share, what they read."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from kalelike.dataflow.machine import Frame
from kalelike.dataflow.scopes import function_code
from kalelike.dataflow.texts import TextEvaluator
from kalelike.dataflow.values import CODE, DEFAULTS, KEEPS, SCALAR, WILD, Obj, Value, reach

CONTAINERS = frozenset({"list", "dict", "set", "tuple"})
CONSUMED = frozenset({"generator", "iterator", "buffer", "uncrossable", "stream"})
"""What iterating over it, or reading from it, changes."""
_LIVE = CONSUMED | {"list", "dict", "set", "array", "opaque", "instance"}
_NOT_DATA = frozenset({"function", "class", "member", "module", "builtin"})
IN_CELLS = frozenset({"list", "dict", "set", "instance"})
_NOT_ITERATED = frozenset({"text", "member", "module", "builtin", "function", "uncrossable"})


def _streams_behind(value: Iterable[Obj]) -> Iterable[Obj]:
    """Yield what iterating draws from: what a data set is made of, a loader's generator."""
    for item in value:
        if item.is_dataset and item.kind == "stream":
            yield from reach((item,))
        elif item.kind == "opaque":
            yield from item.contents


class ExpressionEvaluator(TextEvaluator):
    """Evaluates expressions to abstract values."""

    def evaluate(self, node: ast.expr) -> Value:
        """Evaluate an expression; unknown node types give a fresh value."""
        handler = _HANDLERS.get(type(node))
        if handler is None:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.evaluate(child)
            return self.fresh(node)
        return handler(self, node)

    # -- names -------------------------------------------------------------

    def load_name(self, name: str, node: ast.AST) -> Value:
        """Look a name up as Python does: locals, closures, globals, builtins."""
        for frame in reversed(self.frames):
            value = frame.local_vars.get(name)
            if value is not None:
                return value
            code = frame.code
            if code is None:
                continue
            if name in code.local_names:
                return self.fresh(node)
            for scope in code.closure:
                if name in scope:
                    return scope[name]
            break
        return self.read_global(name, node)

    def store_name(self, name: str, value: Value, node: ast.AST) -> None:
        """Bind a name in the scope that owns it."""
        for item in value:
            if item.path == "fresh":
                # Its parts are told apart where the call's result is unpacked, and nowhere else.
                item.path = ""
        for frame in reversed(self.frames):
            code = frame.code
            if code is None:
                self.set_in(frame.local_vars, name, value)
                return
            if name in code.global_names:
                if code.module is None:
                    break
                assert code.module.function is not None
                self.set_in(code.module.function.closure[0], name, value)
                self.change((code.module,), node)
                return
            if name in code.nonlocal_names:
                for scope in code.closure:
                    if name in scope:
                        self.set_in(scope, name, value)
                        cell = self.scope_object(scope, node)
                        cell.hold(value)
                        self.change((cell,), node)
                        return
            self.set_in(frame.local_vars, name, value)
            return
        self.bind_global(name, value, node)

    def _constant(self, node: ast.Constant) -> Value:
        return self.text(node.value) if isinstance(node.value, str) else SCALAR

    def _name(self, node: ast.Name) -> Value:
        return self.load_name(node.id, node)

    def _joined(self, node: ast.JoinedStr) -> Value:
        parts: list[list[str]] = []
        for item in node.values:
            if isinstance(item, ast.Constant):
                parts.append([str(item.value)])
                continue
            assert isinstance(item, ast.FormattedValue)
            value = self.evaluate(item.value)
            self.operate(value, item)
            if item.format_spec is not None:
                self.evaluate(item.format_spec)
            formatted = item.format_spec is not None or item.conversion > 0
            parts.append([WILD] if formatted else self.known_texts(value))
        return self.any_text(self.product(parts))

    def scope_object(self, scope: dict[str, Value], node: ast.AST) -> Obj:
        """Return the object that stands for a function's variables that inner functions share."""
        found = self.scopes.get(id(scope))
        if found is None:
            made = Obj("scope", self.site(node))
            found = self.scopes[id(scope)] = (scope, made)
        return found[1]

    # -- operators -----------------------------------------------------------

    def operate(self, value: Value, node: ast.AST, others: Value = SCALAR) -> None:
        """Let an operator run the special methods of the notebook's own classes.

        They may be given ``others``.
        """
        for item in value:
            if item.kind in ("instance", "class") and item.class_code is None:
                self.touch((item, *others), node)

    def _binary(self, node: ast.BinOp) -> Value:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        joined = self.join_texts(node.op, left, right)
        if joined is not None:
            return joined
        self.operate(left, node, right)
        self.operate(right, node, left)
        both = left | right
        if not both:
            return SCALAR
        kinds = {item.kind for item in both}
        kind = next((k for k in ("frame", "array") if k in kinds), "opaque")
        contained = kinds <= CONTAINERS
        if kind == "opaque" and (contained or isinstance(node.op, ast.Add | ast.Mult)):
            shared: Iterable[Obj] = {
                part
                for item in both
                for part in (item.contents if item.kind in CONTAINERS else (item,))
            }
            if len(kinds) == 1 and kinds <= {"dict", "set"}:
                return self.fresh(node, kinds.pop(), shared)
            return self.fresh(node, "list" if contained else "opaque", shared)
        holds = [item for item in both if item.kind == "instance"]
        return self.fresh(node, kind, holds)

    def _unary(self, node: ast.UnaryOp) -> Value:
        value = self.evaluate(node.operand)
        self.operate(value, node)
        if isinstance(node.op, ast.Not) or not value:
            return SCALAR
        kinds = {item.kind for item in value}
        return self.fresh(node, kinds.pop() if kinds in ({"array"}, {"frame"}) else "opaque")

    def _bool(self, node: ast.BoolOp) -> Value:
        results: set[Obj] = set(self.evaluate(node.values[0]))

        def rest() -> None:
            for item in node.values[1:]:
                results.update(self.evaluate(item))

        self.optional(rest)
        return frozenset(results)

    def _compare(self, node: ast.Compare) -> Value:
        values = [self.evaluate(item) for item in (node.left, *node.comparators)]
        everything = frozenset(item for value in values for item in value)
        self.operate(everything, node, everything)
        for op, value in zip(node.ops, values[1:], strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                self.consume(value, node)
                if isinstance(node.left, ast.Attribute) and node.left.attr.lower() == "nan":
                    self.fx.identity.setdefault("nan", self.site(node))
            elif isinstance(op, ast.Is | ast.IsNot) and any(
                isinstance(part, ast.Attribute) and part.attr == "base"
                for part in (node.left, *node.comparators)
            ):
                self.fx.identity.setdefault("base", self.site(node))
        if any(item.kind == "namespace" for item in everything):
            self.test_names(self.texts(values[0]), node)
        if any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            for value in values:
                self.fx.changed_objects.update(
                    item
                    for item in value
                    if item.kind not in ("member", "module", "builtin", "text", "class")
                )
            return SCALAR
        kinds = {item.kind for value in values for item in value}
        if kinds & {"frame", "array", "opaque"}:
            return self.fresh(node, "array")
        return SCALAR

    def _conditional(self, node: ast.IfExp) -> Value:
        self.evaluate(node.test)
        results: set[Obj] = set()

        def arm(part: ast.expr) -> Callable[[], None]:
            return lambda: results.update(self.evaluate(part))

        self.branches((arm(node.body), arm(node.orelse)))
        return frozenset(results)

    # -- containers ------------------------------------------------------------

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        contents: set[Obj] = set()
        parts: list[Value] = []
        for item in node.elts:
            value = self.evaluate(item.value if isinstance(item, ast.Starred) else item)
            if isinstance(item, ast.Starred):
                value = self.taken(value, node)
            parts.append(value)
            contents |= value
        if any(part.kind == "text" for part in contents) and any(
            not value and not isinstance(item, ast.Constant)
            for value, item in zip(parts, node.elts, strict=True)
        ):
            contents |= self.text(WILD)
        kind = type(node).__name__.lower()
        if kind == "tuple" and not contents:
            return SCALAR
        made = self.make(node, kind, contents)
        if kind == "tuple" and not any(isinstance(item, ast.Starred) for item in node.elts):
            old = made.parts or (SCALAR,) * len(parts)
            made.parts = tuple(a | b for a, b in zip(old, parts, strict=True))
        return frozenset((made,))

    def unpacked(self, value: Value, targets: list[ast.expr]) -> list[Value]:
        """Return what each of several targets gets from unpacking ``value``.

        A tuple whose parts are known is told apart by position; the result of
        a library call that shares nothing gives every target an object of its own.
        """
        results: list[set[Obj]] = [set() for _ in targets]
        for item in value:
            if item.parts is not None and len(item.parts) == len(targets):
                for result, part in zip(results, item.parts, strict=True):
                    result |= part
            elif item.path == "fresh":
                for result, target in zip(results, targets, strict=True):
                    result.add(self.make(target, item.kind, item.contents, role="part"))
            else:
                inner = self.taken(frozenset((item,)), targets[0])
                for result in results:
                    result |= inner
        return [frozenset(result) for result in results]

    def _dict(self, node: ast.Dict) -> Value:
        contents: set[Obj] = set()
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.evaluate(item)
            if key is None:
                value = self.taken(value, node)
            else:
                keys = self.evaluate(key)
                self.operate(keys, node)
                contents |= {part for part in keys if part.kind != "text"}
            contents |= value
        return self.fresh(node, "dict", contents)

    def elements(self, value: Value) -> Value:
        """Return what iterating over, or indexing into, a value gives."""
        result: set[Obj] = set()
        for item in value:
            if item.is_dataset:
                # Its elements are tensors, which nothing changes.
                continue
            if item.kind == "iterator":
                result |= {part for part in item.contents if part.kind != "source"}
            elif item.kind in CONTAINERS or item.kind == "generator":
                result |= item.contents
            elif item.kind not in _NOT_ITERATED:
                result.add(item)
                result |= item.contents
        return frozenset(result)

    def iterator(
        self, node: ast.AST, contents: Iterable[Obj], sources: Iterable[Obj], role: str = ""
    ) -> Value:
        """Return an iterator over ``contents``, which changes when one of ``sources`` does."""
        live = [item for item in sources if item.kind in _LIVE]
        made = self.make(node, "iterator", contents, role)
        if live:
            made.hold((self.make(node, "source", live, role + "source"),))
        for item in live:
            if item.kind in CONSUMED:
                # Whoever takes from this takes from what it takes from.
                made.add_base(item)
        return frozenset((made,))

    def consume(self, value: Iterable[Obj], node: ast.AST) -> None:
        """Record that iterators lose what is taken from them, and that what shuffles draws."""
        value = tuple(value)
        self.change([item for item in value if item.kind in CONSUMED], node)
        self.change([item for item in _streams_behind(value) if item.kind == "stream"], node)

    def taken(self, value: Value, node: ast.AST) -> Value:
        """Return the elements of a value, which an iterator loses."""
        self.consume(value, node)
        return self.elements(value)

    def iterated(self, value: Value, node: ast.AST) -> Value:
        """Return what a loop over a value gives: the keys of a dictionary, which are not known."""
        found = self.taken(value, node)
        return found | self.text(WILD) if any(item.kind == "dict" for item in value) else found

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> Value:
        context = self.frames[-1].context if self.frames else 0
        cell = self.frames[-1].cell if self.frames else self.cell
        first = self.iterated(self.evaluate(node.generators[0].iter), node)
        self.operate(first, node)
        frame = Frame(None, {}, cell, context)
        contents: set[Obj] = set()
        self.frames.append(frame)
        try:
            self._generators(node, first, contents)
        finally:
            self.frames.pop()
        kinds = {ast.ListComp: "list", ast.SetComp: "set", ast.DictComp: "dict"}
        made = self.make(node, kinds.get(type(node), "generator"), contents)
        if made.kind == "generator":
            made.path = "a generator"
        return frozenset((made,))

    def _generators(self, node: Any, first: Value, contents: set[Obj]) -> None:
        def body() -> None:
            for index, generator in enumerate(node.generators):
                value = first
                if index > 0:
                    value = self.iterated(self.evaluate(generator.iter), node)
                self.assign(generator.target, value)
                for test in generator.ifs:
                    self.evaluate(test)
            for item in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                contents.update(self.evaluate(item))

        self.optional(body)

    def _named(self, node: ast.NamedExpr) -> Value:
        value = self.evaluate(node.value)
        hidden: list[Frame] = []
        while self.frames and self.frames[-1].code is None and not self.frames[-1].is_class:
            hidden.append(self.frames.pop())
        self.store_name(node.target.id, value, node)
        self.frames.extend(reversed(hidden))
        return value

    # -- functions ---------------------------------------------------------------

    def closure(self) -> tuple[dict[str, Value], ...]:
        """Return the local variables that a function defined here can see."""
        scopes: list[dict[str, Value]] = []
        for frame in reversed(self.frames):
            if not frame.is_class:
                scopes.append(frame.local_vars)
            if frame.code is not None:
                scopes.extend(frame.code.closure)
                break
        return tuple(scopes)

    def define(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Obj:
        """Make the function that ``node`` defines, its defaults evaluated now."""
        made = self.make(node, "function")
        code = function_code(node, self.site(node).cell)
        code.closure = self.closure()
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        for item, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
            code.defaults[item.arg] = self.evaluate(default)
        for item, extra in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if extra is not None:
                code.defaults[item.arg] = self.evaluate(extra)
        for value in code.defaults.values():
            made.hold(value)
        made.function = code
        if self.frames and self.frames[0].code is not None:
            code.module = self.frames[0].code.module
        for scope in code.closure:
            for name in scope:
                made.hold(scope[name])
        if code.nonlocal_names or code.closure:
            made.hold(self.scope_object(scope, node) for scope in code.closure)
        self.keep_alive.append(node)
        return made

    def _lambda(self, node: ast.Lambda) -> Value:
        return frozenset((self.define(node),))

    def _await(self, node: ast.Await) -> Value:
        value = self.evaluate(node.value)
        awaited = [item for item in value if item.kind == "coroutine"]
        if not awaited:
            return value
        done = {part for item in awaited for part in item.contents if part.kind != "function"}
        return frozenset(done | {item for item in value if item.kind != "coroutine"})

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> Value:
        value = self.evaluate(node.value) if node.value is not None else SCALAR
        if isinstance(node, ast.YieldFrom):
            value = self.taken(value, node)
        for frame in reversed(self.frames):
            if frame.code is not None:
                frame.returned |= value
                break
        return self.fresh(node)

    def _starred(self, node: ast.Starred) -> Value:
        return self.taken(self.evaluate(node.value), node)

    def _slice(self, node: ast.Slice) -> Value:
        for part in (node.lower, node.upper, node.step):
            if part is not None:
                self.evaluate(part)
        return SCALAR

    # -- attributes and items --------------------------------------------------

    def _attribute(self, node: ast.Attribute) -> Value:
        return self.attribute_of(self.evaluate(node.value), node.attr, node)

    def attribute_of(self, value: Value, name: str, node: ast.AST) -> Value:
        """Return what ``value.name`` may be."""
        result: set[Obj] = set()
        for item in value:
            result |= self._attribute_of_one(item, name, node)
        return frozenset(result)

    def _attribute_of_one(self, item: Obj, name: str, node: ast.AST) -> Value:
        kind = item.kind
        if kind == "localmodule":
            scope = item.function.closure[0] if item.function else {}
            return scope.get(name, SCALAR)
        if kind in ("member", "builtin", "module"):
            return self.member_value(f"{item.path}.{name}")
        if kind == "text":
            return self.text_attribute(item.path, name)
        if kind == "instance" and item.cls is not None:
            return self._instance_attribute(item, name, node)
        if kind == "class" and item.class_code is not None:
            return self._class_attribute(item, name, node)
        if name == "__dict__":
            return frozenset((item,))
        return self._foreign_attribute(item, name, node)

    def member_value(self, path: str) -> Value:
        """Return what an importable thing is, by dotted path: a constant has no identity."""
        if path.startswith("pandas.pandas"):
            path = path[7:]
        if path in self.library.modules["constants"]:
            return SCALAR
        return frozenset((self.member(path),))

    def _foreign_attribute(self, item: Obj, name: str, node: ast.AST) -> Value:
        kind = item.kind
        if name in ("index", "columns") and kind in ("frame", "array", "opaque"):
            axis = self.make(node, "array")
            axis.add_base(item)
            return frozenset((axis,))
        known = self.library.methods
        if name in self.library.kinds["scalar"]:
            return SCALAR
        if name in known["changes"] or name in known["trains"]:
            bound = self.make(node, "bound", (item,), role=f"bound:{id(item)}")
            bound.path, bound.cls = name, item
            return frozenset((bound,))
        if name in self.library.kinds["array"]:
            return self.fresh(node, "array", (item,))
        if name in known["view"] or kind in ("opaque", "array", "figure"):
            return frozenset({item, *item.contents})
        if kind == "frame":
            column = self.make(node, "array", in_cells(item))
            column.add_base(item)
            return frozenset((column,))
        return frozenset({item, *item.contents})

    def _instance_attribute(self, item: Obj, name: str, node: ast.AST) -> Value:
        methods = self.find_methods(item.cls, name)
        if not methods:
            self._call_getattr(item, name, node)
            assert item.cls is not None
            held = self.parts_of_class(item.cls) | item.contents
            code = item.cls.class_code
            # What a generated or foreign initialiser stored is not known: it is
            # the instance's own part, and changes with it.
            if not held or code is None or code.foreign_base or code.decorated:
                held.add(item)
            return frozenset(held)
        getter = self.find_part(item.cls, "properties", name)
        if getter is not None:
            result = self.call_value(frozenset((getter,)), [frozenset((item,))], {}, node)
            return self._kept(item, result, getter, node) if getter.path == KEEPS else result
        if self.is_part(item.cls, "static", name):
            return methods
        own = item.cls if self.binds_class(item.cls, name) else item
        assert own is not None
        return frozenset(self._bound(method, own, node) for method in methods)

    def _kept(self, item: Obj, result: Value, getter: Obj, node: ast.AST) -> Value:
        """Read a ``cached_property``: the first read stores its result in the instance."""
        assert getter.function is not None
        self.change((item,), node)
        item.hold(result)
        kept = self.make(getter.function.node, "list", result, role=f"kept:{id(item)}")
        return frozenset(kept.contents)

    def _class_attribute(self, cls: Obj, name: str, node: ast.AST) -> Value:
        """Return a method, or the data that a class holds; a foreign base may hold anything."""
        methods = self.find_methods(cls, name)
        if methods and self.binds_class(cls, name):
            return frozenset(self._bound(method, cls, node) for method in methods)
        if methods:
            return methods
        found = self.parts_of_class(cls)
        code = cls.class_code
        if code is not None and code.foreign_base:
            # A member of an enumeration, say: an instance that belongs to its class.
            member = self.make(node, "instance", role=f"member:{id(cls)}")
            member.cls = cls
            cls.hold((member,))
            found.add(member)
        return frozenset(found)

    def _bound(self, method: Obj, own: Obj, node: ast.AST) -> Obj:
        bound = self.make(node, "method", (own,), role=f"method:{id(own)}:{id(method)}")
        bound.function = method.function
        bound.cls = own
        return bound

    def parts_of_class(self, cls: Obj) -> set[Obj]:
        """Return the data that a class and its notebook bases hold."""
        found = {part for part in cls.contents if part.kind not in _NOT_DATA}
        for base in cls.class_code.bases if cls.class_code is not None else ():
            found |= self.parts_of_class(base)
        return found

    def binds_class(self, cls: Obj | None, name: str) -> bool:
        """Tell whether a method is called with its class and not with an instance."""
        return name in ("__init_subclass__", "__class_getitem__") or self.is_part(
            cls, "class_methods", name
        )

    def is_part(self, cls: Obj | None, part: str, name: str) -> bool:
        """Tell whether a class or a base lists ``name`` in ``static`` or ``class_methods``."""
        code = cls.class_code if cls is not None else None
        if code is None:
            return False
        if name in code.methods:
            return name in getattr(code, part)
        return any(self.is_part(base, part, name) for base in code.bases)

    def _call_getattr(self, item: Obj, name: str, node: ast.AST) -> None:
        for hook in ("__getattr__", "__getattribute__"):
            for method in self.find_methods(item.cls, hook):
                if any(frame.code is method.function for frame in self.frames):
                    continue
                own: Value = frozenset((item,))
                self.call_value(frozenset((method,)), [own, self.text(name)], {}, node)

    def find_part(self, cls: Obj | None, part: str, name: str) -> Obj | None:
        """Find a property's getter (``properties``) or setter of a class, through its bases."""
        code = cls.class_code if cls is not None else None
        if code is None:
            return None
        found: Obj | None = getattr(code, part).get(name)
        bases = (self.find_part(base, part, name) for base in code.bases)
        return found or next((base for base in bases if base is not None), None)

    def find_methods(self, cls: Obj | None, name: str) -> Value:
        """Find what a notebook class, or the first of its bases that does, calls ``name``."""
        code = cls.class_code if cls is not None else None
        if code is None:
            return SCALAR
        found = code.methods.get(name, SCALAR)
        bases = iter(code.bases)
        while not found and (base := next(bases, None)) is not None:
            found = self.find_methods(base, name)
        return found

    def _subscript(self, node: ast.Subscript) -> Value:
        value = self.evaluate(node.value)
        return self.item_of(value, self.evaluate(node.slice), node)

    def item_of(self, value: Value, index: Value, node: ast.Subscript) -> Value:
        """Return what ``value[index]`` may be."""
        self.operate(value, node, index)
        # A missing key is stored with its default value.
        self.change([item for item in value if item.path == DEFAULTS], node)
        result: set[Obj] = set()
        for item in value:
            if item.kind in CONTAINERS and isinstance(node.slice, ast.Slice):
                result.add(self.make(node, item.kind, item.contents))
            elif _is_label(item, node):
                continue
            elif item.kind == "frame":
                kind = "frame" if self._selects(node, index) else "array"
                column = self.make(node, kind, in_cells(item))
                if not self._selects(node, index):
                    column.add_base(item)
                result |= {column, *in_cells(item)}
            elif item.kind in ("member", "builtin", "module"):
                if self.library.function_is(item.path, "arrays"):
                    # numpy.c_[a, b], numpy.mgrid[0:3] and their like make new arrays.
                    held = index if any(part.traits & CODE for part in index) else ()
                    result.add(self.make(node, "array", held, role="made"))
                else:
                    result.add(self.member(item.path + ".item"))
            elif item.kind == "text":
                result.add(self.member(WILD, "text"))
            elif item.kind == "namespace":
                result |= self.from_namespace(self.texts(index), node)
            elif item.kind in CONTAINERS and isinstance(node.slice, ast.Slice):
                result.add(self.make(node, item.kind, item.contents, role=item.kind))
            else:
                result |= self.elements(frozenset((item,)))
        return frozenset(result)

    def test_names(self, names: list[str], node: ast.AST) -> None:
        """Account for ``name in globals()``: the answer depends on whether the name is bound."""
        for name in names:
            if name in self.names:
                self.record_read(name, node)

    def _selects(self, node: ast.Subscript, index: Value) -> bool:
        if isinstance(node.slice, ast.List | ast.Compare | ast.BinOp | ast.UnaryOp | ast.Slice):
            return True
        return any(item.kind in ("list", "array", "frame") for item in index)

    def _call(self, node: ast.Call) -> Value:
        raise NotImplementedError


def in_cells(frame: Obj) -> list[Obj]:
    """Return what the cells of a frame may be, beside numbers and texts."""
    return [item for item in frame.contents if item.kind in IN_CELLS]


def _is_label(axis: Obj, node: ast.Subscript) -> bool:
    """Tell whether one label is taken out of a frame's axis: labels are immutable."""
    if axis.kind != "array" or {item.kind for item in axis.bases} != {"frame"}:
        return False
    match node:
        case ast.Subscript(
            value=ast.Attribute(attr="index" | "columns"),
            slice=ast.Constant(value=int())
            | ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int())),
        ):
            return True
    return False


def _dispatch(name: str) -> Callable[[ExpressionEvaluator, Any], Value]:
    return lambda machine, node: getattr(machine, name)(node)


_HANDLERS: dict[type[ast.AST], Callable[[ExpressionEvaluator, Any], Value]] = {
    ast.Constant: ExpressionEvaluator._constant,
    ast.Name: ExpressionEvaluator._name,
    ast.JoinedStr: ExpressionEvaluator._joined,
    ast.BinOp: ExpressionEvaluator._binary,
    ast.UnaryOp: ExpressionEvaluator._unary,
    ast.BoolOp: ExpressionEvaluator._bool,
    ast.Compare: ExpressionEvaluator._compare,
    ast.IfExp: ExpressionEvaluator._conditional,
    ast.List: ExpressionEvaluator._sequence,
    ast.Tuple: ExpressionEvaluator._sequence,
    ast.Set: ExpressionEvaluator._sequence,
    ast.Dict: ExpressionEvaluator._dict,
    ast.ListComp: ExpressionEvaluator._comprehension,
    ast.SetComp: ExpressionEvaluator._comprehension,
    ast.DictComp: ExpressionEvaluator._comprehension,
    ast.GeneratorExp: ExpressionEvaluator._comprehension,
    ast.NamedExpr: ExpressionEvaluator._named,
    ast.Lambda: ExpressionEvaluator._lambda,
    ast.Await: ExpressionEvaluator._await,
    ast.Yield: ExpressionEvaluator._yield,
    ast.YieldFrom: ExpressionEvaluator._yield,
    ast.Starred: ExpressionEvaluator._starred,
    ast.Slice: ExpressionEvaluator._slice,
    ast.Attribute: ExpressionEvaluator._attribute,
    ast.Subscript: ExpressionEvaluator._subscript,
    ast.Call: _dispatch("_call"),
}
