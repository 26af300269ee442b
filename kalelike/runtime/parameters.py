"""How parameter values travel: as plain JSON where that is safe, encoded where it is not.

Between the notebook and the step a value passes YAML, protobuf's ``Struct``
(every number a double, objects without order), Go's JSON, Argo's and
Kubernetes' templates and KFP's placeholders. Any of these may change it in
silence. ``encode`` gives the JSON value that survives all of them; ``decode``
undoes it, with the help of the default's ``shape`` for what plain JSON loses
(5 or 5.0, list or tuple, the order of keys).

A value that cannot stand as it is becomes ``MARKER`` + URL-safe base64 of a
self-describing JSON text. No character of it means anything to anybody.
"""

from __future__ import annotations

import ast
import base64
import binascii
import json
import math
import re

MARKER = "kl64-"
"""Begins every encoded string; strings that begin with it by themselves are encoded too."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Shape = str | dict[str, list["Json"]]
"""``"int"``, ``"float"``, ``"str"``, ``"bool"``, ``"literal"`` (travels as text), ``"any"``,
``{"list": [shape…]}``, ``{"tuple": [shape…]}`` or ``{"dict": [[key, shape]…]}``."""

# Doubles hold every integer up to here, and no further.
_EXACT = 2**53

# What somebody on the way would substitute or refuse: Argo's and KFP's
# placeholders, Kubernetes' expansion, control characters (databases, YAML),
# lone surrogates and non-characters (protobuf refuses them).
_DANGEROUS = re.compile(
    r"\{\{|\$\(|\$\$|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"
)

_LITERAL_TYPES = (type(None), bytes, complex, set, frozenset, type(Ellipsis))


def kfp_type_of(value: object) -> str | None:
    """Return the KFP parameter type that carries ``value``; None where nothing can.

    Values that no KFP type holds exactly (integers beyond 2**53, NaN and
    infinities, None, bytes, complex numbers, sets) travel as STRING.
    """
    if not _carriable(value):
        return None
    if type(value) is bool:
        return "BOOLEAN"
    if type(value) is int:
        return "NUMBER_INTEGER" if _plain_number(value) else "STRING"
    if type(value) is float:
        return "NUMBER_DOUBLE" if _plain_number(value) else "STRING"
    if type(value) in (list, tuple):
        return "LIST"
    return "STRUCT" if type(value) is dict else "STRING"


def shape_of(value: object) -> Shape:
    """Describe ``value``'s types, so that ``decode`` can restore them.

    Raises ``TypeError`` for a value that no parameter can carry.
    """
    for kind in (bool, int, float, str):
        if type(value) is kind:
            return kind.__name__
    if type(value) in _LITERAL_TYPES:
        return "literal"
    if type(value) in (list, tuple):
        items: list[Json] = [_shape_json(item) for item in value]  # type: ignore[attr-defined]
        return {type(value).__name__: items}
    if type(value) is dict:
        return {"dict": [[_encode_key(key), _shape_json(item)] for key, item in value.items()]}
    raise TypeError(f"a parameter cannot carry a value of type {type(value).__name__}")


def encode(value: object, shape: Shape | None = None) -> Json:
    """Return the JSON value that stands for ``value`` in documents and requests.

    ``shape`` is the shape that ``decode`` will be given: the default's, for a
    value that replaces the default. A list or mapping that this shape would
    not restore travels whole, as one encoded entry. Raises ``TypeError`` for a
    value that cannot be carried.
    """
    expected = shape_of(value) if shape is None else shape
    plain = _encode_plain(value)
    if isinstance(plain, list) and not _survives(plain, expected, value):
        return [_wrap(value)]
    if isinstance(plain, dict) and not _survives(plain, expected, value):
        return {_wrap(value): True}
    return plain


def decode(value: Json, shape: Shape = "any") -> object:
    """Return the Python value that ``encode`` was given.

    A value that somebody else wrote (a user, in KFP's pages) and that does not
    have the default's shape is taken for what it most likely is: numbers keep
    the default's kind where that loses nothing, lists keep the kind of the
    default's entries when those agree.
    """
    if isinstance(value, str):
        return _decode_text(value, shape)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return _decode_number(value, shape)
    if isinstance(value, list):
        return _decode_list(value, shape)
    return _decode_dict(value, shape)


def parse_text(text: str, kfp_type: str) -> object:
    """Read what a user typed (``-p name=TEXT``) as a value of a KFP type.

    LIST and STRUCT are read as JSON, or else as a Python literal. Raises
    ``ValueError`` with a reason that can be shown.
    """
    stripped = text.strip()
    if kfp_type == "STRING":
        return text
    if kfp_type == "NUMBER_INTEGER":
        return _parse_int(stripped)
    if kfp_type == "NUMBER_DOUBLE":
        return _parse_float(stripped)
    if kfp_type == "BOOLEAN":
        return _parse_bool(stripped)
    if kfp_type in ("LIST", "STRUCT"):
        return _parse_container(stripped, kfp_type)
    raise ValueError(f"{kfp_type!r} is not a KFP parameter type")


def _carriable(value: object) -> bool:
    try:
        shape_of(value)
        _tag(value)
    except (TypeError, RecursionError):
        return False
    return True


def _plain_number(value: float) -> bool:
    if type(value) is int:
        return -_EXACT <= value <= _EXACT
    # JSON knows no NaN and no infinity, and Go writes -0.0 as an integer.
    return math.isfinite(value) and not (value == 0 and math.copysign(1, value) < 0)


def _shape_json(value: object) -> Json:
    shape = shape_of(value)
    return shape if isinstance(shape, str) else dict(shape)


def _encode_plain(value: object) -> Json:
    if value is None or isinstance(value, bool):
        return value
    if type(value) is int or type(value) is float:
        return value if _plain_number(value) else _wrap(value)
    if type(value) is str:
        return _wrap(value) if value.startswith(MARKER) or _DANGEROUS.search(value) else value
    if type(value) in (list, tuple):
        return [_encode_plain(item) for item in value]  # type: ignore[attr-defined]
    if type(value) is dict:
        return {_encode_key(key): _encode_plain(item) for key, item in value.items()}
    return _wrap(value)


def _encode_key(key: object) -> str:
    plain = _encode_plain(key)
    return plain if type(key) is str and isinstance(plain, str) else _wrap(key)


def _wrap(value: object) -> str:
    text = json.dumps(_tag(value), separators=(",", ":"))
    return MARKER + base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii")


def _unwrap(text: str) -> object:
    """Undo ``_wrap``; raises ``ValueError`` for text that it did not write."""
    try:
        data = base64.b64decode(text[len(MARKER) :].encode("ascii"), b"-_", validate=True)
        return _untag(json.loads(data))
    except (binascii.Error, UnicodeError, TypeError, KeyError, IndexError) as error:
        raise ValueError("not an encoded value") from error


def _tag(value: object) -> Json:
    """Describe a value fully in JSON: a scalar as it is, the rest as ``{kind: content}``."""
    if value is None or type(value) is bool or type(value) is str:
        return value
    if type(value) is int:
        return {"int": hex(value)}  # Python refuses to write or read long decimal numbers.
    if type(value) in (float, complex):
        return {type(value).__name__: repr(value)}
    if type(value) is bytes:
        return {"bytes": base64.b64encode(value).decode("ascii")}
    if type(value) in (list, tuple):
        return {type(value).__name__: [_tag(item) for item in value]}  # type: ignore[attr-defined]
    if isinstance(value, set | frozenset):
        # In one order, whatever the process's hash seed: documents are compared.
        return {type(value).__name__: sorted((_tag(item) for item in value), key=json.dumps)}
    if type(value) is dict:
        return {"dict": [[_tag(key), _tag(item)] for key, item in value.items()]}
    if value is Ellipsis:
        return {"ellipsis": True}
    raise TypeError(f"a parameter cannot carry a value of type {type(value).__name__}")


def _untag(data: Json) -> object:
    if not isinstance(data, dict):
        return data
    ((kind, content),) = data.items()
    if kind == "int":
        return int(str(content), 16)
    if kind in ("float", "complex"):
        return {"float": float, "complex": complex}[kind](str(content))
    if kind == "bytes":
        return base64.b64decode(str(content), validate=True)
    if kind == "ellipsis":
        return ...
    if not isinstance(content, list):
        raise ValueError("not an encoded value")
    if kind == "dict":
        pairs = [item for item in content if isinstance(item, list) and len(item) == 2]
        return {_untag(key): _untag(item) for key, item in pairs}
    makers = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
    return makers[kind]([_untag(item) for item in content])


def _survives(plain: Json, shape: Shape, value: object) -> bool:
    """Tell whether ``decode`` restores ``value`` after every kind of trip."""
    trips = (plain, _all_doubles(plain), _go_numbers(plain))
    return all(_same(decode(trip, shape), value) for trip in trips)


def _all_doubles(value: Json) -> Json:
    """What protobuf's Struct makes of a value, key order included."""
    if isinstance(value, list):
        return [_all_doubles(item) for item in value]
    if isinstance(value, dict):
        return {key: _all_doubles(value[key]) for key in sorted(value)}
    return float(value) if type(value) is int else value


def _go_numbers(value: Json) -> Json:
    """What Go's JSON makes of a value: ``2.0`` is written ``2``."""
    if isinstance(value, list):
        return [_go_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _go_numbers(value[key]) for key in sorted(value)}
    return int(value) if type(value) is float and value.is_integer() else value


def _same(left: object, right: object) -> bool:
    """Equality that tells 1 from 1.0 and True, and heeds the order of keys."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return _same(list(left.items()), list(right.items()))
    return left == right or (left != left and right != right)


def _decode_text(text: str, shape: Shape) -> object:
    if text.startswith(MARKER):
        try:
            return _unwrap(text)
        except ValueError:
            return text
    try:
        if shape == "int":
            return int(text)
        if shape == "float":
            return float(text)
        if shape == "bool":
            return _parse_bool(text)
        if shape == "literal":
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return text


def _decode_number(value: float, shape: Shape) -> object:
    if shape == "float":
        return float(value)
    if type(value) is float and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    return value


def _decode_list(value: list[Json], shape: Shape) -> object:
    if len(value) == 1 and isinstance(value[0], str) and value[0].startswith(MARKER):
        whole = _whole(value[0])
        if isinstance(whole, list | tuple):
            return whole
    kind, shapes = next(iter(shape.items())) if isinstance(shape, dict) else ("list", [])
    if kind == "dict":
        kind, shapes = "list", []
    if len(shapes) != len(value):
        agreed = shapes[0] if shapes and all(item == shapes[0] for item in shapes) else "any"
        shapes = [agreed] * len(value)
    items = [decode(item, _as_shape(each)) for item, each in zip(value, shapes, strict=True)]
    return tuple(items) if kind == "tuple" else items


def _decode_dict(value: dict[str, Json], shape: Shape) -> object:
    if len(value) == 1:
        whole = _whole(next(iter(value)))
        if isinstance(whole, dict):
            return whole
    known: dict[str, Json] = {}
    if isinstance(shape, dict) and "dict" in shape:
        known = {str(pair[0]): pair[1] for pair in shape["dict"] if isinstance(pair, list)}
    # A user writes {"1": …} in JSON for the default's {1: …}.
    spoken = {str(_decode_text(key, "str")): key for key in known}
    given = {key if key in known else spoken.get(key, key): item for key, item in value.items()}
    order = [key for key in known if key in given] + [key for key in given if key not in known]
    return {
        _decode_text(key, "str"): decode(given[key], _as_shape(known.get(key, "any")))
        for key in order
    }


def _whole(text: str) -> object:
    try:
        return _unwrap(text) if text.startswith(MARKER) else None
    except ValueError:
        return None


def _as_shape(value: Json) -> Shape:
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if isinstance(item, list)}
    return value if isinstance(value, str) else "any"


def _parse_int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def _parse_float(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not a finite number, and JSON carries no other")
    return number


def _parse_bool(text: str) -> bool:
    word = text.strip().lower()
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def _parse_container(text: str, kfp_type: str) -> object:
    what = "list" if kfp_type == "LIST" else "mapping"
    try:
        value: object = json.loads(text)
    except ValueError:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise ValueError(f"{text!r} is not a {what} in JSON or Python") from None
    if kfp_type_of(value) != kfp_type:
        raise ValueError(f"{text!r} is not a {what} of plain values")
    return value
