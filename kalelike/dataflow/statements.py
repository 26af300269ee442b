"""Statements: what they bind, in Python's own order of evaluation."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from kalelike.dataflow.expressions import CONSUMED
from kalelike.dataflow.imports import ImportEvaluator
from kalelike.dataflow.machine import Frame
from kalelike.dataflow.values import KEEPS, REMEMBERS, SCALAR, WILD, ClassCode, Obj, Value

_TRANSPARENT = (
    "functools.", "builtins.staticmethod", "builtins.classmethod", "builtins.property", "abc.",
    "contextlib.", "dataclasses.", "typing.", "numba.", "torch.no_grad", "torch.jit", "enum.",
    "atexit.", "tensorflow.function", "tensorflow.keras.utils.register_keras_serializable",
    "tensorflow.keras.saving.register_keras_serializable",
    "keras.utils.register_keras_serializable", "keras.saving.register_keras_serializable",
)  # fmt: skip
_KEEPING = {
    "functools.cache": REMEMBERS,
    "functools.lru_cache": REMEMBERS,
    "functools.cached_property": KEEPS,
}
_IMPORTED = frozenset({"member", "builtin", "module"})
_FORGIVEN = frozenset({"NameError", "Exception", "BaseException", "UnboundLocalError"})


def _asks_for_main(test: ast.expr) -> bool:
    """Tell whether a condition is ``__name__ == "__main__"``."""
    match test:
        case ast.Compare(
            left=ast.Name("__name__"), ops=[ast.Eq()], comparators=[ast.Constant("__main__")]
        ):
            return True
        case _:
            return False


class StatementExecutor(ImportEvaluator):
    """Executes statements on the abstract memory."""

    def execute(self, body: Sequence[ast.stmt]) -> None:
        """Execute statements in order; what follows a sure exit is not executed."""
        for node in body:
            if self.dead:
                return
            _HANDLERS[type(node)](self, node)

    # -- assignment ----------------------------------------------------------

    def assign(self, target: ast.expr, value: Value) -> None:
        """Store a value into a name, item, attribute or pattern of those."""
        match target:
            case ast.Name(id=name):
                self.store_name(name, value, target)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part, inner in zip(parts, self.unpacked(value, parts), strict=True):
                    self.assign(part, inner)
            case ast.Starred(value=inner_target):
                self.assign(inner_target, self.fresh(target, "list", value))
            case ast.Attribute(value=owner, attr=attr):
                self._store_part(self.evaluate(owner), value, target, attr)
            case ast.Subscript(value=owner, slice=index):
                holder = self.evaluate(owner)
                self._store_item(holder, self.evaluate(index), value, target)
            case _:
                self.evaluate(target)

    def _store_item(self, holder: Value, key: Value, value: Value, target: ast.Subscript) -> None:
        self.operate(holder, target, key | value)
        if _is_indexer(target) or any(item.kind in ("array", "frame") for item in key):
            self.write_memory([item for item in holder if item.kind == "frame"], target)
        names = self.texts(key)
        if any(item.kind == "namespace" for item in holder):
            self._store_globals(names, value, target)
        self._store_part(holder, value, target, names[0] if names else "item")

    def _store_globals(self, names: list[str], value: Value, node: ast.AST) -> None:
        if names and not any(WILD in name for name in names):
            if len(names) == 1:
                self.bind_global(names[0], value, node)
                return
            for name in names:
                self.optional(lambda name=name: self.bind_global(name, value, node))  # type: ignore[misc]
            return
        self.fx.dynamic.setdefault("globals", self.site(node))
        self.bind_dynamically(value, node)

    def _store_part(
        self, holder: Value, value: Value, node: ast.Attribute | ast.Subscript, name: str
    ) -> None:
        if not holder:
            self.change_unknown(node.value, node)
            return
        made = any(item.kind not in ("member", "module", "builtin") for item in holder)
        for item in holder:
            if item.path.startswith("builtins."):
                continue
            if isinstance(node, ast.Subscript) and item.kind == "module" and "." not in item.path:
                # A whole module takes no items: what is stored into is another object.
                continue
            self._call_setter(item, value, node, name)
            if item.kind in ("member", "module", "localmodule"):
                if not (made and self._stateless(item)):
                    self.set_process(f"{item.path}.{name}", value, node)
            else:
                item.hold(value)
                self._patch(item, value, name)
        self.change(holder, node)

    def _stateless(self, item: Obj) -> bool:
        """Tell whether a library's thing is a function or type that only lay beside the target."""
        known = self.library.categories(item.path)
        is_class = item.path.rpartition(".")[2][:1].isupper()
        return item.kind == "member" and "settings" not in known and ("pure" in known or is_class)

    @staticmethod
    def _patch(item: Obj, value: Value, name: str) -> None:
        """Let a function that is stored into a class be called as its method."""
        functions = frozenset(part for part in value if part.kind == "function")
        if functions and item.kind == "class" and item.class_code is not None:
            methods = item.class_code.methods
            methods[name] = methods.get(name, SCALAR) | functions

    def _call_setter(self, item: Obj, value: Value, node: ast.AST, name: str) -> None:
        """Run the code of the notebook that an assignment to an attribute runs."""
        if item.kind != "instance" or not isinstance(node, ast.Attribute):
            return
        own: Value = frozenset((item,))
        setter = self.find_part(item.cls, "setters", name)
        if setter is not None:
            self.call_value(frozenset((setter,)), [own, value], {}, node)
        for hook in self.find_methods(item.cls, "__setattr__"):
            if not any(frame.code is hook.function for frame in self.frames):
                self.call_value(frozenset((hook,)), [own, self.text(name), value], {}, node)

    def _assign(self, node: ast.Assign) -> None:
        value = self._unpacked(node)
        if value is not None:
            return
        result = self.evaluate(node.value)
        for target in node.targets:
            self.assign(target, result)

    def _unpacked(self, node: ast.Assign) -> bool | None:
        """Assign ``a, b = x, y`` part by part, so that the parts stay apart."""
        if len(node.targets) != 1:
            return None
        target, source = node.targets[0], node.value
        if not isinstance(target, ast.Tuple | ast.List) or not isinstance(
            source, ast.Tuple | ast.List
        ):
            return None
        parts = [*target.elts, *source.elts]
        if len(target.elts) != len(source.elts) or any(isinstance(p, ast.Starred) for p in parts):
            return None
        values = [self.evaluate(item) for item in source.elts]
        for part, value in zip(target.elts, values, strict=True):
            self.assign(part, value)
        return True

    def _augmented(self, node: ast.AugAssign) -> None:
        target = node.target
        if isinstance(target, ast.Name):
            value = self.load_name(target.id, target)
            extra = self.evaluate(node.value)
            joined = self.join_texts(node.op, value, extra)
            if joined is not None:
                self.assign(target, joined)
                return
            self.operate(value, node, extra)
            for item in value:
                spread = item.kind in ("list", "set", "dict")
                parts = self.taken(extra, node) if spread else extra
                item.hold(parts if item.kind not in ("array", "frame") else ())
            self.change(value, node)
            self.assign(target, value)
            return
        holder = self.evaluate(target.value)
        if isinstance(target, ast.Attribute):
            current = self.attribute_of(holder, target.attr, target)
            extra = self._added(current, node)
            self._store_part(holder, current | extra, target, target.attr)
            return
        key = self.evaluate(target.slice)
        current = self.item_of(holder, key, target)
        extra = self._added(current, node)
        self._store_item(holder, key, current | extra, target)

    def _added(self, current: Value, node: ast.AugAssign) -> Value:
        extra = self.evaluate(node.value)
        self.operate(current, node, extra)
        self.change(current, node)
        return extra

    def _annotated(self, node: ast.AnnAssign) -> None:
        if not self.frames or self.frames[-1].is_class:
            self.evaluate(node.annotation)
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value))

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                self._delete_one(part)

    def _delete_one(self, target: ast.expr) -> None:
        if isinstance(target, ast.Name):
            if any(frame.code is not None for frame in self.frames):
                return
            self.load_name(target.id, target)
            self.set_in(self.names, target.id, None)
            self.fx.deletes.setdefault(target.id, self.site(target))
            self.bound.add(target.id)
        elif isinstance(target, ast.Subscript | ast.Attribute):
            holder = self.evaluate(target.value)
            for item in holder:
                if item.kind in ("member", "module", "localmodule"):
                    self.fx.settings.setdefault(item.path, self.site(target))
            self.change(holder, target)

    # -- control flow ------------------------------------------------------------

    def _if(self, node: ast.If) -> None:
        code = self.frames[-1].code if self.frames else None
        if code is not None and code.module is not None and _asks_for_main(node.test):
            # A helper module that is imported is not `__main__`.
            self.execute(node.orelse)
            return
        self.evaluate(node.test)
        self.branches((lambda: self.execute(node.body), lambda: self.execute(node.orelse)))

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        source = self.evaluate(node.iter)
        self.operate(source, node)
        if any(item.stochastic for item in source):
            self.draw_stochastic(node)
        for item in source:
            if item.kind in CONSUMED:
                self.touch((item,), node)
        inner = self.iterated(source, node)

        def body() -> None:
            for _ in range(2):
                self.dead = False
                self.assign(node.target, inner)
                self.execute(node.body)
            self.dead = False

        if _never_empty(node.iter):
            self.branches((body,))
        else:
            self.optional(body)
        self.execute(node.orelse)

    def _while(self, node: ast.While) -> None:
        self.evaluate(node.test)

        def body() -> None:
            for _ in range(2):
                self.dead = False
                self.execute(node.body)
                self.evaluate(node.test)
            self.dead = False

        if isinstance(node.test, ast.Constant) and node.test.value:
            self.branches((body,))
        else:
            self.optional(body)
        self.execute(node.orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        settings = dict(self.fx.settings)
        temporary = False
        for item in node.items:
            value = self.evaluate(item.context_expr)
            temporary = temporary or _restores_settings(item.context_expr)
            self.operate(value, node)
            entered = value
            for made in value:
                methods = self.find_methods(made.cls, "__enter__")
                if methods:
                    entered = self.call_value(methods, [frozenset((made,))], {}, node)
                elif made.kind == "generator":
                    # A function under contextlib.contextmanager: what it yields is entered.
                    entered = frozenset(i for i in made.contents if i.kind != "function")
            if item.optional_vars is not None:
                self.assign(item.optional_vars, entered)
        self.execute(node.body)
        if temporary:
            self.fx.settings = settings

    def _try(self, node: Any) -> None:
        forgiving = any(_catches_name_error(handler) for handler in node.handlers)
        self.forgiving += forgiving
        arms: list[Callable[[], None]] = []

        def whole() -> None:
            self.execute(node.body)
            self.execute(node.orelse)

        arms.append(whole)
        for handler in node.handlers:
            arms.append(self._handler(node, handler))
        if node.handlers:
            self.branches(arms)
        else:
            whole()
        self.forgiving -= forgiving
        self.execute(node.finalbody)

    def _handler(self, node: Any, handler: ast.ExceptHandler) -> Callable[[], None]:
        def arm() -> None:
            self.optional(lambda: self.execute(node.body))
            self.dead = False
            kinds = self.evaluate(handler.type) if handler.type is not None else SCALAR
            if handler.name:
                self.store_name(handler.name, self._caught(kinds, handler), handler)
            self.execute(handler.body)

        return arm

    def _caught(self, kinds: Value, handler: ast.ExceptHandler) -> Value:
        """Return what ``except KINDS as name`` binds."""
        caught = set(self.fresh(handler))
        for item in kinds | self.elements(kinds):
            if item.kind == "class":
                made = self.make(handler, "instance", role=f"caught:{id(item)}")
                made.cls = item
                item.add_parent(made)
                caught.add(made)
        return frozenset(caught)

    def _match(self, node: ast.Match) -> None:
        subject = self.evaluate(node.subject)
        self.operate(subject, node)
        inner = subject | self.elements(subject)

        def arm(case: ast.match_case) -> Callable[[], None]:
            def run() -> None:
                self._pattern(case.pattern, inner)
                if case.guard is not None:
                    self.evaluate(case.guard)
                self.execute(case.body)

            return run

        arms = [arm(case) for case in node.cases]
        last = node.cases[-1]
        irrefutable = isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
        if not irrefutable or last.guard is not None:
            arms.append(lambda: None)
        self.branches(arms)

    def _pattern(self, pattern: ast.pattern, value: Value) -> None:
        for part in ast.walk(pattern):
            if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
                self.store_name(part.name, value, part)
            elif isinstance(part, ast.MatchMapping) and part.rest:
                self.store_name(part.rest, value, part)
            elif isinstance(part, ast.MatchValue):
                self.evaluate(part.value)
            elif isinstance(part, ast.MatchClass):
                self.evaluate(part.cls)

    def _return(self, node: ast.Return) -> None:
        value = self.evaluate(node.value) if node.value is not None else SCALAR
        for frame in reversed(self.frames):
            if frame.code is not None:
                frame.returned |= value
                break
        self.dead = True

    def _raise(self, node: ast.Raise) -> None:
        for part in (node.exc, node.cause):
            value = self.evaluate(part) if part is not None else SCALAR
            for item in value:
                made = frozenset((item,))
                if item.kind == "class":
                    made = self.call_value(made, [], {}, node)
                for raised in self.raised:
                    raised |= made
        self.fx.checks = True
        self.dead = True

    def _assert(self, node: ast.Assert) -> None:
        self.fx.checks = True
        self.evaluate(node.test)
        if node.msg is not None:
            message = node.msg

            def shown() -> None:
                self.evaluate(message)

            self.optional(shown)

    def _expression(self, node: ast.Expr) -> None:
        value = self.evaluate(node.value)
        if node is self.result:
            self.show(value, node)

    def _nothing(self, node: ast.stmt) -> None:
        del node

    # -- definitions -----------------------------------------------------------------

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        made = self.define(node)
        value: Value = frozenset((made,))
        for decorator in reversed(node.decorator_list):
            value = self._decorate(decorator, value)
        self.store_name(node.name, value, node)

    def _decorate(self, decorator: ast.expr, value: Value) -> Value:
        callee = self.evaluate(decorator)
        paths = [item.path for item in callee if item.kind in _IMPORTED]
        if isinstance(decorator, ast.Call):
            known = self.evaluate(decorator.func)
            paths = [item.path for item in known if item.kind in _IMPORTED]
        if isinstance(decorator, ast.Attribute) and decorator.attr in (
            "setter",
            "getter",
            "deleter",
        ):
            return value
        if paths and all(path.startswith(_TRANSPARENT) for path in paths):
            keeping = [_KEEPING[path] for path in paths if path in _KEEPING]
            for item in value if keeping else ():
                item.path = keeping[0]
            return value
        if self._registers(decorator, value):
            return value
        if paths and all(self.library.function_is(path, "registers") for path in paths):
            return value
        return self.call_value(callee, [value], {}, decorator)

    def _registers(self, decorator: ast.expr, value: Value) -> bool:
        """Account for ``@f.register``, where ``f`` is a function of the notebook."""
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        if not isinstance(call, ast.Attribute):
            return False
        owners = [item for item in self.evaluate(call.value) if item.kind == "function"]
        for item in owners:
            item.hold(value)
        self.change(owners, decorator)
        return bool(owners)

    def _class(self, node: ast.ClassDef) -> None:
        bases = [item for base in node.bases for item in self.evaluate(base)]
        for keyword in node.keywords:
            bases.extend(self.evaluate(keyword.value))
        made = self.make(node, "class")
        code = made.class_code = ClassCode()
        code.bases = tuple(item for item in bases if item.kind == "class")
        code.foreign_base = any(item.kind != "class" for item in bases)
        code.decorated = bool(node.decorator_list)
        made.hold(bases)
        context = self.frames[-1].context if self.frames else 0
        frame = Frame(None, {}, self.site(node).cell, context, is_class=True)
        self.frames.append(frame)
        try:
            self.execute(node.body)
        finally:
            self.frames.pop()
        self._methods(node, frame, made, code)
        made.hold(item for value in frame.local_vars.values() for item in value)
        for base in code.bases:
            hooks = self.find_methods(base, "__init_subclass__")
            if hooks:
                self.call_value(hooks, [frozenset((made,))], {}, node)
        value: Value = frozenset((made,))
        for decorator in reversed(node.decorator_list):
            value = self._decorate(decorator, value)
        self.keep_alive.append(node)
        self.store_name(node.name, value, node)

    def _methods(self, node: ast.ClassDef, frame: Frame, made: Obj, code: ClassCode) -> None:
        for name, value in frame.local_vars.items():
            for item in value:
                if item.kind == "function" and item.function is not None:
                    code.methods[name] = code.methods.get(name, SCALAR) | {item}
                    item.function.owner = made
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in statement.decorator_list:
                    text = ast.unparse(decorator)
                    function = self.make(statement, "function")
                    if text.endswith(".setter"):
                        code.setters[statement.name] = function
                    elif text.endswith(("property", ".getter")):
                        code.properties[statement.name] = function
                    elif text == "staticmethod":
                        code.static.add(statement.name)
                    elif text == "classmethod":
                        code.class_methods.add(statement.name)


def _is_indexer(target: ast.Subscript) -> bool:
    """Tell whether this is ``frame.loc[…]`` or one of its kin."""
    owner = target.value
    return isinstance(owner, ast.Attribute) and owner.attr in ("loc", "iloc", "at", "iat")


def _restores_settings(context: ast.expr) -> bool:
    call = context.func if isinstance(context, ast.Call) else context
    return isinstance(call, ast.Attribute) and call.attr in (
        "catch_warnings", "option_context", "context", "rc_context", "errstate", "printoptions",
        "config_context", "plotting_context", "axes_style", "localcontext",
    )  # fmt: skip


def _never_empty(node: ast.expr) -> bool:
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return bool(parts) and not any(isinstance(item, ast.Starred) for item in parts)
        case ast.Constant(value=str(text)):
            return bool(text)
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))]):
            return count > 0
        case ast.Call(
            func=ast.Name(id="range"),
            args=[ast.Constant(value=int(start)), ast.Constant(value=int(stop))],
        ):
            return stop > start
        case ast.Call(func=ast.Name(id="enumerate" | "reversed" | "sorted"), args=[inner, *_]):
            return _never_empty(inner)
        case _:
            return False


def _catches_name_error(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type
    if kinds is None:
        return True
    parts = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
    return any(isinstance(item, ast.Name) and item.id in _FORGIVEN for item in parts)


_HANDLERS: dict[type[ast.AST], Callable[[StatementExecutor, Any], None]] = {
    ast.Assign: StatementExecutor._assign,
    ast.AugAssign: StatementExecutor._augmented,
    ast.AnnAssign: StatementExecutor._annotated,
    ast.Delete: StatementExecutor._delete,
    ast.If: StatementExecutor._if,
    ast.For: StatementExecutor._for,
    ast.AsyncFor: StatementExecutor._for,
    ast.While: StatementExecutor._while,
    ast.With: StatementExecutor._with,
    ast.AsyncWith: StatementExecutor._with,
    ast.Try: StatementExecutor._try,
    ast.TryStar: StatementExecutor._try,
    ast.Match: StatementExecutor._match,
    ast.Return: StatementExecutor._return,
    ast.Raise: StatementExecutor._raise,
    ast.Assert: StatementExecutor._assert,
    ast.Expr: StatementExecutor._expression,
    ast.Pass: StatementExecutor._nothing,
    ast.Break: StatementExecutor._nothing,
    ast.Continue: StatementExecutor._nothing,
    ast.Global: StatementExecutor._nothing,
    ast.Nonlocal: StatementExecutor._nothing,
    ast.FunctionDef: StatementExecutor._function,
    ast.AsyncFunctionDef: StatementExecutor._function,
    ast.ClassDef: StatementExecutor._class,
    ast.Import: StatementExecutor.import_module,
    ast.ImportFrom: StatementExecutor.import_from,
}
if hasattr(ast, "TypeAlias"):
    _HANDLERS[ast.TypeAlias] = StatementExecutor._nothing


__all__ = ["Obj", "StatementExecutor"]
