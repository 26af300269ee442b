"""What Keras and TensorFlow keep for the process: seeds, and the names that are taken.

TensorFlow draws a seed for every operation that has none, Keras from one
generator for all calls without a seed; both after ``set_random_seed`` or
``tf.random.set_seed``. Layers are named ``dense``, ``dense_1`` … by counters.
"""

from __future__ import annotations

import importlib
import sys
from collections import defaultdict
from typing import Any

_KERAS_STATE = "keras.src.backend.common.global_state"
_GENERATOR = "global_seed_generator"
_SEED = "global_random_seed"
_COUNTERS = "object_name_uids"


def read_seeds() -> dict[str, Any] | None:
    """Return the state of TensorFlow's and Keras' seeds; None if neither is loaded."""
    state: dict[str, Any] = {}
    context = sys.modules.get("tensorflow.python.eager.context")
    if context is not None:
        own = context.context()
        generator = getattr(own, "_rng", None)
        state["tensorflow"] = (own._seed, generator.getstate() if generator else None)
    keras = sys.modules.get(_KERAS_STATE)
    if keras is not None:
        made = keras.get_global_attribute(_GENERATOR)
        kept = None if made is None else (made.name, made._initial_seed, _as_array(made.state))
        state["keras"] = (keras.get_global_attribute(_SEED), kept)
    return state or None


def write_seeds(state: dict[str, Any]) -> None:
    """Put TensorFlow's and Keras' seeds into a saved state."""
    if "tensorflow" in state:
        seed, generator = state["tensorflow"]
        own = importlib.import_module("tensorflow.python.eager.context").context()
        own._set_global_seed(seed)
        if generator is not None:
            own._rng.setstate(generator)
    if "keras" in state:
        keras: Any = importlib.import_module("keras")
        kept = importlib.import_module(_KERAS_STATE)
        seed, generator = state["keras"]
        kept.set_global_attribute(_SEED, seed)
        made = None
        if generator is not None:
            name, first, value = generator
            # A seed must be given: otherwise Python's generator is drawn from.
            made = keras.random.SeedGenerator(seed=first or 0, name=name)
            made._initial_seed = first
            made.state.assign(value)
        kept.set_global_attribute(_GENERATOR, made)


def start_seeds(number: int) -> None:
    """Seed TensorFlow, where it is loaded, and let Keras begin a new generator."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None:
        tensorflow.random.set_seed(number)
    keras = sys.modules.get(_KERAS_STATE)
    if keras is not None:
        keras.set_global_attribute(_GENERATOR, None)


def read_names() -> dict[str, int] | None:
    """Return how often Keras has given each name; None if it is not loaded."""
    keras = sys.modules.get(_KERAS_STATE)
    return None if keras is None else dict(keras.get_global_attribute(_COUNTERS) or {})


def write_names(state: dict[str, int]) -> None:
    """Let Keras go on counting names from a saved state."""
    importlib.import_module("keras")
    counters = defaultdict(int, state)
    importlib.import_module(_KERAS_STATE).set_global_attribute(_COUNTERS, counters)


def _as_array(variable: Any) -> Any:
    keras: Any = sys.modules["keras"]
    return keras.ops.convert_to_numpy(variable)
