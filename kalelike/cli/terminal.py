"""What the terminal can show: colours, and whether there is one at all."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TextIO

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}


def has_colour(stream: TextIO) -> bool:
    """Tell whether ``stream`` wants colours: a terminal, and no ``NO_COLOR``."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream)


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a person looks at ``stream``."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def paint(text: str, colour: str, stream: TextIO) -> str:
    """Return ``text`` in a colour (or ``bold``, ``dim``) where ``stream`` shows it."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if has_colour(stream) else text


def make_streams_lenient() -> None:
    """Let a character that the terminal's encoding lacks be escaped rather than raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(ValueError, OSError):
                stream.reconfigure(errors="backslashreplace")


def visible(text: str) -> str:
    """Return ``text`` without the control characters by which it could drive a terminal."""
    return "".join(char if char in "\n\t" or char.isprintable() else "·" for char in text)
