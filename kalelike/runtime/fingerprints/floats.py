"""Many floats in a few numbers: weighted sums, by which two lots compare within a tolerance.

The sums are projections on fixed pseudo-random weights. A difference of the
numbers moves them by about its own size, so they show it where it is larger
than what the tolerance allows the numbers together; the exact digest beside
them says when there is none at all.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_WIDTH = 4096
_FEW = 16
_BLOCKS = 8
_SLAB = 1024
DOUBLE = 2.0**-52


@dataclass(frozen=True, slots=True)
class Floats:
    """A summary of finite floats in their order.

    ``norm`` is the root of the sum of squares, ``sums`` are two projections,
    ``eps`` is the relative step of the coarsest type among them. ``values``
    holds the numbers themselves where they are few; ``blocks`` the summaries
    of consecutive stretches where they are many.
    """

    count: int
    low: float
    high: float
    norm: float
    sums: tuple[float, float]
    eps: float = DOUBLE
    values: tuple[float, ...] = ()
    blocks: tuple[Floats, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as JSON-ready data."""
        data: dict[str, Any] = {"count": self.count, "eps": self.eps}
        if self.values:
            data["values"] = list(self.values)
            return data
        data |= {"low": self.low, "high": self.high, "norm": self.norm, "sums": list(self.sums)}
        if self.blocks:
            data["blocks"] = [[item.count, item.norm, *item.sums] for item in self.blocks]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Floats:
        """Read back what :meth:`as_dict` gave."""
        if "values" in data:
            return summarise([float(item) for item in data["values"]], float(data["eps"]))
        blocks = tuple(
            cls(int(count), 0.0, 0.0, float(norm), (float(first), float(second)))
            for count, norm, first, second in data.get("blocks", ())
        )
        first, second = data["sums"]
        return cls(
            int(data["count"]),
            float(data["low"]),
            float(data["high"]),
            float(data["norm"]),
            (float(first), float(second)),
            float(data["eps"]),
            blocks=blocks,
        )


NONE = Floats(0, 0.0, 0.0, 0.0, (0.0, 0.0))
"""No floats at all."""


@lru_cache(maxsize=1)
def _weights() -> tuple[tuple[float, ...], ...]:
    """Two rows of weights for places within a row of numbers, two for the rows.

    ``Random.random`` gives the same numbers in every version of Python.
    """
    source = random.Random(20_25)  # noqa: S311 - no secret
    made = []
    for _ in range(4):
        signs = [1 if source.random() < 0.5 else -1 for _ in range(_WIDTH)]
        made.append(tuple(sign * (0.5 + source.random()) for sign in signs))
    return tuple(made)


@lru_cache(maxsize=1)
def _weight_arrays() -> tuple[Any, Any]:
    numpy = sys.modules["numpy"]
    rows = _weights()
    return numpy.array(rows[:2]).T.copy(), numpy.array(rows[2:]).T.copy()


def summarise(values: Sequence[float], eps: float = DOUBLE) -> Floats:
    """Summarise a list of finite floats; an array goes to :func:`summarise_array`."""
    if len(values) > _FEW and "numpy" in sys.modules:
        return summarise_array(sys.modules["numpy"].array(values, dtype="float64"), eps)
    if not values:
        return NONE
    return _blocked(values, eps, _stretch)


def summarise_array(values: Any, eps: float = DOUBLE) -> Floats:
    """Summarise a one-dimensional NumPy array of finite float64."""
    if len(values) <= _FEW:
        return summarise(values.tolist(), eps)
    return _blocked(values, eps, _array_stretch)


def _blocked(values: Any, eps: float, stretch: Any) -> Floats:
    count = len(values)
    if count <= _FEW:
        made: Floats = stretch(values, eps)
        return Floats(
            made.count, made.low, made.high, made.norm, made.sums, eps, tuple(map(float, values))
        )
    size = -(-count // _BLOCKS)
    blocks = [stretch(values[start : start + size], eps) for start in range(0, count, size)]
    whole = merge(blocks)
    return Floats(count, whole.low, whole.high, whole.norm, whole.sums, eps, blocks=tuple(blocks))


def _stretch(values: Sequence[float], eps: float) -> Floats:
    first, second, rows, more = _weights()
    sums = [0.0, 0.0]
    for start in range(0, len(values), _WIDTH):
        part = values[start : start + _WIDTH]
        row = start // _WIDTH % _WIDTH
        sums[0] += rows[row] * sum(map(float.__mul__, part, first))
        sums[1] += more[row] * sum(map(float.__mul__, part, second))
    return Floats(
        len(values), min(values), max(values), math.hypot(*values), (sums[0], sums[1]), eps
    )


def _array_stretch(values: Any, eps: float) -> Floats:
    numpy = sys.modules["numpy"]
    across, down = _weight_arrays()
    sums = numpy.zeros(2)
    low, high = float(values.min()), float(values.max())
    scale = max(abs(low), abs(high))
    factor = scale if scale > 1e150 or 0 < scale < 1e-150 else 1.0
    squares = 0.0
    slab = _SLAB * _WIDTH
    for start in range(0, len(values), slab):
        part = values[start : start + slab]
        scaled = part if factor == 1.0 else part / factor
        squares += float(numpy.dot(scaled, scaled))
        whole = len(part) // _WIDTH
        at = start // _WIDTH
        rows = numpy.arange(at, at + whole) % _WIDTH
        if whole:
            table = part[: whole * _WIDTH].reshape(whole, _WIDTH) @ across
            sums += (table * down[rows]).sum(axis=0)
        rest = part[whole * _WIDTH :]
        if len(rest):
            sums += (rest @ across[: len(rest)]) * down[(at + whole) % _WIDTH]
    norm = math.sqrt(squares) * factor
    return Floats(len(values), low, high, norm, (float(sums[0]), float(sums[1])), eps)


def merge(parts: Sequence[Floats]) -> Floats:
    """Return one summary of several, in their order."""
    kept = [item for item in parts if item.count]
    if len(kept) == 1:
        return kept[0]
    if not kept:
        return NONE
    count = sum(item.count for item in kept)
    eps = max(item.eps for item in kept)
    if count <= _FEW and all(item.values for item in kept):
        return summarise([value for item in kept for value in item.values], eps)
    _, _, rows, more = _weights()
    return Floats(
        count,
        min(item.low for item in kept),
        max(item.high for item in kept),
        math.hypot(*(item.norm for item in kept)),
        (
            sum(rows[at % _WIDTH] * item.sums[0] for at, item in enumerate(kept)),
            sum(more[at % _WIDTH] * item.sums[1] for at, item in enumerate(kept)),
        ),
        eps,
    )
