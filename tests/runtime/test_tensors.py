"""Torch's tensors come back as they were; where torch is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kalelike.runtime.fingerprints import fingerprint
from kalelike.runtime.values import load_values, save_values

torch: Any = pytest.importorskip("torch")


def round_trip(folder: Path, values: dict[str, Any]) -> dict[str, Any]:
    save_values(folder / "a", tuple(values), dict(values), frozenset())
    return load_values(folder / "a", {})


@pytest.mark.parametrize("size", [4, 40_000])
def test_tensors_and_arrays_of_one_memory(tmp_path: Path, size: int) -> None:
    whole = torch.zeros(size, 3)
    given = np.zeros(size)
    values = {
        "whole": whole, "row": whole[1], "turned": [whole.T], "array": whole.numpy(),
        "part": whole[2].numpy(), "given": given, "tensor": torch.from_numpy(given),
    }  # fmt: skip
    once = round_trip(tmp_path / "once", values)
    found = round_trip(tmp_path / "twice", once)
    found["row"][:] = 1
    found["array"][0, 0] = 2
    found["part"][2] = 3
    found["given"][1] = 4
    found["tensor"][2] = 5
    assert found["whole"][:3].tolist() == [[2, 0, 0], [1, 1, 1], [0, 0, 3]]
    assert found["turned"][0].is_contiguous() == whole.T.is_contiguous()
    assert found["turned"][0][:, :2].tolist() == [[2, 1], [0, 1], [0, 1]]
    assert found["given"][:3].tolist() == found["tensor"][:3].tolist() == [0, 4, 5]


def test_gradients_and_attributes_travel(tmp_path: Path) -> None:
    model = torch.nn.Linear(2, 1)
    model.weight.tag = "mine"
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    model(torch.ones(1, 2)).sum().backward()
    found = round_trip(tmp_path, {"model": model, "optimizer": optimizer})
    assert fingerprint(found["model"]) == fingerprint(model)
    for made in (optimizer, found["optimizer"]):
        made.step()
    assert torch.equal(found["model"].weight, model.weight)
    assert found["model"].weight.tag == "mine"
    assert found["model"].bias.grad.tolist() == [1.0]


def test_a_fingerprint_sees_a_gradient() -> None:
    tensor = torch.ones(2, requires_grad=True)
    before = fingerprint(tensor)
    (tensor * 2).sum().backward()
    assert fingerprint(tensor) != before


def test_what_is_recorded_elsewhere_keeps_its_value_and_says_so(tmp_path: Path) -> None:
    start = torch.ones(3, requires_grad=True)
    found = round_trip(tmp_path, {"loss": (start * 3).sum(), "start": start})
    assert found["loss"].item() == 9.0
    assert found["loss"].requires_grad
    with pytest.raises(RuntimeError, match=r"SumBackward0.*does not pass to another step"):
        found["loss"].backward()
    assert found["start"].grad is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.eye(3).to_sparse(),
        lambda: torch.ones(2, dtype=torch.bfloat16),
        lambda: torch.tensor(3),
        lambda: torch.empty(0, 3),
        lambda: torch.ones(2, 2)[:, 1],
        lambda: torch.ones(3, dtype=torch.complex64).conj(),
        lambda: torch.nn.Parameter(torch.ones(2), requires_grad=False),
        lambda: torch.arange(3).expand(2, 3),
    ],
)
def test_kinds_of_tensors(tmp_path: Path, make: Any) -> None:
    value = make()
    found = round_trip(tmp_path, {"x": value})["x"]
    assert fingerprint(found) == fingerprint(value)
    assert type(found) is type(value)


def test_a_hook_is_refused(tmp_path: Path) -> None:
    tensor = torch.ones(2, requires_grad=True)
    tensor.register_hook(print)
    with pytest.raises(Exception, match="hook"):
        save_values(tmp_path / "a", ("x",), {"x": tensor}, frozenset())
