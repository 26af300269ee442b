"""Gives every code cell its role, from its tags.

An untagged cell joins the tagged cell before it; before the first tag it is
set-up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from kalelike.diagnostics import Diagnostic, Location, diagnose, has_errors
from kalelike.errors import CompileError
from kalelike.notebook.merging import NOTHING, finish_options, merge_options, stated_values
from kalelike.notebook.model import (
    Cell,
    Notebook,
    Role,
    StepDeclaration,
    StepName,
    TaggedCell,
    TaggedNotebook,
)
from kalelike.notebook.option_rules import check_together
from kalelike.notebook.options import PipelineOptions, StepOptions
from kalelike.notebook.settings import Settings, check_step_names, read_settings
from kalelike.notebook.spelling import nearest
from kalelike.notebook.tags import ROLE_TAGS, CellTags, Tag, read_tags

_STEP = re.compile(r"[^\W][\w. -]{0,99}")
_LONGEST_STEP = 200  # bytes: the step's code stands in a file of this name


def tag_notebook(notebook: Notebook) -> TaggedNotebook:
    """Return the notebook's code cells with their roles, and its steps with their options.

    Raises :class:`CompileError` with every mistake in tags and settings.
    """
    tagger = _Tagger(notebook, read_settings(notebook))
    for cell in notebook.cells:
        if cell.kind == "code":
            tagger.add(cell)
        else:
            tagger.add_text(cell)
    return tagger.result()


def is_tagged(notebook: Notebook) -> bool:
    """Tell whether any cell names a step."""
    return any(cell.kind == "code" and read_tags(cell.tags).steps for cell in notebook.cells)


def step_options(options: PipelineOptions, name: str) -> StepOptions:
    """Return the options that the settings give a step, defaults included."""
    overrides = dict(options.step_overrides).get(name, NOTHING)
    return finish_options(merge_options(options.step_defaults, overrides))


def check_step_options(options: StepOptions, name: str, place: Location) -> list[Diagnostic]:
    """Return a diagnostic for all that is wrong between the options of one step."""
    return [
        diagnose("bad-option", f"step {name}: {message}", place, "change one of them")
        for message in check_together(options)
    ]


@dataclass(slots=True)
class _Draft:
    """A step while its cells are being read.

    ``stated`` holds what tags have stated so far, so that two tags that
    contradict each other are found.
    """

    cell: Cell
    after: list[tuple[str, Cell]] = field(default_factory=list)
    options: StepOptions = NOTHING
    stated: dict[str, tuple[object, str]] = field(default_factory=dict)


class _Tagger:
    def __init__(self, notebook: Notebook, settings: Settings) -> None:
        self.notebook = notebook
        self.options = settings.options
        self.found: list[TaggedCell] = []
        self.steps: dict[StepName, _Draft] = {}
        self.diagnostics: list[Diagnostic] = list(settings.diagnostics)
        self.role = Role.SETUP
        self.step: StepName | None = None
        self.untagged = 0
        self.old: dict[tuple[str, str], list[Cell]] = {}

    def tell(self, code: str, message: str, cell: Cell, hint: str = "") -> None:
        self.diagnostics.append(diagnose(code, message, cell.location, hint))

    def add_text(self, cell: Cell) -> None:
        """Point at tags that were meant for a code cell."""
        for tag in read_tags(cell.tags).tags:
            if tag.step or tag.after or tag.options:
                message = f"the tag {tag.text} stands at a {cell.kind} cell, and does nothing"
                self.tell("unknown-tag", message, cell, "move it to a code cell")

    def add(self, cell: Cell) -> None:
        """Read one cell's tags and place the cell."""
        tags = read_tags(cell.tags)
        for tag in tags.tags:
            self._mention(tag, cell)
        if Role.SKIP in tags.roles:
            self.found.append(TaggedCell(cell, Role.SKIP))
            return
        if len(tags.roles) + len(tags.steps) > 1:
            words = [*(role.value for role in tags.roles), *(f"step:{name}" for name in tags.steps)]
            message = f"the cell is tagged {' and '.join(words)}"
            self.tell("conflicting-tags", message, cell, "keep one of them")
            return
        self._enter(tags, cell)
        for tag in tags.tags:
            if tag.after is not None or tag.options is not None:
                self._apply(tag, cell)
        if cell.source.strip():
            self.untagged += self.role is Role.SETUP
            self.found.append(TaggedCell(cell, self.role, self.step))

    def _mention(self, tag: Tag, cell: Cell) -> None:
        if tag.problem is not None:
            self.tell(tag.problem.code, tag.problem.message, cell, tag.problem.hint)
        if tag.spelt:
            words = (tag.text.partition(":")[0], tag.spelt.partition(":")[0])
            self.old.setdefault(words, []).append(cell)

    def _enter(self, tags: CellTags, cell: Cell) -> None:
        if tags.roles:
            self.role, self.step = tags.roles[0], None
        elif tags.steps:
            self._enter_step(tags.steps[0], cell)

    def _enter_step(self, text: str, cell: Cell) -> None:
        name = StepName(text)
        too_long = len(text.encode("utf-8")) > _LONGEST_STEP
        if not _STEP.fullmatch(text) or text in ROLE_TAGS or too_long:
            self.tell(
                "bad-name",
                f"{text!r} cannot be the name of a step",
                cell,
                "use letters, digits, `_` and `-`, beginning with a letter or digit",
            )
            return
        if name in self.steps and self.step != name and self._interrupted(name):
            self.tell(
                "duplicate-step",
                f"step {name} began in {self.steps[name].cell.location} already, "
                "and other steps stand between",
                cell,
                "give the second part a name of its own",
            )
        self.steps.setdefault(name, _Draft(cell))
        self.role, self.step = Role.STEP, name

    def _interrupted(self, name: StepName) -> bool:
        """Whether another step's cells stand after the step's last cell."""
        others = (item.step for item in reversed(self.found) if item.step is not None)
        return next(others, name) != name

    def _apply(self, tag: Tag, cell: Cell) -> None:
        """Add an order or an option to the step that the cell belongs to."""
        if self.step is None:
            self.tell(
                "conflicting-tags",
                f"the tag {tag.text} belongs to a step, and this cell is {self.role.value}",
                cell,
                "move it to the cell that is tagged `step:…`",
            )
            return
        draft = self.steps[self.step]
        if tag.after is not None:
            draft.after.append((tag.after, cell))
        if tag.options is None:
            return
        for place, value in stated_values(tag.options):
            before, text = draft.stated.setdefault(place, (value, tag.text))
            if before != value:
                self.tell(
                    "conflicting-tags",
                    f"the tags {text} and {tag.text} of step {self.step} contradict each other",
                    cell,
                    "keep one of them",
                )
        draft.options = merge_options(draft.options, tag.options)

    # -- the result --------------------------------------------------------------

    def result(self) -> TaggedNotebook:
        for (old, new), cells in self.old.items():
            count = f"{len(cells)} tags" if len(cells) > 1 else "1 tag"
            self.tell("old-spelling", f"{count} spelt `{old}` read as `{new}`", cells[0])
        if self.untagged and self.steps:
            cell = next(item.cell for item in self.found if item.role is Role.SETUP)
            count = f"{self.untagged} cells" if self.untagged > 1 else "1 cell"
            self.tell(
                "untagged-setup",
                f"{count} before the first tag became set-up, repeated where it is needed",
                cell,
                "tag them `imports`, `functions`, `skip` or a step of their own",
            )
        self.diagnostics += check_step_names(self.options, self.steps, self.notebook.location)
        steps = tuple(self._declare(name, draft) for name, draft in self.steps.items())
        if has_errors(self.diagnostics):
            raise CompileError(self.diagnostics)
        defaults = finish_options(self.options.step_defaults)
        return TaggedNotebook(
            self.notebook,
            tuple(self.found),
            steps,
            replace(self.options, step_defaults=defaults),
            tuple(self.diagnostics),
        )

    def _declare(self, name: StepName, draft: _Draft) -> StepDeclaration:
        options = finish_options(merge_options(step_options(self.options, name), draft.options))
        self.diagnostics += check_step_options(options, name, draft.cell.location)
        return StepDeclaration(name, self._after(name, draft), options, draft.cell.location)

    def _after(self, name: StepName, draft: _Draft) -> tuple[StepName, ...]:
        order = list(self.steps)
        found: dict[StepName, None] = {}
        for text, cell in draft.after:
            previous = StepName(text)
            if previous not in self.steps:
                near = nearest(text, order)
                hint = f"did you mean `prev:{near}`?" if near else f"the steps are: {_list(order)}"
                self.tell("unknown-step", f"prev:{text} names no step", cell, hint)
            elif order.index(previous) >= order.index(name):
                what = "itself" if previous == name else f"step {previous}, which comes after it"
                self.tell(
                    "cycle",
                    f"step {name} is told to wait for {what}",
                    cell,
                    "steps run in the notebook's order: remove the tag, or move the cell",
                )
            else:
                found[previous] = None
        return tuple(found)


def _list(names: list[StepName]) -> str:
    shown = ", ".join(names[:10])
    return f"{shown}, …" if len(names) > 10 else shown
