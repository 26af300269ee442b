"""What each step of a notebook really reads, beside what the compiler declares for it.

    python reads.py NOTEBOOK

Prints ``READS`` and JSON. The notebook runs top to bottom with a namespace that
notes every reading of a name, also in functions and in evaluated texts. A step
reads a name if it was bound before the step began and is read in the step
before the step binds it. Modules are not counted: they are imported anew; nor
is what the shell itself puts there.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from kalelike.compiler import compile_notebook
from kalelike.runtime.observing import own_names
from kalelike.runtime.shell import StepShell, ensure_event_loop
from kalelike.verify.subject import Subject, make_subject
from kalelike.verify.workspace import make_workspace


class Traced(dict[str, Any]):
    """A namespace that notes what is read from it, and what is bound in it."""

    def __init__(self) -> None:
        super().__init__()
        self.on = False
        self.known: set[str] = set()
        self.bound: set[str] = set()
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if self.on and name in self.known and name not in self.bound:
            self.read.add(name)
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        if self.on:
            self.bound.add(name)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self.bound.add(name)


class TracedModule(types.ModuleType):
    """A ``__main__`` over such a namespace."""

    traced = Traced()

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        return self.traced

    def __getattr__(self, name: str) -> Any:
        try:
            return dict.__getitem__(self.traced, name)
        except KeyError:
            raise AttributeError(name) from None


def main(path: str) -> None:
    subject = make_subject(Path(path), compile_notebook(path, auto=True))
    types.ModuleType, real = TracedModule, types.ModuleType  # type: ignore[misc]
    shell = StepShell()
    types.ModuleType = real  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_workspace(Path(path).resolve().parent, Path(scratch))
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        ensure_event_loop()
        steps = _trace(subject, shell)
    sys.__stdout__.write("\nREADS " + json.dumps({"steps": steps}) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def _trace(subject: Subject, shell: StepShell) -> list[dict[str, Any]]:
    traced = TracedModule.traced
    shells = set(own_names(traced))
    found: dict[str, set[str]] = {}
    for cell in subject.cells:
        step = cell.step
        if step is not None and step not in found:
            traced.known = set(own_names(traced)) - shells
            traced.bound, traced.read = set(), set()
        traced.on = step is not None
        error = shell.run(cell.source, cell.title).error
        traced.on = False
        if error is not None:
            raise error
        if step is not None:
            found.setdefault(step, set()).update(traced.read)
    told = []
    for item in subject.steps:
        if item.name not in found:
            continue
        replayed = {
            name
            for step_ in subject.compilation.graph.steps
            if step_.name == item.name
            for fragment in step_.preamble
            for name in fragment.names
        }
        told.append(
            {
                "step": item.name,
                "read": sorted(found[item.name]),
                "declared": sorted(name for name in item.inputs if not name.startswith("@")),
                "replayed": sorted(replayed),
                "parameters": sorted(parameter.name for parameter in item.code.parameters),
            }
        )
    return told


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)
