"""Objects that two artifacts would each get a copy of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kalelike.runtime.faults import CannotCrossError
from kalelike.runtime.sharing import check_sharing

TABLE = np.arange(12.0).reshape(2, 6)
ROWS = np.arange(12.0).reshape(6, 2)
SHARED = [1, 2]

APART: dict[str, tuple[Any, Any]] = {
    "rows of a table": (TABLE[0].reshape(6, 1), TABLE[1].reshape(6, 1)),
    "columns of a table": (ROWS[:, 0], ROWS[:, 1]),
    "equal lists": ([1], [1]),
    "halves": (TABLE.ravel()[:6], TABLE.ravel()[6:]),
}
SHARING: dict[str, tuple[Any, Any]] = {
    "a list": (SHARED, {"of": SHARED}),
    "an array and a view": (TABLE, TABLE[1]),
    "views that overlap": (TABLE.ravel()[:7], TABLE.ravel()[6:]),
    "a row and a column": (ROWS[0], [ROWS[:, 0]]),
    "many views": ([TABLE[0] for _ in range(200)], TABLE[0, 5:]),
}


@pytest.mark.parametrize("name", APART)
def test_parts_without_an_element_in_common_may_be_split(name: str) -> None:
    one, other = APART[name]
    check_sharing([({"x": one}, frozenset({"x"})), ({"y": other}, frozenset())])


@pytest.mark.parametrize("name", SHARING)
def test_what_is_shared_and_changed_is_refused(name: str) -> None:
    one, other = SHARING[name]
    with pytest.raises(CannotCrossError, match="x and y share"):
        check_sharing([({"x": one}, frozenset()), ({"y": other}, frozenset({"y"}))])


@pytest.mark.parametrize("name", SHARING)
def test_what_nothing_changes_or_one_artifact_holds_is_not(name: str) -> None:
    one, other = SHARING[name]
    check_sharing([({"x": one}, frozenset()), ({"y": other}, frozenset())])
    check_sharing([({"x": one, "y": other}, frozenset({"x"})), ({"z": 1}, frozenset({"z"}))])
