"""Runs a notebook top to bottom in one process and compares a pipeline's values with it.

A script: ``python oracle.py PLAN``; PLAN is a JSON file, and the differences
are printed as JSON. It runs in a copy of the notebook's folder.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from kalelike.runtime.fingerprints import Outcome, Tolerance
from kalelike.runtime.hidden_state import NAMES, is_hidden, read_state
from kalelike.runtime.shell import StepShell, ensure_event_loop
from kalelike.runtime.step import prepare
from kalelike.runtime.values import load_values
from kalelike.verify.displays import compare_shown
from tests.equivalence.comparing import difference

_TIMED = re.compile(r"^\s*%%?(time|timeit)|time\(", re.MULTILINE)


def main(path: str) -> None:
    plan = json.loads(Path(path).read_text("utf-8"))
    # As in a kernel: where it starts, and (IPython's own entry) where its code goes.
    sys.path[:0] = [str(Path.cwd()), ""]
    ensure_event_loop()
    shell = prepare()
    found = Comparison()
    for cell in plan["cells"]:
        run = shell.run(cell["source"], cell["name"])
        if run.error is not None:
            if not plan["may_fail"]:
                raise SystemExit(f"the notebook fails in cell {cell['index']}: {run.error!r}")
            break
        _shown(found, cell, run.outputs, plan["shown"].get(str(cell["index"])))
        for step in plan["after"].get(str(cell["index"]), ()):
            if step in plan["steps"]:
                _compare(found, shell, plan["steps"][step], step)
    for step in plan["at_end"]:
        _compare(found, shell, plan["steps"][step], step)
    for step, metrics in plan["metrics"].items():
        for name, expression, value in metrics:
            expected = shell.evaluate(expression, "metric")
            found.add(difference(float(value), float(expected), f"{step}: metric {name}"))
    result = json.dumps([found.differences, found.compared])
    sys.__stdout__.write(f"\nDIFFERENCES {result}\n")


class Comparison:
    """Differences found, and how many values, metrics and displays were compared."""

    def __init__(self) -> None:
        self.differences: list[str] = []
        self.compared = 0

    def add(self, text: str | None) -> None:
        """Count one comparison; ``text`` says how the two differ, if they do."""
        self.compared += 1
        if text:
            self.differences.append(text)


def _compare(found: Comparison, shell: StepShell, artifacts: list[Any], step: str) -> None:
    for folder, names in artifacts:
        values = load_values(Path(folder), shell.namespace)
        for name in names:
            if name.startswith("@file:"):
                continue
            if name == NAMES:
                for inner, value in values.get(name, {}).items():
                    found.add(difference(value, shell.namespace.get(inner), f"{step}.{inner}"))
                continue
            if is_hidden(name):
                theirs: Any = read_state(name)
                ours = values.get(name)
            elif name not in values:
                found.add(f"{step}.{name}: absent" if name in shell.namespace else None)
                continue
            elif name not in shell.namespace:
                found.add(f"{step}.{name}: the notebook has no such name")
                continue
            else:
                ours, theirs = values[name], shell.namespace[name]
            found.add(difference(ours, theirs, f"{step}.{name}"))


def _shown(found: Comparison, cell: Any, outputs: list[Any], ours: list[Any] | None) -> None:
    """Compare what the cell showed, unless it shows the time."""
    if ours is None or _TIMED.search(cell["source"]):
        return
    if ours or outputs:
        made = compare_shown(ours, outputs, (), Tolerance())
        same = made.outcome is Outcome.EQUAL
        found.add(None if same else f"cell {cell['index']} {made.where} shows {made.why}")


if __name__ == "__main__":
    main(sys.argv[1])
