"""Values come back as they were: type, dtype, index, attributes, shared parts."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import pathlib
import sys
import types
import uuid
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import Bunch

from kalelike.runtime.faults import CannotCrossError
from kalelike.runtime.values import load_values, save_values
from tests.equivalence.comparing import difference

FRAME = pd.DataFrame({"k": list("aab"), "v": [1.0, 2.0, 4.0]})


def _with_attrs() -> pd.DataFrame:
    frame = FRAME.copy()
    frame.attrs["unit"] = {"v": "m"}
    frame.index.name = "row"
    return frame


def _fitted() -> Any:
    X = np.arange(20.0).reshape(10, 2)
    return make_pipeline(
        ColumnTransformer([("s", StandardScaler(), [0]), ("f", FunctionTransformer(np.abs), [1])]),
        RandomForestClassifier(3, random_state=0),
    ).fit(X, [0, 1] * 5)


def _read_only() -> np.ndarray:
    array = np.arange(3)
    array.flags.writeable = False
    return array


VALUES: dict[str, Any] = {
    "none": None,
    "bool": True,
    "big int": 2**200,
    "negative zero": -0.0,
    "not a number": float("nan"),
    "complex": 1 - 2j,
    "text": "ü\x00\n文🙂",
    "lone surrogate": "\ud800",
    "bytes": b"\x00\xff",
    "bytearray": bytearray(b"ab"),
    "range": range(3, 0, -1),
    "slice": slice(1, None, 2),
    "ellipsis": Ellipsis,
    "frozen set": frozenset({1, "a"}),
    "nested": [{"a": ({1}, [None])}, (), {}],
    "ordered": OrderedDict(b=1, a=2),
    "counter": Counter("aab"),
    "default": defaultdict(list, a=[1]),
    "deque": deque([1, 2], maxlen=3),
    "chain": ChainMap({"a": 1}, {"b": 2}),
    "namespace": types.SimpleNamespace(a=[1]),
    "decimal": decimal.Decimal("1.10"),
    "fraction": fractions.Fraction(1, 3),
    "uuid": uuid.UUID(int=5),
    "path": pathlib.PurePosixPath("a/b"),
    "date": dt.date(2024, 2, 29),
    "time zone": dt.datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
    "delta": dt.timedelta(days=-1, microseconds=3),
    "exception": ValueError("x", 3),
    "numpy float64": np.float64(0.1),
    "numpy float32": np.float32(0.1),
    "numpy int8": np.int8(-3),
    "numpy bool": np.bool_(True),
    "numpy text": np.str_("a"),
    "numpy date": np.datetime64("2024-01-02T03", "h"),
    "numpy delta": np.timedelta64(3, "D"),
    "zero-dimensional": np.array(3.5),
    "empty": np.empty((0, 3), dtype=np.int16),
    "objects": np.array([{"k": 1}, None, "text"], dtype=object),
    "texts": np.array(["a", "bcd"]),
    "structured": np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    "record": np.rec.array([(1, "a")], dtype=[("n", "i4"), ("s", "U1")]),
    "big-endian": np.arange(3, dtype=">i4"),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(10)[::-2],
    "read-only": _read_only(),
    "masked": np.ma.masked_array([1.0, 2.0, 9.0], mask=[0, 0, 1], fill_value=-1),
    "large": np.arange(100_000, dtype=np.float32),
    "float16": np.array([1.5], dtype=np.float16),
    "dtype": np.dtype([("a", "i4")]),
    "generator": np.random.default_rng(3),
    "random state": np.random.RandomState(3),
    "polynomial": np.polynomial.Polynomial([1, 2]),
    "frame": FRAME,
    "frame with attrs": _with_attrs(),
    "empty frame": FRAME.iloc[:0],
    "duplicate columns": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "mixed column names": pd.DataFrame([[1, 2, 3]], columns=[0, "b", (1, 2)]),
    "multi-index": FRAME.set_index(["k", "v"]),
    "multi-columns": pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])
    ),
    "categorical": pd.Series(pd.Categorical(["b", "a"], categories=["b", "a", "c"], ordered=True)),
    "interval": pd.cut(pd.Series([1, 5, 9]), 3),
    "period": pd.Series(pd.period_range("2024-01", periods=3, freq="M")),
    "zoned": pd.Series(pd.date_range("2024-03-30", periods=3, tz="Europe/Berlin")),
    "frequency": pd.DataFrame({"v": range(3)}, index=pd.date_range("2024", periods=3, freq="D")),
    "timedeltas": pd.to_timedelta(pd.Series(["1D", None])),
    "nullable": pd.DataFrame(
        {"i": pd.array([1, None], "Int64"), "b": pd.array([True, None], "boolean")}
    ),
    "string dtype": pd.Series(["a", None], dtype="string"),
    "sparse column": pd.Series(pd.arrays.SparseArray([0, 0, 1])),
    "objects with nan": pd.DataFrame({"o": [np.nan, None, "a", [1]]}),
    "timestamp": pd.Timestamp("2024-01-01", tz="UTC"),
    "not a time": pd.NaT,
    "missing": pd.NA,
    "interval index": pd.interval_range(0, 3),
    "csr": sp.csr_matrix(np.eye(3)),
    "coo array": sp.coo_array(np.eye(3)),
    "bunch": Bunch(data=np.arange(3), target_names=["a"]),
    "fitted": _fitted(),
}


def round_trip(folder: Path, values: dict[str, Any]) -> dict[str, Any]:
    save_values(folder / "artifact", tuple(values), dict(values), frozenset())
    return load_values(folder / "artifact", {})


@pytest.mark.parametrize("name", VALUES)
def test_value_comes_back_unchanged(name: str, tmp_path: Path) -> None:
    value = VALUES[name]
    found = round_trip(tmp_path, {"x": value})["x"]
    assert type(found) is type(value)
    if isinstance(value, np.ndarray):
        assert found.dtype == value.dtype
        assert found.flags.writeable == value.flags.writeable
        if value.flags.forc:
            assert found.flags.f_contiguous == value.flags.f_contiguous
    if isinstance(value, pd.DataFrame | pd.Series):
        assert found.attrs == value.attrs
        assert getattr(found.index, "freq", None) == getattr(value.index, "freq", None)
        assert found.index.names == value.index.names
    if isinstance(value, sp.spmatrix | sp.sparray):
        assert (found != value).nnz == 0
        assert found.dtype == value.dtype
    elif isinstance(value, ValueError):
        assert found.args == value.args
    else:
        assert difference(found, value) is None


def test_group_by_comes_back(tmp_path: Path) -> None:
    found = round_trip(tmp_path, {"g": FRAME.groupby("k")})["g"]
    assert found.v.sum().to_dict() == {"a": 3.0, "b": 4.0}
    assert found.ngroups == 2


def test_fitted_pipeline_predicts_the_same(tmp_path: Path) -> None:
    model = _fitted()
    found = round_trip(tmp_path, {"m": model})["m"]
    X = np.arange(20.0).reshape(10, 2)
    assert (found.predict_proba(X) == model.predict_proba(X)).all()


def test_a_vectorized_function_that_was_called(tmp_path: Path) -> None:
    """What it keeps of its first call cannot be pickled, and is made again."""
    add = np.vectorize(lambda a, b: a + b, otypes=[np.float64])
    assert add([1, 2], 3).tolist() == [4, 5]
    found = round_trip(tmp_path, {"add": add})["add"]
    assert found([1, 2], 3).tolist() == [4, 5]


def test_a_large_array_can_be_changed_and_the_artifact_stays(tmp_path: Path) -> None:
    found = round_trip(tmp_path, {"x": np.zeros(100_000)})["x"]
    found[0] = 5
    again = load_values(tmp_path / "artifact", {})["x"]
    assert found[0] == 5
    assert again[0] == 0


def test_names_of_one_artifact_share_their_objects(tmp_path: Path) -> None:
    inner = [1]
    found = round_trip(tmp_path, {"a": inner, "b": {"k": inner}, "c": (inner,)})
    assert found["a"] is found["b"]["k"] is found["c"][0]


VIEWS: dict[str, Any] = {
    "slice": lambda x: x[1:3],
    "step": lambda x: x[::2],
    "reversed": lambda x: x[::-1],
    "matrix": lambda x: x.reshape(3, 4),
    "transposed": lambda x: x.reshape(3, 4).T,
    "row of a matrix": lambda x: x.reshape(3, 4)[1],
    "other type": lambda x: x.view(np.int64),
    "broadcast": lambda x: np.broadcast_to(x[:1], (4,)),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("size", [12, 24_000])
def test_views_still_look_at_their_array(name: str, size: int, tmp_path: Path) -> None:
    whole = np.arange(float(size))
    view = VIEWS[name](whole[:12])
    found = round_trip(tmp_path, {"whole": whole, "view": view})
    assert (found["view"] == view).all()
    assert np.shares_memory(found["whole"], found["view"])
    assert found["view"].strides == view.strides
    assert found["view"].flags.writeable == view.flags.writeable


def test_two_views_share_memory_that_no_name_holds(tmp_path: Path) -> None:
    whole = np.arange(10)
    found = round_trip(tmp_path, {"left": whole[:6], "right": [whole[4:]]})
    found["left"][5] = 99
    assert found["right"][0][1] == 99


REFUSED: dict[str, Any] = {
    "generator": lambda: (i for i in range(3)),
    "memory view": lambda: memoryview(b"ab"),
    "keys of a dictionary": lambda: {"a": 1}.keys(),
    "items of a dictionary, half read": lambda: iter({"a": 1}.items()),
    "open file": lambda: open(__file__),  # noqa: SIM115
    "generator inside": lambda: {"rows": [(i for i in range(3))]},
    "lock": lambda: __import__("threading").Lock(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_come_back_is_refused_by_name(name: str, tmp_path: Path) -> None:
    value = REFUSED[name]()
    with pytest.raises(CannotCrossError) as caught:
        save_values(tmp_path / "a", ("fine", "bad"), {"fine": 1, "bad": value}, frozenset())
    assert "bad" in str(caught.value)
    assert caught.value.hint
    assert not (tmp_path / "a").exists()
    if hasattr(value, "close") and name == "open file":
        value.close()


def test_a_cached_function_is_not_taken_for_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Any] = {"__name__": "__main__"}
    exec("from functools import lru_cache\n@lru_cache\ndef cached(v): return v", made)
    # Where a step runs, the name is found; where the value is loaded, it need not be.
    monkeypatch.setattr(sys.modules["__main__"], "cached", made["cached"], raising=False)
    with pytest.raises(CannotCrossError, match="lru_cache"):
        save_values(tmp_path / "a", ("f",), {"f": made["cached"]}, frozenset())
