"""TensorFlow's data sets travel as their graphs, with the number of passes they have made.

A data set that shuffles draws another order in each pass, from a state that
TensorFlow does not show. It is found by making passes over a fresh copy until
one begins as the next pass over the data set itself does.
"""

from __future__ import annotations

import importlib
import sys
from itertools import count
from typing import Any

from kalelike.runtime.faults import CannotCrossError

_HINT = "make the data set in the step that uses it, from what it is made of"
_MOST_PASSES = 2_000
_FIRST = 3
"""Elements by which a pass is known."""
# Notes of Keras' on data sets that it makes of folders.
_NOTES = ("class_names", "file_paths")

_copies = count()
_passes: dict[int, tuple[Any, int]] = {}
_owners: dict[int, tuple[Any, Any]] = {}


def is_dataset(obj: Any) -> bool:
    """Tell whether a value is a data set of TensorFlow's."""
    module = sys.modules.get("tensorflow.python.data.ops.dataset_ops")
    return module is not None and isinstance(obj, module.DatasetV2)


def reduce_dataset(dataset: Any) -> tuple[Any, ...]:
    """Return how to pickle a data set.

    Raises ``CannotCrossError`` where a graph does not hold all that it does.
    """
    tensorflow: Any = importlib.import_module("tensorflow")
    policy = tensorflow.data.experimental.ExternalStatePolicy.FAIL
    try:
        graph = dataset._as_serialized_graph(external_state_policy=policy).numpy()
    except tensorflow.errors.OpError as error:
        why = str(error.message).rpartition("graph: ")[2]
        message = f"a data set of TensorFlow's cannot pass to another step: {why}"
        raise CannotCrossError(message, _HINT) from None
    notes = {name: vars(dataset)[name] for name in _NOTES if name in vars(dataset)}
    passes = _passes_of(dataset, graph) if _reshuffles(graph) else 0
    return make_dataset, (graph, dataset.element_spec, passes, notes)


def make_dataset(graph: bytes, spec: Any, passes: int, notes: dict[str, Any]) -> Any:
    """Make a data set that has made some passes already."""
    tensorflow: Any = importlib.import_module("tensorflow")
    variant = tensorflow.raw_ops.DatasetFromGraph(graph_def=_apart(graph))
    made = tensorflow.data.experimental.from_variant(variant, spec)
    for _ in range(passes):
        next(iter(made), None)
    for name, value in notes.items():
        setattr(made, name, value)
    return made


def _parsed(graph: bytes) -> Any:
    parsed = importlib.import_module("tensorflow.core.framework.graph_pb2").GraphDef()
    parsed.ParseFromString(graph)
    return parsed


def _apart(graph: bytes) -> bytes:
    """Return a graph whose states of shuffling are no other data set's in this process."""
    resource = importlib.import_module("tensorflow").resource.as_datatype_enum
    parsed = _parsed(graph)
    number = next(_copies)
    for node in parsed.node:
        if node.op == "Const" and node.attr["dtype"].type == resource:
            for handle in node.attr["value"].tensor.resource_handle_val:
                handle.name = f"{handle.name}/kalelike_{number}"
    return bytes(parsed.SerializeToString())


def _reshuffles(graph: bytes) -> bool:
    """Tell whether every pass over a graph's data set has an order of its own, by a seed."""
    parsed = _parsed(graph)
    numbers = {
        node.name: tuple(node.attr["value"].tensor.int64_val)
        for node in parsed.node
        if node.op == "Const"
    }
    for node in parsed.node:
        anew = node.attr["reshuffle_each_iteration"].b or node.attr["rerandomize_each_iteration"].b
        if anew and any(any(numbers.get(name.partition(":")[0], ())) for name in node.input[2:4]):
            return True
    return False


def _passes_of(dataset: Any, graph: bytes) -> int:
    known = _passes.get(id(dataset))
    if known is not None:
        return known[1]
    _claim(dataset)
    wanted = _beginning(dataset)
    copy = make_dataset(graph, dataset.element_spec, 0, {})
    for made in range(_MOST_PASSES if wanted else 0):
        if _beginning(copy) == wanted:
            _passes[id(dataset)] = (dataset, made)
            return made
    message = "a data set that shuffles cannot pass to another step: its state is not known"
    raise CannotCrossError(message, _HINT)


def _claim(dataset: Any) -> None:
    """Refuse a second data set that draws upon what shuffles for another."""
    stack = [dataset]
    while stack:
        item = stack.pop()
        if type(item).__name__ in ("_ShuffleDataset", "_VariantDataset", "_RandomDataset"):
            owner = _owners.setdefault(id(item), (item, dataset))[1]
            if owner is not dataset:
                message = "two data sets that share one that shuffles cannot both pass on"
                raise CannotCrossError(message, _HINT)
        stack.extend(item._inputs())


def _beginning(dataset: Any) -> list[bytes]:
    """Return the first elements of the next pass, if they are tensors; the pass counts as made."""
    tensorflow: Any = importlib.import_module("tensorflow")
    flat = [tensorflow.nest.flatten(item, expand_composites=True) for item in dataset.take(_FIRST)]
    parts = [part for item in flat for part in item]
    plain = all(hasattr(part, "numpy") for part in parts)
    return [part.numpy().tobytes() for part in parts] if plain else []
