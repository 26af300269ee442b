"""The generators behind the functions of ``random`` and ``numpy.random``, held in a value.

Their state is the process's: a step that draws is given it beside its values.
Only the standard library is imported.
"""

from __future__ import annotations

import random
import sys
from typing import Any


def reduce_global_generator(obj: Any) -> Any:
    """Reduce a library's global generator to its place: a copy would draw numbers of its own."""
    if type(obj).__name__ == "RandomState" and "numpy" in sys.modules:
        import numpy

        if obj is numpy.random.mtrand._rand:
            return global_generator, ("numpy",)
    if obj is random._inst:
        return global_generator, ("python",)
    return None


def global_generator(library: str) -> Any:
    """Return the generator behind the functions of ``random`` or ``numpy.random``."""
    if library == "python":
        return random._inst
    import numpy

    return numpy.random.mtrand._rand
