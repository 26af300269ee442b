"""Keras and TensorFlow: names that are counted, data sets that shuffle, files of callbacks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from kalelike.dataflow.builtin_calls import BuiltinEvaluator, everything_of
from kalelike.dataflow.files import named_file
from kalelike.dataflow.values import CODE, DATASET, LATER, NAMED, SCALAR, WILD, Obj, Value, reach

_NAMES = "keras-names"
_FIELD = re.compile(r"\{[^{}]*\}")
_AT_TRAINING = frozenset({"fit", "fit_generator", "train_on_batch"})
_OUT_OF_DATASETS = frozenset(
    {"as_numpy_iterator", "cardinality", "reduce", "get_single_element", "numpy"}
)


class DeepLearningEvaluator(BuiltinEvaluator):
    """What calls of Keras and TensorFlow do beyond what the library model can say in words."""

    def count_names(self, node: ast.AST) -> None:
        """Record that Keras names something: its counters are a stream that begins by itself."""
        if f"@random:{_NAMES}" in self.names:
            self.draw(_NAMES, node)
        else:
            self._begin_names(node)

    def _begin_names(self, node: ast.AST) -> None:
        stream = self.make(node, "stream", role=_NAMES)
        self.bind_global(f"@random:{_NAMES}", frozenset((stream,)), node)

    def keras_function(self, path: str, node: ast.AST) -> None:
        """Record what a function by its dotted path does to Keras' counters."""
        if self.library.function_is(path, "names_keras"):
            self.count_names(node)
        elif self.library.function_is(path, "renames_keras"):
            self._begin_names(node)

    def keras_made(self, path: str, result: Value) -> None:
        """Mark what a function of Keras gives."""
        for item in result:
            if self.library.function_is(path, "names_keras"):
                item.mark(NAMED)

    def keras_method(self, receiver: Obj, name: str, everything: set[Obj], node: ast.AST) -> None:
        """Record what a method of a model does to names, files and its own state."""
        if name in _AT_TRAINING:
            for item in reach(everything):
                if item.path == LATER and item.kind == "opaque":
                    self._write_at_training(item, node)
        if not receiver.traits & NAMED:
            return
        if name in ("compile", "__call__"):
            self.count_names(node)
        if name in self.library.methods["applies"] and receiver.traits & CODE:
            self.change_deep((receiver,), node)

    def keras_result(
        self, path: str, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value | None:
        """Return the data set or callback that a function gives; None for other functions."""
        everything = everything_of(arguments, keywords)
        if self.library.function_is(path, "datasets"):
            shuffles = path.endswith(("_from_directory", "make_csv_dataset", "list_files"))
            return self._dataset_of(everything, node, shuffles=shuffles)
        if not self.library.function_is(path, "writes_later"):
            return None
        made = self.make(node, "opaque", everything)
        made.path = LATER
        texts = self.known_texts(named_file(arguments, keywords))
        made.hold(self.any_text(_FIELD.sub(WILD, text) for text in texts))
        return frozenset((made,))

    def _write_at_training(self, callback: Obj, node: ast.AST) -> None:
        texts = frozenset(item for item in callback.contents if item.kind == "text")
        self.write_file(texts, node, whole=False)

    # -- data sets ---------------------------------------------------------------------

    def dataset_method(
        self, receiver: Obj, name: str, everything: set[Obj], node: ast.AST
    ) -> Value:
        """Return what a method of a data set gives: another that draws upon it, mostly."""
        if name == "save":
            return SCALAR
        if name in _OUT_OF_DATASETS:
            self.change(self._shuffled((receiver,)), node)
            return self.fresh(node)
        shuffles = name in self.library.methods["shuffles"]
        if shuffles:
            self.draw("keras", node)
        return self._dataset_of({receiver, *everything}, node, shuffles=shuffles)

    def _dataset_of(self, everything: Iterable[Obj], node: ast.AST, *, shuffles: bool) -> Value:
        held = {item for item in everything if item.is_dataset or item.traits & CODE}
        kind = "stream" if shuffles or self._shuffled(held) else "opaque"
        made = self.make(node, kind, held)
        made.path = DATASET
        return frozenset((made,))

    @staticmethod
    def _shuffled(items: Iterable[Obj]) -> list[Obj]:
        return [item for item in items if item.is_dataset and item.kind == "stream"]
