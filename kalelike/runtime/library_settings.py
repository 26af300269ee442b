"""The settings of libraries as values: read at the end of a step, set at the start of the next."""

from __future__ import annotations

import decimal
import sys
from collections.abc import Iterator, Mapping
from typing import Any

_OF_THE_PROCESS = frozenset({"backend", "backend_fallback", "interactive", "toolbar"})
"""matplotlib's parameters that say how this process draws."""


def read_settings(library: str) -> Any:
    """Return all settings of a library as one value, None if it is not loaded."""
    if library == "decimal":
        return decimal.getcontext().copy()
    module = sys.modules.get(library)
    if module is None:
        return None
    if library == "matplotlib":
        # Not through its own items(), which would choose a backend.
        everything = dict.items(module.rcParams)
        return {key: value for key, value in everything if key not in _OF_THE_PROCESS}
    if library == "pandas":
        return dict(_pandas_options(module._config.config._global_config))
    if library == "numpy":
        return {"print": module.get_printoptions(), "errors": module.geterr()}
    return module.get_config()


def write_settings(library: str, state: Any) -> None:
    """Give a library the settings that :func:`read_settings` returned."""
    if library == "decimal":
        decimal.setcontext(state)
    elif library == "matplotlib":
        import matplotlib

        # As matplotlib's own rc_context: valid values, and no warnings of old names.
        dict.update(matplotlib.rcParams, state)
    elif library == "pandas":
        import pandas

        now = dict(_pandas_options(pandas._config.config._global_config))
        for key, value in state.items():
            if key in now and now[key] is not value and now[key] != value:
                pandas.set_option(key, value)
    elif library == "numpy":
        import numpy

        numpy.set_printoptions(**state["print"])
        numpy.seterr(**state["errors"])
    else:
        import sklearn  # type: ignore[import-untyped,unused-ignore]

        sklearn.set_config(**state)


def _pandas_options(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _pandas_options(value, f"{above}{key}.")
        else:
            yield above + key, value
