"""Keras models and layers: what they are configured as, and their variables.

Their own pickles are archives that hold the time at which they were made.
"""

from __future__ import annotations

import sys
from typing import Any

from kalelike.runtime.fingerprints.summary import Builder, Looker


def add_keras(builder: Builder, value: Any, looker: Looker) -> bool:
    """Add a model or layer of Keras 3; False for its other types, which know their state."""
    keras: Any = sys.modules.get("keras")
    if keras is None or not isinstance(value, keras.layers.Layer):
        return False
    builder.says = f"{value.name}, {value.count_params() if value.built else 0:,} parameters"
    looker.part(builder, ".get_config()", _without_shapes(value.get_config()))
    for index, variable in enumerate(value.variables):
        looker.part(builder, f".variables[{index}]", keras.ops.convert_to_numpy(variable))
    optimizer = getattr(value, "optimizer", None)
    if optimizer is not None:
        looker.part(builder, ".optimizer.get_config()", optimizer.get_config())
        for index, variable in enumerate(optimizer.variables):
            place = f".optimizer.variables[{index}]"
            looker.part(builder, place, keras.ops.convert_to_numpy(variable))
    return True


def _without_shapes(config: Any) -> Any:
    """Return a configuration without the shapes that a model notes once it was called or loaded."""
    if isinstance(config, dict):
        return {k: _without_shapes(item) for k, item in config.items() if k != "build_config"}
    if isinstance(config, list | tuple):
        return [_without_shapes(item) for item in config]
    return config
