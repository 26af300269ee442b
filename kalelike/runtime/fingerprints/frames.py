"""pandas' frames, series, indexes and arrays: values with dtype, index and attributes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from kalelike.runtime.fingerprints.arrays import add_content
from kalelike.runtime.fingerprints.summary import Builder, Looker

_LARGE = 100_000
_TOGETHER = 16


def add_pandas(builder: Builder, value: Any, looker: Looker) -> bool:
    """Add a value of pandas'; False for its types that know their own state."""
    pandas = sys.modules["pandas"]
    if isinstance(value, pandas.DataFrame):
        _add_frame(builder, value, looker)
    elif isinstance(value, pandas.Series):
        builder.says = f"{value.dtype}, {len(value):,} rows"
        looker.part(builder, ".index", value.index)
        looker.part(builder, ".name", value.name)
        looker.part(builder, ".values", value.array)
        looker.part(builder, ".attrs", value.attrs)
    elif isinstance(value, pandas.Index):
        _add_index(builder, value, looker)
    elif isinstance(value, pandas.api.extensions.ExtensionArray):
        _add_extension(builder, value, looker)
    elif isinstance(value, pandas.api.extensions.ExtensionDtype):
        builder.add("dtype", repr(value))
    elif value is pandas.NA or value is pandas.NaT:
        builder.says = repr(value)
    else:
        return False
    return True


def _add_frame(builder: Builder, value: Any, looker: Looker) -> None:
    builder.says = f"{len(value):,} rows × {len(value.columns):,} columns"
    looker.part(builder, ".columns", value.columns)
    looker.part(builder, ".index", value.index)
    for at, (name, column) in enumerate(zip(value.columns, _columns(value), strict=True)):
        looker.part(builder, _column(name, at, builder), column, at)
    looker.part(builder, ".attrs", value.attrs)


def _columns(value: Any) -> Iterator[Any]:
    """Give the columns' arrays; those of one large table are gathered a few at a time.

    Its rows lie together in memory, so that each column alone would be read
    through all of it.
    """
    numpy = sys.modules["numpy"]
    width = len(value.columns)
    kinds = set(value.dtypes)
    plain = len(kinds) == 1 and isinstance(next(iter(kinds)), numpy.dtype)
    table = value.to_numpy() if plain and value.size > _LARGE else None
    if table is None or table.dtype.hasobject or not table.flags.c_contiguous:
        yield from (value.iloc[:, at].array for at in range(width))
        return
    for start in range(0, width, _TOGETHER):
        for column in numpy.ascontiguousarray(table[:, start : start + _TOGETHER].T):
            yield _plain_array()(column)


def _plain_array() -> Any:
    """Return pandas' type of array over NumPy's: its name is another one before 2.1."""
    arrays = sys.modules["pandas"].arrays
    return getattr(arrays, "NumpyExtensionArray", None) or arrays.PandasArray


def _column(name: object, at: int, builder: Builder) -> str:
    """Name a column, also where two have one name."""
    key = f"[{name!r}]"
    return key if len(key) <= 80 and not builder.has(key) else f".iloc[:, {at}]"


def _add_index(builder: Builder, value: Any, looker: Looker) -> None:
    pandas = sys.modules["pandas"]
    builder.says = f"{len(value):,} entries"
    looker.part(builder, ".names", list(value.names))
    if isinstance(value, pandas.RangeIndex):
        builder.add("range", f"{value.start} {value.stop} {value.step}")
    elif isinstance(value, pandas.MultiIndex):
        for at in range(value.nlevels):
            looker.part(builder, f".level({at})", value.get_level_values(at).array, at)
    else:
        looker.part(builder, ".values", value.array)
        freq = getattr(value, "freqstr", None)
        builder.add("freq", str(freq))


def _add_extension(builder: Builder, value: Any, looker: Looker) -> None:
    pandas = sys.modules["pandas"]
    builder.says = f"{value.dtype}, {len(value):,} values"
    builder.add("dtype", repr(value.dtype))
    if isinstance(value, pandas.Categorical):
        builder.add("ordered", str(value.ordered))
        looker.part(builder, ".categories", value.categories)
        looker.part(builder, ".codes", value.codes)
    elif isinstance(value, _plain_array()):
        add_content(builder, value.to_numpy(), looker)
    elif hasattr(value, "asi8"):
        add_content(builder, value.asi8, looker)
    elif isinstance(value, pandas.arrays.SparseArray):
        looker.part(builder, ".fill_value", value.fill_value)
        add_content(builder, value.to_dense(), looker)
    elif hasattr(value, "_mask") and hasattr(value, "_data"):
        missing = value.isna()
        add_content(builder, missing, looker)
        add_content(builder, value.to_numpy(dtype=value.dtype.numpy_dtype, na_value=0), looker)
    else:
        looker.part(builder, "", list(value))
