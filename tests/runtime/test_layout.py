"""Arrays keep the order of their elements in memory: sums end in the same bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kalelike.runtime.values import load_values, save_values

WIDE = np.random.default_rng(2).normal(size=(1_000, 65))
ARRAYS = {
    "columns of a wider table": WIDE[:, :-1],
    "rows of a wider table, transposed": WIDE[:, :-1].T,
    "every other row": WIDE[::2],
    "Fortran order": np.asfortranarray(WIDE),
    "small": WIDE[:4, :2].T,
    "text": np.array([["a", "b", "c"], ["d", "e", "f"]])[:, :2].T,
}


def through(value: Any, folder: Path) -> Any:
    save_values(folder / "artifact", ("value",), {"value": value}, frozenset())
    return load_values(folder / "artifact", {})["value"]


@pytest.mark.parametrize("name", ARRAYS)
def test_order_in_memory_survives(name: str, tmp_path: Path) -> None:
    value = ARRAYS[name]
    loaded = through(value, tmp_path)
    assert np.argsort(loaded.strides).tolist() == np.argsort(value.strides).tolist()
    assert np.array_equal(loaded, value)


def test_a_frame_over_a_wider_table_sums_to_the_same_bits(tmp_path: Path) -> None:
    frame = pd.DataFrame(WIDE[:, :-1])
    loaded = through(frame, tmp_path)
    assert loaded.to_numpy().flags.f_contiguous == frame.to_numpy().flags.f_contiguous
    ours, theirs = (item.to_numpy().T @ item.to_numpy() for item in (loaded, frame))
    assert (ours == theirs).all()
    assert loaded.equals(frame)
