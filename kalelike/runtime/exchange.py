"""Values between Python and another language's kernel, as files, without loss.

Data frames travel as Parquet where pyarrow is installed, and by columns in
JSON where it is not; everything else as JSON that names its kind. A float is
written in hexadecimal, so that not one bit of it changes. What the other side
could only change is refused.
"""

from __future__ import annotations

import json
import math
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kalelike.runtime.faults import CannotCrossError

_LARGEST_INTEGER = 2**31 - 1
_LARGEST_EXACT = 2**53
_HINT = "pass data frames, numbers, texts, booleans, and lists or dictionaries of them"


def write_value(folder: Path, name: str, value: Any) -> None:
    """Write a value for the other language; raises ``CannotCrossError``."""
    for ending in (".parquet", ".json"):
        (folder / f"{name}{ending}").unlink(missing_ok=True)
    frame = _is_frame(value)
    if frame:
        _check_frame(name, value)
    if frame and find_spec("pyarrow") is not None:
        value.to_parquet(folder / f"{name}.parquet", index=False)
        return
    content = _frame_columns(name, value) if frame else _encode(name, value)
    (folder / f"{name}.json").write_text(json.dumps(content, allow_nan=False), "utf-8")


def read_value(folder: Path, name: str) -> Any:
    """Return a value that the other language wrote; raises ``CannotCrossError``."""
    path = folder / f"{name}.parquet"
    if path.exists():
        import pandas

        return pandas.read_parquet(path)
    try:
        return _decode(json.loads((folder / f"{name}.json").read_text("utf-8")))
    except FileNotFoundError:
        message = f"the cells did not make {name}"
        raise CannotCrossError(message, "assign it, or leave it out of -o", name) from None
    except (ValueError, KeyError, TypeError) as error:
        raise CannotCrossError(f"{name} cannot be read: {error}", _HINT, name) from None


def _is_frame(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def _check_frame(name: str, frame: Any) -> None:
    import pandas

    index = frame.index
    if not (isinstance(index, pandas.RangeIndex) and index.start == 0 and index.step == 1):
        raise CannotCrossError(
            f"the index of {name} would be lost", "make it a column: reset_index()", name
        )
    if not all(isinstance(column, str) for column in frame.columns) or frame.columns.has_duplicates:
        raise CannotCrossError(f"columns of {name} have no names of their own",
                               "give each a text as its name", name)  # fmt: skip
    for column in frame.columns:
        if (
            frame[column].dtype.kind in "iu"
            and len(frame)
            and (int(frame[column].abs().max()) > _LARGEST_EXACT)
        ):
            raise CannotCrossError(f"{name}[{column!r}] has integers above 2**53", _HINT, name)


def _frame_columns(name: str, frame: Any) -> dict[str, Any]:
    columns = [_column(f"{name}[{column!r}]", frame[column]) for column in frame.columns]
    return {"kind": "frame", "names": list(frame.columns), "value": columns, "rows": len(frame)}


def _column(name: str, column: Any) -> dict[str, Any]:
    missing = column.isna()
    kind = column.dtype.kind
    if kind not in "biuf" and not all(isinstance(item, str) for item in column[~missing]):
        raise CannotCrossError(f"{name} is of the type {column.dtype}", _HINT, name)
    if kind == "f":
        return {"kind": "double", "value": [_hex(float(item)) for item in column]}
    items = [None if gone else item for item, gone in zip(column.tolist(), missing, strict=True)]
    found = _vector(name, items) if items else {"kind": "character", "value": []}
    return {key: value for key, value in found.items() if key != "scalar"}


def _encode(name: str, value: Any) -> dict[str, Any]:
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        if getattr(value, "ndim", 0) > 1:
            raise CannotCrossError(f"{name} has more than one dimension", _HINT, name)
        value = value.tolist()
    if value is None:
        return {"kind": "null"}
    if isinstance(value, bool | int | float | str):
        return {**_vector(name, [value]), "scalar": True}
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise CannotCrossError(f"{name} has keys that are no texts", _HINT, name)
        items = [_encode(f"{name}[{key!r}]", item) for key, item in value.items()]
        return {"kind": "list", "names": list(value), "value": items}
    if isinstance(value, list | tuple):
        kinds = {type(item) for item in value}
        if len(kinds) == 1 and kinds <= {bool, int, float, str}:
            return _vector(name, list(value))
        items = [_encode(f"{name}[{at}]", item) for at, item in enumerate(value)]
        return {"kind": "list", "value": items}
    raise CannotCrossError(f"{name} is a {type(value).__name__}, which has no form there",
                           _HINT, name)  # fmt: skip


def _vector(name: str, items: list[Any]) -> dict[str, Any]:
    """Return a vector of one kind; None stands for what is missing."""
    given = [item for item in items if item is not None]
    if all(isinstance(item, bool) for item in given):
        return {"kind": "logical", "value": items}
    if all(isinstance(item, str) for item in given):
        return {"kind": "character", "value": items}
    if all(isinstance(item, int) for item in given):
        if any(abs(item) > _LARGEST_EXACT for item in given):
            raise CannotCrossError(f"{name} has integers above 2**53", _HINT, name)
        if all(abs(item) <= _LARGEST_INTEGER for item in given):
            return {"kind": "integer", "value": items}
    return {"kind": "double", "value": ["NA" if x is None else _hex(float(x)) for x in items]}


def _hex(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Inf" if number > 0 else "-Inf"
    return number.hex()


_WORDS = {"NA": math.nan, "NaN": math.nan, "Inf": math.inf, "-Inf": -math.inf}


def _decode(data: dict[str, Any]) -> Any:
    kind = data["kind"]
    if kind == "null":
        return None
    if kind == "refused":
        raise CannotCrossError(f"a value of the class {data['value']} has no form in Python", _HINT)
    if kind == "frame":
        return _decode_frame(data)
    if kind == "list":
        items = [_decode(item) for item in data["value"]]
        names = data.get("names")
        return dict(zip(names, items, strict=True)) if names is not None else items
    items = data["value"]
    if kind == "double":
        items = [_WORDS[x] if x in _WORDS else float.fromhex(x) for x in items]
    return items[0] if data.get("scalar") else items


def _decode_frame(data: dict[str, Any]) -> Any:
    import pandas

    columns = {}
    for name, column in zip(data["names"], data["value"], strict=True):
        items = _decode({**column, "scalar": False})
        missing = column["kind"] != "double" and any(item is None for item in items)
        dtype = {"integer": "Int64", "logical": "boolean"}.get(column["kind"]) if missing else None
        columns[name] = pandas.Series(items, dtype=dtype)
    return pandas.DataFrame(columns, index=pandas.RangeIndex(data["rows"]))


def main(arguments: list[str]) -> None:
    """Turn a table's file into another form: ``python -m … FROM.parquet TO.json``, or back."""
    import pandas

    source, target = map(Path, arguments)
    if source.suffix == ".parquet":
        content = _frame_columns(source.stem, pandas.read_parquet(source))
        target.write_text(json.dumps(content, allow_nan=False), "utf-8")
    else:
        _decode(json.loads(source.read_text("utf-8"))).to_parquet(target, index=False)


if __name__ == "__main__":
    main(sys.argv[1:])
