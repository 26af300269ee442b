"""Calls of the notebook's own functions and classes, interpreted at every call."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from kalelike.dataflow.expressions import ExpressionEvaluator
from kalelike.dataflow.machine import Frame
from kalelike.dataflow.values import CODE, NAMED, REMEMBERS, SCALAR, FunctionCode, Obj, Value

_MAX_DEPTH = 14
_MAKE_LISTS = frozenset({"split", "rsplit", "splitlines"})


def _seen_by_foreign_code(value: Iterable[Obj], seen: set[Obj]) -> list[Obj]:
    """Return what is or holds code in ``value``, without opening classes, save what is in ``seen``.

    What is returned is added to ``seen``.
    """
    found = [item for item in set(value) if item.traits & CODE and item not in seen]
    seen.update(found)
    for item in found:
        if item.kind != "class":
            for part in item.contents:
                if part.traits & CODE and part not in seen:
                    seen.add(part)
                    found.append(part)
    return found


class CallEvaluator(ExpressionEvaluator):
    """Calls: arguments are bound, bodies interpreted, foreign code asked of the library model."""

    def _call(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Name) and node.func.id == "__magic__":
            return self.run_magic(node)
        arguments: list[Value] = []
        if isinstance(node.func, ast.Attribute):
            receiver = self.evaluate(node.func.value)
            arguments, keywords = self._arguments(node)
            return self.call_method(receiver, node.func.attr, arguments, keywords, node)
        callee = self.evaluate(node.func)
        arguments, keywords = self._arguments(node)
        return self.call_value(callee, arguments, keywords, node)

    def _arguments(self, node: ast.Call) -> tuple[list[Value], dict[str, Value]]:
        arguments: list[Value] = []
        for item in node.args:
            if isinstance(item, ast.Starred):
                spread = self.taken(self.evaluate(item.value), node)
                arguments.extend([spread, spread, spread])
            else:
                arguments.append(self.evaluate(item))
        keywords: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value)
            if keyword.arg is None:
                if any(item.kind == "namespace" for item in value):
                    self.from_namespace([], node)
                keywords["**"] = self.elements(value)
            else:
                keywords[keyword.arg] = value
        if any(i.kind == "namespace" for v in (*arguments, *keywords.values()) for i in v):
            self.from_namespace([], node)
        return arguments, keywords

    def run_magic(self, node: ast.Call) -> Value:
        """Run the IPython magic that ``node`` stands for."""
        raise NotImplementedError

    def call_library(
        self, path: str, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Call a function that is known by its dotted path only."""
        raise NotImplementedError

    def call_foreign_method(
        self,
        receiver: Obj,
        name: str,
        arguments: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
    ) -> Value:
        """Call a method whose code is not the notebook's."""
        raise NotImplementedError

    def call_method(
        self,
        receiver: Value,
        name: str,
        arguments: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
    ) -> Value:
        """Call ``receiver.name(…)`` for everything that the receiver may be."""
        if not receiver:
            self.touch_arguments(arguments, keywords, node)
            return self._method_of_scalar(name, arguments, node)
        result: set[Obj] = set()
        for item in receiver:
            if item.kind in ("member", "builtin", "module"):
                path = f"{item.path}.{name}"
                result |= self.call_library(path, arguments, keywords, node)
            elif item.kind == "localmodule" or (
                item.kind == "class" and self.find_methods(item, name)
            ):
                found = self._attribute_of_one(item, name, node)
                result |= self.call_value(found, arguments, keywords, node)
            elif item.kind == "instance" and (methods := self.find_methods(item.cls, name)):
                bound = [*self._receiver(item, name), *arguments]
                result |= self.call_value(methods, bound, keywords, node)
            elif item.kind == "super":
                result |= self._call_super(item, name, arguments, keywords, node)
            else:
                result |= self.call_foreign_method(item, name, arguments, keywords, node)
        return frozenset(result)

    def _receiver(self, item: Obj, name: str) -> list[Value]:
        """What a method of an instance is given first: itself, its class, or nothing."""
        if self.is_part(item.cls, "static", name):
            return []
        own = item.cls if self.binds_class(item.cls, name) else item
        return [frozenset((own or item,))]

    def _call_super(
        self,
        proxy: Obj,
        name: str,
        arguments: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
    ) -> Value:
        """Call ``super().name(…)``: the method of a base, on the instance or class itself."""
        own = frozenset(proxy.contents)
        if name == "__new__":
            made = self.make_instances(arguments, node)
            if made:
                return made
        methods = self.find_methods(proxy.cls, name)
        if not methods:
            found = (
                self.call_foreign_method(item, name, arguments, keywords, node) for item in own
            )
            return frozenset(item for value in found for item in value)
        given = [] if self.is_part(proxy.cls, "static", name) else [own]
        return self.call_value(methods, [*given, *arguments], keywords, node)

    def make_instances(self, arguments: list[Value], node: ast.AST) -> Value:
        """Return what ``object.__new__`` makes of the classes that it is given."""
        classes = arguments[0] if arguments else SCALAR
        return frozenset(self._new_instance(item, node) for item in classes if item.kind == "class")

    def _method_of_scalar(self, name: str, arguments: list[Value], node: ast.AST) -> Value:
        if name in _MAKE_LISTS:
            return self.fresh(node, "list")
        if name in ("format", "join", "encode"):
            return SCALAR
        if name in self.library.methods["changes"] and isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Attribute)
            self.change_unknown(node.func.value, node)
        held = {item for value in arguments for item in value if item.kind == "instance"}
        return self.fresh(node, "opaque", held) if held else SCALAR

    def call_value(
        self,
        callee: Value,
        arguments: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
    ) -> Value:
        """Call whatever ``callee`` may be; see :meth:`Machine.call_value`."""
        if not callee:
            return self._call_scalar(arguments, keywords, node)
        result: set[Obj] = set()
        for item in callee:
            if item.kind == "function" and item.function is not None:
                result |= self.call_function(item, arguments, keywords, node)
            elif item.kind == "method" and item.cls is not None:
                bound = [frozenset((item.cls,)), *arguments]
                result |= self.call_function(item, bound, keywords, node)
            elif item.kind == "class" and item.class_code is not None:
                result |= self.instantiate(item, arguments, keywords, node)
            elif item.kind in ("member", "builtin", "module"):
                result |= self.call_library(item.path, arguments, keywords, node)
            elif item.kind == "bound" and item.cls is not None:
                method = item.path
                result |= self.call_foreign_method(item.cls, method, arguments, keywords, node)
            elif item.kind == "instance":
                own = frozenset((item,))
                result |= self.call_method(own, "__call__", arguments, keywords, node)
            elif item.kind != "text":
                result |= self.call_unknown(item, arguments, keywords, node)
        return frozenset(result)

    def call_unknown(
        self, callee: Obj, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Call an object of unknown make: it may change itself, and keep its arguments."""
        everything = {item for value in (*arguments, *keywords.values()) for item in value}
        self.touch({callee, *everything}, node)
        self.consume(everything, node)
        if callee.kind not in ("array", "frame"):
            self.change_deep((callee,), node)
        if callee.stochastic:
            self.draw_stochastic(node)
        if callee.traits & NAMED:
            self.count_names(node)
        return self.fresh(node, "opaque", {callee, *everything})

    def _call_scalar(
        self, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Call what is not known at all: what it gives may hold its arguments."""
        self.touch_arguments(arguments, keywords, node)
        everything = {item for value in (*arguments, *keywords.values()) for item in value}
        self.change_deep(everything, node)
        return self.fresh(node, "opaque", everything)

    def count_names(self, node: ast.AST) -> None:
        """Record that Keras gives names from its counters."""
        raise NotImplementedError

    def draw_stochastic(self, node: ast.AST) -> None:
        """Record the use of an object that draws from its library's global generator."""
        for generator in ("numpy", "torch", "keras"):
            self.draw(generator, node)

    def draw(self, generator: str, node: ast.AST) -> None:
        """Record a draw from a global random generator that has been seeded."""
        name = f"@random:{generator}"
        stream = self.names.get(name)
        if stream is None:
            return
        self.record_read(name, node)
        self.change(stream, node)

    # -- the notebook's own code -----------------------------------------------

    def call_function(
        self, made: Obj, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Interpret a notebook function's body with these arguments."""
        code = made.function
        assert code is not None
        everything = {item for value in (*arguments, *keywords.values()) for item in value}
        running = sum(1 for frame in self.frames if frame.code is code)
        self.budget += 1
        if running or len(self.frames) > _MAX_DEPTH or self.spent:
            return self._call_unseen(code, running, everything, node)
        frame = Frame(code, {}, code.cell, self.context_of(node))
        self._bind(frame, code, arguments, keywords, node)
        before, dead = set(self.bound), self.dead
        done = len(self.fx.changes) + len(self.fx.binds)
        self.frames.append(frame)
        try:
            if isinstance(code.node, ast.Lambda):
                frame.returned |= self.evaluate(code.node.body)
            elif code.is_generator:
                body = code.node.body
                self.optional(lambda: self.execute(body))
            else:
                self.execute(code.node.body)
        finally:
            self.frames.pop()
        if code.returns_early or self.dead:
            self.bound = before
        self.dead = dead
        if made.path == REMEMBERS:
            # Every call may return what another one made.
            kept = self.make(code.node, "list", frame.returned, role="kept")
            made.hold((kept,))
            frame.returned |= kept.contents
            if len(self.fx.changes) + len(self.fx.binds) > done:
                # What the first call does, no later one does again.
                self.change((made,), node)
        if isinstance(code.node, ast.AsyncFunctionDef) and not code.is_generator:
            coroutine = self.make(node, "coroutine", (*frame.returned, made), role="run")
            return frozenset((coroutine,))
        if code.is_generator:
            generator = self.make(
                node, "generator", {*frame.returned, made, *everything}, role="run"
            )
            generator.path = f"a generator (of {code.name})"
            return frozenset((generator,))
        return frozenset(frame.returned)

    def _call_unseen(
        self, code: FunctionCode, running: int, everything: set[Obj], node: ast.AST
    ) -> Value:
        """Account for a call whose body is not followed: recursion, or too deep a nest."""
        if running:
            frames = [frame for frame in self.frames if frame.code is code]
            returned = {item for frame in frames for item in frame.returned}
            return self.fresh(node, "opaque", everything | returned)
        if id(code) not in self.touched:
            self.touched.add(id(code))
            for part in ast.walk(code.node):
                if isinstance(part, ast.Name) and part.id in self.names:
                    self.record_read(part.id, node)
                    self.change_deep(self.names[part.id], node)
        self.change_deep(everything, node)
        return self.fresh(node, "opaque", everything)

    def _bind(
        self,
        frame: Frame,
        code: FunctionCode,
        arguments: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
    ) -> None:
        spec = code.node.args
        positional = [item.arg for item in (*spec.posonlyargs, *spec.args)]
        everything = {item for value in (*arguments, *keywords.values()) for item in value}
        spread = keywords.get("**", SCALAR)
        for index, name in enumerate(positional):
            if index < len(arguments):
                value = arguments[index]
            elif name in keywords:
                value = keywords[name]
            else:
                value = code.defaults.get(name, SCALAR) | spread
            frame.local_vars[name] = value
        for item in spec.kwonlyargs:
            value = keywords.get(item.arg, code.defaults.get(item.arg, SCALAR) | spread)
            frame.local_vars[item.arg] = value
        if spec.vararg:
            extra = {part for value in arguments[len(positional) :] for part in value}
            frame.local_vars[spec.vararg.arg] = frozenset(
                (self.make(node, "tuple", extra, role="*args"),)
            )
        if spec.kwarg:
            frame.local_vars[spec.kwarg.arg] = frozenset(
                (self.make(node, "dict", everything, role="**kwargs"),)
            )

    def instantiate(
        self, cls: Obj, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Make an instance of a notebook class."""
        made = self._new_instance(cls, node)
        own: Value = frozenset((made,))
        new = self.find_methods(cls, "__new__")
        if new:
            own |= self.call_value(new, [frozenset((cls,)), *arguments], keywords, node)
        for instance in [item for item in own if item.kind == "instance"]:
            self._initialise(instance, arguments, keywords, node)
        return own

    def _new_instance(self, cls: Obj, node: ast.AST) -> Obj:
        instance = self.make(node, "instance", role=f"instance:{id(cls)}")
        instance.cls = cls
        cls.add_parent(instance)
        return instance

    def _initialise(
        self, instance: Obj, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> None:
        own = frozenset((instance,))
        init = self.find_methods(instance.cls, "__init__")
        if init:
            self.call_value(init, [own, *arguments], keywords, node)
        else:
            instance.hold(item for value in (*arguments, *keywords.values()) for item in value)
        after = self.find_methods(instance.cls, "__post_init__")
        if after:
            self.call_value(after, [own], {}, node)

    # -- foreign code running ours ---------------------------------------------

    def touch_arguments(
        self, arguments: Iterable[Value], keywords: dict[str, Value], node: ast.AST
    ) -> None:
        """Let foreign code call back any notebook function among the arguments."""
        everything = {item for value in (*arguments, *keywords.values()) for item in value}
        if everything:
            self.touch(everything, node)
            self.consume(everything, node)

    def touch(self, value: Iterable[Obj], node: ast.AST) -> None:
        """Interpret what foreign code may call back; see :meth:`Machine.touch`."""
        coded = [item for item in value if item.traits & CODE]
        if not coded:
            return
        # Within callbacks, what holds code is searched once: they are followed as far as is useful.
        everything = _seen_by_foreign_code(value, self.searched if self.touching else set())
        callables = [
            item
            for item in everything
            if item.kind in ("function", "method", "instance", "bound")
            and self._touch_key(item) not in self.touched
        ]
        if not callables:
            return
        self.touched.update(self._touch_key(item) for item in callables)
        # One object stands for all that the callbacks may be given.
        unknown: Value = frozenset((self.make(node, "anything", value, role="callback"),))
        self.touching += 1
        for item in callables:
            self.optional(lambda item=item: self._call_back(item, unknown, node))  # type: ignore[misc]
        self.touching -= 1

    def _touch_key(self, item: Obj) -> int:
        """Callbacks that callbacks cause are followed once per piece of code, not per object."""
        if self.touching < 2:
            return id(item)
        if item.kind == "bound":
            return id(item)
        return id(item.function.node) if item.function is not None else id(item.cls)

    def _call_back(self, item: Obj, unknown: Value, node: ast.AST) -> None:
        if item.kind == "bound":
            self.call_value(frozenset((item,)), [unknown], {}, node)
            return
        if item.kind == "instance":
            for method in self._all_methods(item.cls):
                own = frozenset((item,))
                count = self._parameter_count(method) - 1
                self.call_function(method, [own, *[unknown] * max(count, 0)], {}, node)
            return
        count = self._parameter_count(item)
        arguments = [unknown] * count
        if item.kind == "method" and item.cls is not None:
            arguments = [frozenset((item.cls,)), *arguments[1:]]
        self.call_function(item, arguments, {}, node)

    @staticmethod
    def _parameter_count(made: Obj) -> int:
        assert made.function is not None
        spec = made.function.node.args
        return len(spec.posonlyargs) + len(spec.args) + (1 if spec.vararg else 0)

    def _all_methods(self, cls: Obj | None) -> list[Obj]:
        code = cls.class_code if cls is not None else None
        if code is None:
            return []
        own = [
            item
            for name, methods in code.methods.items()
            if name not in ("__init__", "__new__")
            for item in methods
        ]
        return own + [item for base in code.bases for item in self._all_methods(base)]
