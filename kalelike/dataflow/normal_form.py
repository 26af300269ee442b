"""Code without its comments, layout and positions, as text to be hashed.

The text says the same as the syntax tree, so two pieces of code have one
normal form only if they are the same code. It is written with a stack of its
own, since generated code can be nested deeper than Python's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

_LEFT_OUT = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def normal_form(nodes: Iterable[ast.AST]) -> str:
    """Return the normal form of statements (or other nodes) in order."""
    out: list[str] = []
    stack: list[ast.AST | str] = [*nodes]
    stack.reverse()
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            out.append(item)
            continue
        kind = type(item)
        out.append(f"{kind.__name__}(")
        stack.append(")")
        for name in kind._fields:
            if name in _LEFT_OUT:
                continue
            value = getattr(item, name, None)
            if isinstance(value, ast.AST):
                stack += (value, f"{name}=")
            elif isinstance(value, list):
                if value:
                    stack.append("]")
                    stack += [part if isinstance(part, ast.AST) else _text(part) for part in value]
                    stack.append(f"{name}=[")
            elif value is not None or kind is ast.Constant:
                stack.append(f"{name}={_text(value)}")
    return "".join(out)


def _text(value: object) -> str:
    # Python refuses to write integers of thousands of digits in decimal.
    return f"{value:#x}," if type(value) is int else f"{value!r},"
