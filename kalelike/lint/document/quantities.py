"""Amounts of CPU, memory and storage, as Kubernetes' ``resource.ParseQuantity`` reads them."""

from __future__ import annotations

import re

from kalelike.notebook.kubernetes_values import BadValueError, quantity_value

_SMALL_QUANTITY = re.compile(r"[0-9]+(\.[0-9]*)?[nu]")
_SMALL = {"n": 1e-9, "u": 1e-6}


def parse_quantity(text: str) -> float:
    """Return the number that a quantity stands for; raises ``BadValueError``."""
    if _SMALL_QUANTITY.fullmatch(text):
        return float(text[:-1]) * _SMALL[text[-1]]
    return quantity_value(text)


def split_reason(error: BadValueError) -> tuple[str, str]:
    """Return what is wrong with a value, and what to write instead."""
    reason, _, remedy = str(error).rpartition(": ")
    return (reason, remedy) if reason else (remedy, "")
