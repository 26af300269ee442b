"""Gives the arrays of ``numpy.empty`` a content of our own, other than memory has by chance."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

_BYTE = 0x71
"""Makes a large number of every type, which no tolerance takes for another."""
_FILLED_KINDS = "biufc"


def fill_new_memory() -> None:
    """Let ``numpy.empty`` and ``numpy.empty_like`` fill what they give, from here on.

    NumPy documents the content as arbitrary, so code that is right computes
    the same. Only numbers are filled: other kinds have contents that they
    cannot show. Does nothing where NumPy is not installed.
    """
    try:
        import numpy
    except ImportError:
        return
    for name in ("empty", "empty_like"):
        setattr(numpy, name, _filling(getattr(numpy, name)))


def _filling(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def make(*arguments: Any, **named: Any) -> Any:
        made = original(*arguments, **named)
        if type(made).__module__ == "numpy" and made.dtype.kind in _FILLED_KINDS:
            flags = made.flags
            if flags.owndata and flags.writeable and (flags.c_contiguous or flags.f_contiguous):
                byte = 1 if made.dtype.kind == "b" else _BYTE
                ctypes.memset(made.ctypes.data, byte, made.nbytes)
        return made

    return make
