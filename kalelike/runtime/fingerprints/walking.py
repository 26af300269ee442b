"""From a value to its fingerprint: containers part by part, objects by their state.

Only the standard library is imported; values of NumPy, pandas, SciPy, torch
and Matplotlib are known by the modules that are loaded anyway.
"""

from __future__ import annotations

import collections
import copyreg
import io
import re
import types
from collections.abc import Iterable, Mapping
from typing import Any

from kalelike.runtime.fingerprints import arrays, drawings, frames, keras_models
from kalelike.runtime.fingerprints.definitions import add_class, add_function
from kalelike.runtime.fingerprints.floats import DOUBLE, summarise
from kalelike.runtime.fingerprints.summary import Builder, Summary
from kalelike.runtime.global_generators import reduce_global_generator

_MOST_NODES = 400_000
_MOST_DEPTH = 80
_MOST_TEXT = 80
_KEPT = 32
_KEPT_DEPTH = 5
_PARTS = 64
_SCALARS = (type(None), bool, int, float, complex, str, bytes, bytearray)
_SKIPPED = frozenset({"_stop_words_id", "_cache", "__weakref__", "__dict__"})
"""Attributes that say nothing of a value: ``id()`` of an object, and what is computed on demand."""


def fingerprint(value: Any, *, parts: int = _PARTS, private: bool = False) -> dict[str, Any]:
    """Return what is kept of a value, JSON-ready and of bounded size.

    ``type`` is its type, ``digest`` stands for all of it, ``form`` for all but
    its finite floats, which ``floats`` summarises so that they compare within
    a tolerance; ``says`` is a short text. ``parts`` has the same for what the
    value holds, of at most so many parts in all. ``uncovered`` lists what could
    not be looked at, as path and reason. ``private`` keeps texts out of ``says``.

    Never raises: what cannot be looked at is uncovered.
    """
    walker = Walker(private=private)
    try:
        return walker.summarise(value).as_dict(parts)
    except Exception as error:
        name = _type_name(type(value))
        builder = Builder(name)
        builder.leave_out("", f"looking at it raised {type(error).__name__}: {error}"[:200])
        return builder.done().as_dict(0)


def _type_name(cls: type) -> str:
    if keras_models.is_dataset_class(cls):
        return "tensorflow.data.Dataset"
    module = _module_of(cls)
    return cls.__qualname__ if module in ("builtins", "") else f"{module}.{cls.__qualname__}"


def _module_of(cls: type) -> str:
    """Return a class's module; a slot of that name hides it."""
    module = getattr(cls, "__module__", None)
    return module if isinstance(module, str) else ""


class Walker:
    """Summarises one value; it stops at a limit of nodes, and says so."""

    def __init__(self, *, private: bool = False) -> None:
        self._private = private
        self._nodes = 0
        self._open: dict[int, int] = {}
        self._within = 0
        """How many parts that are not kept the walk is in."""

    def summarise(self, value: Any) -> Summary:
        """Return the summary of a value or of a part of one."""
        cls = type(value)
        builder = Builder(_type_name(cls))
        if cls in _SCALARS:
            self._add_scalar(builder, value)
            return builder.done()
        depth = len(self._open)
        self._nodes += 1
        known = self._open.get(id(value))
        if known is not None:
            builder.add("cycle", str(depth - known))
        elif self._nodes > _MOST_NODES:
            builder.leave_out("", "it is too large to be looked at whole")
        elif depth >= _MOST_DEPTH:
            builder.leave_out("", "it is nested too deeply")
        else:
            self._open[id(value)] = depth
            try:
                self._add(builder, value, cls)
            finally:
                del self._open[id(value)]
        return builder.done()

    def part(self, builder: Builder, key: str, value: Any, at: int = 0) -> None:
        """Add a part; it can be told from the others if it is near the top and among the first."""
        kept = not self._within and at < _KEPT and len(self._open) <= _KEPT_DEPTH
        if kept:
            builder.add_part(key, self.summarise(value))
        elif type(value) in _SCALARS:
            builder.add("type", type(value).__name__)
            self._add_content(builder, value)
        else:
            self._within += 1
            builder.add_part(key, self.summarise(value), keep=False)
            self._within -= 1

    # -- kinds of values -----------------------------------------------------------

    def _add(self, builder: Builder, value: Any, cls: type) -> None:
        if self._add_of_library(builder, value, cls):
            return
        place = reduce_global_generator(value)
        if place is not None:
            builder.add("global generator", place[1][0])
        elif drawings.is_artist(value):
            drawings.add_artist(builder, value, self)
        elif isinstance(value, arrays.array_type()):
            arrays.add_array(builder, value, self)
        elif isinstance(value, types.ModuleType):
            builder.add("module", value.__name__)
        elif isinstance(value, type):
            add_class(builder, value, self)
        elif isinstance(value, types.FunctionType):
            add_function(builder, value, self)
        elif isinstance(value, types.MethodType):
            builder.add("method", value.__func__.__qualname__)
            self.part(builder, ".__self__", value.__self__)
        elif isinstance(value, types.BuiltinFunctionType):
            self._add_builtin(builder, value)
        elif isinstance(value, io.IOBase) and value.closed:
            builder.add("closed", str(getattr(value, "name", "")))
        elif isinstance(value, re.Match):
            self.part(builder, ".re", value.re)
            self.part(builder, ".string", value.string)
            builder.add("at", f"{value.pos} {value.endpos} {value.regs}")
        elif isinstance(value, _SCALARS):
            self._add_subclass(builder, value)
        elif not self._add_container(builder, value, cls):
            self._add_object(builder, value, cls)

    def _add_of_library(self, builder: Builder, value: Any, cls: type) -> bool:
        """Add a value of a library that is known; False for all others."""
        root = _module_of(cls).partition(".")[0]
        known = {
            "numpy": arrays.add_numpy,
            "pandas": frames.add_pandas,
            "scipy": arrays.add_sparse,
            "torch": arrays.add_torch,
            "tensorflow": keras_models.add_tensorflow,
        }
        if keras_models.is_keras(cls):
            return keras_models.add_keras(builder, value, self)
        return root in known and known[root](builder, value, self)

    def _add_scalar(self, builder: Builder, value: Any) -> None:
        """Add a plain value that the builder is for."""
        self._add_content(builder, value)
        if isinstance(value, str | bytes | bytearray) and self._private:
            builder.says = f"{len(value):,} characters"
            return
        text = repr(value) if not isinstance(value, int) or value.bit_length() < 200 else "int"
        builder.says = text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"

    def _add_content(self, builder: Builder, value: Any) -> None:
        if isinstance(value, float):
            builder.add_float(value)
        elif isinstance(value, complex):
            builder.add_float(value.real)
            builder.add_float(value.imag)
        elif isinstance(value, int):
            builder.add("int", hex(value))
        elif isinstance(value, str | bytes | bytearray):
            builder.add("text", bytes(value) if not isinstance(value, str) else value)

    def _add_subclass(self, builder: Builder, value: Any) -> None:
        plain: Any = value
        for kind in (int, float, complex, str, bytes, bytearray):
            if isinstance(value, kind):
                plain = str.__str__(value) if isinstance(value, str) else kind(plain)
                break
        self._add_scalar(builder, plain)
        self._add_attributes(builder, value)

    def _add_builtin(self, builder: Builder, value: types.BuiltinFunctionType) -> None:
        owner = value.__self__
        builder.add("builtin", value.__qualname__)
        if owner is not None and not isinstance(owner, types.ModuleType):
            self.part(builder, ".__self__", owner)

    def _add_container(self, builder: Builder, value: Any, cls: type) -> bool:
        if isinstance(value, Mapping) and isinstance(value, dict | types.MappingProxyType):
            builder.says = f"{len(value):,} items"
            self._add_mapping(builder, value)
        elif isinstance(value, list | tuple | collections.deque):
            builder.says = f"{len(value):,} items"
            self._add_sequence(builder, value)
        elif isinstance(value, set | frozenset):
            builder.says = f"{len(value):,} items"
            found = sorted((self.summarise(item) for item in value), key=lambda made: made.exact)
            for item in found:
                builder.add("item", item.exact)
                if item.uncovered:
                    builder.leave_out("", item.uncovered[0][1])
        else:
            return False
        if cls.__module__ != "builtins":
            self._add_attributes(builder, value, public=True)
        if isinstance(value, collections.defaultdict):
            self.part(builder, ".default_factory", value.default_factory)
        return True

    def _add_mapping(self, builder: Builder, value: Mapping[Any, Any]) -> None:
        builder.add("size", str(len(value)))
        for at, (key, item) in enumerate(value.items()):
            shown = self.summarise(key)
            text = self._private and isinstance(key, str | bytes)
            name = f"#{at}" if text else shown.says or f"#{at}"
            builder.add("key", shown.exact)
            self.part(builder, f"[{name}]", item, at)

    def _add_sequence(self, builder: Builder, value: Any) -> None:
        builder.add("size", str(len(value)))
        if len(value) > _KEPT and self._add_uniform(builder, value):
            return
        for at, item in enumerate(value):
            self.part(builder, f"[{at}]", item, at)

    def _add_uniform(self, builder: Builder, value: Any) -> bool:
        """Add a long list of one plain kind at once; False if it is none."""
        kinds = set(map(type, value))
        if kinds == {float}:
            finite = [item for item in value if item - item == 0.0]
            if len(finite) != len(value):
                builder.add("places", "".join("f" if v - v == 0.0 else repr(v) for v in value))
            raw = ",".join(map(float.hex, value)).encode()
            builder.add_bulk(summarise(finite, DOUBLE), raw)
        elif kinds == {str}:
            builder.add("sizes", ",".join(str(len(item)) for item in value))
            builder.add("texts", "".join(value))
        elif kinds <= {int, bool, type(None)} and kinds:
            builder.add("ints", ",".join(repr(v) if v is None or v is True or v is False else hex(v)
                                         for v in value))  # fmt: skip
        else:
            return False
        return True

    # -- objects -----------------------------------------------------------------------

    def _add_object(self, builder: Builder, value: Any, cls: type) -> None:
        reducer = copyreg.dispatch_table.get(cls)
        try:
            reduced: Any = reducer(value) if reducer is not None else value.__reduce_ex__(4)
        except Exception as error:
            builder.leave_out("", _why_not(value, error))
            return
        if isinstance(reduced, str):
            builder.add("global", reduced)
            return
        made, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        if made is not copyreg.__newobj__:  # type: ignore[attr-defined]
            self.part(builder, ".()", made)
        for at, item in enumerate(arguments):
            if item is not cls:
                self.part(builder, f".({at})", item, at)
        self._add_state(builder, state)
        if items is not None:
            self.part(builder, "", list(items))
        if pairs is not None:
            self._add_mapping(builder, dict(pairs))

    def _add_state(self, builder: Builder, state: Any) -> None:
        if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
            self._add_state(builder, state[0])
            state = state[1]
        if isinstance(state, dict) and all(isinstance(key, str) for key in state):
            self._add_named(builder, state)
        elif state is not None:
            self.part(builder, ".state", state)

    def _add_attributes(self, builder: Builder, value: Any, *, public: bool = False) -> None:
        """Add what an object's slots and dictionary hold; of containers, what is public."""
        names = {key: None for cls in type(value).__mro__ for key in _slots(cls)}
        found = {key: getattr(value, key) for key in names if hasattr(value, key)}
        own = getattr(value, "__dict__", None)
        found |= own if isinstance(own, dict) else {}
        self._add_named(
            builder, {key: found[key] for key in found if not (public and key.startswith("_"))}
        )

    def _add_named(self, builder: Builder, state: Mapping[str, Any]) -> None:
        """Add attributes; their order says nothing of a value."""
        for at, key in enumerate(sorted(set(state) - _SKIPPED)):
            builder.add("name", key)
            self.part(builder, f".{key}", state[key], at)


def _slots(cls: type) -> Iterable[str]:
    slots = cls.__dict__.get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    return (
        f"_{cls.__name__.lstrip('_')}{name}"
        if name.startswith("__") and not name.endswith("__")
        else name
        for name in names
    )


def _why_not(value: Any, error: BaseException) -> str:
    if isinstance(value, types.GeneratorType):
        return "a generator gives its values only once"
    name = _type_name(type(value))
    text = str(error)
    return f"a {name} tells nothing of its state" if "pickle" in text else f"{name}: {text}"[:160]
