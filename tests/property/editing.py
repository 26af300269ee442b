"""Edits of a program, as its author might make one: one cell changes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from tests.property.generator.drawing import Draw
from tests.property.generator.programs import Cells

_MOST_TRIALS = 6


@dataclass(frozen=True, slots=True)
class Edit:
    """A program after the edit of the cell with number ``cell``.

    ``layout`` is True where only comments, blank lines or spelling changed.
    """

    cells: Cells
    cell: int
    kind: str
    layout: bool = False


def edit_program(draw: Draw, cells: Cells) -> Edit:
    """Return the program with one cell edited; the new one may raise where the old one did not."""
    for _ in range(_MOST_TRIALS):
        index = draw.below(len(cells))
        tag, source = cells[index]
        kind = draw.pick(tuple(_EDITS))
        edited = _EDITS[kind](draw, source)
        if edited is not None and edited != source:
            return Edit(
                [*cells[:index], (tag, edited), *cells[index + 1 :]], index, kind, kind == "layout"
            )
    tag, source = cells[-1]
    return Edit([*cells[:-1], (tag, "# edited\n" + source)], len(cells) - 1, "layout", layout=True)


def _layout(draw: Draw, source: str) -> str | None:
    choice = draw.below(3)
    if choice == 0:
        return f"# step\n\n{source}\n"
    if choice == 1:
        return source + "  # seen"
    return ast.unparse(ast.parse(source)) + "\n"


def _constant(draw: Draw, source: str) -> str | None:
    tree = ast.parse(source)
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and type(n.value) is int]
    if not found:
        return None
    draw.pick(found).value += 1 + draw.below(3)
    return ast.unparse(tree)


def _dropped(draw: Draw, source: str) -> str | None:
    tree = ast.parse(source)
    if len(tree.body) < 2:
        return None
    del tree.body[draw.below(len(tree.body))]
    return ast.unparse(tree)


def _repeated(draw: Draw, source: str) -> str | None:
    tree = ast.parse(source)
    at = draw.below(len(tree.body))
    tree.body.insert(at, tree.body[at])
    return ast.unparse(tree)


def _swapped(draw: Draw, source: str) -> str | None:
    tree = ast.parse(source)
    if len(tree.body) < 2:
        return None
    at = draw.below(len(tree.body) - 1)
    tree.body[at], tree.body[at + 1] = tree.body[at + 1], tree.body[at]
    return ast.unparse(tree)


def _shown(draw: Draw, source: str) -> str | None:
    names = sorted({n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)})
    return f"{source}\nprint({draw.pick(names)})" if names else None


def _added(draw: Draw, source: str) -> str | None:
    return f"{source}\nnew_name = {draw.below(9)}"


_EDITS: dict[str, Callable[[Draw, str], str | None]] = {
    "layout": _layout,
    "constant": _constant,
    "dropped": _dropped,
    "repeated": _repeated,
    "swapped": _swapped,
    "shown": _shown,
    "added": _added,
}
