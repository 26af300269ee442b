"""Keras' objects come back as they were; where Keras 3 and a backend are installed."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kalelike.runtime.fingerprints import fingerprint
from kalelike.runtime.values import load_values, save_values

if find_spec("tensorflow") is None and find_spec("torch") is not None:
    os.environ.setdefault("KERAS_BACKEND", "torch")
if not any(map(find_spec, ("tensorflow", "torch", "jax"))):
    pytest.skip("Keras needs a backend", allow_module_level=True)
keras: Any = pytest.importorskip("keras", minversion="3")

X = np.arange(96, dtype="float32").reshape(32, 3) / 96
Y = X.sum(1)


def round_trip(folder: Path, values: dict[str, Any]) -> dict[str, Any]:
    save_values(folder / "a", tuple(values), dict(values), frozenset())
    return load_values(folder / "a", {})


def test_a_trained_model_goes_on_as_if_it_had_stayed(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    parts = [keras.layers.Dense(4), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((3,)), *parts])
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(X, Y, epochs=2, verbose=0)
    values = {"history": history, "layer": parts[0], "model": model}
    once = round_trip(tmp_path / "once", values)
    found = round_trip(tmp_path / "twice", once)
    assert fingerprint(found["model"]) == fingerprint(model)
    assert found["history"].model is found["model"]
    assert found["model"].layers[0] is found["layer"]
    losses = []
    for made in (model, found["model"]):
        keras.utils.set_random_seed(2)
        losses.append(made.fit(X, Y, epochs=2, verbose=0).history)
    assert losses[0] == losses[1]
    assert fingerprint(found["model"]) == fingerprint(model)
    assert found["layer"].get_weights()[0].tolist() == parts[0].get_weights()[0].tolist()


def test_models_that_share_layers_go_on_sharing_them(tmp_path: Path) -> None:
    start = keras.Input((3,))
    shared = keras.layers.Dense(4)
    inner = shared(start)
    values = {
        "encoder": keras.Model(start, inner),
        "whole": keras.Model(start, keras.layers.Dense(1)(inner * 2.0)),
        "start": start,
        "inner": inner,
    }
    found = round_trip(tmp_path, values)
    assert found["encoder"].layers[-1] in found["whole"].layers
    assert found["encoder"].inputs[0] is found["start"]
    more = keras.Model(found["start"], keras.layers.Dense(2)(found["inner"]))
    assert more.count_params() == shared.count_params() + 10
    assert found["whole"].get_config() == values["whole"].get_config()
    before = found["encoder"].predict(X, verbose=0)
    found["whole"].compile("sgd", "mse")
    found["whole"].fit(X, Y, verbose=0)
    assert not np.array_equal(found["encoder"].predict(X, verbose=0), before)


def test_a_long_chain_of_layers(tmp_path: Path) -> None:
    start = end = keras.Input((2,))
    for _ in range(150):
        end = keras.layers.Activation("tanh")(end)
    model = keras.Model(start, end)
    found = round_trip(tmp_path, {"end": end, "model": model})
    assert len(found["model"].layers) == 151
    assert np.array_equal(found["model"](X[:, :2]), model(X[:, :2]))


@pytest.mark.parametrize("built", [False, True])
def test_a_model_of_a_class_of_ones_own(tmp_path: Path, built: bool) -> None:
    class Own(keras.Model):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.first = [keras.layers.Dense(3), keras.layers.Dropout(0.2)]
            self.last = {"out": keras.layers.Dense(1)}
            self.seen = keras.metrics.Mean(name="seen")

        def call(self, inputs: Any, training: bool = False) -> Any:
            for layer in self.first:
                inputs = layer(inputs, training=training)
            return self.last["out"](inputs)

    Own.__module__ = "__main__"
    model = Own()
    model.compile("adam", "mse")
    if built:
        model.fit(X, Y, verbose=0)
    found = round_trip(tmp_path, {"model": model})["model"]
    assert [v.name for v in found.variables] == [v.name for v in model.variables]
    for made in (model, found):
        keras.utils.set_random_seed(3)
        made.fit(X, Y, epochs=2, verbose=0)
    assert len(found.trainable_variables) == 4
    if built:
        assert fingerprint(found) == fingerprint(model)


def test_layers_frozen_after_compile_are_not_trained_in_silence(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = False
    found = round_trip(tmp_path, {"model": model})["model"]
    with pytest.raises(RuntimeError, match="after compile"):
        found.fit(X, Y, verbose=0)
    found.compile("sgd", "mse")
    found.fit(X, Y, verbose=0)


def test_preprocessing_that_has_seen_data(tmp_path: Path) -> None:
    layer = keras.layers.Normalization()
    layer.adapt(X)
    found = round_trip(tmp_path, {"layer": layer})["layer"]
    assert np.array_equal(np.asarray(found(X)), np.asarray(layer(X)))


def test_fingerprints_see_what_an_object_has_learnt(tmp_path: Path) -> None:
    class Own(keras.Model):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.last = keras.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.last(inputs)

    Own.__module__ = "__main__"
    model, mean, optimizer = Own(), keras.metrics.Mean(), keras.optimizers.SGD(momentum=0.5)
    model.compile(optimizer, "mse")
    model.fit(X, Y, verbose=0)
    values = {"model": model, "mean": mean, "optimizer": optimizer}
    found = round_trip(tmp_path, values)
    before = {name: fingerprint(value) for name, value in values.items()}
    assert before == {name: fingerprint(value) for name, value in found.items()}
    model.fit(X, Y, verbose=0)
    mean.update_state([3.0])
    assert all(fingerprint(value) != before[name] for name, value in values.items())
