"""The shape of KFP v2 documents: which fields each message has, and of what type.

The table stands in ``schema.json`` beside this module and is derived from
KFP's own protobuf descriptors by the test suite, which also asserts that the
two agree; KFP itself is not imported here. A field's description reads
``[list |map ]TYPE[ @ONEOF][ =ORIGINAL_NAME]``; ``Json``, ``JsonObject`` and
``Duration`` are protobuf's ``Value``, ``Struct`` and ``Duration``. The
original name is given only where the usual ``snake_case`` is not it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

SCALARS = frozenset({"string", "bool", "int32", "int64", "double"})
WELL_KNOWN = frozenset({"Json", "JsonObject", "Duration"})

# Fields that newer backends read and the SDK's 2.17 descriptors do not have
# yet: a document that uses one is not wrong, but needs a newer cluster.
NEWER_FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"KubernetesExecutorConfig": frozenset({"initContainers", "init_containers"})}
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message.

    ``name`` is the JSON (lowerCamelCase) name, ``shape`` is ``""``, ``"list"``
    or ``"map"``, ``kind`` the type of the (element's) value: a scalar, a
    well-known type, ``enum:NAME`` or the name of a message.
    """

    name: str
    shape: str
    kind: str
    oneof: str | None


@dataclass(frozen=True, slots=True)
class Schema:
    """All messages by name (fields by either spelling) and all enums (numbers by name)."""

    messages: Mapping[str, Mapping[str, Field]]
    enums: Mapping[str, Mapping[str, int]]


@lru_cache(maxsize=1)
def load_schema() -> Schema:
    """Read the table; the result is shared and never changes."""
    table = json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))
    messages = {name: _read_fields(fields) for name, fields in table["messages"].items()}
    return Schema(messages, table["enums"])


def snake_case(name: str) -> str:
    """Return protobuf's original spelling of a lowerCamelCase field name."""
    return re.sub("([A-Z])", lambda match: "_" + match[1].lower(), name)


def _read_fields(fields: Mapping[str, str]) -> dict[str, Field]:
    spelled: dict[str, Field] = {}
    for name, text in fields.items():
        words = text.split(" ")
        shape = words.pop(0) if words[0] in ("list", "map") else ""
        kind, oneof, original = words[0], None, snake_case(name)
        for word in words[1:]:
            if word[0] == "@":
                oneof = word[1:]
            else:
                original = word[1:]
        spelled[name] = spelled[original] = Field(name, shape, kind, oneof)
    return spelled
