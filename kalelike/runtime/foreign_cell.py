"""A cell in another language: a first line such as ``%%R -i table -o model``, then that language.

The options are those of rpy2's ``%%R``: ``-i`` names what the cell takes from
the notebook, ``-o`` what it gives back, each with commas or repeated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

KERNELS = {"R": "ir"}
"""The kernels of magics that name a language, by the magic's name."""

_HEADER = re.compile(r"%%([A-Za-z_]\w*)[ \t]*([^\n]*)(?:\n|$)")
_OPTION = re.compile(r"(?:^|\s)(?:-i|--input|-o|--output)(?:[ =]+)(\S+)")


@dataclass(frozen=True, slots=True)
class ForeignCell:
    """A cell's magic, the names that it takes and gives, and its body in the other language."""

    magic: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    body: str


def read_foreign_cell(source: str) -> ForeignCell | None:
    """Read a cell whose first line is a cell magic; None for any other cell."""
    text = source.lstrip("\n")
    match = _HEADER.match(text)
    if match is None:
        return None
    reads, writes = declared_names(match.group(2))
    return ForeignCell(match.group(1), reads, writes, text[match.end() :])


def declared_names(argument: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names after ``-i`` and after ``-o`` in a magic's argument."""
    found: dict[str, dict[str, None]] = {"i": {}, "o": {}}
    for match in _OPTION.finditer(argument):
        kind = match.group().lstrip().lstrip("-")[0]
        for name in match.group(1).split(","):
            if name.isidentifier():
                found[kind][name] = None
    return tuple(found["i"]), tuple(found["o"])


def step_kernel(option: str | None, sources: tuple[str, ...]) -> str | None:
    """Return the kernel that a step's cells run on, None for the notebook's own Python.

    ``option`` is the step's ``kernel``. Without one, a step whose cells all
    begin with a magic that names a language runs on that language's kernel.
    """
    if option is not None:
        return None if option.startswith("python") else option
    cells = [read_foreign_cell(source) for source in sources if source.strip()]
    kernels = {KERNELS.get(cell.magic) if cell is not None else None for cell in cells}
    return kernels.pop() if len(kernels) == 1 else None
