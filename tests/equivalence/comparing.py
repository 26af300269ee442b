"""Compares two values of a notebook and of its pipeline, down to their parts."""

from __future__ import annotations

import math
import re
import types
from typing import Any

_DEPTH = 12
_IDENTITIES = frozenset({"_stop_words_id"})
"""Attributes that hold the ``id()`` of an object."""


def difference(ours: Any, theirs: Any, path: str = "", depth: int = 0) -> str | None:
    """Return where and how two values differ, None if they do not.

    Numbers agree within 1e-9 of each other; frames and arrays in values,
    dtype and index; other objects in type and attributes.
    """
    if depth > _DEPTH or ours is theirs:
        return None
    if type(ours) is not type(theirs) and not _redefined(ours, theirs):
        return f"{path}: {_kind(ours)} for {_kind(theirs)}"
    if isinstance(ours, float):
        same = math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-12) or (
            math.isnan(ours) and math.isnan(theirs)
        )
        return None if same else f"{path}: {ours!r} for {theirs!r}"
    if isinstance(ours, str | bytes | int | complex | type(None) | range | slice):
        return None if ours == theirs else f"{path}: {ours!r} for {theirs!r}"
    name = f"{type(ours).__module__}.{type(ours).__name__}"
    if any(base.__module__.startswith(("pandas.", "numpy")) for base in type(ours).__mro__):
        return _arrays(ours, theirs, path, depth)
    if isinstance(ours, dict):
        return _mappings(ours, theirs, path, depth)
    if isinstance(ours, set | frozenset):
        return None if ours == theirs else f"{path}: {ours!r} for {theirs!r}"
    if isinstance(ours, list | tuple) or name == "collections.deque":
        if len(ours) != len(theirs):
            return f"{path}: {len(ours)} items for {len(theirs)}"
        pairs = enumerate(zip(ours, theirs, strict=True))
        found = (difference(a, b, f"{path}[{i}]", depth + 1) for i, (a, b) in pairs)
        return next((item for item in found if item), None)
    if isinstance(ours, types.FunctionType):
        return _functions(ours, theirs, path, depth)
    if isinstance(ours, type | types.ModuleType | types.BuiltinFunctionType):
        same = ours.__name__ == theirs.__name__
        return None if same else f"{path}: {ours!r} for {theirs!r}"
    return _objects(ours, theirs, path, depth)


def _redefined(ours: Any, theirs: Any) -> bool:
    """Tell whether both are of one class of the notebook, which has come back by value."""
    kinds = (type(ours), type(theirs))
    return all(kind.__module__ == "__main__" for kind in kinds) and (
        kinds[0].__qualname__ == kinds[1].__qualname__
    )


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__} {value!r}"[:120]


def _arrays(ours: Any, theirs: Any, path: str, depth: int) -> str | None:
    import numpy as np
    import pandas as pd

    if isinstance(ours, pd.DataFrame):
        check: Any = pd.testing.assert_frame_equal
    elif isinstance(ours, pd.Series):
        check = pd.testing.assert_series_equal
    elif isinstance(ours, pd.Index):
        check = pd.testing.assert_index_equal
    elif isinstance(ours, np.ndarray):
        if ours.dtype != theirs.dtype:
            return f"{path}: dtype {ours.dtype} for {theirs.dtype}"
        if ours.dtype == object:
            return difference(ours.tolist(), theirs.tolist(), path, depth + 1)
        check = np.testing.assert_allclose if ours.dtype.kind in "fc" else np.testing.assert_equal
    elif isinstance(ours, np.generic):
        same = ours.dtype == theirs.dtype and (ours == theirs or (ours != ours))
        same = same or bool(np.isclose(ours, theirs, rtol=1e-9))
        return None if same else f"{path}: {ours!r} for {theirs!r}"
    elif hasattr(ours, "get_state"):
        return difference(ours.get_state(), theirs.get_state(), path, depth + 1)
    else:
        a, b = (re.sub(r"0x[0-9a-fA-F]+", "0x", repr(item)) for item in (ours, theirs))
        return None if a == b else f"{path}: {a} for {b}"
    try:
        check(ours, theirs)
    except AssertionError as error:
        return f"{path}: {str(error).strip()[:300]}"
    return None


def _mappings(ours: Any, theirs: Any, path: str, depth: int) -> str | None:
    if list(map(repr, ours)) != list(map(repr, theirs)):
        return f"{path}: keys {list(ours)!r} for {list(theirs)!r}"
    pairs = zip(ours.items(), theirs.values(), strict=True)
    found = (
        difference(a, b, f"{path}[{key!r}]", depth + 1)
        for (key, a), b in pairs
        if key not in _IDENTITIES and "_time" not in str(key)
    )
    return next((item for item in found if item), None)


def _functions(ours: Any, theirs: Any, path: str, depth: int) -> str | None:
    if ours.__code__.co_code != theirs.__code__.co_code or ours.__name__ != theirs.__name__:
        return f"{path}: function {ours.__name__} for {theirs.__name__}"
    cells = zip(ours.__closure__ or (), theirs.__closure__ or (), strict=True)
    found = (difference(a.cell_contents, b.cell_contents, path, depth + 1) for a, b in cells)
    return next((item for item in found if item), None)


def _objects(ours: Any, theirs: Any, path: str, depth: int) -> str | None:
    if hasattr(ours, "__dict__") and not type(ours).__module__.startswith("matplotlib"):
        # The order in which attributes were set means nothing.
        parts = (dict(sorted(vars(item).items())) for item in (ours, theirs))
        return _mappings(*parts, path, depth + 1)
    return None
