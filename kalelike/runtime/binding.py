"""Where a step's own code bound a name last: the place to look when its value is no good."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from kalelike.runtime.code import CellCode

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def find_binding(
    name: str, cells: Iterable[CellCode], transform: Callable[[str], str]
) -> tuple[CellCode, int] | None:
    """Return the last cell, and its line, that binds ``name`` at its top level.

    ``transform`` makes Python of a cell with IPython's syntax. Where nothing
    binds the name, the last place that mentions it; None if there is none.
    """
    bound = mentioned = None
    for cell in cells:
        try:
            tree = ast.parse(transform(cell.source))
        except (SyntaxError, ValueError):
            continue
        for line, binds in _places(name, tree):
            mentioned = cell, line
            if binds:
                bound = cell, line
    return bound or mentioned


def _places(name: str, tree: ast.Module) -> Iterable[tuple[int, bool]]:
    """Give the lines that name ``name``, in order, and whether they bind it."""
    found: list[tuple[int, bool]] = []
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and node.id == name:
            found.append((node.lineno, isinstance(node.ctx, ast.Store)))
        elif isinstance(node, ast.alias):
            if (node.asname or node.name.partition(".")[0]) == name:
                found.append((node.lineno, True))
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            if node.name == name:
                found.append((node.lineno, True))
        elif isinstance(node, _SCOPES) and getattr(node, "name", None) == name:
            found.append((node.lineno, True))
        if not isinstance(node, _SCOPES):
            stack.extend(ast.iter_child_nodes(node))
    return sorted(found)
