"""The model of what library calls do, read from ``effects.toml``.

Functions are named by dotted path as imported (``numpy.random.rand``), methods
by bare name. An entry names itself and everything below it; an entry that ends
in ``_`` below a module (``sklearn.datasets.make_``) is a prefix.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

SETTINGS = "@settings:"


@dataclass(frozen=True)
class Library:
    """The sets of ``effects.toml``, by section and key."""

    methods: dict[str, frozenset[str]]
    kinds: dict[str, frozenset[str]]
    builtins: dict[str, frozenset[str]]
    modules: dict[str, frozenset[str]]
    uncrossable: dict[str, str]
    draws_with: dict[str, frozenset[str]]
    """The arguments that make a function, or what a class gives, draw from NumPy's generator."""
    carried_settings: dict[str, frozenset[str]]
    _known: dict[str, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

    def function_is(self, path: str, category: str) -> bool:
        """Tell whether the function at dotted ``path`` belongs to ``category``."""
        found = self._known.get(path)
        return category in (self.categories(path) if found is None else found)

    def categories(self, path: str) -> frozenset[str]:
        """Return every category of functions to which dotted ``path`` belongs."""
        found = self._known.get(path)
        if found is None:
            names = (key for key, entries in self.modules.items() if _covered(path, entries))
            found = self._known[path] = frozenset(names)
        return found

    def carried_setting(self, path: str) -> str | None:
        """Return the hidden name under which what ``path`` sets can travel, if it can."""
        found = (key for key, entries in self.carried_settings.items() if _covered(path, entries))
        library = next(found, None)
        return None if library is None else SETTINGS + library

    def method_is(self, name: str, category: str) -> bool:
        """Tell whether methods called ``name`` belong to ``category``."""
        return name in self.methods[category]


def _covered(path: str, entries: frozenset[str]) -> bool:
    if path in entries:
        return True
    end = path.rfind(".")
    if end >= 0:
        last = path[end + 1 :]
        cut = last.find("_")
        if cut > 0 and path[: end + 1] + last[: cut + 1] in entries:
            return True
    while end > 0:
        if path[:end] in entries:
            return True
        end = path.rfind(".", 0, end)
    return False


@lru_cache(maxsize=1)
def load_library() -> Library:
    """Read the packaged model once."""
    text = files("kalelike.dataflow").joinpath("effects.toml").read_text("utf-8")
    data = tomllib.loads(text)

    def words(section: str) -> dict[str, frozenset[str]]:
        return {key: frozenset(value.split()) for key, value in data[section].items()}

    return Library(
        words("methods"),
        words("kinds"),
        words("builtins"),
        words("modules"),
        dict(data["uncrossable"]),
        words("draws_with"),
        words("carried_settings"),
    )
