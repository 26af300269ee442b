"""JSON to messages: KFP's documents by its own schema, as Go's ``protojson`` reads them.

Accepted are both spellings of a field, numbers as text (``"5"``, ``"NaN"``),
integral numbers written as ``5.0``, enums by name or number, and null for
unset. The result uses JSON names throughout, holds set fields only, and
enums by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from kalelike.lint.document.findings import Path, Report, suggest
from kalelike.lint.document.schema import NEWER_FIELDS, WELL_KNOWN, Field, load_schema

Message = dict[str, Any]
"""A decoded message."""


class Duration(NamedTuple):
    """A protobuf duration."""

    seconds: int
    nanos: int

    @property
    def total(self) -> float:
        """The duration in seconds."""
        return self.seconds + self.nanos / 1e9


_DURATION = re.compile(r"(-?)(\d+)(?:\.(\d{1,9}))?s")
_LONGEST_DURATION = 315_576_000_000
_INTEGER_TEXT = re.compile(r"-?(0|[1-9]\d*)(\.0+)?")
_NUMBER_TEXT = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_SPECIAL_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
_BITS = {"int32": 31, "int64": 63}
_WRONG = object()


@dataclass(frozen=True, slots=True)
class Consequence:
    """What becomes of a slip in one part of a document: the same one is refused here, lost there.

    ``unknown`` is the code of an unknown field and ``wrong`` that of a value
    that cannot be read (None: the code of the very mistake); ``effect`` ends
    the message. ``incomplete`` tells that an unknown field makes the message
    around it unreadable.
    """

    effect: str
    unknown: str = "unknown-field"
    wrong: str | None = None
    incomplete: bool = True


AT_UPLOAD = Consequence("KFP refuses the whole file")
AT_RUN = Consequence("KFP refuses to create a run")
IN_EXECUTOR = Consequence("it is dropped without a word", "dropped-field", incomplete=False)
IN_PLATFORM = Consequence(
    "KFP drops the whole platform document without a word", "dropped-platform", "dropped-platform"
)


class Decoder:
    """Decodes one document, or one part of it, and reports what is wrong with it."""

    def __init__(self, report: Report, consequence: Consequence, base: Path = ()) -> None:
        self._report = report
        self._consequence = consequence
        self._schema = load_schema()
        # Kept as one growing and shrinking list: a tuple for every value of a
        # large document would cost more than the checks themselves.
        self._path: list[str | int] = list(base)

    def message(self, name: str, value: object) -> Message:
        """Decode ``value`` as the message called ``name``."""
        if not isinstance(value, Mapping):
            self._complain(
                "bad-field-value",
                f"{_shown(value)} stands where {_title(name)} belongs",
                "write a mapping",
            )
            return {}
        fields = self._schema.messages[name]
        path = self._path
        result: Message = {}
        for key, item in value.items():
            field = fields.get(key)
            path.append(key)
            if field is None:
                # Older SDKs wrote an `@type` into what is read with unknown fields discarded.
                if key != "@type" or self._consequence.incomplete:
                    self._unknown_field(name, key)
            elif item is not None or field.kind == "Json":
                path[-1] = field.name
                decoded = self._field(field, item)
                if field.name in result:
                    path[-1] = key
                    self._complain(
                        "duplicate-key",
                        f"`{field.name}` is given twice, in its two spellings",
                        "keep one of the two",
                    )
                elif decoded is not _WRONG:
                    result[field.name] = decoded
            path.pop()
        self._check_oneofs(fields, result)
        return result

    def _check_oneofs(self, fields: Mapping[str, Field], result: Message) -> None:
        if len(result) < 2:
            return
        chosen: dict[str, str] = {}
        for key in result:
            oneof = fields[key].oneof
            if oneof is not None and chosen.setdefault(oneof, key) != key:
                self._path.append(key)
                self._complain(
                    "oneof-conflict",
                    f"`{chosen[oneof]}` and `{key}` exclude each other",
                    "keep one of the two",
                )
                self._path.pop()

    def _field(self, field: Field, value: object) -> object:
        if field.shape == "":
            return self._value(field.kind, value)
        path = self._path
        if field.shape == "list":
            if not isinstance(value, (list, tuple)):
                return self._bad(value, "a list", 'write `- …` for each item, or "[…]"')
            items = []
            for number, item in enumerate(value):
                path.append(number)
                items.append(self._element(field.kind, item))
                path.pop()
            return [item for item in items if item is not _WRONG]
        if not isinstance(value, Mapping):
            return self._bad(value, "a mapping", "write it as `KEY: VALUE` pairs")
        entries = {}
        for key, item in value.items():
            path.append(key)
            entry = self._element(field.kind, item)
            path.pop()
            if entry is not _WRONG:
                entries[key] = entry
        return entries

    def _element(self, kind: str, value: object) -> object:
        # A null is "unset" for a field, but an element cannot be unset.
        if value is None and kind != "Json":
            return self._bad(value, _title(kind), "remove it")
        return self._value(kind, value)

    def _value(self, kind: str, value: object) -> object:
        if kind == "string":
            if isinstance(value, str):
                return value
            return self._bad(value, "text", "write it in quotes")
        if kind in self._schema.messages:
            return self.message(kind, value)
        if kind in WELL_KNOWN:
            return self._well_known(kind, value)
        if kind == "bool":
            if isinstance(value, bool):
                return value
            return self._bad(value, "true or false", "write it without quotes")
        if kind.startswith("enum:"):
            return self._enum(kind.removeprefix("enum:"), value)
        return self._number(kind, value)

    def _well_known(self, kind: str, value: object) -> object:
        if kind == "Json" or (kind == "JsonObject" and isinstance(value, Mapping)):
            return value
        if kind == "JsonObject":
            return self._bad(value, "a mapping", "write it as `KEY: VALUE` pairs")
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None or int(match[2]) > _LONGEST_DURATION:
            self._complain(
                "bad-duration",
                f"{_shown(value)} is not a duration",
                "write seconds with an `s`: `30s`, `1.5s`",
            )
            return _WRONG
        sign = -1 if match[1] else 1
        return Duration(sign * int(match[2]), sign * int((match[3] or "").ljust(9, "0")))

    def _number(self, kind: str, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            return self._bad(value, "a number", "write a number")
        if kind == "double":
            if isinstance(value, str):
                if value not in _SPECIAL_NUMBERS and not _NUMBER_TEXT.fullmatch(value):
                    return self._bad(value, "a number", "write a number")
                return float(value)
            return value
        if isinstance(value, str):
            number = float(value) if _NUMBER_TEXT.fullmatch(value) else None
            exact = int(value) if _INTEGER_TEXT.fullmatch(value) and "." not in value else number
        else:
            exact = value
        if exact is None or (isinstance(exact, float) and not exact.is_integer()):
            return self._bad(value, "a whole number", "write a whole number")
        if not -(1 << _BITS[kind]) <= exact < 1 << _BITS[kind]:
            return self._bad(value, f"a number of {_BITS[kind] + 1} bits", "write a smaller number")
        return int(exact)

    def _enum(self, name: str, value: object) -> object:
        numbers = self._schema.enums[name]
        if isinstance(value, str) and value in numbers:
            return value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            # Protobuf's enums are open: a number that has no name is read all the same.
            names = {number: word for word, number in numbers.items()}
            return names.get(value, value)
        word = value if isinstance(value, str) else ""
        hint = suggest(word, numbers)
        self._complain(
            "bad-enum", f"{_shown(value)} is not one of the values of {_title(name)}", hint
        )
        return _WRONG

    def _bad(self, value: object, wanted: str, hint: str) -> object:
        self._complain("bad-field-value", f"{_shown(value)} stands where {wanted} belongs", hint)
        return _WRONG

    def _complain(self, code: str, message: str, hint: str) -> None:
        place = tuple(self._path)
        self._report.broken.add(place[:-1])
        known = self._consequence
        # An unreadable value is never dropped alone.
        effect = known.effect if known.incomplete else AT_RUN.effect
        self._report.add_unreadable(known.wrong or code, place, f"{message}; {effect}", hint)

    def _unknown_field(self, name: str, key: object) -> None:
        place = tuple(self._path)
        fields = self._schema.messages[name]
        if key in NEWER_FIELDS.get(name, ()):
            self._report.add_unreadable(
                "newer-field",
                place,
                f"`{key}` is read by newer clusters only: KFP 2.17 refuses the run",
                "leave it out, or make sure that the cluster is newer",
            )
            return
        known = self._consequence
        if known.incomplete:
            self._report.broken.add(place[:-1])
        self._report.add_unreadable(
            known.unknown,
            place,
            f"{_title(name)} has no field `{key}`; {known.effect}",
            suggest(str(key), {field.name for field in fields.values()}),
        )


def _title(name: str) -> str:
    """Return how a type is called in messages: ``RetryPolicy``."""
    return name.rpartition(".")[2].removeprefix("enum:").removesuffix("Enum")


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (Mapping, list, tuple)):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = str(value)
    shown = text if len(text) <= 40 else text[:37] + "…"
    return f'"{shown}"' if isinstance(value, str) else f"`{shown}`"
