"""What a cluster takes, in bytes: limits of KFP 2.17, Argo and Linux, and how they count."""

from __future__ import annotations

import json

LARGEST_WORKFLOW = 1024 * 1024
"""Argo's limit for the whole Workflow object (``MAX_WORKFLOW_SIZE``)."""

LARGEST_ARGUMENT = 128 * 1024 - 1
"""Linux's limit for one argument (``MAX_ARG_STRLEN``), less the final zero."""

LARGEST_PARAMETERS = 10_000
"""The API server's limit for a run's parameters (``MAX_PARAMETER_BYTES``)."""


def argument_bytes(value: object) -> int:
    """Return the bytes of a value's JSON as KFP hands it to its drivers, as one argument.

    Go's JSON writes ``<``, ``>`` and ``&`` as ``\\u003c`` and the like. What is
    no JSON counts as its text.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    escaped = text.count("<") + text.count(">") + text.count("&")
    return len(text.encode("utf-8", "surrogatepass")) + 5 * escaped
