"""NumPy's arrays and scalars, SciPy's sparse matrices, torch's tensors."""

from __future__ import annotations

import hashlib
import sys
from typing import Any

from kalelike.runtime.fingerprints.floats import summarise_array
from kalelike.runtime.fingerprints.summary import Builder, Looker

_CHUNK = 2**22


class _NoArray:
    """Stands for NumPy's array type where NumPy is not loaded."""


def array_type() -> type:
    """Return NumPy's array type, or one that has no instances."""
    numpy = sys.modules.get("numpy")
    return numpy.ndarray if numpy is not None else _NoArray


def add_numpy(builder: Builder, value: Any, looker: Looker) -> bool:
    """Add an array or a scalar of NumPy's; False for its other types."""
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.ndarray):
        add_array(builder, value, looker)
    elif isinstance(value, numpy.dtype):
        builder.add("dtype", str(value.descr if value.names else value.str))
    elif isinstance(value, numpy.generic) and not isinstance(value, numpy.void | numpy.object_):
        add_content(builder, numpy.asarray(value).reshape(1), looker)
        builder.says = str(value)[:80]
    else:
        return False
    return True


def add_array(builder: Builder, value: Any, looker: Looker) -> None:
    """Add an array: type, shape and content; a mask and a subclass's attributes too."""
    numpy = sys.modules["numpy"]
    builder.says = f"{value.dtype}, shape {' × '.join(map(str, value.shape)) or '()'}"
    builder.add("shape", repr(value.shape))
    if isinstance(value, numpy.ma.MaskedArray):
        mask = numpy.ma.getmaskarray(value)
        builder.add("mask", numpy.packbits(mask).tobytes())
        plain = numpy.array(value.data, copy=True)
        if not plain.dtype.hasobject:
            plain[mask] = numpy.zeros((), plain.dtype)
        add_content(builder, plain, looker)
        looker.part(builder, ".fill_value", numpy.asarray(value.fill_value))
        return
    add_content(builder, numpy.asarray(value), looker)
    if type(value) is not numpy.ndarray and getattr(value, "__dict__", None):
        looker.part(builder, ".__dict__", dict(value.__dict__))


def add_content(builder: Builder, value: Any, looker: Looker) -> None:
    """Add an array's elements in the order of its indices, whatever lies how in memory."""
    kind = value.dtype.kind
    if value.dtype.names:
        builder.add("fields", repr(value.dtype.descr))
        for at, name in enumerate(value.dtype.names):
            looker.part(builder, f"[{name!r}]", value[name], at)
        return
    builder.add("dtype", value.dtype.str if kind not in "OT" else kind)
    if kind in "OTV":
        items = value.reshape(-1).tolist()
        looker.part(builder, "", items)
    elif kind == "c":
        add_content(builder, value.real, looker)
        add_content(builder, value.imag, looker)
    elif kind == "f":
        _add_floats(builder, value)
    else:
        builder.add("bytes", _digest(value))
        if kind in "iub" and value.size:
            builder.says += f", {value.min()} to {value.max()}"


def _add_floats(builder: Builder, value: Any) -> None:
    numpy = sys.modules["numpy"]
    flat = numpy.ascontiguousarray(value).reshape(-1)
    eps = float(numpy.finfo(flat.dtype).eps)
    finite = numpy.isfinite(flat)
    exact = _digest(flat)
    if not finite.all():
        others = flat[~finite]
        builder.add("places", hashlib.sha256(numpy.packbits(finite).tobytes()).digest())
        builder.add("kinds", numpy.isnan(others).tobytes() + (others > 0).tobytes())
        flat = flat[finite]
    # Wider floats than double keep their exact digest, and compare as doubles.
    builder.add_bulk(summarise_array(flat.astype("float64", copy=False), eps), exact)


def _digest(value: Any) -> bytes:
    """Hash the elements in C order without copying more than a part of them."""
    numpy = sys.modules["numpy"]
    digest = hashlib.sha256()
    if value.flags.c_contiguous:
        flat = value.reshape(-1)
        if value.dtype.kind in "mM":
            flat = flat.view("int64")
        digest.update(memoryview(flat).cast("B") if flat.size and value.dtype.kind != "U"
                      else flat.tobytes())  # fmt: skip
        return digest.digest()
    rows = max(1, _CHUNK * value.shape[0] // max(1, value.size))
    for start in range(0, value.shape[0], rows):
        digest.update(numpy.ascontiguousarray(value[start : start + rows]).tobytes())
    return digest.digest()


def add_sparse(builder: Builder, value: Any, looker: Looker) -> bool:
    """Add a sparse matrix of SciPy's; False for its other types."""
    sparse = sys.modules.get("scipy.sparse")
    if sparse is None or not sparse.issparse(value):
        return False
    builder.says = f"{value.dtype}, shape {' × '.join(map(str, value.shape))}, {value.nnz:,} stored"
    builder.add("shape", repr(value.shape))
    table = value.tocoo(copy=True)
    table.sum_duplicates()
    for axis, places in enumerate(table.coords):
        builder.add(f"axis{axis}", _digest(places.astype("int64")))
    looker.part(builder, ".data", table.data)
    return True


def add_torch(builder: Builder, value: Any, looker: Looker) -> bool:
    """Add a tensor of torch's; False for its other types, which know their state."""
    torch: Any = sys.modules["torch"]
    if not isinstance(value, torch.Tensor):
        return False
    shape = " × ".join(map(str, value.shape)) or "()"
    builder.says = f"{value.dtype}, shape {shape}"
    builder.add("tensor", f"{value.dtype} {tuple(value.shape)} {value.requires_grad}")
    plain = value.detach()
    if plain.layout != torch.strided:
        plain = plain.to_dense()
    plain = plain.cpu()
    if plain.dtype == torch.bfloat16:
        plain = plain.float()
    if plain.is_quantized:
        plain = plain.dequantize()
    looker.part(builder, "", plain.numpy())
    if value.is_leaf and value.grad is not None:
        looker.part(builder, ".grad", value.grad)
    return True
