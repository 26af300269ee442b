"""Metrics: expressions of the notebook evaluated to numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from kalelike.runtime.code import MetricCode
from kalelike.runtime.faults import BadMetricError

Number = int | float


def evaluate_metrics(
    metrics: tuple[MetricCode, ...], evaluate: Callable[[MetricCode], Any]
) -> dict[str, Number]:
    """Return every metric's number; a mapping of numbers gives one metric a key.

    Raises ``BadMetricError`` naming the expression that gives no number.
    """
    found: dict[str, Number] = {}
    for metric in metrics:
        value = evaluate(metric)
        if isinstance(value, Mapping):
            for key, part in value.items():
                found[f"{metric.name}_{key}"] = _number(part, metric)
        else:
            found[metric.name] = _number(value, metric)
    return found


def _number(value: Any, metric: MetricCode) -> Number:
    if isinstance(value, bool | int):
        return int(value)
    try:
        if isinstance(value, str | bytes):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        kind = type(value).__name__
        raise BadMetricError(
            f"metric {metric.name} ({metric.expression}) is a {kind}, not a number",
            "print or compute a number in the metrics cell",
            metric.name,
        ) from None
    whole = type(value).__name__.startswith(("int", "uint")) and math.isfinite(number)
    return int(value) if whole else number
