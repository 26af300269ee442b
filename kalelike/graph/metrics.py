"""Metrics: which expressions of the ``pipeline-metrics`` cell are numbers to report."""

from __future__ import annotations

import ast
import re

from kalelike.dataflow.units import Unit
from kalelike.graph.model import Metric

_OTHER = re.compile(r"[^A-Za-z0-9_]+")
_DISPLAYS = frozenset({"print", "display"})


def unit_metrics(unit: Unit, taken: set[str]) -> list[Metric]:
    """Return the metrics that one statement of a metrics cell states.

    ``print(x)``, a bare expression, a dictionary and an assignment each state
    metrics; ``print("Accuracy:", acc)`` states ``acc``, and texts are labels.
    """
    found: list[Metric] = []
    for statement in unit.statements:
        for node, name in _stated(statement):
            key = _unique(name or "metric", taken)
            location = unit.cell.location.at(node.lineno, node.col_offset)
            found.append(Metric(key, ast.unparse(node), location))
    return found


def _stated(statement: ast.stmt) -> list[tuple[ast.expr, str]]:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name), args=args)) if name in _DISPLAYS:
            return [pair for item in args for pair in _parts(item)]
        case ast.Expr(value=ast.Call(func=ast.Name(id="__magic__"))):
            return []
        case ast.Expr(value=value):
            return _parts(value)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            if isinstance(value, ast.Dict):
                return _parts(value)
            return [(ast.copy_location(ast.Name(id=name, ctx=ast.Load()), value), name)]
        case _:
            return []


def _parts(node: ast.expr) -> list[tuple[ast.expr, str]]:
    match node:
        case ast.Constant(value=str()):
            return []
        case ast.JoinedStr(values=values):
            inner = [item.value for item in values if isinstance(item, ast.FormattedValue)]
            return [pair for item in inner for pair in _parts(item)]
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str()), right=right):
            items = right.elts if isinstance(right, ast.Tuple) else [right]
            return [pair for item in items for pair in _parts(item)]
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str()), attr="format"), args=args
        ):
            return [pair for item in args for pair in _parts(item)]
        case ast.Dict(keys=keys, values=values):
            return [
                (value, str(key.value) if isinstance(key, ast.Constant) else _name(value))
                for key, value in zip(keys, values, strict=True)
                if key is not None
            ]
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return [pair for item in parts for pair in _parts(item)]
        case _:
            return [(node, _name(node))]


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key
        case ast.Call(func=ast.Name(id="float" | "int" | "round" | "abs"), args=[inner, *_]):
            return _name(inner)
        case ast.Call(func=func):
            return _name(func)
        case _:
            return _OTHER.sub("_", ast.unparse(node)).strip("_")[:40]


def _unique(name: object, taken: set[str]) -> str:
    base = _OTHER.sub("_", str(name)).strip("_") or "metric"
    key, number = base, 1
    while key in taken:
        number += 1
        key = f"{base}_{number}"
    taken.add(key)
    return key
