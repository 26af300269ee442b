"""Units: the notebook's top-level statements, each with what it does."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache

from kalelike.dataflow.machine import Effects
from kalelike.dataflow.normal_form import normal_form
from kalelike.dataflow.values import Obj, Site, Value
from kalelike.diagnostics import Location
from kalelike.notebook.ipython_syntax import Magic
from kalelike.notebook.model import Cell, TaggedCell

# A definition is part of the key of every step that repeats it, and an edit in a
# notebook leaves all other statements as they were.
_remembered_form = lru_cache(maxsize=8192)(normal_form)


@dataclass(frozen=True, slots=True)
class Unit:
    """One top-level statement (or several that share a line), analysed.

    ``first`` and ``last`` are 1-based lines of the cell. ``values`` are the
    values bound here at its end; ``defines`` the functions and classes.
    """

    index: int
    tagged: TaggedCell
    statements: tuple[ast.stmt, ...]
    magics: tuple[Magic, ...]
    first: int
    last: int
    effects: Effects
    defines: dict[str, Obj]

    @property
    def cell(self) -> Cell:
        """The cell in which the unit stands."""
        return self.tagged.cell

    @property
    def location(self) -> Location:
        """The unit's first line as a place."""
        return self.cell.location.at(self.first)

    @property
    def source(self) -> str:
        """The unit's own lines, as they stand in the cell."""
        lines = self.cell.source.splitlines()
        return "\n".join(lines[self.first - 1 : self.last]) + "\n"

    def normalised(self) -> str:
        """Return the code without comments and layout, for hashing."""
        text = _remembered_form(self.statements)
        used = [
            f"{magic.kind} {magic.name} {magic.argument}\n{magic.body or ''}"
            for magic in self.magics
            if self.first <= magic.line <= self.last
        ]
        return "\n".join([text, *used])


@dataclass(frozen=True, slots=True)
class Analysis:
    """The whole notebook analysed: units in order, and the names' values after each.

    ``snapshots`` maps a unit's index to every global name's value after it; it
    is kept for the last unit of every run of cells with one owner.
    """

    units: tuple[Unit, ...]
    snapshots: dict[int, dict[str, Value]]
    skipped_names: dict[str, Location]
    bound_later: dict[str, Site]
    unresolved_stars: tuple[str, ...]
