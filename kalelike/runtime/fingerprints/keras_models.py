"""Keras' models, layers and optimizers, and TensorFlow's data sets.

Their own pickles are archives that hold the time at which they were made, or
do not exist.
"""

from __future__ import annotations

import sys
from typing import Any

from kalelike.runtime.fingerprints.summary import Builder, Looker


def is_keras(cls: type) -> bool:
    """Tell whether a class is of Keras 3, or the notebook's own that is made of one."""
    return "keras" in sys.modules and any(
        str(base.__module__).startswith("keras.src.") for base in cls.__mro__
    )


def is_dataset_class(cls: type) -> bool:
    """Tell whether a class is one of TensorFlow's many for data sets, which are as good as one."""
    datasets: Any = sys.modules.get("tensorflow.python.data.ops.dataset_ops")
    return datasets is not None and issubclass(cls, datasets.DatasetV2)


def add_keras(builder: Builder, value: Any, looker: Looker) -> bool:
    """Add an object of Keras 3; False for its other types, which know their state."""
    keras: Any = sys.modules["keras"]
    if isinstance(value, keras.layers.Layer):
        _add_layer(builder, value, looker)
    elif isinstance(value, keras.optimizers.Optimizer | keras.metrics.Metric):
        looker.part(builder, ".get_config()", _config(value))
        _add_variables(builder, ".variables", value.variables, looker)
    elif isinstance(value, keras.losses.Loss):
        looker.part(builder, ".get_config()", _config(value))
    elif isinstance(value, keras.Variable):
        looker.part(builder, ".value", _array(value))
    elif isinstance(value, keras.random.SeedGenerator):
        looker.part(builder, ".state", _array(value.state))
    elif isinstance(value, keras.KerasTensor):
        builder.add("tensor", f"{value.name} {value.shape} {value.dtype}")
    else:
        return False
    return True


def add_tensorflow(builder: Builder, value: Any, _looker: Looker) -> bool:
    """Add a data set of TensorFlow's, whatever made it; False for its other types."""
    if not is_dataset_class(type(value)):
        return False
    builder.says = repr(value.element_spec)
    builder.add("spec", builder.says)
    builder.leave_out("", "what a data set gives is compared where it is used")
    return True


def _add_layer(builder: Builder, value: Any, looker: Looker) -> None:
    builder.says = f"{value.name}, {value.count_params() if value.built else 0:,} parameters"
    looker.part(builder, ".get_config()", _config(value))
    _add_variables(builder, ".variables", value.variables, looker)
    optimizer = getattr(value, "optimizer", None)
    if optimizer is not None:
        looker.part(builder, ".optimizer.get_config()", optimizer.get_config())
        _add_variables(builder, ".optimizer.variables", optimizer.variables, looker)


def _add_variables(builder: Builder, place: str, variables: Any, looker: Looker) -> None:
    for index, variable in enumerate(variables):
        looker.part(builder, f"{place}[{index}]", _array(variable))


def _array(variable: Any) -> Any:
    """Return a variable's array; TensorFlow's own way warns of nothing."""
    keras: Any = sys.modules["keras"]
    if keras.backend.backend() == "tensorflow":
        return variable.value.numpy()
    return keras.ops.convert_to_numpy(variable)


def _config(value: Any) -> Any:
    """Return what an object is configured as; of the notebook's own classes, what they hold."""
    if type(value).__module__.startswith("keras."):
        return _without_shapes(value.get_config())
    layers = getattr(value, "_layers", ())
    return {"name": value.name, "layers": [_config(layer) for layer in layers]}


def _without_shapes(config: Any) -> Any:
    """Return a configuration without the shapes that a model notes once it was called or loaded."""
    if isinstance(config, dict):
        return {k: _without_shapes(item) for k, item in config.items() if k != "build_config"}
    if isinstance(config, list | tuple):
        return [_without_shapes(item) for item in config]
    return config
