"""Near misses: which known word a misspelt one may have meant."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 60


def distance(left: str, right: str) -> int:
    """Return the number of letters to insert, drop, change or swap (optimal string alignment)."""
    before: list[int] = []
    above = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        line = [row]
        for column, other in enumerate(right, 1):
            cost = min(above[column] + 1, line[-1] + 1, above[column - 1] + (letter != other))
            swapped = row > 1 and column > 1 and letter == right[column - 2]
            if swapped and left[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, above = above, line
    return above[-1]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that ``word`` is a likely misspelling of.

    One slip is allowed; two in words of six letters or more that begin alike.
    Upper case counts for nothing, and neither does ``_`` for ``-``.
    """
    if len(word) > _LONGEST:
        return None
    plain = word.lower().replace("_", "-")
    best: tuple[int, str] | None = None
    for candidate in known:
        other = candidate.lower().replace("_", "-")
        allowed = 2 if len(other) >= 6 and other[:1] == plain[:1] else 1
        if abs(len(other) - len(plain)) > allowed or len(other) < 3:
            continue
        steps = distance(plain, other)
        if steps <= allowed and (best is None or steps < best[0]):
            best = (steps, candidate)
    return best[1] if best else None
