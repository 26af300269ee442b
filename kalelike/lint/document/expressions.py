"""CEL expressions: conditions of tasks, and what a task selects from a value that it is passed.

KFP's driver compiles them when the step starts (``expression.go``): a
condition sees the fields of ``ExecutorInput``, a selector those of
``google.protobuf.Value``; beside CEL's own functions there is ``parseJson``.
"""

from __future__ import annotations

from kalelike.lint.document.cel import CelSyntaxError, Expression, Selection, parse_expression
from kalelike.lint.document.findings import Path, Report, suggest
from kalelike.lint.document.model import Call, Pipeline

_FUNCTIONS = frozenset(
    {"parseJson", "has", "size", "type", "dyn", "int", "uint", "double", "string", "bool", "bytes"}
    | {"contains", "startsWith", "endsWith", "matches", "duration", "timestamp"}
    | {"getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours"}
    | {"getMilliseconds", "getMinutes", "getMonth", "getSeconds"}
)
_CONDITION_ROOTS = frozenset({"inputs", "outputs"})
_CONDITION_FIELDS = {
    "inputs": frozenset({"parameter_values", "artifacts", "parameters"}),
    "outputs": frozenset({"parameters", "artifacts", "output_file"}),
}
_SELECTOR_ROOTS = frozenset(
    {"null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value"}
)
# Names of types are values in CEL.
_TYPE_NAMES = frozenset({"int", "uint", "double", "string", "bool", "bytes", "list", "map"})


def check_expressions(pipeline: Pipeline, report: Report) -> None:
    """Check the condition of every task, and the selectors of its inputs."""
    for call in pipeline.calls:
        if call.condition:
            place = (*call.path, "triggerPolicy", "condition")
            title = f"the condition of task {call.name}"
            expression = _parse(call.condition, title, _CONDITION_ROOTS, place, report)
            if expression is not None:
                _check_condition(call, expression, place, report)
        for name, spec in call.parameters.items():
            selector = spec.get("parameterExpressionSelector")
            if selector:
                place = (*call.path, "inputs", "parameters", name, "parameterExpressionSelector")
                title = f"the selector of `{name}` of task {call.name}"
                _parse(selector, title, _SELECTOR_ROOTS, place, report)


def _parse(
    text: str, title: str, roots: frozenset[str], place: Path, report: Report
) -> Expression | None:
    try:
        expression = parse_expression(text)
    except CelSyntaxError as error:
        report.add(
            "bad-expression",
            place,
            f"{title} is no CEL expression: {error}, at character {error.position + 1}; the step"
            " fails when it starts",
            "write it as `inputs.parameter_values['x'] == 1`"
            if roots is _CONDITION_ROOTS
            else "write it as `parseJson(string_value)['x']`",
        )
        return None
    for name in sorted(expression.functions - _FUNCTIONS):
        report.add(
            "bad-expression",
            place,
            f"{title} calls `{name}`, which is no function of CEL; the step fails when it starts",
            suggest(name, _FUNCTIONS),
        )
    for selection in expression.selections:
        if selection.root not in roots | _TYPE_NAMES:
            report.add(
                "bad-expression",
                place,
                f"{title} reads `{selection.root}`, which does not exist; the step fails when it"
                " starts",
                suggest(selection.root, roots),
            )
    return expression


def _check_condition(call: Call, expression: Expression, place: Path, report: Report) -> None:
    for selection in expression.selections:
        fields = _CONDITION_FIELDS.get(selection.root)
        if fields is None or not selection.steps:
            continue
        first = selection.steps[0]
        field = first if isinstance(first, str) else first[0]
        if field not in fields:
            report.add(
                "bad-expression",
                place,
                f"the condition of task {call.name} reads `{selection.root}.{field}`, which does"
                " not exist; the step fails when it starts",
                suggest(field, fields),
            )
        elif not expression.guarded:
            _check_key(call, selection, field, place, report)


def _check_key(call: Call, selection: Selection, field: str, place: Path, report: Report) -> None:
    """Check that the input exists whose value the condition reads."""
    if selection.root != "inputs" or len(selection.steps) < 2 or field == "parameters":
        return
    step = selection.steps[1]
    key = step if isinstance(step, str) else step[0]
    passed = {*call.parameters, call.item} if field == "parameter_values" else set(call.artifacts)
    if key not in passed:
        report.add(
            "bad-expression",
            place,
            f"the condition of task {call.name} reads input `{key}`, which the task does not pass;"
            " the step fails when it starts",
            suggest(key, passed - {""}),
        )
