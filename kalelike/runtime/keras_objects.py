"""Keras 3's objects travel as they are: layers stay shared, built, and as far trained.

Keras' own pickle of a model is its saved file: layers get copies, a class of
the notebook's is not found again, and the seeds of dropout begin anew.
"""

from __future__ import annotations

import importlib
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

# Compiled functions: Keras makes them again when they are needed.
_MADE_ANEW = frozenset(
    {"train_function", "test_function", "predict_function", "_distributed_dataset"}
)
# Layer.__new__ gives every layer its own.
_WRAPPERS = frozenset({"build", "quantize"})
# What TensorFlow notes of the objects that an object holds.
_NAMED = "_self_unconditional_dependency_names"
_LISTED = "_self_unconditional_checkpoint_dependencies"
_COLLECTIONS = (list, OrderedDict, dict, set)

_unfinished: list[Callable[[], None]] = []


class KerasReducer:
    """Reduces the models, layers, optimizers, metrics and losses of one pickle.

    A layer knows those before and after it. The first that is met brings all of
    them, empty at first: a long chain of layers would be too deep to pickle.
    """

    def __init__(self) -> None:
        self._empty: dict[int, Any] = {}

    def reduce(self, obj: Any) -> tuple[Any, ...] | None:
        """Return how to pickle an object of Keras; None for what is none."""
        kind = type(obj)
        if isinstance(obj, _Filling):
            return fill, (obj.filled, _state_of(obj.filled))
        if kind.__module__ == "keras.src.utils.tracking":
            kept = next((base for base in _COLLECTIONS if isinstance(obj, base)), None)
            if kept is None:
                return make, (kind,), dict(obj.__dict__), None, None, set_tracker_state
            state = (kept(obj), dict(obj.__dict__))
            return make, (kind,), state, None, None, set_collection_state
        if kind.__module__ == "keras.src.utils.backend_utils":
            # It asks itself for attributes that it has only when it is filled.
            return make, (kind,), dict(obj.__dict__), None, None, fill
        if kind.__name__ == "_DefaultDistributionStrategy":
            return default_strategy, ()
        saveable = sys.modules.get("keras.src.saving.keras_saveable")
        if saveable is None or not isinstance(obj, saveable.KerasSaveable):
            return None
        if id(obj) in self._empty:
            return make, (kind,)
        others = [item for item in _connected(obj) if id(item) not in self._empty]
        self._empty.update((id(item), item) for item in (obj, *others))
        parts = (others, [_Filling(item) for item in others], _state_of(obj))
        return make, (kind,), parts, None, None, set_parts


class _Filling:
    """Stands in a pickle for the attributes of an object that is already in it."""

    def __init__(self, filled: Any) -> None:
        self.filled = filled


def _connected(start: Any) -> list[Any]:
    """Return the layers and operations that are connected to one, in the order met."""
    found: dict[int, Any] = {id(start): start}
    stack = [start]
    while stack:
        for item in _neighbours(stack.pop()):
            if id(item) not in found:
                found[id(item)] = item
                stack.append(item)
    return list(found.values())[1:]


def _neighbours(obj: Any) -> Iterable[Any]:
    own = obj.__dict__
    yield from own.get("_operations", ())
    yield from own.get("_layers", ())
    for node in (*own.get("_inbound_nodes", ()), *own.get("_outbound_nodes", ())):
        yield node.operation
        for tensor in node.arguments.keras_tensors:
            yield tensor._keras_history.operation


def _state_of(obj: Any) -> dict[str, Any]:
    state = dict(obj.__dict__)
    stale = state.get("train_function") is not None and _is_stale(obj)
    for name in _MADE_ANEW & state.keys():
        state[name] = None
    if stale:
        state["train_function"] = compiled_otherwise
    for name in _WRAPPERS & state.keys():
        if hasattr(state[name], "__wrapped__"):
            del state[name]
    if _NAMED in state:
        state[_NAMED] = {k: v for k, v in state[_NAMED].items() if k not in _MADE_ANEW}
        state[_LISTED] = [item for item in state[_LISTED] if item.name not in _MADE_ANEW]
    return state


def _is_stale(model: Any) -> bool:
    """Tell whether layers were frozen or freed since the model was compiled.

    Its compiled training goes on with the variables of that time; made anew, it
    would train others.
    """
    compiled = getattr(model, "_compiled_trainable_state", {})
    return any(compiled.get(item, item.trainable) != item.trainable for item in compiled)


def compiled_otherwise(_iterator: Any) -> Any:
    """Stand in for compiled training that would be another here; ``compile()`` takes it away."""
    raise RuntimeError(
        "`trainable` of a layer was set after compile(), in an earlier step: what was compiled "
        "goes on training the same variables, and does not pass to another step. Call "
        "compile() after setting `trainable`, as Keras asks, or fit in the step that sets it"
    )


def make(kind: type) -> Any:
    """Make an object of a Keras class, without anything in it yet."""
    layer: Any = importlib.import_module("keras").layers.Layer
    if issubclass(kind, layer):
        return layer.__new__(kind)
    plain: Any = next(
        base for base in kind.__mro__ if base.__module__ in ("builtins", "collections")
    )
    return plain.__new__(kind)


def fill(obj: Any, state: dict[str, Any]) -> None:
    """Give a made object its attributes, past what Keras does when they are assigned."""
    obj.__dict__.update(state)
    if "_trainable_variables_indices" in state or "_nodes_by_depth" in state:
        _unfinished.append(lambda: _identify(obj))


def set_parts(obj: Any, parts: tuple[Any, Any, dict[str, Any]]) -> None:
    """Give an object its attributes; those of the others it came with are already given."""
    fill(obj, parts[2])


def set_tracker_state(tracker: Any, state: dict[str, Any]) -> None:
    """Give a made tracker its attributes; what it tracks may not be complete yet."""
    tracker.__dict__.update(state)
    _unfinished.append(lambda: _identify_tracked(tracker))


def set_collection_state(obj: Any, state: tuple[Any, dict[str, Any]]) -> None:
    """Fill a tracked list, dictionary or set without telling its tracker."""
    items, attributes = state
    obj.__dict__.update(attributes)
    if isinstance(obj, list):
        list.extend(obj, items)
    elif isinstance(obj, set):
        set.update(obj, items)
    else:
        kind = OrderedDict if isinstance(obj, OrderedDict) else dict
        for key, item in items.items():
            kind.__setitem__(obj, key, item)


def default_strategy() -> Any:
    """Return TensorFlow's strategy of a process that asked for none."""
    tensorflow: Any = importlib.import_module("tensorflow")
    return tensorflow.distribute.get_strategy()


def finish() -> None:
    """Make the tables by identity, after everything of a pickle has been made."""
    while _unfinished:
        _unfinished.pop()()


def _identify_tracked(tracker: Any) -> None:
    stores = {name: store for name, (_, store) in tracker.config.items()}
    tracker.stored_ids = {name: {id(item) for item in store} for name, store in stores.items()}


def _identify(obj: Any) -> None:
    own = obj.__dict__
    if "_trainable_variables_indices" in own:
        variables = own.get("_trainable_variables", ())
        own["_trainable_variables_indices"] = {
            obj._var_key(variable): index for index, variable in enumerate(variables)
        }
    if "_nodes_by_depth" in own:
        own["_nodes"] = {
            f"{id(node.operation)}_ib-{node.operation._inbound_nodes.index(node)}"
            for nodes in own["_nodes_by_depth"].values()
            for node in nodes
        }
