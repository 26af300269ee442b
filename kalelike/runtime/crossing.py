"""Why a value cannot cross, found down to the part of it that is to blame."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

from kalelike.runtime.faults import CannotCrossError

_DEPTH = 6
_WIDTH = 200
_REMEDIES = (
    ("generator", "make it a list before it leaves the step"),
    ("coroutine", "await it in the step that makes it"),
    ("Connection", "connect in each step that needs the connection"),
    ("Cursor", "fetch the rows in the step that runs the query"),
    ("lock", "make the lock in the step that uses it"),
    ("Lock", "make the lock in the step that uses it"),
    ("socket", "open the socket in the step that uses it"),
    ("IOWrapper", "open the file in the step that uses it, or pass its path"),
    ("BufferedReader", "open the file in the step that uses it, or pass its path"),
    ("BufferedWriter", "open the file in the step that uses it, or pass its path"),
    ("reader", "read the rows into a list first"),
    ("dict_", "make it a list"),
    ("thread", "start the thread in the step that uses it"),
    ("Pool", "make the pool in the step that uses it"),
)


def explain_failure(
    values: dict[str, Any], dump: Callable[[Any, io.BytesIO], None], error: BaseException
) -> CannotCrossError:
    """Find the name, and the part of its value, that cannot be pickled.

    ``dump`` pickles one value, as the real save does.
    """
    for name, value in values.items():
        reason = _failure(value, dump)
        if reason is None:
            continue
        path, part, cause = _narrow(name, value, dump, reason)
        kind = type(part).__name__
        where = f"{path} (a {kind})" if path != name else f"{name} (a {kind})"
        remedy = next((text for word, text in _REMEDIES if word in kind), None)
        hint = remedy or f"keep {name} within one step, or pass what it was made from"
        return CannotCrossError(f"{where} cannot pass to another step: {cause}", hint, name)
    return CannotCrossError(f"the step's values cannot be saved: {error}")


def _failure(value: Any, dump: Callable[[Any, io.BytesIO], None]) -> BaseException | None:
    try:
        dump(value, io.BytesIO())
    except Exception as error:
        return error
    return None


def _narrow(
    path: str, value: Any, dump: Callable[[Any, io.BytesIO], None], reason: BaseException
) -> tuple[str, Any, BaseException]:
    for _ in range(_DEPTH):
        for inner, part in _parts(path, value):
            cause = _failure(part, dump)
            if cause is not None:
                path, value, reason = inner, part, cause
                break
        else:
            break
    return path, value, reason


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in list(value.items())[:_WIDTH]:
            yield f"{path}[{key!r}]", part
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value[:_WIDTH]):
            yield f"{path}[{index}]", part
    elif not isinstance(value, type) and hasattr(value, "__dict__"):
        for key, part in list(vars(value).items())[:_WIDTH]:
            yield f"{path}.{key}", part
