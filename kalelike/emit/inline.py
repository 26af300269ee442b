"""Step code that travels inside the document, for clusters that no image can be pushed to."""

from __future__ import annotations

import base64
import zlib

LARGEST_INLINE = 90_000
"""Bytes of packed code that an argument can hold: Linux allows 128 KiB for one
argument, and KFP puts the whole container, code included, into one of the driver's."""


def pack_code(text: str) -> str:
    """Return a step's code document compressed, in base64: the same text for the same code."""
    data = zlib.compress(text.encode("utf-8"), level=9)
    return base64.b64encode(data).decode("ascii")
