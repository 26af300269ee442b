"""Runs a notebook top to bottom in one process and compares a pipeline's values with it.

A script: ``python oracle.py PLAN``; PLAN is a JSON file, and the differences
are printed as JSON. It runs in a copy of the notebook's folder.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import warnings
from pathlib import Path
from typing import Any

from kalelike.runtime.hidden_state import is_hidden, read_state
from kalelike.runtime.shell import StepShell, ensure_event_loop
from kalelike.runtime.values import load_values
from tests.equivalence.comparing import difference

_ADDRESS = re.compile(r"0x[0-9a-f]+")
_TIMED = re.compile(r"^\s*%%?(time|timeit)|time\(", re.MULTILINE)


def main(path: str) -> None:
    plan = json.loads(Path(path).read_text("utf-8"))
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(Path.cwd()))
    ensure_event_loop()
    shell = StepShell()
    found: list[str] = []
    for cell in plan["cells"]:
        run = shell.run(cell["source"], f"cell {cell['index']}")
        if run.error is not None:
            if not plan["may_fail"]:
                raise SystemExit(f"the notebook fails in cell {cell['index']}: {run.error!r}")
            break
        found += _shown(cell, run.outputs, plan["shown"].get(str(cell["index"])))
        for step in plan["after"].get(str(cell["index"]), ()):
            found += _compare(shell, plan["steps"][step], step)
    for step in plan["at_end"]:
        found += _compare(shell, plan["steps"][step], step)
    for step, metrics in plan["metrics"].items():
        for name, expression, value in metrics:
            expected = shell.evaluate(expression, "metric")
            text = difference(float(value), float(expected), f"{step}: metric {name}")
            found += [text] if text else []
    sys.__stdout__.write("\nDIFFERENCES " + json.dumps(found) + "\n")


def _compare(shell: StepShell, artifacts: list[Any], step: str) -> list[str]:
    found = []
    for folder, names in artifacts:
        values = load_values(Path(folder), shell.namespace)
        for name in names:
            if name.startswith("@file:"):
                continue
            if is_hidden(name):
                theirs: Any = read_state(name)
                ours = values.get(name)
            elif name not in values:
                if name in shell.namespace:
                    found.append(f"{step}.{name}: absent")
                continue
            elif name not in shell.namespace:
                found.append(f"{step}.{name}: the notebook has no such name")
                continue
            else:
                ours, theirs = values[name], shell.namespace[name]
            text = difference(ours, theirs, f"{step}.{name}")
            found += [text] if text else []
    return found


def _shown(cell: Any, outputs: list[Any], ours: list[Any] | None) -> list[str]:
    """Compare what the cell showed as text, in order; images by their number."""
    if ours is None or _TIMED.search(cell["source"]):
        return []
    a, b = _texts(ours), _texts(outputs)
    return [] if a == b else [f"cell {cell['index']} shows {a!r} for {b!r}"[:600]]


def _texts(outputs: list[Any]) -> list[str]:
    found = []
    for item in outputs:
        if item["output_type"] == "stream":
            text = item["text"]
            found.append("".join(text) if isinstance(text, list) else text)
        elif "data" in item:
            text = item["data"].get("text/plain", "")
            found.append("".join(text) if isinstance(text, list) else text)
    return [_ADDRESS.sub("0x", text) for text in found]


def names_of(expression: str) -> set[str]:
    """Return the names that an expression reads."""
    return {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}


if __name__ == "__main__":
    main(sys.argv[1])
