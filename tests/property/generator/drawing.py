"""Where the generator's choices come from: a seed, or Hypothesis."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

Item = TypeVar("Item")


class Draw(ABC):
    """Choices that make one program."""

    @abstractmethod
    def below(self, limit: int) -> int:
        """Return a whole number from 0 to ``limit`` - 1."""

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        return items[self.below(len(items))]

    def chance(self, percent: int) -> bool:
        """Return True in about ``percent`` of 100 cases."""
        return self.below(100) >= 100 - percent


class SeededDraw(Draw):
    """Choices by a pseudo-random generator of its own."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, limit: int) -> int:
        return self._random.randrange(limit)


class HypothesisDraw(Draw):
    """Choices made, remembered and replayed by Hypothesis."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def below(self, limit: int) -> int:
        return self._draw(_integers(limit))


_known: dict[int, st.SearchStrategy[int]] = {}


def _integers(limit: int) -> st.SearchStrategy[int]:
    if limit not in _known:
        _known[limit] = st.integers(0, limit - 1)
    return _known[limit]
