"""Which names are local to a function, by Python's own rules.

See "Naming and binding" in the Python language reference: every name bound
anywhere in a function's body is local to it unless declared global or nonlocal.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from kalelike.dataflow.values import FunctionCode

_FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = frozenset({ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp})
_TELLING = frozenset(
    {ast.Name, ast.NamedExpr, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda,
     ast.Import, ast.ImportFrom, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping,
     ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom, ast.Return}
)  # fmt: skip
"""Nodes that say something of their scope; of all others only the children do."""


class _Scope:
    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.generator = False
        self.returns = 0

    def visit(self, node: ast.AST, comprehension: bool = False) -> None:  # noqa: C901
        kind = type(node)
        if kind not in _TELLING:
            inner = comprehension or kind in _COMPREHENSIONS
            for child in ast.iter_child_nodes(node):
                if child._fields:
                    self.visit(child, inner)
            return
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                if not comprehension:
                    self.bound.add(name)
            case ast.NamedExpr(target=target, value=value):
                self.bound.add(target.id)
                self.visit(value, comprehension)
                return
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.bound.add(node.name)
                for item in _evaluated_now(node):
                    self.visit(item, comprehension)
                return
            case ast.Lambda():
                return
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    self.bound.add(alias.asname or alias.name.split(".")[0])
            case ast.ExceptHandler(name=str(name)):
                self.bound.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                self.bound.add(name)
            case ast.MatchMapping(rest=str(name)):
                self.bound.add(name)
            case ast.Global(names=names):
                self.globals.update(names)
            case ast.Nonlocal(names=names):
                self.nonlocals.update(names)
            case ast.Yield() | ast.YieldFrom():
                self.generator = True
            case ast.Return():
                self.returns += 1
            case _:
                pass
        for child in ast.iter_child_nodes(node):
            self.visit(child, comprehension)


def _evaluated_now(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[ast.expr]:
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *(item.value for item in node.keywords)]
    defaults = [item for item in node.args.kw_defaults if item is not None]
    return [*node.decorator_list, *node.args.defaults, *defaults]


def parameter_names(arguments: ast.arguments) -> list[str]:
    """Return every parameter's name, in order, stars included."""
    names = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
    if arguments.vararg:
        names.append(arguments.vararg.arg)
    names.extend(item.arg for item in arguments.kwonlyargs)
    if arguments.kwarg:
        names.append(arguments.kwarg.arg)
    return names


@lru_cache(maxsize=4096)
def _scope_of(node: _FunctionNode) -> _Scope:
    """Look at a function's body, once: notebooks are analysed again with most trees unchanged."""
    scope = _Scope()
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    for item in body:
        scope.visit(item)
    return scope


def function_code(node: _FunctionNode, cell: int) -> FunctionCode:
    """Describe the function that ``node`` defines in the cell with index ``cell``."""
    scope = _scope_of(node)
    last_is_return = not isinstance(node, ast.Lambda) and isinstance(node.body[-1], ast.Return)
    local_names = (scope.bound | set(parameter_names(node.args))) - scope.globals
    return FunctionCode(
        node=node,
        name=getattr(node, "name", "<lambda>"),
        cell=cell,
        local_names=frozenset(local_names - scope.nonlocals),
        global_names=frozenset(scope.globals),
        nonlocal_names=frozenset(scope.nonlocals),
        is_generator=scope.generator,
        returns_early=scope.returns > (1 if last_is_return else 0),
    )


def bound_names(node: ast.stmt) -> frozenset[str]:
    """Return the names that a statement binds in the scope in which it stands."""
    scope = _Scope()
    scope.visit(node)
    return frozenset(scope.bound - scope.nonlocals)


def is_nested_scope(node: ast.AST) -> bool:
    """Tell whether ``node`` opens a scope of its own."""
    return isinstance(node, _NESTED)
