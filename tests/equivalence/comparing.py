"""Compares two values as ``kalelike verify`` does: by the product's own fingerprints."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from kalelike.runtime.fingerprints import Outcome, Tolerance, compare_fingerprints, fingerprint

_DEFAULT = Tolerance()
_TIMED = "_time'"
"""Ends the names under which scikit-learn keeps how long something took."""


def difference(ours: Any, theirs: Any, path: str = "") -> str | None:
    """Return where and how two values differ, None if they do not.

    What no comparison covers is a difference, unless it is nested too deeply.
    Of places on this machine only the names count: each run has its folder.
    """
    if isinstance(ours, PurePath) and isinstance(theirs, PurePath):
        ours, theirs = ours.name, theirs.name
    if ours is theirs:
        return None
    found = compare_fingerprints(fingerprint(ours), fingerprint(theirs), _DEFAULT)
    if found.outcome is Outcome.EQUAL or _TIMED in found.where or "too deeply" in found.why:
        return None
    kind = "not covered: " if found.outcome is Outcome.UNCOVERED else ""
    return f"{path}{found.where}: {kind}{found.why}"
