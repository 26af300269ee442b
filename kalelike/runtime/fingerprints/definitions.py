"""Functions and classes: the notebook's own by their code, a library's by their names."""

from __future__ import annotations

import sys
import types
from typing import Any

from kalelike.runtime.fingerprints.summary import Builder, Looker

OWN = "__main__"
_NOT_CONTENT = frozenset(
    {"__dict__", "__weakref__", "__module__", "__doc__", "__firstlineno__", "__annotate__",
     "__static_attributes__", "__annotations_cache__", "_abc_impl", "__qualname__",
     "__slotnames__"}
)  # fmt: skip
_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def add_function(builder: Builder, value: types.FunctionType, looker: Looker) -> None:
    """Add a function: code without places, defaults, and what its closure holds."""
    builder.says = value.__qualname__
    builder.add("name", f"{value.__module__}.{value.__qualname__}")
    if _is_own(value):
        builder.add("python", _VERSION)
        _add_code(builder, value.__code__)
        looker.part(builder, ".__defaults__", value.__defaults__)
        looker.part(builder, ".__kwdefaults__", value.__kwdefaults__)
    names = value.__code__.co_freevars
    for at, (name, cell) in enumerate(zip(names, value.__closure__ or (), strict=True)):
        try:
            held = cell.cell_contents
        except ValueError:
            builder.add("empty", name)
            continue
        looker.part(builder, f".<{name}>", held, at)
    for name in sorted(vars(value)):
        looker.part(builder, f".{name}", vars(value)[name])


def add_class(builder: Builder, value: type, looker: Looker) -> None:
    """Add a class: the notebook's own with bases and members."""
    builder.says = value.__qualname__
    builder.add("name", f"{value.__module__}.{value.__qualname__}")
    if value.__module__ != OWN:
        return
    for base in value.__bases__:
        builder.add("base", f"{base.__module__}.{base.__qualname__}")
    for at, name in enumerate(sorted(set(vars(value)) - _NOT_CONTENT)):
        member: Any = vars(value)[name]
        if isinstance(member, types.GetSetDescriptorType | types.MemberDescriptorType):
            continue
        if isinstance(member, staticmethod | classmethod):
            member = member.__func__
        if isinstance(member, property):
            member = [member.fget, member.fset, member.fdel]
        builder.add("member", name)
        looker.part(builder, f".{name}", member, at)


def _is_own(value: types.FunctionType) -> bool:
    return value.__module__ == OWN or value.__globals__.get("__name__") == OWN


def _add_code(builder: Builder, code: types.CodeType) -> None:
    builder.add("code", code.co_code)
    builder.add("names", " ".join((*code.co_names, "/", *code.co_varnames)))
    for item in code.co_consts:
        if isinstance(item, types.CodeType):
            _add_code(builder, item)
        elif isinstance(item, frozenset):
            builder.add("const", repr(sorted(map(repr, item))))
        else:
            builder.add("const", repr(item))
