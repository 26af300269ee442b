"""JSON settings to the dataclasses of options, every key honoured or reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from kalelike.notebook.kubernetes_values import BadValueError, parse_duration
from kalelike.notebook.option_rules import check_options, is_mapping, setting_name
from kalelike.notebook.options import Resources
from kalelike.notebook.spelling import nearest

Report = Callable[[str, str, str], None]
"""Takes the path of a setting, what is wrong with it, and a hint."""

SEPARATE = frozenset({"step_defaults", "step_overrides"})
"""Fields of the pipeline's options that are read by themselves."""

_MOST_ITEMS = 1000
_MOST_REPORTED_KEY = 60

T = TypeVar("T")


@cache
def setting_fields(kind: type) -> Mapping[str, tuple[str, Any]]:
    """Return the field and its type behind each setting of a class of options."""
    hints = get_type_hints(kind)
    return {
        setting_name(name): (name, hint) for name, hint in hints.items() if name not in SEPARATE
    }


def is_time(field: str) -> bool:
    """Tell whether a field holds a time, which may be written as a duration."""
    return field.endswith("seconds")


def required_settings(kind: type) -> list[str]:
    """Return the settings of a class that have no default."""
    return [setting_name(field.name) for field in _fields(kind) if _is_required(field)]


def decode(kind: type[T], data: object, path: str, report: Report) -> T | None:
    """Return ``data`` as an instance of ``kind``; None if it cannot be one.

    Everything unusable is reported and left out, so that all mistakes are
    found in one go.
    """
    options = _decode_object(kind, data, path, report)
    if options is not None:
        for where, message in check_options(options, path):
            report(where, message, "")
    return options


def _decode_object(kind: type[T], data: object, path: str, report: Report) -> T | None:
    if not isinstance(data, Mapping):
        report(path, f"it has to be an object, and not {json_kind(data)}", "")
        return None
    known: Mapping[str, tuple[str, Any]] = setting_fields(kind)  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            report_unknown(key, known, path, report)
        elif value is not None:
            decoded = _decode_field(kind, key, value, f"{path}.{key}", report)
            if decoded is not None:
                values[known[key][0]] = decoded
    required = required_settings(kind)
    missing = [name for name in required if data.get(name) is None]
    if missing:
        report(path, f"it has no {' and no '.join(missing)}", f"state {missing[0]}")
    if any(known[name][0] not in values for name in required):
        return None
    return kind(**values)


def report_unknown(key: object, known: Iterable[str], path: str, report: Report) -> None:
    """Report a key that is not among ``known``."""
    text = str(key)[:_MOST_REPORTED_KEY]
    names = list(known)
    near = nearest(text, names) or _contained(text, names)
    hint = f"did you mean `{near}`?" if near else f"the settings here are {', '.join(names)}"
    report(f"{path}.{text}", "there is no such setting", hint)


def _contained(text: str, known: list[str]) -> str | None:
    """Return a known name that is a part of ``text`` or the other way round."""
    parts = (name for name in known if len(name) > 3 and (name in text or text in name))
    return next(parts, None) if len(text) > 3 else None


def json_kind(value: object) -> str:
    """Name a JSON value's type in words."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    names = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


def _decode_field(kind: type, key: str, value: object, path: str, report: Report) -> Any:
    field, hint = setting_fields(kind)[key]
    if is_mapping(kind, field):
        return _decode_pairs(value, path, report)
    if get_origin(hint) is tuple:
        return _decode_list(get_args(hint)[0], value, path, report)
    plain = plain_type(hint)
    if is_dataclass(plain):
        return _decode_object(plain, value, path, report)
    try:
        return _decode_scalar(plain, kind, field, value)
    except BadValueError as error:
        report(path, str(error), "")
        return None


def plain_type(hint: Any) -> type:
    """Return ``X`` of ``X | None``."""
    if isinstance(hint, UnionType):
        hint = next(item for item in get_args(hint) if item is not NoneType)
    assert isinstance(hint, type)
    return hint


def _decode_scalar(plain: type, kind: type, field: str, value: object) -> object:
    if plain is bool:
        if isinstance(value, bool):
            return value
        raise BadValueError(f"it has to be true or false, and not {json_kind(value)}")
    if plain is int:
        if isinstance(value, str) and is_time(field):
            return parse_duration(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        what = "a whole number or a duration" if is_time(field) else "a whole number"
        raise BadValueError(f"it has to be {what}, and not {json_kind(value)}")
    # Amounts are texts to Kubernetes, and numbers to those who write them.
    return _text(value, numbers=kind is Resources)


def _text(value: object, numbers: bool) -> str:
    if numbers and isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) < 2**63:
            return repr(int(value)) if value == int(value) else repr(value)
        raise BadValueError("it has to be a finite number below 2**63")
    if not isinstance(value, str):
        raise BadValueError(f"it has to be a text, and not {json_kind(value)}")
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise BadValueError("it holds half of a character (a lone surrogate)")
    return value


def _decode_list(item_kind: type, value: object, path: str, report: Report) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) > _MOST_ITEMS:
        what = json_kind(value) if not isinstance(value, list) else f"{len(value)} items"
        report(path, f"it has to be a list of at most {_MOST_ITEMS} items, and not {what}", "")
        return ()
    items: list[Any] = []
    for index, item in enumerate(value):
        where = f"{path}[{index}]"
        if is_dataclass(item_kind):
            items.append(_decode_object(item_kind, item, where, report))
            continue
        try:
            items.append(_text(item, numbers=False))
        except BadValueError as error:
            report(where, str(error), "")
    return tuple(item for item in items if item is not None)


def _decode_pairs(value: object, path: str, report: Report) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping) or len(value) > _MOST_ITEMS:
        what = json_kind(value) if not isinstance(value, Mapping) else f"{len(value)} keys"
        report(path, f"it has to be an object of at most {_MOST_ITEMS} keys, and not {what}", "")
        return ()
    pairs: list[tuple[str, str]] = []
    for key, item in value.items():
        try:
            pairs.append((_text(key, numbers=False), _text(item, numbers=True)))
        except BadValueError as error:
            report(f"{path}.{key}", str(error), "")
    return tuple(pairs)


def _fields(kind: type) -> tuple[Field[Any], ...]:
    return fields(kind)


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING
