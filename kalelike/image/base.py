"""The images that steps' images stand on."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Base:
    """A base image: what names it, and what tells its content (the name where nothing better)."""

    reference: str
    identity: str


def default_image() -> str:
    """Return the official image of the running Python."""
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"
