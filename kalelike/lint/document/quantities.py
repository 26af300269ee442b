"""Amounts of CPU, memory and storage, as Kubernetes' ``resource.ParseQuantity`` reads them."""

from __future__ import annotations

from kalelike.notebook.kubernetes_values import BadValueError, quantity_value

_SMALL = {"n": 1e-9, "u": 1e-6}


def parse_quantity(text: str) -> float:
    """Return the number that a quantity stands for; raises ``BadValueError``."""
    scale = _SMALL.get(text[-1:])
    digits = text[:-1] if scale else text
    value = quantity_value(digits.removeprefix("+"))
    return value * (scale or 1.0)


def split_reason(error: BadValueError) -> tuple[str, str]:
    """Return what is wrong with a value, and what to write instead."""
    reason, _, remedy = str(error).rpartition(": ")
    return (reason, remedy) if reason else (remedy, "")
