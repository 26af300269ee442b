"""One text for everything that can be reached from values, to compare two processes by.

Mutable objects are written out where they are met. With ``sharing``, an object
that was met before is written as its number instead, so that two texts are
equal only if the same names and parts are the same objects, or views of the
same memory. Immutable values have no identity here.
"""

from __future__ import annotations

import copy
import itertools
import re
import sys
import types
from collections import defaultdict, deque
from typing import Any

_PLAIN = (int, float, complex, str, bytes, type(None), type(Ellipsis), range, slice)
_ADDRESS = re.compile(r"0x[0-9a-f]+")
_ITERATORS = (
    "list_iterator", "tuple_iterator", "range_iterator", "str_iterator", "dict_keyiterator",
    "dict_valueiterator", "dict_itemiterator", "set_iterator", "list_reverseiterator",
    "map", "filter", "zip", "enumerate", "reversed", "islice", "chain", "cycle", "count",
)  # fmt: skip


def describe(value: Any, *, sharing: bool = False) -> str:
    """Return the text of one value, or of a mapping of names to values."""
    return _Describer(sharing).text(value)


class _Describer:
    def __init__(self, sharing: bool) -> None:
        self._sharing = sharing
        self._numbers: dict[int, int] = {}
        self._inside: dict[int, int] = {}
        self._keep: list[Any] = []
        self._memory: dict[int, tuple[int, int]] = {}

    def text(self, value: Any) -> str:
        if isinstance(value, _PLAIN) and type(value) in _PLAIN:
            # A text may show where an object lies, as another run of the program puts it elsewhere.
            return _ADDRESS.sub("0x", repr(value))
        if type(value) is bool:
            return repr(value)
        if type(value) in (tuple, frozenset):
            return self._written(value)
        known = self._inside if not self._sharing else self._numbers
        if id(value) in known:
            # Without sharing, only an object inside itself is a reference.
            return f"#{known[id(value)]}"
        known[id(value)] = len(known)
        self._keep.append(value)
        text = self._written(value)
        if not self._sharing:
            del known[id(value)]
        return text

    def _written(self, value: Any) -> str:
        kind = type(value)
        name = kind.__name__
        module = kind.__module__
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, types.MethodType):
            return f"method {value.__name__} of {self.text(value.__self__)}"
        if isinstance(value, types.ModuleType | types.BuiltinFunctionType):
            return f"{name} {value.__name__}"
        if isinstance(value, property | staticmethod | classmethod):
            functions = (
                [value.fget, value.fset] if isinstance(value, property) else [value.__func__]
            )
            return f"{name}({', '.join(map(self.text, functions))})"
        if module.startswith(("numpy", "pandas")):
            return self._library(value, name)
        if name in _ITERATORS:
            return self._iterator(value, name)
        return f"{name}{self._parts(value)}{self._attributes(value)}"

    def _parts(self, value: Any) -> str:
        if isinstance(value, dict):
            factory = self.text(value.default_factory) if isinstance(value, defaultdict) else ""
            items = ", ".join(f"{self.text(k)}: {self.text(v)}" for k, v in value.items())
            return f"{factory}{{{items}}}"
        if isinstance(value, list | tuple | deque):
            size = f"/{value.maxlen}" if isinstance(value, deque) else ""
            return f"[{', '.join(map(self.text, value))}]{size}"
        if isinstance(value, set | frozenset):
            return f"{{{', '.join(sorted(map(self.text, value)))}}}"
        if isinstance(value, bytearray):
            return repr(bytes(value))
        if isinstance(value, types.GeneratorType):
            return ""
        if isinstance(value, _PLAIN):
            return _ADDRESS.sub("0x", repr(value))
        if hasattr(value, "__dict__") or type(value).__module__ == "__main__":
            return ""
        return _ADDRESS.sub("0x", repr(value))

    def _attributes(self, value: Any) -> str:
        slots = {
            name: getattr(value, name)
            for kind in type(value).__mro__
            if kind.__module__ == "__main__"
            for name in getattr(kind, "__slots__", ())
            if hasattr(value, name)
        }
        own = {**slots, **getattr(value, "__dict__", {})}
        inner = ", ".join(f".{name}={self.text(part)}" for name, part in own.items())
        return f"({inner})"

    def _class(self, value: type) -> str:
        if value.__module__ != "__main__":
            return f"class {value.__module__}.{value.__qualname__}"
        inner = ", ".join(
            f"{name}={self.text(part)}"
            for name, part in sorted(vars(value).items())
            if not name.startswith("__") and not name.startswith("_abc")
        )
        return f"class {value.__qualname__}({inner})"

    def _function(self, value: types.FunctionType) -> str:
        cells = []
        for cell in value.__closure__ or ():
            try:
                cells.append(self.text(cell.cell_contents))
            except ValueError:
                cells.append("empty")
        code = value.__code__
        parts = [
            str(code.co_code), repr(code.co_names), self.text(value.__defaults__),
            self.text(value.__kwdefaults__), *cells, self.text(value.__dict__),
        ]  # fmt: skip
        return f"function {value.__qualname__}({', '.join(parts)})"

    def _iterator(self, value: Any, name: str) -> str:
        try:
            rest = list(itertools.islice(copy.deepcopy(value), 50))
        except (TypeError, RecursionError):
            return name
        return f"{name}[{', '.join(map(self.text, rest))}]"

    def _library(self, value: Any, name: str) -> str:
        pandas: Any = sys.modules.get("pandas")
        numpy: Any = sys.modules["numpy"]
        if isinstance(value, numpy.ndarray):
            content = self.text(value.tolist())
            return f"array[{value.dtype}, {value.shape}, {self._place(value)}]({content})"
        if pandas is not None and isinstance(value, pandas.DataFrame):
            columns = [value.iloc[:, at] for at in range(value.shape[1])]
            inner = ", ".join(map(self._series, columns))
            return f"frame({self._index(value.columns)}, {self._index(value.index)}, {inner})"
        if pandas is not None and isinstance(value, pandas.Series):
            return f"series({self._index(value.index)}, {self._series(value)})"
        if pandas is not None and isinstance(value, pandas.Index):
            return self._index(value)
        if hasattr(value, "bit_generator"):
            return f"{name}({value.bit_generator.state!r})"
        return f"{name}({_ADDRESS.sub('0x', repr(value))})"

    def _series(self, value: Any) -> str:
        return f"{value.name!r}:{value.dtype}:{value.tolist()!r}"

    def _index(self, value: Any) -> str:
        return f"{type(value).__name__}({value.dtype}, {value.tolist()!r}, {value.names!r})"

    def _place(self, value: Any) -> str:
        """Which memory an array shows, if another array met before shows it too."""
        root = value
        while isinstance(root.base, type(value)):
            root = root.base
        if not self._sharing or not value.size:
            return ""
        address = value.__array_interface__["data"][0]
        known = self._memory.get(id(root))
        if known is None:
            self._memory[id(root)] = (len(self._memory), address)
            self._keep.append(root)
            return ""
        return f"memory {known[0]} at {address - known[1]}"
