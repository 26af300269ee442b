"""What ``from module import *`` binds, read from the module's source; nothing is imported."""

from __future__ import annotations

import ast
import sys
from functools import lru_cache
from pathlib import Path
from typing import TypeGuard

from kalelike.dataflow.scopes import bound_names

_MAX_MODULE_BYTES = 400_000
_C_MODULES = frozenset({"math", "cmath", "time", "itertools", "_random", "array", "zlib"})

Names = tuple[str, ...]


@lru_cache(maxsize=64)
def public_names(module: str) -> Names | None:
    """Return what ``from module import *`` binds, from source; None if it cannot be known.

    Built-in modules of the interpreter are asked directly: they are part of
    Python itself and run no foreign code.
    """
    if module in sys.builtin_module_names or module in _C_MODULES:
        loaded = __import__(module)
        return tuple(name for name in dir(loaded) if not name.startswith("_"))
    return _public_names(module, frozenset())


def read_source(folder: Path, path: str) -> str | None:
    """Return the source of the module at dotted ``path`` in ``folder``; None if there is none."""
    base = folder.joinpath(*path.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        try:
            if candidate.is_file() and candidate.stat().st_size <= _MAX_MODULE_BYTES:
                return candidate.read_text("utf-8")
        except (OSError, UnicodeDecodeError, ValueError):
            return None
    return None


def _public_names(module: str, within: frozenset[str]) -> Names | None:
    found = _module_source(module)
    if found is None or module in within:
        return None
    source, package = found
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    return _Exports(module if package else module.rpartition(".")[0], within | {module}).of(tree)


def _module_source(module: str) -> tuple[str, bool] | None:
    """Return a module's source, and whether it is a package."""
    for entry in sys.path:
        if entry and (source := read_source(Path(entry), module)) is not None:
            return source, not Path(entry, *module.split(".")).with_suffix(".py").is_file()
    return None


class _Exports:
    """Reads what a module of ``package`` exports; ``within`` are the modules that ask for it."""

    def __init__(self, package: str, within: frozenset[str]) -> None:
        self.package = package
        self.within = within

    def of(self, tree: ast.Module) -> Names | None:
        """Return the public names; None if they cannot be known."""
        names: list[str] | None = []
        listed: Names | None = None
        for statement in tree.body:
            value = _sets_all(statement)
            if value is not None:
                more = self._listed(value)
                if more is None:
                    return None
                listed = (*(listed or ()), *more) if _adds(statement) else more
            elif _is_star(statement):
                more = _public_names(self._absolute(statement), self.within)
                names = [*names, *more] if names is not None and more is not None else None
            elif names is not None:
                names.extend(sorted(bound_names(statement)))
        if listed is not None:
            return tuple(dict.fromkeys(listed))
        if names is None:
            return None
        return tuple(dict.fromkeys(name for name in names if not name.startswith("_")))

    def _listed(self, value: ast.expr) -> Names | None:
        """Return what an ``__all__`` lists: literals, and what other modules list."""
        match value:
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                texts = [item.value for item in elements if isinstance(item, ast.Constant)]
                return tuple(map(str, texts)) if len(texts) == len(elements) else None
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                first, second = self._listed(left), self._listed(right)
                return None if first is None or second is None else (*first, *second)
            case ast.Call(func=ast.Attribute(value=inner, attr="copy"), args=[]):
                return self._listed(inner)
            case ast.Attribute(value=ast.Name(id=module), attr="__all__"):
                return _public_names(f"{self.package}.{module}", self.within)
            case _:
                return None

    def _absolute(self, statement: ast.ImportFrom) -> str:
        """Return the module that an import names."""
        parts = self.package.split(".") if statement.level else []
        base = parts[: len(parts) - (statement.level - 1)] if statement.level else []
        return ".".join((*base, *filter(None, (statement.module,))))


def _is_star(statement: ast.stmt) -> TypeGuard[ast.ImportFrom]:
    return isinstance(statement, ast.ImportFrom) and any(a.name == "*" for a in statement.names)


def _adds(statement: ast.stmt) -> bool:
    return not isinstance(statement, ast.Assign)


def _sets_all(statement: ast.stmt) -> ast.expr | None:
    """Return the value that a statement gives to ``__all__``, or adds to it."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            named = any(isinstance(item, ast.Name) and item.id == "__all__" for item in targets)
            return value if named else None
        case ast.AugAssign(target=ast.Name(id="__all__"), value=value):
            return value
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(value=ast.Name(id="__all__"), attr="extend"), args=[value]
            )
        ):
            return value
        case _:
            return None
