"""Torch's tensors: those that look at one memory keep doing so, and gradients travel along.

Torch's own pickles give every tensor its memory, without its gradient. A
tensor with a recorded computation keeps its values; going backward through
what another process has recorded fails, which torch's pickle would not tell.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from kalelike.runtime.views import arrays_in, make_view, owner_of


class TensorReducer:
    """Reduces the tensors of one pickle, and the arrays that look at their memory.

    ``values`` are what is pickled: an array among them that owns a tensor's
    memory (``torch.from_numpy``) goes on owning it.
    """

    def __init__(self, values: Iterable[Any]) -> None:
        import numpy

        self._torch: Any = sys.modules["torch"]
        self._memories: dict[int, Any] = {}
        given = list(values)
        tensors = filter(self._is_plain, arrays_in(given, self._torch.Tensor))
        self._looked_at = {tensor.untyped_storage().data_ptr() for tensor in tensors}
        for array in arrays_in(given, numpy.ndarray):
            owner = owner_of(array)
            whole = owner.flags.c_contiguous or owner.flags.f_contiguous
            if whole and owner.flags.writeable and not owner.dtype.hasobject:
                self._memories.setdefault(_address(owner), owner)

    def reduce(self, tensor: Any) -> tuple[Any, ...] | None:
        """Return how to pickle a plain tensor or parameter in main memory; None for others.

        Raises ``TypeError`` for a tensor that calls something when it gets a gradient.
        """
        if not self._is_plain(tensor):
            return None
        if tensor._backward_hooks:
            raise TypeError("cannot pickle a tensor whose gradient is handed to a hook")
        storage = tensor.untyped_storage()
        if storage.nbytes() == 0:
            return None
        recorded = tensor.grad_fn.name() if tensor.grad_fn is not None else ""
        made = (
            self._memory(storage), tensor.dtype, tensor.storage_offset(), tuple(tensor.shape),
            tensor.stride(), type(tensor) is not self._torch.Tensor, tensor.requires_grad, recorded,
        )  # fmt: skip
        grad = tensor.grad if tensor.is_leaf else None
        state = (grad, dict(tensor.__dict__))
        return make_tensor, made, state, None, None, set_tensor_state

    def reduce_array(self, array: Any) -> tuple[Any, ...] | None:
        """Return how to pickle an array that looks at a tensor's memory; None for others."""
        owner = owner_of(array)
        if isinstance(owner.base, self._torch.Tensor) and self._is_plain(owner.base):
            memory = self._memory(owner.base.untyped_storage())
        elif _address(owner) in self._looked_at:
            memory = self._memories.get(_address(owner))
        else:
            return None
        if memory is None or array is memory:
            return None
        start = _address(array) - _address(memory)
        place = (start, array.shape, array.strides, array.dtype, array.flags.writeable)
        return make_view, (memory, *place)

    def _is_plain(self, tensor: Any) -> bool:
        torch = self._torch
        return (
            type(tensor) in (torch.Tensor, torch.nn.Parameter)
            and tensor.layout == torch.strided
            and tensor.device.type == "cpu"
            and not (tensor.is_quantized or tensor.is_conj() or tensor.is_neg())
            and not any(getattr(tensor, "names", ()))
        )

    def _memory(self, storage: Any) -> Any:
        """Return the one array that stands for a storage in this pickle."""
        address = storage.data_ptr()
        found = self._memories.get(address)
        if found is None or found.nbytes != storage.nbytes():
            whole = self._torch.empty(0, dtype=self._torch.uint8).set_(storage)
            found = self._memories[address] = whole.numpy()
        return found


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def make_tensor(
    memory: Any,
    dtype: Any,
    offset: int,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
    is_parameter: bool,
    requires_grad: bool,
    recorded: str,
) -> Any:
    """Make the tensor that looks at ``memory``, ``offset`` elements in."""
    torch: Any = importlib.import_module("torch")
    whole = torch.from_numpy(memory.reshape(-1, order="A").view("uint8"))
    made = torch.empty(0, dtype=dtype).set_(whole.untyped_storage(), offset, shape, stride)
    if is_parameter:
        return torch.nn.Parameter(made, requires_grad)
    if recorded:
        return _recorded_elsewhere()(made, recorded)
    return made.requires_grad_(requires_grad)


def set_tensor_state(tensor: Any, state: tuple[Any, dict[str, Any]]) -> None:
    """Give a made tensor its gradient and its attributes."""
    grad, attributes = state
    if grad is not None:
        tensor.grad = grad
    tensor.__dict__.update(attributes)


@lru_cache(maxsize=1)
def _recorded_elsewhere() -> Any:
    """Return what marks a tensor as computed, by a computation that is not here."""
    torch: Any = importlib.import_module("torch")

    class Elsewhere(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
        @staticmethod
        def forward(ctx: Any, _start: Any, values: Any, name: str) -> Any:
            ctx.name = name
            return values

        @staticmethod
        def backward(ctx: Any, *_gradients: Any) -> Any:
            raise RuntimeError(
                f"backward() goes through a computation ({ctx.name}) that an earlier step has "
                "recorded, and what it recorded does not pass to another step: call backward() "
                "in the step that computes the value"
            )

    def mark(values: Any, name: str) -> Any:
        with torch.enable_grad():
            return Elsewhere.apply(torch.zeros((), requires_grad=True), values, name)

    return mark
