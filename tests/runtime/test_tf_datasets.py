"""TensorFlow's data sets come back with what they give next; where TensorFlow is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kalelike.runtime.faults import CannotCrossError
from kalelike.runtime.hidden_state import read_state, write_state
from kalelike.runtime.values import load_values, save_values

tf: Any = pytest.importorskip("tensorflow")


def round_trip(folder: Path, values: dict[str, Any]) -> dict[str, Any]:
    save_values(folder / "a", tuple(values), dict(values), frozenset())
    return load_values(folder / "a", {})


def pass_over(dataset: Any) -> list[Any]:
    return [tf.nest.map_structure(lambda part: part.numpy().tolist(), item) for item in dataset]


def numbers() -> Any:
    return tf.data.Dataset.from_tensor_slices((list(range(40)), list(range(40))))


def test_a_data_set_and_its_code(tmp_path: Path) -> None:
    made = numbers().map(lambda a, b: (a * 2, b)).batch(8).prefetch(1)
    assert pass_over(round_trip(tmp_path, {"made": made})["made"]) == pass_over(made)


@pytest.mark.parametrize("passes", [0, 1, 4])
def test_shuffling_goes_on_where_it_was(tmp_path: Path, passes: int) -> None:
    tf.random.set_seed(4)
    orders = [pass_over(d) for d in [numbers().shuffle(40).batch(8)] for _ in range(8)]
    assert orders[0] != orders[1]
    tf.random.set_seed(4)
    made = numbers().shuffle(40).batch(8)
    assert [pass_over(made) for _ in range(passes)] == orders[:passes]
    found = round_trip(tmp_path / "once", {"made": made})["made"]
    other = round_trip(tmp_path / "other", {"made": made})["made"]
    assert pass_over(found) == orders[passes]
    assert pass_over(other) == orders[passes]
    again = round_trip(tmp_path / "twice", {"found": found})["found"]
    assert [pass_over(again), pass_over(again)] == orders[passes + 1 : passes + 3]


def test_what_is_no_graph_is_refused(tmp_path: Path) -> None:
    made = tf.data.Dataset.from_generator(
        lambda: iter([1]), output_signature=tf.TensorSpec((), "int32")
    )
    with pytest.raises(CannotCrossError, match="PyFunc is stateful"):
        round_trip(tmp_path, {"made": made})
    tf.random.set_seed(1)
    mixed = numbers().shuffle(9)
    with pytest.raises(CannotCrossError, match="share one that shuffles"):
        round_trip(tmp_path, {"train": mixed.take(30), "test": mixed.skip(30)})


def test_seeds_go_on(tmp_path: Path) -> None:
    tf.random.set_seed(3)
    tf.random.normal((2,))
    save_values(tmp_path / "a", ("@random:keras",), {}, frozenset())
    expected = tf.random.normal((2,)).numpy().tolist()
    tf.random.set_seed(8)
    write_state("@random:keras", load_values(tmp_path / "a", {})["@random:keras"])
    assert tf.random.normal((2,)).numpy().tolist() == expected


def test_keras_seeds_and_names_go_on() -> None:
    keras: Any = pytest.importorskip("keras", minversion="3")
    keras.utils.set_random_seed(3)
    keras.random.normal((2,))
    seeds, names = read_state("@random:keras"), read_state("@random:keras-names")
    expected = keras.random.normal((2,)), keras.layers.Dense(1).name
    keras.utils.set_random_seed(5)
    keras.layers.Dense(1)
    write_state("@random:keras", seeds)
    write_state("@random:keras-names", names)
    found = keras.random.normal((2,)), keras.layers.Dense(1).name
    assert found[0].numpy().tolist() == expected[0].numpy().tolist()
    assert found[1] == expected[1]
