"""Parameter types, and which values and outputs the driver takes for them.

From ``resolveInputs`` of KFP's driver: a text input takes any value (it is
converted), both kinds of number take any number, everything else takes its
own kind only. The check happens when the step starts, in the middle of a run.
"""

from __future__ import annotations

from collections.abc import Mapping

from kalelike.lint.document.decoding import Message
from kalelike.lint.document.model import Call, Component, part

NUMBERS = frozenset({"NUMBER_DOUBLE", "NUMBER_INTEGER"})
STRUCTURES = frozenset({"STRUCT", "TASK_FINAL_STATUS", "TASK_CONFIG"})
UNTYPED = "PARAMETER_TYPE_ENUM_UNSPECIFIED"


def type_of(declaration: Message) -> str:
    """Return the declared type of a parameter, empty where the declaration gives none."""
    kind = declaration.get("parameterType", "")
    return "" if kind == UNTYPED else str(kind)


def kind_of(value: object) -> str:
    """Return what a JSON value is, in a message's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a mapping" if isinstance(value, Mapping) else "a list"


def takes(kind: str, value: object) -> bool:
    """Tell whether a parameter of type ``kind`` takes a JSON value."""
    if kind == "STRING":
        return True
    if isinstance(value, bool):
        return kind == "BOOLEAN"
    if isinstance(value, (int, float)):
        return kind in NUMBERS
    if isinstance(value, Mapping):
        return kind in STRUCTURES
    return isinstance(value, (list, tuple)) and kind == "LIST"


def fits(produced: str, wanted: str) -> bool:
    """Tell whether an output of one type can be an input of another (unknown: yes)."""
    if not produced or not wanted or wanted == "STRING":
        return True
    if produced in NUMBERS:
        return wanted in NUMBERS
    if produced in STRUCTURES:
        return wanted in STRUCTURES
    return produced == wanted


def output_type(call: Call, key: str) -> str:
    """Return the type of a task's output parameter, empty where it is not declared.

    Whatever its component declares, a loop's output is the list of what its
    turns gave.
    """
    component = call.component
    if component is None or key not in component.output_parameters:
        return ""
    return "LIST" if call.is_loop else type_of(component.output_parameters[key])


def has_output_parameter(call: Call, key: str) -> bool:
    """Tell whether a task gives the output parameter ``key`` when it runs."""
    return key in _given(call, "parameters")


def has_output_artifact(call: Call, key: str) -> bool:
    """Tell whether a task gives the output artifact ``key`` when it runs."""
    return key in _given(call, "artifacts")


def output_names(call: Call, group: str) -> frozenset[str]:
    """Return the names of a task's outputs (``group``: ``parameters`` or ``artifacts``)."""
    return frozenset(_given(call, group))


def _given(call: Call, group: str) -> Mapping[str, object]:
    """Return a task's outputs: a DAG gives what its ``outputs`` select, declared or not."""
    component = call.component
    if component is None:
        return {}
    if component.kind == "dag":
        return part(component.spec, "dag", "outputs", group)
    return _declared(component, group)


def _declared(component: Component, group: str) -> Mapping[str, object]:
    if group == "parameters":
        return component.output_parameters
    return component.output_artifacts
