"""Objects that two artifacts would each get a copy of, found when a step saves.

Only what is well understood is looked at: lists, dictionaries, sets, byte
arrays, arrays, data frames, and instances of the notebook's own classes. What
libraries share among their objects is theirs, and no difference to anybody.
"""

from __future__ import annotations

from typing import Any

from kalelike.runtime.faults import CannotCrossError
from kalelike.runtime.views import owner_of

_MOST = 200_000
_LEAVES = frozenset({"ndarray", "DataFrame", "Series", "bytearray"})


def check_sharing(groups: list[tuple[dict[str, Any], frozenset[str]]]) -> None:
    """Refuse to split an object that two artifacts share and that a later step changes.

    Each group holds an artifact's values by name, and the names of those that
    a later step may change in place. Raises ``CannotCrossError`` with code KL203.
    """
    if len(groups) < 2 or not any(changed for _, changed in groups):
        return
    seen: dict[int, tuple[int, str, bool]] = {}
    for number, (values, changed) in enumerate(groups):
        for name, value in values.items():
            for item in _mutable_parts(value):
                key = id(owner_of(item) if type(item).__name__ == "ndarray" else item)
                other = seen.setdefault(key, (number, name, name in changed))
                if other[0] != number and (other[2] or name in changed):
                    raise CannotCrossError(
                        f"{other[1]} and {name} share a {type(item).__name__}, which a later step "
                        "changes: apart, they would no longer be the same object",
                        f"change it in this step, or let {name} be a copy",
                        name,
                        code="KL203",
                    )


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
