"""Compares two fingerprints: equal, different (where and why), or not to be told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kalelike.runtime.fingerprints.floats import Floats

_SURE = 8.0
"""Standard deviations by which sums of within-tolerance differences never miss."""
_ROUNDING = 64.0
"""Steps of a float type by which results of one computation differ between layouts in memory."""


class Outcome(Enum):
    """What a comparison found."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNCOVERED = "uncovered"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far floats may lie apart: ``absolute + relative * size``.

    Of many floats, of which a fingerprint keeps sums, one alone shows from
    about three times the tolerance times the root of their number on.
    Both zero asks for the same bits. Floats of less than double precision may
    always lie 64 of their own steps apart.
    """

    relative: float = 1e-9
    absolute: float = 1e-12

    def allows(self, ours: float, theirs: float, eps: float) -> bool:
        """Tell whether two floats are near enough."""
        size = max(abs(ours), abs(theirs))
        return abs(ours - theirs) <= self.absolute + self.scaled(eps) * size

    def scaled(self, eps: float) -> float:
        """Return the relative tolerance for floats whose step is ``eps``."""
        return max(self.relative, _ROUNDING * eps) if not self.exact else 0.0

    @property
    def exact(self) -> bool:
        """Whether only the same bits are equal."""
        return self.relative == 0 and self.absolute == 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """An outcome; ``where`` is the path within the value, ``why`` a sentence for people."""

    outcome: Outcome
    where: str = ""
    why: str = ""


_EQUAL = Comparison(Outcome.EQUAL)


def compare_fingerprints(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], tolerance: Tolerance
) -> Comparison:
    """Compare two fingerprints; ``ours`` is the one that is being judged.

    A difference is told at the smallest part that the fingerprints still
    tell apart. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is
    no fingerprint.
    """
    found = _compare(ours, theirs, tolerance)
    if found.outcome is not Outcome.EQUAL or _is_seen_whole(ours, theirs):
        return found
    where, why = [*ours.get("uncovered", ()), *theirs.get("uncovered", ())][0]
    return Comparison(Outcome.UNCOVERED, str(where), str(why))


def _is_seen_whole(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    return not ours.get("uncovered") and not theirs.get("uncovered")


def _compare(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], tolerance: Tolerance
) -> Comparison:
    if ours["type"] != theirs["type"]:
        why = f"{_described(ours)} for {_described(theirs)}"
        return Comparison(Outcome.DIFFERENT, "", why)
    if ours["digest"] == theirs["digest"]:
        return _EQUAL
    if ours.get("opaque"):
        return Comparison(Outcome.UNCOVERED, "", f"{ours['opaque']}: its bytes differ")
    same_form = ours["form"] == theirs["form"]
    floats = _floats_differ(ours, theirs, tolerance) if same_form else None
    if same_form and floats is None:
        return _EQUAL
    for key, mine, other in _common_parts(ours, theirs):
        found = _compare(mine, other, tolerance)
        if found.outcome is Outcome.DIFFERENT:
            return Comparison(Outcome.DIFFERENT, f"{key}{found.where}", found.why)
    return Comparison(Outcome.DIFFERENT, "", floats or _form_differs(ours, theirs))


def _common_parts(
    ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    mine, others = ours.get("parts", {}), theirs.get("parts", {})
    for key, part in mine.items():
        if key in others:
            yield key, part, others[key]


def _form_differs(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    mine, others = ours.get("parts", {}), theirs.get("parts", {})
    more = [key for key in mine if key not in others]
    fewer = [key for key in others if key not in mine]
    if more or fewer:
        told = [f"has {', '.join(more[:5])} in addition"] if more else []
        told += [f"lacks {', '.join(fewer[:5])}"] if fewer else []
        return " and ".join(told)
    if ours.get("says") != theirs.get("says"):
        return f"{ours.get('says')} for {theirs.get('says')}"
    return f"another content ({_described(ours)})"


def _described(data: Mapping[str, Any]) -> str:
    kind = str(data["type"])
    return f"{kind} {data['says']}" if data.get("says") else kind


def _floats_differ(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], tolerance: Tolerance
) -> str | None:
    """Say how the floats differ, None if they agree within the tolerance."""
    if "floats" not in ours or "floats" not in theirs:
        return "another content"
    mine, others = Floats.from_dict(ours["floats"]), Floats.from_dict(theirs["floats"])
    eps = max(mine.eps, others.eps)
    if mine.count != others.count:
        return f"{mine.count} finite floats for {others.count}"
    if tolerance.exact:
        return "not the same bits"
    if mine.values:
        for at, (one, other) in enumerate(zip(mine.values, others.values, strict=True)):
            if not tolerance.allows(one, other, eps):
                place = f"number {at + 1}: " if mine.count > 1 else ""
                return f"{place}{one!r} for {other!r}"
        return None
    start = 0
    for block, other_block in zip(mine.blocks, others.blocks, strict=False):
        if not _near(block, other_block, tolerance, eps):
            return f"numbers {start + 1} to {start + block.count} of {mine.count:,} differ"
        start += block.count
    if not _near(mine, others, tolerance, eps):
        return (
            f"its {mine.count:,} numbers differ (norm {mine.norm:.9g} for {others.norm:.9g}, "
            f"{mine.low:.6g} to {mine.high:.6g} for {others.low:.6g} to {others.high:.6g})"
        )
    return None


def _near(ours: Floats, theirs: Floats, tolerance: Tolerance, eps: float) -> bool:
    size = max(ours.norm, theirs.norm)
    allowed = tolerance.absolute * math.sqrt(ours.count) + tolerance.scaled(eps) * size
    # Not "greater than": a sum that overflowed (NaN) is no agreement.
    return (
        all(abs(a - b) <= _SURE * allowed for a, b in zip(ours.sums, theirs.sums, strict=True))
        and abs(ours.norm - theirs.norm) <= allowed
    )
