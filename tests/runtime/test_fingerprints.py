"""Fingerprints: what counts as the same value, and what is told of a difference."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import json
import math
import os
import pickle
import random
import re
import subprocess
import sys
import threading
import types
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kalelike.runtime.fingerprints import Outcome, Tolerance, compare_fingerprints, fingerprint

ROOT = Path(__file__).parents[2]
TOLERANCE = Tolerance()
NOISE = 1e-13
RNG = np.random.default_rng(5)
BIG = RNG.normal(size=(5_000, 7))


def compare(ours: Any, theirs: Any, tolerance: Tolerance = TOLERANCE) -> Any:
    """Compare two values by fingerprints that went through JSON."""
    one, other = (json.loads(json.dumps(fingerprint(item))) for item in (ours, theirs))
    return compare_fingerprints(one, other, tolerance)


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Point:
    x: float
    label: str = "a"


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x


def ring(value: Any) -> list[Any]:
    made: list[Any] = [value]
    made.append(made)
    return made


def frame(**changes: Any) -> pd.DataFrame:
    data = {"a": [1, 2, 3], "b": [0.5, math.nan, 2.5], "c": ["x", None, "z"]}
    return pd.DataFrame({**data, **changes})


def with_attrs(value: pd.DataFrame) -> pd.DataFrame:
    value.attrs["unit"] = "m"
    return value


def fitted(seed: int) -> Any:
    x = np.random.default_rng(1).normal(size=(60, 3))
    y = (x[:, 0] > 0).astype(int)
    return RandomForestClassifier(5, random_state=seed).fit(x, y)


def vectorised(text: str) -> Any:
    return TfidfVectorizer(stop_words=["the"]).fit([text, "the cat"])


def noisy(value: Any, factor: float = NOISE) -> Any:
    return value * (1 + factor * RNG.normal(size=value.shape))


def one_off(value: np.ndarray, by: float) -> np.ndarray:
    made = value.copy()
    made.reshape(-1)[len(made) // 2] += by
    return made


EQUAL: dict[str, tuple[Any, Any]] = {
    "nan": (math.nan, math.nan),
    "float within tolerance": (1.0, 1.0 + 1e-10),
    "zero and almost zero": (0.0, 1e-13),
    "negative zero": (0.0, -0.0),
    "set in another order": ({"a", "b", "c", 3}, {3, "c", "b", "a"}),
    "long int": (10**5000, 10**5000),
    "nested": ({"a": [1, (2.0, "x")]}, {"a": [1, (2.0, "x")]}),
    "cycle": (ring(1), ring(1)),
    "array in Fortran order": (BIG, np.asfortranarray(BIG)),
    "array through a strided view": (BIG[::2, ::3], BIG[::2, ::3].copy()),
    "array with noise": (BIG, noisy(BIG)),
    "float32 with noise": (BIG.astype("f4"), noisy(BIG, 1e-7).astype("f4")),
    "array with nan": (np.array([1, math.nan, math.inf]), np.array([1, math.nan, math.inf])),
    "list of floats with noise": (BIG[:, 0].tolist(), noisy(BIG[:, 0]).tolist()),
    "empty array": (np.zeros((0, 3)), np.zeros((0, 3))),
    "0-d array": (np.array(2.5), np.array(2.5)),
    "object array": (np.array(["a", 2.5, None], object), np.array(["a", 2.5, None], object)),
    "masked array, other data under the mask": (
        np.ma.array([1.0, 2.0], mask=[0, 1]), np.ma.array([1.0, 9.0], mask=[0, 1])),
    "structured array": (
        np.array([(1, 2.0)], [("i", int), ("f", float)]),
        np.array([(1, 2.0 + NOISE)], [("i", int), ("f", float)])),
    "datetimes": (np.array(["2020-01-01"], "M8[D]"), np.array(["2020-01-01"], "M8[D]")),
    "frame": (frame(), frame()),
    "frame with noise": (frame(b=[0.5, math.nan, 2.5]), frame(b=[0.5, math.nan, 2.5 + NOISE])),
    "categorical": (pd.Categorical(["a", "b"]), pd.Categorical(["a", "b"])),
    "nullable integers": (pd.array([1, None], "Int64"), pd.array([1, None], "Int64")),
    "sparse": (scipy.sparse.csr_array(np.eye(3)), scipy.sparse.csr_array(np.eye(3))),
    "estimator": (fitted(1), fitted(1)),
    "unpickled estimator": (fitted(1), pickle.loads(pickle.dumps(fitted(1)))),
    "vectorizer, whose attributes hold an id": (vectorised("a cat"), vectorised("a cat")),
    "dataclass": (Point(1.0), Point(1.0 + NOISE)),
    "slots": (Slotted([1.0]), Slotted([1.0])),
    "enum": (Colour.RED, Colour.RED),
    "random": (random.Random(1), random.Random(1)),
    "generator of numpy": (np.random.default_rng(1), np.random.default_rng(1)),
    "partial": (functools.partial(print, sep=""), functools.partial(print, sep="")),
    "pattern": (re.compile("a+"), re.compile("a+")),
    "lots of the standard library": (
        [decimal.Decimal("1.1"), datetime.date(2020, 1, 2), uuid.UUID(int=3), range(3), Path("x")],
        [decimal.Decimal("1.1"), datetime.date(2020, 1, 2), uuid.UUID(int=3), range(3), Path("x")]),
}  # fmt: skip

DIFFERENT: dict[str, tuple[Any, Any, str, str]] = {
    "match at another place": (
        re.search("b", "abab", 0), re.compile("b").search("abab", 2), "", "another content"),
    "match in another text": (
        re.search("b", "ab"), re.search("b", "cb"), ".string", "'ab' for 'cb'"),
    "int and bool": (1, True, "", "int 1 for bool True"),
    "int and float": (1, 1.0, "", "int 1 for float 1.0"),
    "float": (0.5, 0.25, "", "0.5 for 0.25"),
    "text": ("a", "b", "", "'a' for 'b'"),
    "nan and number": (math.nan, 1.0, "", "nan for 1.0"),
    "order of keys": ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "", ""),
    "deep": ({"a": [1, {"b": 2.0}]}, {"a": [1, {"b": 3.0}]}, "['a'][1]['b']", "2.0 for 3.0"),
    "longer list": ([1, 2], [1, 2, 3], "", "lacks [2]"),
    "tuple and list": ((1,), [1], "", "tuple 1 items for list 1 items"),
    "set": ({1, 2}, {1, 3}, "", ""),
    "cycle": (ring(1), ring(2), "[0]", "1 for 2"),
    "numpy scalar and 0-d array": (np.float64(1), np.array(1.0), "", "numpy.float64"),
    "dtype": (np.zeros(3, "f4"), np.zeros(3, "f8"), "", "float32, shape 3 for float64, shape 3"),
    "shape": (np.zeros((2, 3)), np.zeros((3, 2)), "", "shape 2 × 3 for float64, shape 3 × 2"),
    "one element of many": (BIG, one_off(BIG, 1e-3), "", "numbers"),
    "place of nan": (np.array([1, math.nan]), np.array([math.nan, 1]), "", ""),
    "two elements swapped": (BIG, BIG[::-1], "", "numbers 1 to"),
    "long float list": (BIG[:, 0].tolist(), (BIG[:, 0] + 1e-3).tolist(), "", "numbers 1 to"),
    "integers": (np.arange(9), np.arange(1, 10), "", "0 to 8 for int64, shape 9, 1 to 9"),
    "mask": (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0]), "", ""),
    "column": (frame(), frame(a=[1, 2, 4]), "['a']", ""),
    "column's float": (frame(), frame(b=[0.5, math.nan, 2.6]), "['b']", "number 2: 2.5 for 2.6"),
    "None and NaN": (np.array(["x", None], object), np.array(["x", math.nan], object), "[1]", ""),
    "column's dtype": (frame(), frame(a=[1.0, 2.0, 3.0]), "['a']", "int64"),
    "index": (frame(), frame().set_index([[1, 2, 3]]), ".index", ""),
    "order of columns": (frame(), frame()[["b", "a", "c"]], ".columns.values[0]", "'a' for 'b'"),
    "attrs": (frame(), with_attrs(frame()), ".attrs", "lacks ['unit']"),
    "time zone": (
        pd.Series(pd.to_datetime(["2020-01-01"], utc=True)),
        pd.Series(pd.to_datetime(["2020-01-01"])), ".values", ""),
    "category order": (pd.Categorical(["a"], ["a", "b"]), pd.Categorical(["a"], ["b", "a"]),
                       ".categories", ""),
    "frequency of an index": (
        pd.date_range("2020", periods=3, freq="D"),
        pd.DatetimeIndex(pd.date_range("2020", periods=3).to_list()), "", ""),
    "missing and zero": (pd.array([1, None], "Int64"), pd.array([1, 0], "Int64"), "", ""),
    "forest of another seed": (fitted(1), fitted(2), ".estimators_[0]", ""),
    "setting of an estimator": (LogisticRegression(C=1.0), LogisticRegression(C=2.0), ".C",
                                "1.0 for 2.0"),
    "within a pipeline": (
        make_pipeline(StandardScaler(), LogisticRegression(C=1.0)),
        make_pipeline(StandardScaler(), LogisticRegression(C=2.0)), ".steps[1][1].C", ""),
    "vectorizer": (vectorised("a cat"), vectorised("a dog"), "._tfidf.idf_", ""),
    "dataclass": (Point(1.0), Point(1.0, "b"), ".label", "'a' for 'b'"),
    "slots": (Slotted(1), Slotted(2), ".x", "1 for 2"),
    "enum": (Colour.RED, Colour.BLUE, "", ""),
    "state of a generator": (random.Random(1), random.Random(2), "", ""),
    "sparse": (scipy.sparse.csr_array(np.eye(3)), scipy.sparse.csr_array(np.eye(3) * 2), ".data",
               ""),
    "partial": (functools.partial(print, sep=""), functools.partial(print, sep=" "), "", ""),
    "default factory": (collections.defaultdict(int), collections.defaultdict(list), "", ""),
    "module": (math, os, "", ""),
}  # fmt: skip

UNCOVERED: dict[str, tuple[Any, str, str]] = {
    "generator": ((item for item in [1]), "", "a generator gives its values only once"),
    "lock in a dict": ({"lock": threading.Lock()}, "['lock']", "tells nothing of its state"),
    "open file": ([sys.__stdout__], "[0]", "tells nothing"),
}


@pytest.mark.parametrize("name", EQUAL)
def test_equal(name: str) -> None:
    ours, theirs = EQUAL[name]
    found = compare(ours, theirs)
    assert found.outcome is Outcome.EQUAL, found


@pytest.mark.parametrize("name", DIFFERENT)
def test_different(name: str) -> None:
    ours, theirs, where, why = DIFFERENT[name]
    found = compare(ours, theirs)
    assert found.outcome is Outcome.DIFFERENT
    assert found.why
    assert found.where.startswith(where)
    assert why in found.why


@pytest.mark.parametrize("name", UNCOVERED)
def test_uncovered(name: str) -> None:
    value, where, why = UNCOVERED[name]
    found = compare(value, value)
    assert found.outcome is Outcome.UNCOVERED
    assert found.where == where
    assert why in found.why


def make_own(source: str) -> dict[str, Any]:
    """Run source as the notebook's own module would."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(source, space)
    return space


CODE = {
    "body": ("def f(x): return x + 1", "def f(x): return x + 2"),
    "default": ("def f(x, y=1): return x", "def f(x, y=2): return x"),
    "closure": (
        "def g(n):\n def f(): return n\n return f\nf = g(1)",
        "def g(n):\n def f(): return n\n return f\nf = g(2)",
    ),
    "inner function": ("def f(): return lambda: 1", "def f(): return lambda: 2"),
    "method": ("class f:\n def m(self): return 1", "class f:\n def m(self): return 2"),
    "base": ("class f(int): pass", "class f(float): pass"),
    "member": ("class f:\n rate = 0.1", "class f:\n rate = 0.2"),
}


@pytest.mark.parametrize("name", CODE)
def test_definitions_count_by_their_code(name: str) -> None:
    one, other = (make_own(source)["f"] for source in CODE[name])
    moved = make_own("# a comment\n\n" + CODE[name][0])["f"]
    assert compare(one, other).outcome is Outcome.DIFFERENT
    assert compare(one, moved).outcome is Outcome.EQUAL


def test_figure_counts_by_what_is_drawn() -> None:
    from matplotlib.figure import Figure

    def drawn(top: float, title: str = "t") -> Any:
        figure = Figure()
        axes = figure.subplots()
        axes.plot([1, 2], [3, top])
        axes.hist([1, 2, 2])
        axes.set_title(title)
        return figure

    assert compare(drawn(4.0), drawn(4.0)).outcome is Outcome.EQUAL
    assert compare(drawn(4.0), drawn(5.0)).outcome is Outcome.DIFFERENT
    assert compare(drawn(4.0), drawn(4.0, "u")).outcome is Outcome.DIFFERENT


@pytest.mark.parametrize("by", [1e-4, 1.0])
@pytest.mark.parametrize("size", [17, 4_096, 300_000])
def test_one_number_of_many(size: int, by: float) -> None:
    values = RNG.normal(size=size)
    assert compare(values, one_off(values, by)).outcome is Outcome.DIFFERENT


def test_tolerance_is_the_callers() -> None:
    values = RNG.normal(size=1_000)
    wide, none = Tolerance(1e-3, 0), Tolerance(0, 0)
    assert compare(values, noisy(values, 1e-6)).outcome is Outcome.DIFFERENT
    assert compare(values, noisy(values, 1e-6), wide).outcome is Outcome.EQUAL
    assert compare(values, noisy(values, 1e-15), none).outcome is Outcome.DIFFERENT
    assert compare(values, values.copy(), none).outcome is Outcome.EQUAL


def test_never_a_false_alarm_within_the_tolerance() -> None:
    values = RNG.normal(size=20_000)
    for factor in (5e-10, -5e-10):
        assert compare(values, values * (1 + factor)).outcome is Outcome.EQUAL


def test_size_is_bounded() -> None:
    wide = pd.DataFrame(RNG.normal(size=(100, 500)))
    deep: Any = [[[list(range(20)) for _ in range(20)] for _ in range(20)] for _ in range(20)]
    for value in (wide, deep, {f"k{n}": {"x": list(range(40))} for n in range(400)}, "x" * 10**6):
        assert len(json.dumps(fingerprint(value))) < 40_000
        assert len(json.dumps(fingerprint(value, parts=0))) < 1_000


def test_what_cannot_be_looked_at_whole_is_uncovered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kalelike.runtime.fingerprints.walking._MOST_NODES", 1_000)
    many = [(item,) for item in range(2_000)]
    nested: Any = []
    for _ in range(200):
        nested = [nested]
    assert compare(many, many).outcome is Outcome.UNCOVERED
    assert compare(nested, nested).outcome is Outcome.UNCOVERED


def test_a_value_that_refuses_to_be_looked_at() -> None:
    class Bad:
        def __reduce_ex__(self, protocol: Any) -> Any:
            raise RuntimeError("no")

        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("no")

    assert compare(Bad(), Bad()).outcome is Outcome.UNCOVERED


def test_private_fingerprints_hold_no_texts() -> None:
    made = json.dumps(fingerprint({"my-key": "my-password"}, private=True))
    assert "my-" not in made


def test_the_same_in_another_process() -> None:
    code = (
        "import json; from kalelike.runtime.fingerprints import fingerprint; import collections;"
        "print(json.dumps(fingerprint([{'a', 'b', 'c'}, 0.1, [0.1 * n for n in range(40)]])))"
    )
    found = set()
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_loads_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; import kalelike.runtime.fingerprints as f; f.fingerprint([1.0]);"
        "print([n for n in ('numpy', 'pandas', 'IPython', 'cloudpickle') if n in sys.modules])"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_global_generator_is_not_the_state_of_what_holds_it() -> None:
    import numpy as np

    shared = {"rng": np.random.mtrand._rand}
    before = fingerprint(shared)
    np.random.random()
    assert fingerprint(shared) == before
    own = {"rng": np.random.RandomState(0)}
    before = fingerprint(own)
    own["rng"].random()
    assert fingerprint(own) != before


def test_an_attribute_may_hide_the_module() -> None:
    class Named:
        __module__ = property(lambda self: "x")  # type: ignore[assignment]

    assert compare(Named(), Named()).outcome is Outcome.EQUAL


def test_modules_are_known_by_name() -> None:
    assert compare(types.ModuleType("a"), types.ModuleType("a")).outcome is Outcome.EQUAL
