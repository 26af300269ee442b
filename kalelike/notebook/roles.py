"""Gives every code cell its role, from its tags.

Tags are Kale 2.3's as they stand; other tools' tags are left alone. An
untagged cell joins the tagged cell before it; before the first tag it is
set-up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from kalelike.diagnostics import Diagnostic, diagnose, has_errors
from kalelike.errors import CompileError
from kalelike.notebook.model import (
    Cell,
    Notebook,
    Role,
    StepDeclaration,
    StepName,
    TaggedCell,
    TaggedNotebook,
)
from kalelike.notebook.options import PipelineOptions, StepOptions
from kalelike.notebook.settings import Settings, read_settings
from kalelike.notebook.step_options import OPTION_KEYS, BadOption, apply_option

_ROLES = {
    "imports": Role.IMPORTS,
    "functions": Role.FUNCTIONS,
    "pipeline-parameters": Role.PARAMETERS,
    "pipeline-metrics": Role.METRICS,
    "skip": Role.SKIP,
}
_OLD = {"parameters": "pipeline-parameters", "block": "step"}
_LATER = {
    "search": "the hyperparameter search",
    "gate": "the gate",
    "deploy": "deployment",
    "notebook": "a notebook as a step",
}
_KNOWN = (*_ROLES, "step", "prev", *OPTION_KEYS)
_STEP = re.compile(r"[^\W][\w. -]{0,99}")
_RESERVED = frozenset(_ROLES) - {"skip"}


def tag_notebook(notebook: Notebook) -> TaggedNotebook:
    """Return the notebook's code cells with their roles, and its steps with their options.

    Raises :class:`CompileError` with every mistake in tags and settings.
    """
    tagger = _Tagger(notebook, read_settings(notebook))
    for cell in notebook.cells:
        if cell.kind == "code" and cell.source.strip():
            tagger.add(cell)
        elif cell.kind == "code" and cell.tags:
            tagger.add(cell)
    return tagger.result()


def is_tagged(notebook: Notebook) -> bool:
    """Tell whether any cell names a step."""
    return any(
        tag.partition(":")[0] in ("step", "block")
        for cell in notebook.cells
        if cell.kind == "code"
        for tag in cell.tags
    )


@dataclass(slots=True)
class _Draft:
    """A step while its cells are being read."""

    cell: Cell
    after: list[tuple[str, Cell]] = field(default_factory=list)
    tags: list[tuple[str, str, Cell]] = field(default_factory=list)


class _Tagger:
    def __init__(self, notebook: Notebook, settings: Settings) -> None:
        self.notebook = notebook
        self.settings = settings
        self.options: PipelineOptions = settings.options
        self.found: list[TaggedCell] = []
        self.steps: dict[StepName, _Draft] = {}
        self.diagnostics: list[Diagnostic] = list(settings.diagnostics)
        self.role = Role.SETUP
        self.step: StepName | None = None
        self.untagged = 0

    def tell(self, code: str, message: str, cell: Cell, hint: str = "") -> None:
        self.diagnostics.append(diagnose(code, message, cell.location, hint))

    def add(self, cell: Cell) -> None:
        """Read one cell's tags and place the cell."""
        tags = [self._translated(tag, cell) for tag in cell.tags]
        roles = list(dict.fromkeys(tag for tag in tags if tag in _ROLES))
        steps = list(dict.fromkeys(tag[5:] for tag in tags if tag.startswith("step:")))
        self._unknown(tags, cell)
        if len(roles) + len(steps) > 1 and "skip" not in roles:
            both = " and ".join([*roles, *(f"step:{name}" for name in steps)])
            self.tell("conflicting-tags", f"the cell is tagged {both}", cell, "keep one of them")
            return
        if "skip" in roles:
            self.found.append(TaggedCell(cell, Role.SKIP))
            return
        if roles:
            self.role, self.step = _ROLES[roles[0]], None
        elif steps:
            self._enter(steps[0], cell)
        elif self.role is Role.SETUP:
            self.untagged += 1
        self._options(tags, cell)
        if cell.source.strip():
            self.found.append(TaggedCell(cell, self.role, self.step))

    def _translated(self, tag: str, cell: Cell) -> str:
        word, colon, rest = tag.partition(":")
        if word not in _OLD or (word == "parameters" and colon):
            return tag
        new = _OLD[word] + colon + rest
        self.tell("old-spelling", f"the tag {tag} was read as {new}", cell)
        return new

    def _unknown(self, tags: Iterable[str], cell: Cell) -> None:
        for tag in tags:
            word = tag.partition(":")[0]
            if word in _LATER and (":" in tag or word != "notebook"):
                self.tell(
                    "tag-not-available",
                    f"the tag {tag} asks for {_LATER[word]}, which this version does not have",
                    cell,
                    "remove the tag, or tag the cell `skip`",
                )
                continue
            if word in _KNOWN and (":" in tag or word in _ROLES):
                continue
            start = re.split(r"[:= ]", tag, maxsplit=1)[0].lower()
            close = get_close_matches(start, _KNOWN, n=1, cutoff=0.8)
            if close and tag not in _ROLES:
                rest = tag[len(start) :].lstrip(":= ")
                meant = close[0] + (f":{rest}" if rest else "" if close[0] in _ROLES else ":NAME")
                self.tell("unknown-tag", f"there is no tag {tag}", cell, f"did you mean `{meant}`?")

    def _enter(self, text: str, cell: Cell) -> None:
        name = StepName(text)
        if not _STEP.fullmatch(text) or text in _RESERVED:
            self.tell(
                "bad-name",
                f"{text!r} cannot be the name of a step",
                cell,
                "use letters, digits, `_` and `-`, beginning with a letter",
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
        for item in reversed(self.found):
            if item.step == name:
                return False
            if item.step is not None:
                return True
        return False

    def _options(self, tags: Iterable[str], cell: Cell) -> None:
        for tag in tags:
            word, colon, rest = tag.partition(":")
            if not colon or (word != "prev" and word not in OPTION_KEYS):
                continue
            if self.step is None:
                self.tell(
                    "conflicting-tags",
                    f"the tag {tag} belongs to a step, and this cell is {self.role.value}",
                    cell,
                    "move it to the cell that is tagged `step:…`",
                )
            elif word == "prev":
                self.steps[self.step].after.append((rest, cell))
            else:
                self.steps[self.step].tags.append((word, rest, cell))

    # -- the result --------------------------------------------------------------

    def result(self) -> TaggedNotebook:
        if self.untagged and self.steps:
            cell = next(item.cell for item in self.found if item.role is Role.SETUP)
            count = f"{self.untagged} cells" if self.untagged > 1 else "1 cell"
            self.tell(
                "untagged-setup",
                f"{count} before the first tag became set-up, repeated where it is needed",
                cell,
                "tag them `imports`, `functions`, `skip` or a step of their own",
            )
        self._unknown_tables()
        steps = tuple(self._declare(name, draft) for name, draft in self.steps.items())
        if has_errors(self.diagnostics):
            raise CompileError(self.diagnostics)
        return TaggedNotebook(
            self.notebook, tuple(self.found), steps, self.options, tuple(self.diagnostics)
        )

    def _unknown_tables(self) -> None:
        for name in self.settings.steps:
            if StepName(name) not in self.steps:
                close = get_close_matches(name, list(self.steps), n=1)
                hint = f"did you mean {close[0]}?" if close else "remove it from the metadata"
                place = self.notebook.location
                message = f"the settings name a step {name} that does not exist"
                self.diagnostics.append(diagnose("unknown-step", message, place, hint))

    def _declare(self, name: StepName, draft: _Draft) -> StepDeclaration:
        options = self.options.step_defaults
        for key, value in self.settings.steps.get(name, ()):
            options = self._apply(options, key, value, draft.cell)
        for key, value, cell in draft.tags:
            options = self._apply(options, key, value, cell)
        return StepDeclaration(name, self._after(name, draft), options, draft.cell.location)

    def _apply(self, options: StepOptions, key: str, value: str, cell: Cell) -> StepOptions:
        try:
            return apply_option(options, key, value)
        except BadOption as error:
            self.tell("bad-option", f"{key}: {error}", cell, "correct the tag")
            return options

    def _after(self, name: StepName, draft: _Draft) -> tuple[StepName, ...]:
        order = list(self.steps)
        found: list[StepName] = []
        for text, cell in draft.after:
            previous = StepName(text)
            if previous not in self.steps:
                close = get_close_matches(text, order, n=1)
                hint = f"did you mean prev:{close[0]}?" if close else "name a step of the notebook"
                self.tell("unknown-step", f"prev:{text} names no step", cell, hint)
            elif order.index(previous) >= order.index(name):
                what = "itself" if previous == name else f"step {previous}, which comes after it"
                self.tell(
                    "cycle",
                    f"step {name} is told to wait for {what}",
                    cell,
                    "steps run in the notebook's order: remove the tag, or move the cell",
                )
            elif previous not in found:
                found.append(previous)
        return tuple(found)
