"""What each step of a notebook reads when it runs, against what the compiler declared.

A script: ``python -m tests.property.trace NOTEBOOK [--auto]`` runs the notebook
top to bottom in this process, in the notebook's folder, and prints one JSON
object. The notebook's globals are a dictionary that reports: name lookups of
module code and of every function go through it. Class bodies, which look
globals up without it, are read from their code.

One execution is one path: a name that a step would read on another path is
not "needed" here.
"""

from __future__ import annotations

import argparse
import builtins
import dis
import hashlib
import json
import os
import pickle
import re
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from kalelike.compiler import analyse
from kalelike.dataflow.machine import HISTORY
from kalelike.graph.model import PipelineGraph
from kalelike.runtime.interactive import make_interactive_shell
from kalelike.runtime.pickling import StepPickler
from kalelike.runtime.shell import ensure_event_loop
from tests.property.pieces import cut

_EXPANDED = re.compile(r"\$\w+|\{[^}]*\}")
_SHELL_NAMES = HISTORY | {"_exit_code", "_dh", "get_ipython", "__builtins__", "__builtin__"}


@dataclass(slots=True)
class StepTrace:
    """What one step did to names: ``reads`` are of values from before the step."""

    reads: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Score:
    """Declared inputs against traced needs, names of hidden state left out.

    ``missing`` are names that a step needs and is not given, ``extra`` names
    that it is given and does not need, both as ``STEP.NAME``.
    """

    declared: int
    needed: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def precision(self) -> float:
        """The share of declared inputs that are needed; 1 where there are none."""
        return 1 - len(self.extra) / self.declared if self.declared else 1.0

    @property
    def recall(self) -> float:
        """The share of needed names that the step is given; 1 where there are none."""
        return 1 - len(self.missing) / self.needed if self.needed else 1.0


class _Recorder:
    """Who bound each name last, and which step reads what another bound."""

    def __init__(self) -> None:
        self.active = False
        self.owner: str | None = None
        self.binder: dict[str, str | None] = {}
        self.values: dict[str, Any] = {}
        self.steps: dict[str, StepTrace] = {}

    def read(self, name: str, value: Any) -> None:
        if not self.active or not isinstance(name, str) or name not in self.values:
            return
        if self.values[name] is not value:
            # Stored by ``global``, which does not report.
            self.bound(name, value)
        elif self.owner is not None and self.binder[name] != self.owner:
            self.steps[self.owner].reads.add(name)

    def bound(self, name: str, value: Any) -> None:
        if self.active and isinstance(name, str) and not _is_shell_name(name):
            self.binder[name] = self.owner
            self.values[name] = value
            if self.owner is not None:
                self.steps[self.owner].binds.add(name)

    def deleted(self, name: str) -> None:
        if self.active and name in self.values:
            self.read(name, self.values[name])
            del self.values[name], self.binder[name]
            if self.owner is not None:
                self.steps[self.owner].binds.add(name)


def _is_shell_name(name: str) -> bool:
    """Tell whether IPython itself stores under this name."""
    return (
        name in _SHELL_NAMES
        or name == "__annotations__"
        or (name[:1] == "_" and name[1:].lstrip("i").isdigit())
    )


class _Namespace(dict[str, Any]):
    """Globals that report every lookup, also those in copies that libraries make of them."""

    def __init__(self, recorder: _Recorder, *content: dict[str, Any]) -> None:
        super().__init__(*content)
        self.recorder = recorder

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        self.recorder.read(name, value)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self.recorder.bound(name, value)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self.recorder.deleted(name)

    def pop(self, name: str, *default: Any) -> Any:
        self.recorder.deleted(name)
        return super().pop(name, *default)

    def copy(self) -> _Namespace:
        return _Copy(self.recorder, self)


class _Copy(_Namespace):
    """A copy of the globals; what is stored in it is no binding."""

    def __setitem__(self, name: str, value: Any) -> None:
        dict.__setitem__(self, name, value)


class _Module:
    """Stands for ``__main__``: a module's own dictionary cannot be replaced."""

    __name__ = "__main__"


class NotebookTracer:
    """Runs code of a notebook, for one step after the other, and records what each reads."""

    def __init__(self) -> None:
        self.recorder = _Recorder()
        self.namespace = _Namespace(self.recorder, {"__name__": "__main__"})
        module: Any = _Module()
        module.__dict__ = self.namespace
        if InteractiveShell.initialized():
            type(InteractiveShell.instance()).clear_instance()
        shell = make_interactive_shell(module, lambda output: None, lambda: "<notebook>")
        self._run_cell: Callable[..., Any] = shell.run_cell
        self._expand: Callable[..., str] = shell.var_expand
        shell.var_expand = self._expanded
        self._transform: Callable[[str], str] = shell.transform_cell
        shell.transform_cell = self._transformed
        self._provided = dict(self.namespace)
        self._prints: dict[str, str] = {}
        self._owner: str | None = None
        self._rank: list[str] = []

    def run(self, source: str, owner: str | None) -> BaseException | None:
        """Run code as a part of step ``owner``, None for set-up; returns what it raised."""
        recorder = self.recorder
        if owner != self._owner:
            self._leave()
            self._owner = owner
            if owner is not None and owner not in recorder.steps:
                recorder.steps[owner] = StepTrace()
                self._rank.append(owner)
        recorder.owner = owner
        with self._watched(), _silent():
            recorder.active = True
            result = self._run_cell(source, store_history=True)
            recorder.active = False
        self._note_silent_stores()
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        return error

    def finish(self) -> dict[str, StepTrace]:
        """Return the trace of every step, in order of first run, with its needs."""
        self._leave()
        live: set[str] = set()
        for name in reversed(self._rank):
            step = self.recorder.steps[name]
            step.needs = step.reads | (live & step.changes)
            live = step.needs | (live - step.binds - step.changes)
        return {name: self.recorder.steps[name] for name in self._rank}

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """See class bodies: they look names up in the globals' storage itself."""
        space: Any = builtins
        build = space.__build_class__

        def watched(body: Any, name: str, *bases: Any, **keywords: Any) -> Any:
            if body.__globals__ is self.namespace:
                for read in _names_of_class_body(body.__code__):
                    if read in self.namespace:
                        self.recorder.read(read, dict.__getitem__(self.namespace, read))
            return build(body, name, *bases, **keywords)

        space.__build_class__ = watched
        before = sys.modules["__main__"]
        main: Any = types.ModuleType("__main__")
        sys.modules["__main__"] = _Main(main, self.namespace)
        try:
            yield
        finally:
            space.__build_class__ = build
            sys.modules["__main__"] = before

    def _expanded(self, command: str, depth: int = 0, *arguments: Any) -> str:
        """Expand ``$name`` and ``{expression}`` of a magic, for which IPython copies all names."""
        for word in re.findall(r"[A-Za-z_]\w*", " ".join(_EXPANDED.findall(command))):
            if word in self.namespace:
                self.recorder.read(word, dict.__getitem__(self.namespace, word))
        return self._expand(command, depth + 1, *arguments)

    def _transformed(self, source: str) -> str:
        """Leave out what IPython looks up to tell a magic from a name, in cells of one line."""
        self.recorder.active = False
        try:
            return self._transform(source)
        finally:
            self.recorder.active = True

    def _note_silent_stores(self) -> None:
        recorder = self.recorder
        recorder.active = True
        for name, value in dict.items(self.namespace):
            if self._provided.get(name) is not value and recorder.values.get(name) is not value:
                recorder.bound(name, value)
        recorder.active = False

    def _leave(self) -> None:
        """At the end of a step's run of cells: note the names whose objects it changed."""
        prints = {name: self._print(value) for name, value in self.recorder.values.items()}
        if self._owner is not None:
            step = self.recorder.steps[self._owner]
            for name, seen in prints.items():
                if name not in step.binds and self._prints.get(name, seen) != seen:
                    step.changes.add(name)
        self._prints = prints

    def _print(self, value: Any) -> str:
        """Return a hash of everything that can be reached from a value."""
        if isinstance(value, types.ModuleType):
            return ""
        digest = hashlib.sha1(usedforsecurity=False)
        target: Any = _HashingFile(digest)

        def buffer(item: pickle.PickleBuffer) -> bool:
            digest.update(item.raw())
            return False

        known = self.recorder.values.items()
        definitions = frozenset(name for name, item in known if isinstance(item, _DEFINED))
        try:
            StepPickler(target, self.namespace, definitions, buffer).dump(_state_of(value))
        except Exception:
            return ""
        return digest.hexdigest()


_DEFINED = (type, types.FunctionType)


def _state_of(value: Any) -> Any:
    """What can change in a definition: its data, not its code."""
    if isinstance(value, type):
        own = vars(value).items()
        return [(k, v) for k, v in own if not k.startswith("__") and not callable(v)]
    if isinstance(value, types.FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        return value.__defaults__, value.__kwdefaults__, value.__dict__, cells
    return value


class _Main(types.ModuleType):
    """The ``__main__`` that unpickling and pickling by name look into."""

    def __init__(self, module: types.ModuleType, namespace: _Namespace) -> None:
        super().__init__(module.__name__)
        self.__dict__["_namespace"] = namespace

    def __getattr__(self, name: str) -> Any:
        try:
            return dict.__getitem__(self.__dict__["_namespace"], name)
        except KeyError:
            raise AttributeError(name) from None


class _HashingFile:
    def __init__(self, digest: Any) -> None:
        self._digest = digest

    def write(self, data: Any) -> int:
        self._digest.update(data)
        return len(data)


def _names_of_class_body(code: types.CodeType) -> Iterator[str]:
    """Names that a class body looks up and has not bound before, in order."""
    bound: set[str] = set()
    for item in dis.get_instructions(code):
        if item.opname in ("STORE_NAME", "IMPORT_NAME"):
            bound.add(item.argval)
        elif item.opname in ("LOAD_NAME", "LOAD_CLASSDEREF") and item.argval not in bound:
            yield item.argval


@contextmanager
def _silent() -> Iterator[None]:
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8") as sink:
        sys.stdout = sys.stderr = sink
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


# -- against the graph -----------------------------------------------------------


def trace_graph(graph: PipelineGraph) -> dict[str, StepTrace]:
    """Run the graph's notebook here and return what each step needed.

    Raises the notebook's own exception where a cell fails.
    """
    ensure_event_loop()
    tracer = NotebookTracer()
    for piece in cut(graph):
        error = tracer.run(piece.source, piece.owner)
        if error is not None:
            raise error
    return tracer.finish()


def score(graph: PipelineGraph, traces: dict[str, StepTrace]) -> Score:
    """Compare what every step declares with what it needed."""
    declared = needed = 0
    missing: list[str] = []
    extra: list[str] = []
    for step in graph.steps:
        given = {name for item in step.inputs for name in item.names if name[0] != "@"}
        replayed = {name for item in step.preamble for name in item.names} | set(step.parameters)
        needs = traces[step.name].needs if step.name in traces else set()
        declared += len(given)
        needed += len(needs)
        missing += sorted(f"{step.name}.{name}" for name in needs - given - replayed)
        extra += sorted(f"{step.name}.{name}" for name in given - needs)
    return Score(declared, needed, tuple(missing), tuple(extra))


def combined(scores: Iterable[Score]) -> Score:
    """Add scores up."""
    items = list(scores)
    return Score(
        sum(item.declared for item in items),
        sum(item.needed for item in items),
        tuple(name for item in items for name in item.missing),
        tuple(name for item in items for name in item.extra),
    )


def main() -> None:
    """Trace one notebook and print its score as JSON."""
    parser = argparse.ArgumentParser(description="Declared inputs against a run-time trace.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--auto", action="store_true", help="let kalelike choose the steps")
    options = parser.parse_args()
    graph = analyse(options.notebook, auto=options.auto)
    os.chdir(options.notebook.resolve().parent)
    sys.path.insert(0, str(Path.cwd()))
    warnings.simplefilter("ignore")
    traces = trace_graph(graph)
    found = score(graph, traces)
    result = {
        "declared": found.declared,
        "needed": found.needed,
        "precision": found.precision,
        "recall": found.recall,
        "missing": found.missing,
        "extra": found.extra,
        "steps": {
            name: {
                "reads": sorted(item.reads),
                "changes": sorted(item.changes),
                "needs": sorted(item.needs),
            }
            for name, item in traces.items()
        },
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
