"""Matches of regular expressions, which Python does not pickle: they are found again."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

_METHODS = ("search", "match", "fullmatch")
_MOST = 1000
"""Matches before this one that are looked through, for one of many."""


def reduce_match(found: re.Match[Any]) -> tuple[Any, ...] | None:
    """Return how to pickle a match; None where finding it again gives another one."""
    place = (found.re, found.string, found.pos, found.endpos)
    for method in _METHODS:
        again = find_again(*place, method, 0)
        if again is not None and again.regs == found.regs:
            return find_again, (*place, method, 0)
    all_of_them = found.re.finditer(found.string, found.pos, found.endpos)
    for index, again in enumerate(islice(all_of_them, _MOST)):
        if again.regs == found.regs:
            return find_again, (*place, "finditer", index)
    return None


def find_again(
    pattern: re.Pattern[Any], text: Any, start: int, end: int, method: str, index: int
) -> Any:
    """Return the match that a pattern's ``method`` finds in ``text``; None if there is none."""
    if method == "finditer":
        return next(islice(pattern.finditer(text, start, end), index, None), None)
    return getattr(pattern, method)(text, start, end)
