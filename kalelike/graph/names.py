"""Keys for artifacts and parameters: names that Kubeflow Pipelines can carry."""

from __future__ import annotations

import re

RESERVED_KEYS = frozenset({"report", "notebook", "metrics"})
"""Keys of the outputs that every step has beside its values."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_OTHER = re.compile(r"[^A-Za-z0-9_]+")


def artifact_key(name: str, taken: set[str]) -> str:
    """Return a key for a name, unlike (also in lower case) any of ``taken``, and add it there.

    Plain names stay as they are; others keep their plain characters and show
    the rest by code point, so that the key is stable.
    """
    base = name
    if name.startswith("@"):
        kind, _, rest = name[1:].partition(":")
        base = f"{kind}_{_OTHER.sub('_', rest).strip('_')}"
    if not _PLAIN.match(base):
        spelt = "".join(
            letter if _PLAIN.match("a" + letter) else f"u{ord(letter):04x}" for letter in base
        )
        base = spelt if spelt[:1].isalpha() and spelt.isascii() else f"v{spelt}"
    base = base[:60]
    key, number = base, 1
    while key.lower() in taken or key in RESERVED_KEYS:
        number += 1
        key = f"{base}_{number}"
    taken.add(key.lower())
    return key
