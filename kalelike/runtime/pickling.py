"""Pickles whose functions and classes belong to the notebook's namespace again when loaded.

A function or class that every reader replays from source is pickled as its
name. Any other function of the notebook is pickled by value, and gets the
reader's namespace as its globals: it sees what the notebook's function would
see. Everything else is cloudpickle's.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import re
import sys
import types
from collections.abc import Callable, Collection
from contextlib import suppress
from enum import Enum, EnumType
from functools import lru_cache
from typing import Any, BinaryIO

import cloudpickle

from kalelike.runtime.faults import CannotCrossError
from kalelike.runtime.formulas import reduce_formula_part
from kalelike.runtime.global_generators import reduce_global_generator
from kalelike.runtime.keras_objects import KerasReducer, finish
from kalelike.runtime.matches import reduce_match
from kalelike.runtime.streams import CellStream
from kalelike.runtime.tensors import TensorReducer
from kalelike.runtime.tf_datasets import is_dataset, reduce_dataset
from kalelike.runtime.views import reduce_view

_namespace: dict[str, Any] = {}

_CACHED = type(lru_cache(len))
# What cloudpickle would bring back as something else, in silence.
_REFUSED: tuple[type, ...] = (
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
    types.FrameType,
    memoryview,
    type({}.keys()),
    type({}.values()),
    type({}.items()),
    type(iter({}.keys())),
    type(iter({}.values())),
    type(iter({}.items())),
    type(reversed({}.keys())),
    type(reversed({}.values())),
    type(reversed({}.items())),
)


class StepPickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles values of a step; ``definitions`` are the names that travel as names.

    ``shared`` are the owners of memory at which several arrays look, ``tensors``
    reduces torch's.
    ``referred`` collects the definitions that the pickle refers to.
    """

    def __init__(
        self,
        file: BinaryIO,
        namespace: dict[str, Any],
        definitions: frozenset[str],
        buffer_callback: Callable[[pickle.PickleBuffer], object] | None = None,
        shared: frozenset[int] = frozenset(),
        tensors: TensorReducer | None = None,
    ) -> None:
        super().__init__(file, protocol=5, buffer_callback=buffer_callback)
        self._own = namespace
        self._definitions = definitions
        self._shared = shared
        self._tensors = tensors
        self._keras = KerasReducer() if "keras" in sys.modules else None
        self._formulas = "patsy" in sys.modules
        self.referred: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        """Reduce the notebook's own functions, classes and closure cells."""
        if isinstance(obj, types.FunctionType) and obj.__globals__ is self._own:
            return self._by_name(obj) or _reduce_function(obj)
        if isinstance(obj, type) and obj.__module__ == "__main__":
            by_name = self._by_name(obj)
            return by_name if by_name is not None else self._by_value(obj)
        if isinstance(obj, types.CellType):
            return _reduce_cell(obj)
        special = self._of_library(obj)
        if special is not None:
            return special
        if self._tensors is not None and type(obj).__name__ in ("Tensor", "Parameter"):
            return self._tensors.reduce(obj) or super().reducer_override(obj)
        if type(obj).__name__ == "ndarray":
            shared = reduce_view(obj, self._shared) if self._shared else None
            if shared is None and self._tensors is not None:
                shared = self._tensors.reduce_array(obj)
            return shared or _in_its_order(obj) or super().reducer_override(obj)
        if type(obj).__name__ == "vectorize" and type(obj).__module__ == "numpy":
            return _reduce_vectorized(obj)
        if isinstance(obj, re.Match):
            return reduce_match(obj) or super().reducer_override(obj)
        if isinstance(obj, _CACHED) and obj.__module__ == "__main__":
            return self._by_name(obj) or _refuse_cached(obj)
        if isinstance(obj, _REFUSED):
            raise TypeError(f"cannot pickle {type(obj).__name__!r} object")
        if isinstance(obj, io.IOBase) and not isinstance(
            obj, io.BytesIO | io.StringIO | CellStream
        ):
            raise TypeError(f"cannot pickle {type(obj).__name__!r} object (an open file)")
        return super().reducer_override(obj)

    def _of_library(self, obj: Any) -> Any:
        """Reduce what a library's own pickle would bring back as something else, or not at all."""
        special = reduce_global_generator(obj)
        if special is None and self._keras is not None:
            special = self._keras.reduce(obj)
        if special is None and self._formulas:
            special = reduce_formula_part(obj)
        return reduce_dataset(obj) if special is None and is_dataset(obj) else special

    def _by_value(self, obj: type) -> Any:
        """Reduce a class as cloudpickle does, and keep the name that its ``repr`` shows."""
        reduced = super().reducer_override(obj)
        if isinstance(reduced, tuple) and obj.__qualname__ != obj.__name__:
            attributes, _ = reduced[2]
            attributes["__qualname__"] = obj.__qualname__
        if isinstance(reduced, tuple) and not isinstance(obj, EnumType):
            _keep_own_attributes(obj, reduced[2][0])
        if isinstance(reduced, tuple) and "__slots__" in vars(obj):
            _keep_slots(obj, reduced)
        if isinstance(reduced, tuple) and isinstance(obj, EnumType):
            members = _members(obj)
            if any(members.values()):
                state = (reduced[2], members, reduced[5])
                return *reduced[:2], state, None, None, set_enum_state
        if isinstance(reduced, tuple) and _is_hooked(obj):
            return make_unhooked, (reduced[0], reduced[1]), *reduced[2:]
        return reduced

    def _by_name(self, obj: Any) -> Any:
        root, _, inner = obj.__qualname__.partition(".")
        if root not in self._definitions or "<locals>" in inner:
            return None
        found: Any = self._own.get(root)
        for part in inner.split(".") if inner else ():
            found = getattr(found, part, None)
        if found is not obj:
            return None
        self.referred.add(root)
        return look_up, (obj.__qualname__,)


def _refuse_cached(obj: Any) -> Any:
    raise TypeError(f"{obj.__qualname__} remembers results (lru_cache), which would be lost")


def _in_its_order(obj: Any) -> Any:
    """Reduce an array whose elements do not lie together so that their order stays.

    A pickle would put them in C order, and sums over another order end in
    other last bits, which fits amplify. None for arrays that keep theirs.
    """
    flags = getattr(obj, "flags", None)
    if flags is None or flags.c_contiguous or flags.f_contiguous or obj.dtype.hasobject:
        return None
    return obj.copy(order="K").__reduce_ex__(pickle.HIGHEST_PROTOCOL)


def _reduce_vectorized(obj: Any) -> Any:
    """Reduce a ``numpy.vectorize`` without what a call made: the next makes it anew."""
    state = dict(vars(obj))
    if isinstance(state.get("_ufunc"), dict):
        state["_ufunc"] = {}
    return copyreg.__newobj__, (type(obj),), state  # type: ignore[attr-defined]


def _keep_own_attributes(kind: type, attributes: dict[str, Any]) -> None:
    """Keep attributes that are the same objects as a base's: cloudpickle leaves them out.

    The base's may change later, and the class's own would not.
    """
    for name, value in vars(kind).items():
        own = name not in attributes and not name.startswith("_")
        if own and any(vars(base).get(name) is value for base in kind.__mro__[1:]):
            attributes[name] = value


def _keep_slots(kind: type, reduced: tuple[Any, ...]) -> None:
    """Let a class be made with its slots: cloudpickle only sets the attribute ``__slots__``."""
    if isinstance(kind, EnumType) or (
        not vars(kind)["__slots__"] and "__orig_bases__" in vars(kind)
    ):
        # A named tuple makes its own, and refuses to be given any.
        return
    attributes, _ = reduced[2]
    for name, part in list(attributes.items()):
        if isinstance(part, types.MemberDescriptorType) and part.__objclass__ is kind:
            del attributes[name]
    _, _, _, at_making, *_ = reduced[1]
    at_making["__slots__"] = attributes["__slots__"]


_OF_EVERY_MEMBER = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_"})


def _members(kind: Any) -> dict[str, dict[str, Any]]:
    """Return what an enumeration's members have beside their names and values."""
    return {
        name: {k: v for k, v in vars(member).items() if k not in _OF_EVERY_MEMBER}
        for name, member in kind.__members__.items()
    }


def set_enum_state(kind: type[Enum], state: tuple[Any, dict[str, dict[str, Any]], Any]) -> None:
    """Give an enumeration its attributes, and its members theirs, which cloudpickle leaves out."""
    attributes, members, set_state = state
    set_state(kind, attributes)
    for name, own in members.items():
        kind[name].__dict__.update(own)


def _is_hooked(kind: type) -> bool:
    """Tell whether a base of the notebook acts on every subclass that is made."""
    bases = kind.__mro__[1:]
    return any(b.__module__ == "__main__" and "__init_subclass__" in vars(b) for b in bases)


class _Unhooked:
    """Stands before a class's bases while it is made, so that they do not act again."""

    __slots__ = ()

    def __init_subclass__(cls, **keywords: Any) -> None:
        """The hook has run where the class was defined."""


def make_unhooked(make: Callable[..., type], arguments: tuple[Any, ...]) -> type:
    """Make a class as cloudpickle's ``make`` does, without its bases' ``__init_subclass__``."""
    kind, name, bases, *rest = arguments
    made = make(kind, name, (_Unhooked, *bases), *rest)
    if _Unhooked in made.__bases__:
        # Bases with slots have a layout of their own, and keep the stand-in.
        with suppress(TypeError):
            made.__bases__ = bases
    return made


def _reduce_function(obj: types.FunctionType) -> Any:
    state = {
        "__defaults__": obj.__defaults__,
        "__kwdefaults__": obj.__kwdefaults__,
        "__annotations__": obj.__annotations__,
        "__doc__": obj.__doc__,
        "__module__": obj.__module__,
        "__qualname__": obj.__qualname__,
    }
    made = (obj.__code__, obj.__name__, obj.__closure__)
    return make_function, made, (obj.__dict__, state), None, None, set_function_state


def _reduce_cell(obj: types.CellType) -> Any:
    try:
        contents = obj.cell_contents
    except ValueError:
        return make_cell, ()
    # The cell exists, and is known to the pickle, before what it holds: a
    # recursive function is in its own cell.
    return make_cell, (), (contents,), None, None, fill_cell


def look_up(name: str) -> Any:
    """Return a definition that the reader has replayed, by its qualified name."""
    root, _, inner = name.partition(".")
    try:
        found = _namespace[root]
        for part in inner.split(".") if inner else ():
            found = getattr(found, part)
        return found
    except (KeyError, AttributeError):
        raise CannotCrossError(
            f"a value needs {name}, which this step does not define", name=name
        ) from None


def make_function(
    code: types.CodeType, name: str, closure: tuple[types.CellType, ...] | None
) -> types.FunctionType:
    """Make a function whose globals are the reading step's namespace."""
    return types.FunctionType(code, _namespace, name, None, closure)


def set_function_state(function: types.FunctionType, state: tuple[dict[str, Any], Any]) -> None:
    """Give a made function its attributes."""
    attributes, own = state
    function.__dict__.update(attributes)
    for name, value in own.items():
        setattr(function, name, value)


def make_cell() -> types.CellType:
    """Make an empty closure cell."""
    return types.CellType()


def fill_cell(cell: types.CellType, state: tuple[Any]) -> None:
    """Put the contents into a closure cell."""
    cell.cell_contents = state[0]


class _FoundError(Exception):
    """A searched class was met."""


class _Finder(cloudpickle.Pickler):  # type: ignore[misc]
    def __init__(self, searched: Collection[type]) -> None:
        # Buffers are kept aside, not copied.
        super().__init__(io.BytesIO(), protocol=5, buffer_callback=[].append)
        self._searched = searched

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, type) and obj in self._searched:
            raise _FoundError(obj.__name__)
        return super().reducer_override(obj)


def mentions(value: Any, searched: Collection[type]) -> str | None:
    """Return the name of a class among ``searched`` that a value holds or is of; None if none."""
    try:
        _Finder(searched).dump(value)
    except _FoundError as found:
        return str(found)
    return None


def load(file: BinaryIO, namespace: dict[str, Any], buffers: list[memoryview]) -> Any:
    """Unpickle into ``namespace``; only ever called on what a step's own save wrote."""
    global _namespace
    _namespace = namespace
    loaded = pickle.load(file, buffers=buffers)
    finish()
    return loaded
