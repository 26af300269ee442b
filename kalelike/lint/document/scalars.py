"""What an unquoted YAML scalar means to KFP's API server.

KFP reads YAML with Go's ``yaml.v3`` and hands the result to protobuf as JSON.
Its rules differ from PyYAML's: ``yes`` and ``on`` are text, ``010`` is eight,
``1e3`` is a number, and a date becomes text with a time. This module follows
the resolver of ``gopkg.in/yaml.v3`` (``resolve.go``).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date

_WORDS: dict[str, object] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_POINT = re.compile(r"\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+)?")
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"([Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?(Z|[+-]\d\d:\d\d)"
    r"| (\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?)?"
)
_INTEGERS = (
    (re.compile(r"[+-]?0[xX][0-9a-fA-F]+"), 16),
    (re.compile(r"[+-]?0[bB][01]+"), 2),
    (re.compile(r"[+-]?0[oO]?[0-7]+"), 8),
    (re.compile(r"[+-]?(0|[1-9][0-9]*)"), 10),
)
_LARGEST_INTEGER = 2**64 - 1
_NUMBER_START = frozenset("+-0123456789")


@dataclass(frozen=True, slots=True)
class Changed:
    """A scalar that does not reach protobuf as it is written; ``value`` is what does."""

    value: str
    written: str


def resolve_plain(text: str) -> object:
    """Return the JSON value (or ``Changed``, for a date) of an unquoted scalar.

    NaN and the infinities come back as floats, although JSON has no place for
    them: the caller must refuse them, as Go's encoder does.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] == ".":
        # Go's ParseFloat takes underscores between digits, the other way takes them anywhere.
        return float(text.replace("_", "")) if _POINT.fullmatch(text) else text
    if text[0] not in _NUMBER_START:
        return text
    if _is_date(text):
        return Changed(_as_timestamp(text), text)
    return _as_number(text)


def _as_number(text: str) -> object:
    digits = text.replace("_", "")
    for pattern, base in _INTEGERS:
        if pattern.fullmatch(digits):
            try:
                value = int(digits.replace("o", "").replace("O", ""), base)
            except ValueError:  # More digits than Python makes a number of.
                break
            if -(2**63) <= value <= _LARGEST_INTEGER:
                return value
            break
    # Too large for a double is text again, as strconv.ParseFloat's error makes it.
    if _FLOAT.fullmatch(digits) and not math.isinf(number := float(digits)):
        return number
    return text


def _is_date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    clock = [int(part) for part in match.group(5, 6, 7, 10, 11, 12) if part is not None]
    return not clock or (clock[0] < 24 and clock[1] < 60 and clock[2] < 60)


def _as_timestamp(text: str) -> str:
    match = _DATE.fullmatch(text)
    assert match is not None
    year, month, day = (int(part) for part in match.group(1, 2, 3))
    hour, minute, second = (
        int(a or b or 0) for a, b in zip(match.group(5, 6, 7), match.group(10, 11, 12), strict=True)
    )
    fraction = (match[8] or match[13] or "").rstrip("0").rstrip(".")
    zone = match[9] or "Z"
    return (
        f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        f"{fraction}{'Z' if zone == '+00:00' else zone}"
    )
