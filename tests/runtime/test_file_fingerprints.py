"""Fingerprints of files: content counts, times and versions of a format do not."""

from __future__ import annotations

import gzip
import pickle
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kalelike.runtime.fingerprints import (
    Outcome,
    Tolerance,
    compare_fingerprints,
    fingerprint_file,
)

Write = Callable[[Path, float], object]


def draw(path: Path, value: float) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    figure.subplots().bar([1, 2], [1, value])
    figure.savefig(path)


def into_database(path: Path, value: float) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (x REAL)")
        database.execute("INSERT INTO t VALUES (?)", (value,))
    database.close()


def into_gzip(path: Path, value: float) -> None:
    with gzip.open(path, "wt") as file:
        file.write(f"x,{value}\n")


WRITERS: dict[str, Write] = {
    "a.csv": lambda path, value: pd.DataFrame({"x": [1.5, value]}).to_csv(path),
    "a.json": lambda path, value: path.write_text(f'{{"a": [1, {value}]}}'),
    "a.png": draw,
    "a.svg": draw,
    "a.npy": lambda path, value: np.save(path, np.array([1.0, value])),
    "a.npz": lambda path, value: np.savez(path, x=np.array([1.0, value])),
    "a.db": into_database,
    "a.pkl": lambda path, value: path.write_bytes(pickle.dumps({"x": [value]})),
    "a.csv.gz": into_gzip,
}


def compare(one: Path, other: Path) -> Any:
    ours, theirs = (fingerprint_file(path, load=True) for path in (one, other))
    return compare_fingerprints(ours, theirs, Tolerance())


@pytest.mark.parametrize("name", WRITERS)
def test_content_counts(name: str, tmp_path: Path) -> None:
    places = [tmp_path / f"{number}{name}" for number in range(3)]
    for place, value in zip(places, (2.5, 2.5, 7.25), strict=True):
        WRITERS[name](place, value)
        time.sleep(0.01)
    assert compare(places[0], places[1]).outcome is Outcome.EQUAL
    assert compare(places[0], places[2]).outcome is Outcome.DIFFERENT


def test_numbers_of_a_text_have_the_tolerance(tmp_path: Path) -> None:
    one, other = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_text("id,x\n1,0.30000000000000004\n")
    other.write_text("id,x\n1,0.3\n")
    assert compare(one, other).outcome is Outcome.EQUAL
    other.write_text("id,x\n2,0.3\n")
    assert compare(one, other).outcome is Outcome.DIFFERENT


def test_an_unknown_format_proves_nothing_when_it_differs(tmp_path: Path) -> None:
    one, other = tmp_path / "a.h5", tmp_path / "b.h5"
    one.write_bytes(b"\0\1\2")
    other.write_bytes(b"\0\1\2")
    assert compare(one, other).outcome is Outcome.EQUAL
    other.write_bytes(b"\0\1\3")
    assert compare(one, other).outcome is Outcome.UNCOVERED


def test_pickles_are_only_loaded_when_allowed(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(1))
    assert "opaque" in fingerprint_file(path)


def test_a_broken_file_counts_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 20)
    assert compare(path, path).outcome is Outcome.EQUAL
