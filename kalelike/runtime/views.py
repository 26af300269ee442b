"""Arrays that look at one memory keep doing so: they travel as views of the array that owns it.

``pickle`` would give each its own copy, and a change through one would no
longer be seen through the other.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

_MOST = 200_000


def owner_of(array: Any) -> Any:
    """Return the plain array at the bottom of ``array.base``; ``array`` itself if there is none."""
    import numpy

    found = array
    while type(found.base) is numpy.ndarray:
        found = found.base
    return found


def shared_owners(values: Iterable[Any]) -> frozenset[int]:
    """Return the ``id`` of every array at which several arrays among the values look."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return frozenset()
    seen: dict[int, int] = {}
    shared: set[int] = set()
    for array in arrays_in(values, numpy.ndarray):
        root = owner_of(array)
        if root is array and root.dtype.hasobject:
            continue
        known = seen.setdefault(id(root), id(array))
        if known != id(array):
            shared.add(id(root))
    return frozenset(shared)


def arrays_in(values: Iterable[Any], kind: type) -> Iterable[Any]:
    """Yield the arrays among values, in containers and in what the notebook's classes hold.

    So are those in which a data frame or series keeps its numbers.
    """
    known: set[int] = set()
    stack = list(values)
    while stack and len(known) < _MOST:
        item = stack.pop()
        if id(item) in known or isinstance(item, str | bytes | int | float | type):
            continue
        known.add(id(item))
        if type(item) is kind:
            yield item
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list | set | tuple):
            stack.extend(item)
        elif type(item).__name__ in ("DataFrame", "Series"):
            blocks = getattr(getattr(item, "_mgr", None), "blocks", ())
            stack.extend(block.values for block in blocks if type(block.values) is kind)
        elif type(item).__module__ == "__main__":
            stack.extend(getattr(item, "__dict__", {}).values())


def reduce_view(array: Any, shared: frozenset[int]) -> Any:
    """Return how to pickle a view of a shared owner; None if it is not one."""
    root = owner_of(array)
    if root is array or id(root) not in shared or root.dtype.hasobject or array.dtype.hasobject:
        return None
    contiguous = root.flags.c_contiguous or root.flags.f_contiguous
    if not contiguous or not root.flags.writeable:
        return None
    start = array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    made = (root, start, array.shape, array.strides, array.dtype, array.flags.writeable)
    return make_view, made


def make_view(
    root: Any,
    start: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    dtype: Any,
    writeable: bool,
) -> Any:
    """Make the array that looks at ``root``'s memory, ``start`` bytes in."""
    import numpy

    memory = root.reshape(-1, order="A").view(numpy.uint8)
    view = numpy.ndarray(shape, dtype, memory, start, strides)
    view.flags.writeable = writeable
    return view
