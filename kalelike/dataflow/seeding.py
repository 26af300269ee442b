"""Whether a call draws from a global random generator, or from one of its own."""

from __future__ import annotations

import ast

from kalelike.dataflow.values import Value

_SEEDS = ("random_state", "seed", "rng", "generator")
"""Arguments by which libraries take a seed, or a generator."""


def is_seeded(keywords: dict[str, Value], node: ast.AST) -> bool:
    """Tell whether a call is given a seed or a generator of its own; None is neither."""
    given = node.keywords if isinstance(node, ast.Call) else ()
    none = {
        item.arg
        for item in given
        if isinstance(item.value, ast.Constant) and item.value.value is None
    }
    return any(word in keywords and word not in none for word in _SEEDS)
