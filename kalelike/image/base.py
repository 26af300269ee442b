"""The images that steps' images stand on."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

DIGEST = re.compile(r"sha256:[0-9a-f]{64}|local:[0-9a-f]{16}")
"""What a base's content is told by: the registry's digest, or ours of an image that is in none."""


@dataclass(frozen=True, slots=True)
class Base:
    """A base image: what names it, and what tells its content (the name where nothing better)."""

    reference: str
    identity: str


FindBase = Callable[[str, str | None], Base]
"""Returns the base image of a reference, with the content that a lock names if one does."""


def default_image() -> str:
    """Return the official image of the running Python."""
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


def pinned_reference(reference: str, digest: str) -> str:
    """Return the name of what a registry keeps under a digest, wherever the tag points today."""
    name = reference.partition("@")[0]
    path, slash, last = name.rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}@{digest}"


def name_base(reference: str, digest: str | None) -> Base:
    """Return a base image without looking for it: see :data:`FindBase`."""
    if digest is None:
        return Base(reference, reference)
    if digest.startswith("local:"):
        return Base(reference, digest)
    return Base(pinned_reference(reference, digest), digest)
