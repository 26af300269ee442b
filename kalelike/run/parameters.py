"""A run's parameters against what its document declares."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.errors import BackendError
from kalelike.runtime.parameters import encode


def parameter_values(
    ir: Mapping[str, Any], given: Mapping[str, object], source: str
) -> dict[str, Any]:
    """Return every parameter's value as it travels: as given, else the document's default.

    Raises :class:`BackendError` with every name that is unknown or lacks a value.
    """
    declared = ir["root"].get("inputDefinitions", {}).get("parameters", {})
    values: dict[str, Any] = {}
    problems = [_unknown(name, declared, source) for name in given if name not in declared]
    for name, spec in declared.items():
        if name in given:
            # The step decodes it by the default's shape, which is not known here.
            values[name] = encode(given[name], "any")
        elif "defaultValue" in spec:
            values[name] = spec["defaultValue"]
        elif not spec.get("isOptional"):
            problems.append(
                diagnose(
                    "bad-parameter-value",
                    f"parameter {name} has no value",
                    Location(source),
                    f"give it with -p {name}=VALUE",
                )
            )
    if problems:
        raise BackendError(problems)
    return values


def _unknown(name: str, declared: Mapping[str, Any], source: str) -> Diagnostic:
    close = get_close_matches(name, list(declared), n=1)
    known = ", ".join(declared) or "none"
    hint = f"did you mean {close[0]}?" if close else f"the parameters are: {known}"
    return diagnose("unknown-parameter", f"there is no parameter {name}", Location(source), hint)
