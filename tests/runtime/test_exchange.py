"""Values for another language: their forms, without R."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from kalelike.runtime.exchange import read_value, write_value
from kalelike.runtime.faults import CannotCrossError
from kalelike.runtime.foreign_cell import read_foreign_cell, step_kernel


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -(2**31), 2**40, 0.1 + 0.2, math.inf, "ü\n\"$'", "", [1, 2], [True, False],
        [0.1, math.inf], ["a"], [], {"a": 1, "b": [1.5, None, {"c": "d"}]}, [1, "a", None],
    ],
)  # fmt: skip
def test_round_trip(tmp_path: Path, value: Any) -> None:
    write_value(tmp_path, "x", value)
    found = read_value(tmp_path, "x")
    assert found == (float(value) if value == 2**40 else value)


def test_frame(tmp_path: Path) -> None:
    import pandas

    frame = pandas.DataFrame(
        {"x": [0.1 + 0.2, math.nan], "n": [1, 2], "s": ["a", "ü"], "ok": [True, False]}
    )
    write_value(tmp_path, "x", frame)
    pandas.testing.assert_frame_equal(read_value(tmp_path, "x"), frame)


@pytest.mark.parametrize("value", [2**60, {1}, object(), {1: 2}, [[1], {2}]])
def test_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(CannotCrossError):
        write_value(tmp_path, "x", value)


@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        ("%%R\nx", (), ()),
        ("%%R -i a,b -o c\nx", ("a", "b"), ("c",)),
        ("\n%%R --input a --input=b --output c", ("a", "b"), ("c",)),
        ("%%R -w 5 -i a\nf(-i b)", ("a",), ()),
    ],
)
def test_header(source: str, reads: tuple[str, ...], writes: tuple[str, ...]) -> None:
    cell = read_foreign_cell(source)
    assert cell is not None
    assert (cell.reads, cell.writes) == (reads, writes)


@pytest.mark.parametrize(
    ("option", "sources", "kernel"),
    [
        (None, ("%%R\nx",), "ir"),
        (None, ("%%R\nx", "", "%%R\ny"), "ir"),
        (None, ("%%R\nx", "y = 1"), None),
        (None, ("%%bash\nls",), None),
        (None, ("x = 1",), None),
        ("python3", ("x = 1",), None),
        ("octave", ("%%octave\nx",), "octave"),
    ],
)
def test_kernel(option: str | None, sources: tuple[str, ...], kernel: str | None) -> None:
    assert step_kernel(option, sources) == kernel
