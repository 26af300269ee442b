"""patsy's design matrices and what is in them.

Its classes refuse pickles because no format is promised to last; between the
steps of one run, whose packages are the same, nothing has to.
"""

from __future__ import annotations

import copyreg
from typing import Any


def reduce_formula_part(obj: Any) -> tuple[Any, ...] | None:
    """Return how to pickle an object whose class is patsy's and refuses it; None for others."""
    kind = type(obj)
    # A compiled function's class has a descriptor there.
    if str(kind.__module__).partition(".")[0] != "patsy":
        return None
    if kind.__name__ == "DesignMatrix":
        import numpy

        return kind, (obj.view(numpy.ndarray), obj.design_info)
    if any("__getstate__" in vars(item) for item in kind.__mro__[:-1]):
        return copyreg.__newobj__, (kind,), dict(vars(obj))  # type: ignore[attr-defined]
    return None
