"""User strings on their way through other people's template languages."""

from __future__ import annotations

import base64
import json
import re

from kalelike.graph.model import Parameter
from kalelike.runtime.parameters import MARKER, encode

# Argo substitutes {{…}} in whatever stands in a Workflow; Kubernetes expands
# $(VAR) and $$ in the arguments of the drivers, which hold the document's
# parts; protobuf and databases refuse control characters and lone surrogates.
_DANGERS = (
    (re.compile(r"\{\{"), "`{{`, which Argo would take for a placeholder"),
    (re.compile(r"\$\("), "`$(`, which Kubernetes would take for a variable"),
    (re.compile(r"\$\$"), "`$$`, of which Kubernetes would make `$`"),
    (
        re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]"),
        "a control character",
    ),
)
_ANY_DANGER = re.compile("|".join(pattern.pattern for pattern, _ in _DANGERS))

# KFP writes string defaults into comments of the YAML that it compiles; a
# line break there (in YAML's sense) would end the comment.
_BREAKS = re.compile(r"[\n\r\u2028\u2029]")


def find_danger(text: str) -> str | None:
    """Say what in ``text`` would be changed on its way to a cluster; None if nothing."""
    if not _ANY_DANGER.search(text):
        return None
    return next(what for pattern, what in _DANGERS if pattern.search(text))


def carried_default(parameter: Parameter) -> object:
    """Return what stands for a parameter's default in the document.

    The entry point decodes it. Beside what ``encode`` guards against, None is
    encoded (the backend has no null for a text), and so is text of several
    lines, since KFP's own compiler would write broken YAML for it.
    """
    value = parameter.default
    plain = encode(value)
    if plain is None or (isinstance(plain, str) and _BREAKS.search(plain)):
        data = json.dumps(value, separators=(",", ":")).encode("ascii")
        return MARKER + base64.urlsafe_b64encode(data).decode("ascii")
    return plain


def carried_env(value: str) -> str:
    """Return what stands for an environment variable's value in the document.

    Kubernetes expands ``$(VAR)`` and ``$$`` in values, and Argo ``{{…}}``; the
    entry point decodes values that begin with the marker.
    """
    return str(encode(value))
