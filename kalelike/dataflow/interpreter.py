"""The whole abstract interpreter, run over a notebook's cells in order."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from kalelike.dataflow.machine import Effects
from kalelike.dataflow.scopes import bound_names
from kalelike.dataflow.statements import StatementExecutor
from kalelike.dataflow.units import Analysis, Unit
from kalelike.dataflow.values import Obj, Site, Value
from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.errors import CompileError
from kalelike.notebook.ipython_syntax import PythonSource, transform_cell
from kalelike.notebook.model import Role, TaggedCell, TaggedNotebook

_NO_TREE = ast.Module(body=[], type_ignores=[])


def analyse_notebook(tagged: TaggedNotebook) -> Analysis:
    """Interpret every cell that is not skipped, in notebook order.

    Nothing is executed. Raises :class:`CompileError` with one diagnostic per
    cell that is not valid Python.
    """
    sources = _parse(tagged)
    machine = StatementExecutor()
    machine.folder = Path(tagged.notebook.path).resolve().parent
    units: list[Unit] = []
    snapshots: dict[int, dict[str, Value]] = {}
    previous: object = None
    for cell, source in sources:
        owner = (cell.role, cell.step)
        if previous is not None and owner != previous and units:
            snapshots[units[-1].index] = dict(machine.names)
        previous = owner
        units.extend(_run_cell(machine, cell, source, len(units)))
    if units:
        snapshots[units[-1].index] = dict(machine.names)
    return Analysis(
        tuple(units),
        snapshots,
        _skipped_names(tagged),
        _first_bindings(units),
        tuple(machine.stars),
    )


def _parse(tagged: TaggedNotebook) -> list[tuple[TaggedCell, PythonSource]]:
    sources: list[tuple[TaggedCell, PythonSource]] = []
    problems: list[Diagnostic] = []
    for cell in tagged.cells:
        if cell.role is Role.SKIP:
            continue
        source = transform_cell(cell.cell.source)
        if source.tree is None:
            problems.append(_syntax_diagnostic(cell, source.error))
        else:
            sources.append((cell, source))
    if problems:
        raise CompileError(problems)
    return sources


def _syntax_diagnostic(cell: TaggedCell, error: SyntaxError | None) -> Diagnostic:
    line = error.lineno if error is not None else None
    column = error.offset - 1 if error is not None and error.offset else None
    what = error.msg if error is not None else "it cannot be parsed"
    return diagnose(
        "syntax-error",
        f"this cell is not valid Python: {what}",
        cell.cell.location.at(line, column),
        "correct the line, or tag the cell `skip` if the pipeline does not need it",
    )


def _run_cell(
    machine: StatementExecutor, cell: TaggedCell, source: PythonSource, start: int
) -> Iterator[Unit]:
    machine.cell = cell.cell.index
    machine.magics = source.magics
    tree = source.tree or _NO_TREE
    machine.keep_alive.append(tree)
    silent = cell.cell.source.rstrip().endswith(";")
    machine.result = tree.body[-1] if tree.body and not silent else None
    for group, first, last in _groups(tree):
        effects = _run_unit(machine, group)
        yield Unit(
            start,
            cell,
            group,
            source.magics,
            first,
            _last_line(last, source, cell),
            effects,
            _definitions(machine, group),
        )
        start += 1


def _run_unit(machine: StatementExecutor, group: Sequence[ast.stmt]) -> Effects:
    machine.fx = effects = Effects()
    machine.bound = set()
    machine.changed = set()
    machine.touched = set()
    machine.searched = set()
    machine.swept = set()
    machine.budget = machine.work = 0
    machine.dead = False
    machine.execute(group)
    for path, site in effects.settings.items():
        carried = machine.library.carried_setting(path)
        if carried is not None:
            effects.changes.setdefault(carried, site)
    effects.maybe = {name for name in effects.binds if name not in machine.bound}
    return effects


@lru_cache(maxsize=4096)
def _groups(tree: ast.Module) -> tuple[tuple[tuple[ast.stmt, ...], int, int], ...]:
    """Return the statements that make a unit each, with their first and last lines."""
    groups: list[list[ast.stmt]] = []
    end = 0
    for statement in tree.body:
        if not groups or _first_line(statement) > end:
            groups.append([])
        groups[-1].append(statement)
        end = statement.end_lineno or statement.lineno
    return tuple(
        (tuple(group), _first_line(group[0]), max(i.end_lineno or i.lineno for i in group))
        for group in groups
    )


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(item.lineno for item in decorators)])


def _last_line(last: int, source: PythonSource, cell: TaggedCell) -> int:
    """A cell magic with a body of its own extends to the end of its cell."""
    if any(magic.kind == "cell" and magic.body is not None for magic in source.magics):
        return len(cell.cell.source.splitlines())
    return last


def _definitions(machine: StatementExecutor, group: Sequence[ast.stmt]) -> dict[str, Obj]:
    found: dict[str, Obj] = {}
    for statement in group:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for item in machine.names.get(statement.name, ()):
                if item.kind in ("function", "class"):
                    found[statement.name] = item
    return found


def _skipped_names(tagged: TaggedNotebook) -> dict[str, Location]:
    names: dict[str, Location] = {}
    for cell in tagged.cells:
        if cell.role is not Role.SKIP:
            continue
        tree = transform_cell(cell.cell.source).tree
        for statement in tree.body if tree is not None else ():
            for name in bound_names(statement):
                names.setdefault(name, cell.cell.location.at(statement.lineno))
    return names


def _first_bindings(units: list[Unit]) -> dict[str, Site]:
    names: dict[str, Site] = {}
    for unit in units:
        for name, site in unit.effects.binds.items():
            names.setdefault(name, site)
    return names
