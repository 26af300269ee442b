"""Makes a failing notebook small: cells, steps, statements and expressions go in turn."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator

from tests.property.children import ChildError, in_child
from tests.property.executor import Cells, Outcome, Verdict, check, quieten

Fails = Callable[[list[tuple[str, str]]], bool]
# Nobody asks that the namespace itself, with what the shell keeps in it, be the same.
_WHOLE_NAMESPACE = re.compile(r"\b(?:globals|locals|vars|dir)\(\)(?!\[)")
_MOST_TRIALS = 400


def reduce_program(
    cells: Cells, outcome: Outcome, *, shared: bool = False
) -> tuple[list[tuple[str, str]], Outcome]:
    """Return the smallest program found that fails in the same way, and its outcome."""
    wanted = _manner(outcome)

    def fails(candidate: list[tuple[str, str]]) -> bool:
        found = check(candidate, shared=shared)
        if _manner(found) != wanted:
            return False
        return outcome.verdict is not Verdict.REFUSED or _runs(candidate)

    reduced = reduce_cells(list(cells), fails)
    return reduced, check(reduced, shared=shared)


def _manner(outcome: Outcome) -> tuple[object, ...]:
    """What two failures must share to be taken for the same."""
    if outcome.verdict is Verdict.DIFFERENT:
        return (outcome.verdict,)
    if outcome.verdict is Verdict.CRASHED:
        kinds = outcome.details[-1].split(":")[1:2] if outcome.details else ()
        return (outcome.verdict, *kinds)
    return (outcome.verdict, *outcome.codes)


def _runs(cells: list[tuple[str, str]]) -> bool:
    """Whether the notebook itself runs, for programs that the compiler refuses."""

    def run() -> bool:
        quieten()
        exec("\n".join(source for _, source in cells), {"__name__": "__main__"})
        return True

    try:
        return in_child(run, seconds=10)
    except ChildError:
        return False


def reduce_cells(cells: list[tuple[str, str]], fails: Fails) -> list[tuple[str, str]]:
    """Try ever smaller programs for as long as ``fails`` holds of them."""
    trials = _MOST_TRIALS
    for edits in (_smaller_cells, _smaller_statements, _smaller_expressions) * 3:
        before = None
        while before != cells and trials > 0:
            before = cells
            for candidate in edits(cells):
                trials -= 1
                if fails(candidate):
                    cells = candidate
                    break
                if trials <= 0:
                    break
    return cells


def _smaller_cells(cells: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    size = len(cells) // 2
    while size:
        for start in range(0, len(cells), size):
            rest = cells[:start] + cells[start + size :]
            if rest:
                yield rest
        size //= 2
    for index in range(1, len(cells)):
        (first, above), (second, below) = cells[index - 1], cells[index]
        if first != second:
            # The rest of the step joins the one before it.
            yield [*cells[:index], *((first if t == second else t, s) for t, s in cells[index:])]
        else:
            yield [*cells[: index - 1], (first, f"{above}\n{below}"), *cells[index + 1 :]]
    for index, (tag, source) in enumerate(cells):
        if " " in tag:
            yield [*cells[:index], (tag.split()[0], source), *cells[index + 1 :]]


def _smaller_statements(cells: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    for index, (tag, source) in enumerate(cells):
        for smaller in _without_statements(source):
            yield [*cells[:index], (tag, smaller), *cells[index + 1 :]]


def _bodies(tree: ast.AST) -> list[list[ast.stmt]]:
    found = []
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                found.append(value)
    return found


def _without_statements(source: str) -> Iterator[str]:
    for number, body in enumerate(_bodies(ast.parse(source))):
        for at, statement in enumerate(body):
            if number == 0 or not isinstance(statement, ast.Pass):
                yield from _edited(source, number, at, [])
            inner = [part for sub in _bodies(statement) for part in sub[:1]]
            if inner and not isinstance(statement, ast.FunctionDef | ast.ClassDef):
                whole = [part for sub in _bodies(statement)[:1] for part in sub]
                yield from _edited(source, number, at, whole)


def _edited(source: str, number: int, at: int, new: list[ast.stmt]) -> Iterator[str]:
    tree = ast.parse(source)
    body = _bodies(tree)[number]
    body[at : at + 1] = new
    if not body and number:
        body.append(ast.Pass())
    text = _written(tree)
    if text.strip() and text != source:
        yield text


def _written(tree: ast.AST) -> str:
    """Return a tree's code, nothing if the edit has left no valid code."""
    try:
        text = ast.unparse(ast.fix_missing_locations(tree))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<program>", "exec")
    except (SyntaxError, ValueError, TypeError):
        return ""
    return "" if _WHOLE_NAMESPACE.search(text) else text


class _Replace(ast.NodeTransformer):
    """Replaces the expression with one number, in order of visit, by another."""

    def __init__(self, number: int, new: Callable[[ast.expr], ast.expr | None]) -> None:
        self.left = number
        self.new = new

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            if self.left == 0:
                self.left = -1
                return self.new(node) or node
            self.left -= 1
        return self.generic_visit(node)


def _smaller_expressions(cells: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    for index, (tag, source) in enumerate(cells):
        count = sum(isinstance(node, ast.expr) for node in ast.walk(ast.parse(source)))
        for number in range(count):
            for new in (_one, _first_part, _second_part):
                tree = _Replace(number, new).visit(ast.parse(source))
                text = _written(tree)
                if text and len(text) < len(source):
                    yield [*cells[:index], (tag, text), *cells[index + 1 :]]


def _one(node: ast.expr) -> ast.expr | None:
    return ast.Constant(1)


def _first_part(node: ast.expr) -> ast.expr | None:
    return next((part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)), None)


def _second_part(node: ast.expr) -> ast.expr | None:
    parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
    return parts[1] if len(parts) > 1 else None
