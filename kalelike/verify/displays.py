"""Compares what a cell showed: texts, tables and figures, without what differs in every run."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kalelike.runtime.fingerprints import Comparison, Outcome, Tolerance
from kalelike.runtime.shown import PICTURE_HASH, is_picture, picture_hash
from kalelike.verify.observations import Shown

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{4,16}")
_TIMED = re.compile(
    r"^.*(?:CPU times|Wall time|per loop|it/s|s/it|s/step|s/epoch).*$", re.MULTILINE
)
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w])")
_SPACE = re.compile(r"[ \t]+|(?<=-)-+|(?<=\n)\n+")
_IDS = re.compile(
    r"""[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|sk-[a-z-]+-\d+|T_[0-9a-f]{4,}|(?<=id=")[^"]*"""
)
_SIGNIFICANT = 6
_ONLY_HASHED = "a picture's bytes differ, and only their hash came back"
_PIXEL = 0.5
"""Mean difference of a picture's channels (of 255) that no eye sees."""


def compare_shown(
    ours: Shown, theirs: Shown, roots: Sequence[Path], tolerance: Tolerance
) -> Comparison:
    """Compare a cell's outputs: order, kinds and content; standard error apart.

    ``roots`` are folders in whose place a text has the same word. What only
    standard error shows otherwise is uncovered: a process tells a warning once,
    and a pipeline has several.
    """
    mine, others = _parts(ours, roots), _parts(theirs, roots)
    if len(mine) != len(others):
        why = f"{_listed(mine)} for {_listed(others)}"
        return Comparison(Outcome.DIFFERENT, "", why)
    unknown: str | None = None
    for at, ((kind, one), (other_kind, other)) in enumerate(zip(mine, others, strict=True)):
        where = f"output {at + 1}" if len(mine) > 1 else ""
        if kind != other_kind:
            return Comparison(Outcome.DIFFERENT, where, f"{kind} for {other_kind}")
        found = _compare_data(kind, one, other, tolerance)
        if found is not None and found.endswith(_ONLY_HASHED):
            unknown = where
        elif found is not None:
            return Comparison(Outcome.DIFFERENT, where, found)
    if unknown is not None:
        return Comparison(Outcome.UNCOVERED, unknown, _ONLY_HASHED)
    errors = [_stderr(side, roots) for side in (ours, theirs)]
    if errors[0] != errors[1]:
        return Comparison(Outcome.UNCOVERED, "standard error", "warnings and messages differ")
    return Comparison(Outcome.EQUAL)


def _parts(shown: Shown, roots: Sequence[Path]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for item in shown:
        if item["output_type"] == "stream":
            text = _plain(_joined(item["text"]), roots)
            if item["name"] != "stdout":
                continue
            if found and found[-1][0] == "text":
                found[-1] = ("text", found[-1][1] + text)
            else:
                found.append(("text", text))
        elif "data" in item:
            found.append((item["output_type"].replace("_", " "), _content(item["data"], roots)))
    return found


def _content(data: Mapping[str, Any], roots: Sequence[Path]) -> dict[str, Any]:
    return {
        kind: value if is_picture(kind) else _plain(_joined(value), roots)
        for kind, value in data.items()
    }


def _joined(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "".join(value)
    return json.dumps(value, sort_keys=True)


def _plain(text: str, roots: Sequence[Path]) -> str:
    for root in roots:
        text = text.replace(str(root), "<folder>")
    text = text.rpartition("\r")[2] if "\r" in text and "\n" not in text else text
    return _IDS.sub("<id>", _TIMED.sub("<time>", _ADDRESS.sub("0x…", text)))


def _stderr(shown: Shown, roots: Sequence[Path]) -> str:
    streams: Iterable[Mapping[str, Any]] = (
        item for item in shown if item["output_type"] == "stream" and item["name"] != "stdout"
    )
    return "".join(_plain(_joined(item["text"]), roots) for item in streams)


def _listed(parts: list[tuple[str, Any]]) -> str:
    return ", ".join(kind for kind, _ in parts) or "nothing"


def _compare_data(kind: str, ours: Any, theirs: Any, tolerance: Tolerance) -> str | None:
    if kind == "text":
        return compare_texts(ours, theirs, tolerance)
    if set(ours) != set(theirs):
        return f"shown as {', '.join(sorted(ours))} for {', '.join(sorted(theirs))}"
    for mime in sorted(ours, key=lambda name: name != "text/plain"):
        one, other = ours[mime], theirs[mime]
        if one == other:
            continue
        if is_picture(mime):
            found = _compare_pictures(one, other)
        else:
            found = compare_texts(one, other, tolerance)
        if found is not None:
            return f"{mime}: {found}" if mime != "text/plain" else found
    return None


def compare_texts(ours: str, theirs: str, tolerance: Tolerance) -> str | None:
    """Say how two texts differ, None if they agree.

    Numbers in them have the tolerance, and may differ by one in their last
    place where six digits or more are shown; width of blanks is no difference.
    """
    if ours == theirs:
        return None
    for mine, other in zip(_lines(ours), _lines(theirs), strict=False):
        if mine != other and not _near(mine, other, tolerance):
            return f"{_short(mine)} for {_short(other)}"
    counts = len(_lines(ours)), len(_lines(theirs))
    return None if counts[0] == counts[1] else f"{counts[0]} lines for {counts[1]}"


def _lines(text: str) -> list[str]:
    return [" ".join(_SPACE.sub(" ", line).split()) for line in text.strip().splitlines()]


def _short(line: str) -> str:
    return repr(line if len(line) <= 100 else line[:97] + "…")


def _near(ours: str, theirs: str, tolerance: Tolerance) -> bool:
    if _blanked(ours) != _blanked(theirs):
        return False
    pairs = zip(_NUMBER.findall(ours), _NUMBER.findall(theirs), strict=True)
    return all(_near_number(one, other, tolerance) for one, other in pairs)


def _blanked(line: str) -> str:
    return " ".join(_NUMBER.sub("#", line).split())


def _near_number(ours: str, theirs: str, tolerance: Tolerance) -> bool:
    if ours == theirs:
        return True
    if not re.search(r"[.eE]", ours + theirs):
        return False
    one, other = float(ours), float(theirs)
    if tolerance.allows(one, other, 0.0):
        return True
    digits = re.sub(r"[eE].*|\D", "", theirs).lstrip("0")
    if tolerance.exact or len(digits) < _SIGNIFICANT:
        return False
    mantissa, _, power = theirs.lower().partition("e")
    places = len(mantissa.partition(".")[2])
    step = 10.0 ** (int(power or 0) - places)
    return abs(one - other) <= 1.001 * step


def _compare_pictures(ours: str, theirs: str) -> str | None:
    if ours.startswith(PICTURE_HASH):
        return None if ours == picture_hash(theirs) else _ONLY_HASHED
    try:
        from PIL import Image, ImageChops, ImageStat
    except ImportError:
        return "another picture (its bytes differ)"
    try:
        one, other = (
            Image.open(io.BytesIO(base64.b64decode("".join(item)))).convert("RGBA")
            for item in (ours, theirs)
        )
    except (OSError, ValueError):
        return "another picture"
    if one.size != other.size:
        return f"a picture of {one.size[0]} × {one.size[1]} for {other.size[0]} × {other.size[1]}"
    means = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return None if max(means) <= _PIXEL else "another picture"
