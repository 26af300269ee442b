"""Steps for a notebook that has none: from its headings, else from its data flow."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kalelike.dataflow.interpreter import analyse_notebook
from kalelike.diagnostics import Diagnostic, Severity, diagnose, has_errors
from kalelike.errors import CompileError
from kalelike.notebook.ipython_syntax import transform_cell
from kalelike.notebook.model import (
    Cell,
    Notebook,
    Role,
    StepDeclaration,
    StepName,
    TaggedCell,
    TaggedNotebook,
)
from kalelike.notebook.options import PipelineOptions
from kalelike.notebook.roles import check_step_options, step_options
from kalelike.notebook.settings import Settings, check_step_names

_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
_NUMBERING = re.compile(r"^\s*(?:\d+(?:\.\d+)*|[IVX]+)[.):]?\s+")
_SETTINGS = ("plt.rcParams", "mpl.rcParams", "matplotlib.rcParams", "pd.options", "os.environ")
_OTHER = re.compile(r"[^a-z0-9]+")
_MOST_STEPS = 12
_CELLS_A_STEP = 5


@dataclass(frozen=True, slots=True)
class _Section:
    title: str
    cells: tuple[Cell, ...]


def partition_notebook(
    notebook: Notebook, settings: Settings, joined: frozenset[int] = frozenset()
) -> TaggedNotebook:
    """Choose steps for an untagged notebook and say what was chosen.

    Headings of one level begin steps: the shallowest level that gives at least
    two. Without such headings, cells are cut where the fewest names cross.
    Cells of only imports, definitions and settings are set-up wherever they
    stand. A step that would begin with a cell of ``joined`` (indexes) is part of
    the one before. Raises :class:`CompileError` when a cell is not valid Python, and for
    mistakes in the settings.
    """
    options = settings.options
    code = [cell for cell in notebook.cells if cell.kind == "code" and cell.source.strip()]
    working = [cell for cell in code if not _is_setup(cell)]
    sections = _by_headings(notebook, {cell.index for cell in working})
    by = "headings"
    if len(sections) < 2:
        sections, by = _by_data_flow(notebook, working, options), "data flow"
    sections = _join(sections, joined)
    names = _names([section.title for section in sections])
    step_of = {
        cell.index: name
        for name, section in zip(names, sections, strict=True)
        for cell in section.cells
    }
    tagged = tuple(
        TaggedCell(cell, Role.STEP, step_of[cell.index])
        if cell.index in step_of
        else TaggedCell(cell, Role.SETUP)
        for cell in code
    )
    steps = tuple(
        StepDeclaration(name, (), step_options(options, name), section.cells[0].location)
        for name, section in zip(names, sections, strict=True)
    )
    diagnostics = [
        *settings.diagnostics,
        *check_step_names(options, names, notebook.location),
        *(found for step in steps
          for found in check_step_options(step.options, step.name, step.location)),
    ]  # fmt: skip
    if has_errors(diagnostics):
        raise CompileError(diagnostics)
    diagnostics.extend(_told(by, names, sections))
    return TaggedNotebook(notebook, tagged, steps, options, tuple(diagnostics))


def cut_to_undo(tagged: TaggedNotebook, found: Sequence[Diagnostic]) -> int | None:
    """Return the first cell of a step that takes what cannot pass; None if nothing else helps.

    The step is better part of the one before, where the cuts were chosen by
    :func:`partition_notebook`: its author did not ask for them.
    """
    errors = [item for item in found if item.severity is Severity.ERROR]
    if not errors or any(item.code.name != "cannot-cross" for item in errors):
        return None
    reader = errors[0].location.index or 0
    begins = [step.location.index for step in tagged.steps if step.location.index is not None][1:]
    # A function that is defined earlier than it is called reads in no step of its own.
    return max((index for index in begins if index <= reader), default=min(begins, default=None))


def _join(sections: Sequence[_Section], joined: frozenset[int]) -> list[_Section]:
    result: list[_Section] = []
    for section in sections:
        if result and section.cells[0].index in joined:
            before = result.pop()
            section = _Section(before.title, (*before.cells, *section.cells))
        result.append(section)
    return result


def _told(
    by: str, names: Sequence[StepName], sections: Sequence[_Section]
) -> tuple[Diagnostic, ...]:
    found = []
    for name, section in zip(names, sections, strict=True):
        numbers = [f"[{cell.number}]" for cell in section.cells]
        span = numbers[0] if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        found.append(
            diagnose(
                "auto-steps",
                f"step {name}, by {by}: cells {span}",
                section.cells[0].location,
                f"to keep it, tag the first of them `step:{name}`",
            )
        )
    return tuple(found)


def _is_setup(cell: Cell) -> bool:
    """Imports, definitions and settings, and the constants that stand among them."""
    tree = transform_cell(cell.source).tree
    if tree is None or not all(_sets_up(item) or _is_constant(item) for item in tree.body):
        return False
    return not tree.body or any(_sets_up(item) for item in tree.body)


def _is_constant(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign):
        return False
    try:
        ast.literal_eval(statement.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return all(isinstance(item, ast.Name) for item in statement.targets)


def _sets_up(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.ClassDef():
            return True
        case ast.AsyncFunctionDef() | ast.Pass():
            return True
        case ast.Try(body=body):
            return any(isinstance(item, ast.Import | ast.ImportFrom) for item in body)
        case ast.Expr(value=ast.Call(func=func)):
            text = ast.unparse(func)
            return text == "__magic__" or text.startswith(
                ("warnings.", "plt.style", "sns.set", "pd.set_option", "np.set_printoptions",
                 "matplotlib.use", "logging.", "np.random.seed", "random.seed")
            )  # fmt: skip
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute() as target]):
            return ast.unparse(target).startswith(_SETTINGS)
        case _:
            return False


# -- headings ------------------------------------------------------------------


def _headings(cell: Cell) -> list[tuple[int, str]]:
    found = []
    fenced = False
    for line in cell.source.splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        match = None if fenced else _HEADING.match(line)
        if match is not None:
            found.append((len(match.group(1)), match.group(2)))
    return found


def _by_headings(notebook: Notebook, working: set[int]) -> list[_Section]:
    best: list[_Section] = []
    for level in range(1, 7):
        sections = _cut_at(notebook, working, level)
        if 2 <= len(sections) <= _MOST_STEPS:
            return sections
        if len(sections) > len(best):
            best = sections
    return best


def _cut_at(notebook: Notebook, working: set[int], level: int) -> list[_Section]:
    sections: list[_Section] = []
    title, cells = "start", list[Cell]()
    for cell in notebook.cells:
        if cell.kind == "markdown":
            starts = [text for depth, text in _headings(cell) if depth <= level]
            if starts:
                if cells:
                    sections.append(_Section(title, tuple(cells)))
                title, cells = starts[-1], []
        elif cell.index in working:
            cells.append(cell)
    if cells:
        sections.append(_Section(title, tuple(cells)))
    return sections


# -- data flow -------------------------------------------------------------------


def _by_data_flow(
    notebook: Notebook, working: list[Cell], options: PipelineOptions
) -> list[_Section]:
    if not working:
        return []
    crossing = _crossing_names(notebook, working, options)
    wanted = max(1, min(_MOST_STEPS, round(len(working) / _CELLS_A_STEP)))
    cuts = _cheapest_cuts(crossing, wanted)
    bounds = [0, *cuts, len(working)]
    return [
        _Section(f"part {number}", tuple(working[first:last]))
        for number, (first, last) in enumerate(pairwise(bounds), start=1)
    ]


def _crossing_names(notebook: Notebook, working: list[Cell], options: PipelineOptions) -> list[int]:
    """How many values would cross a cut before each of the cells."""
    only = StepName("all")
    chosen = {cell.index for cell in working}
    tagged = TaggedNotebook(
        notebook,
        tuple(
            TaggedCell(cell, Role.STEP, only)
            if cell.index in chosen
            else TaggedCell(cell, Role.SETUP)
            for cell in notebook.cells
            if cell.kind == "code" and cell.source.strip()
        ),
        (),
        options,
    )
    position = {cell.index: place for place, cell in enumerate(working)}
    made: dict[str, int] = {}
    counts = [0] * len(working)
    last_read: dict[tuple[str, int], int] = {}
    for unit in analyse_notebook(tagged).units:
        place = position.get(unit.cell.index)
        if place is None:
            continue
        for name in unit.effects.reads:
            if name in made:
                last_read[name, made[name]] = place
        for name in unit.effects.binds:
            if not unit.defines:
                made[name] = place
    for (_, first), last in last_read.items():
        for place in range(first + 1, last + 1):
            counts[place] += 1
    return counts


def _cheapest_cuts(crossing: list[int], wanted: int) -> list[int]:
    """Choose ``wanted - 1`` cuts: few names cross, and the parts are of like size."""
    count = len(crossing)
    ideal = count / wanted
    best: list[list[tuple[float, list[int]]]] = [
        [(float("inf"), [])] * (count + 1) for _ in range(wanted + 1)
    ]
    best[0][0] = (0.0, [])
    for part in range(1, wanted + 1):
        for end in range(part, count + 1):
            for start in range(part - 1, end):
                before, cuts = best[part - 1][start]
                cost = before + abs(end - start - ideal) / ideal
                cost += crossing[start] if start else 0
                if cost < best[part][end][0]:
                    best[part][end] = (cost, [*cuts, start] if start else cuts)
    return best[wanted][count][1]


def _names(titles: Sequence[str]) -> list[StepName]:
    names: list[StepName] = []
    for title in titles:
        plain = _NUMBERING.sub("", title).lower()
        base = _OTHER.sub("-", plain).strip("-")[:40].strip("-")
        if not base or not base[0].isalpha():
            base = f"step-{base}".strip("-")
        name, number = base, 1
        while name in names:
            number += 1
            name = f"{base}-{number}"
        names.append(StepName(name))
    return names
