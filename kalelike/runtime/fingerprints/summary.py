"""The summary of one value while its fingerprint is being made."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import Any, Protocol

from kalelike.runtime.fingerprints.floats import DOUBLE, NONE, Floats, merge, summarise

_DIGEST = 16
_MOST_UNCOVERED = 8


@dataclass(slots=True)
class Summary:
    """What is known of a value.

    ``exact`` is a digest of all of it, ``form`` of all but the finite floats,
    which ``floats`` summarises. ``says`` is a short text for people. ``parts``
    are summaries of what the value holds, as far as they are kept.
    ``uncovered`` names what could not be looked at, and why. ``opaque`` says
    why another ``exact`` would not mean another value.
    """

    type: str
    form: bytes
    exact: bytes
    floats: Floats
    says: str = ""
    parts: dict[str, Summary] = field(default_factory=dict)
    uncovered: list[tuple[str, str]] = field(default_factory=list)
    opaque: str = ""

    def as_dict(self, most_parts: int) -> dict[str, Any]:
        """Return the summary as JSON-ready data, of at most so many parts in all."""
        top: dict[str, Any] = {}
        waiting = [(self, top)]
        while waiting:
            item, data = waiting.pop(0)
            data |= item._own_data()
            if not item.parts or len(item.parts) > most_parts:
                continue
            most_parts -= len(item.parts)
            data["parts"] = {}
            for key, part in item.parts.items():
                data["parts"][key] = made = dict[str, Any]()
                waiting.append((part, made))
        return top

    def _own_data(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "type": self.type,
            "digest": self.exact.hex(),
            "form": self.form.hex(),
        }
        if self.floats.count:
            data["floats"] = self.floats.as_dict()
        if self.says:
            data["says"] = self.says
        if self.opaque:
            data["opaque"] = self.opaque
        if self.uncovered:
            data["uncovered"] = [list(item) for item in self.uncovered]
        return data


class Builder:
    """Collects a value's content in its order and makes its summary."""

    def __init__(self, type_name: str) -> None:
        self.type = type_name
        self.says = ""
        self.opaque = ""
        self._form = hashlib.sha256(type_name.encode("utf-8", "surrogatepass"))
        self._exact = hashlib.sha256(self._form.digest())
        self._leaves: list[float] = []
        self._eps = DOUBLE
        self._floats: list[Floats] = []
        self._parts: dict[str, Summary] = {}
        self._uncovered: list[tuple[str, str]] = []

    def add(self, kind: str, content: bytes | str = b"") -> None:
        """Add something that counts exactly; ``kind`` tells it from other content."""
        raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        head = f"{kind}:{len(raw)};".encode()
        for digest in (self._form, self._exact):
            digest.update(head)
            digest.update(raw)

    def add_float(self, value: float, eps: float = DOUBLE) -> None:
        """Add a float: its kind counts exactly, its size within the tolerance."""
        if math.isfinite(value):
            self._form.update(b"f")
            self._exact.update(float(value).hex().encode())
            self._leaves.append(float(value))
            self._eps = max(self._eps, eps)
        else:
            self.add("float", repr(float(value)))

    def add_bulk(self, floats: Floats, exact: bytes) -> None:
        """Add floats that are summarised already; ``exact`` stands for them exactly."""
        self._form.update(b"F%d" % floats.count)
        self._exact.update(exact)
        self._floats.append(floats)

    def add_part(self, key: str, part: Summary, *, keep: bool = True) -> None:
        """Add what the value holds under ``key``; kept ones can be told from each other later."""
        self._form.update(part.form)
        self._exact.update(part.exact)
        if part.floats.count:
            self._floats.append(part.floats)
        if keep:
            self._parts[key] = part
        for where, why in part.uncovered:
            self.leave_out(f"{key}{where}", why)

    def has(self, key: str) -> bool:
        """Tell whether a kept part has this key."""
        return key in self._parts

    def leave_out(self, where: str, why: str) -> None:
        """State something that was not looked at."""
        if len(self._uncovered) < _MOST_UNCOVERED:
            self._uncovered.append((where, why))

    def done(self) -> Summary:
        """Return the summary."""
        floats = NONE
        if self._leaves or self._floats:
            floats = merge([summarise(self._leaves, self._eps), *self._floats])
        return Summary(
            self.type,
            self._form.digest()[:_DIGEST],
            self._exact.digest()[:_DIGEST],
            floats,
            self.says,
            self._parts,
            self._uncovered,
            self.opaque,
        )


class Looker(Protocol):
    """Summarises the parts of a value, for those who know one kind of value only."""

    def summarise(self, value: Any) -> Summary:
        """Return the summary of a value."""
        ...

    def part(self, builder: Builder, key: str, value: Any, at: int = 0) -> None:
        """Add a value as a part; ``at`` is its place among its siblings."""
        ...
