"""Objects that two artifacts would each get a copy of, found when a step saves.

Only what is well understood is looked at: lists, dictionaries, sets, byte
arrays, arrays, data frames, and instances of the notebook's own classes. What
libraries share among their objects is theirs, and no difference to anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kalelike.runtime.faults import CannotCrossError
from kalelike.runtime.views import owner_of

_MOST = 200_000
_MOST_VIEWS = 64
_MOST_WORK: Any = 100_000
"""Steps of NumPy's search; its types know the special values -1 and 0 only."""
_LEAVES = frozenset({"ndarray", "DataFrame", "Series", "bytearray"})


def check_sharing(groups: list[tuple[dict[str, Any], frozenset[str]]]) -> None:
    """Refuse to split an object that two artifacts share and that a later step changes.

    Each group holds an artifact's values by name, and the names of those that
    a later step may change in place. Raises ``CannotCrossError`` with code KL203.
    """
    if len(groups) < 2 or not any(changed for _, changed in groups):
        return
    seen: dict[int, list[_Part]] = {}
    for number, (values, changed) in enumerate(groups):
        for name, value in values.items():
            for item in _mutable_parts(value):
                part = _Part(item, number, name, name in changed)
                known = seen.setdefault(part.key, [])
                exact = len(known) < _MOST_VIEWS
                for other in known:
                    if other.is_torn_from(part, exact=exact):
                        raise CannotCrossError(
                            f"{other.name} and {name} share a {type(item).__name__}, which a later "
                            "step changes: apart, they would no longer be the same object",
                            f"change it in this step, or let {name} be a copy",
                            name,
                            code="KL203",
                        )
                if exact:
                    known.append(part)


@dataclass(frozen=True, slots=True)
class _Part:
    """A mutable object within the value of a name of a group."""

    item: Any
    number: int
    name: str
    changed: bool

    @property
    def key(self) -> int:
        """What parts that may share memory have in common."""
        return id(owner_of(self.item) if type(self.item).__name__ == "ndarray" else self.item)

    def is_torn_from(self, other: _Part, *, exact: bool) -> bool:
        """Tell whether a change of the one would no longer be seen in the other."""
        if self.number == other.number or not (self.changed or other.changed):
            return False
        return not exact or self.item is other.item or _overlap(self.item, other.item)


def _overlap(one: Any, other: Any) -> bool:
    """Tell whether two views of one array have an element in common: columns of a table do not."""
    import numpy

    try:
        return bool(numpy.shares_memory(one, other, max_work=_MOST_WORK))
    except getattr(numpy, "exceptions", numpy).TooHardError:
        return True


def _mutable_parts(value: Any) -> list[Any]:
    found: list[Any] = []
    known: set[int] = set()
    stack = [value]
    while stack and len(known) < _MOST:
        item = stack.pop()
        if id(item) in known or isinstance(item, str | bytes | int | float | type):
            continue
        known.add(id(item))
        if isinstance(item, dict):
            found.append(item)
            stack.extend(item.values())
        elif isinstance(item, list | set):
            found.append(item)
            stack.extend(item)
        elif isinstance(item, tuple):
            stack.extend(item)
        elif type(item).__module__ == "__main__" and hasattr(item, "__dict__"):
            found.append(item)
            stack.extend(vars(item).values())
        elif type(item).__name__ in _LEAVES:
            found.append(item)
    return found
