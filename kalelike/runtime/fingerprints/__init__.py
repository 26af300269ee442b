"""Fingerprints: what is kept of a value so that it can be compared without being there."""

from kalelike.runtime.fingerprints.comparing import (
    Comparison,
    Outcome,
    Tolerance,
    compare_fingerprints,
)
from kalelike.runtime.fingerprints.files import fingerprint_file
from kalelike.runtime.fingerprints.walking import fingerprint

__all__ = [
    "Comparison",
    "Outcome",
    "Tolerance",
    "compare_fingerprints",
    "fingerprint",
    "fingerprint_file",
]
