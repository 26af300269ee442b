"""Pipeline parameters: typed by the literals that the notebook gives them."""

from __future__ import annotations

import ast

from kalelike.dataflow.ownership import Ownership
from kalelike.dataflow.units import Analysis, Unit
from kalelike.diagnostics import Diagnostic, diagnose
from kalelike.graph.model import Parameter
from kalelike.graph.names import artifact_key
from kalelike.notebook.model import Role
from kalelike.runtime.parameters import kfp_type_of


def read_parameters(
    analysis: Analysis, ownership: Ownership
) -> tuple[tuple[Parameter, ...], list[Diagnostic]]:
    """Return the notebook's parameters in order, the last binding of each name."""
    found: dict[str, Parameter] = {}
    problems: list[Diagnostic] = []
    taken: set[str] = set()
    for unit in analysis.units:
        if ownership.owners[unit.index].parameter:
            _read_unit(unit, found, problems, taken)
        elif unit.tagged.role is Role.PARAMETERS:
            problems.extend(_not_literal(unit))
    return tuple(found.values()), problems


def _read_unit(
    unit: Unit, found: dict[str, Parameter], problems: list[Diagnostic], taken: set[str]
) -> None:
    for statement in unit.statements:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        annotation = None
        if isinstance(statement, ast.AnnAssign):
            targets, annotation = [statement.target], statement.annotation
        assert isinstance(statement, ast.Assign | ast.AnnAssign)
        assert statement.value is not None
        value = ast.literal_eval(statement.value)
        location = unit.cell.location.at(statement.lineno, statement.col_offset)
        kfp_type = _widened(kfp_type_of(value), annotation)
        for target in targets:
            assert isinstance(target, ast.Name)
            if kfp_type is None:
                problems.append(
                    diagnose(
                        "bad-parameter",
                        f"parameter {target.id} has a value of type {type(value).__name__}, "
                        "which no pipeline parameter can carry",
                        location,
                        "use a number, text, boolean, list or dictionary",
                    )
                )
                continue
            if kfp_type == "STRING" and not isinstance(value, str):
                problems.append(
                    diagnose(
                        "parameter-as-text",
                        f"parameter {target.id} is a STRING to Kubeflow, which has no type for this"
                        f" {type(value).__name__}; the step gets it as it is",
                        location,
                        "give other values as Python writes them",
                    )
                )
            key = found[target.id].key if target.id in found else artifact_key(target.id, taken)
            found[target.id] = Parameter(target.id, key, kfp_type, value, location)


def _widened(kfp_type: str | None, annotation: ast.expr | None) -> str | None:
    """``lr: float = 1`` takes fractions too; its default stays the notebook's integer."""
    wants_float = isinstance(annotation, ast.Name) and annotation.id == "float"
    return "NUMBER_DOUBLE" if wants_float and kfp_type == "NUMBER_INTEGER" else kfp_type


def _not_literal(unit: Unit) -> list[Diagnostic]:
    problems = []
    for statement in unit.statements:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and unit.effects.binds:
            names = ", ".join(name for name in unit.effects.binds if not name.startswith("@"))
            problems.append(
                diagnose(
                    "computed-parameter",
                    f"{names} is computed, so it is set-up code and not a pipeline parameter",
                    unit.cell.location.at(statement.lineno),
                    "give it a literal value to make it a parameter",
                )
            )
    return problems


__all__ = ["read_parameters"]
