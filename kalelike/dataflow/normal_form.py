"""Code without its comments, layout and positions, as text to be hashed.

The text says the same as the syntax tree, so two pieces of code have one
normal form only if they are the same code. It is written with a stack of its
own, since generated code can be nested deeper than Python's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache

_LEFT_OUT = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def normal_form(nodes: Iterable[ast.AST]) -> str:
    """Return the normal form of statements (or other nodes) in order."""
    out: list[str] = []
    stack: list[ast.AST | str] = [*nodes]
    stack.reverse()
    while stack:
        item = stack.pop()
        if item.__class__ is str:
            out.append(item)
            continue
        kind = type(item)
        # Half of all nodes are one of these.
        if kind is ast.Name:
            out.append(f"Name(id={item.id!r},)")  # type: ignore[union-attr]
            continue
        if kind is ast.Constant:
            out.append(f"Constant(value={_text(item.value)})")  # type: ignore[union-attr]
            continue
        opening, fields = _shape(kind)  # type: ignore[arg-type]
        out.append(opening)
        stack.append(")")
        for name, title in fields:
            value = getattr(item, name, None)
            if isinstance(value, ast.AST):
                stack += (value, title)
            elif isinstance(value, list):
                if value:
                    stack.append("]")
                    stack += [part if isinstance(part, ast.AST) else _text(part) for part in value]
                    stack.append(f"{title}[")
            elif value is not None:
                stack.append(f"{title}{_text(value)}")
    return "".join(out)


@cache
def _shape(kind: type[ast.AST]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return how a node of this kind begins, and its fields with how they do."""
    fields = tuple((name, f"{name}=") for name in kind._fields if name not in _LEFT_OUT)
    return f"{kind.__name__}(", fields


def _text(value: object) -> str:
    # Python refuses to write integers of thousands of digits in decimal.
    return f"{value:#x}," if type(value) is int else f"{value!r},"
