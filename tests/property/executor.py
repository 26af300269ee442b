"""Runs one notebook program twice, whole and as a pipeline, and says how they differ.

Every step runs in a child of this process, which holds IPython and the
libraries ready: in an empty folder of its own, given its declared inputs only,
by the same function that a real step's process calls.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from kalelike.dataflow.scopes import bound_names
from kalelike.errors import CompileError
from kalelike.graph.build import build_graph
from kalelike.graph.model import PipelineGraph, Step, StepRole
from kalelike.graph.step_code import step_codes
from kalelike.notebook.ipython_syntax import transform_cell
from kalelike.runtime.code import MetricCode, StepCode
from kalelike.runtime.executor_io import ExecutorInput, OutputPlace
from kalelike.runtime.metrics import evaluate_metrics
from kalelike.runtime.parameters import encode
from kalelike.runtime.record import Record
from kalelike.runtime.shell import ensure_event_loop
from kalelike.runtime.step import prepare, run_step
from kalelike.runtime.values import load_values, read_manifest
from tests.dataflow.tagged import tagged_notebook
from tests.property.children import ChildError, in_child
from tests.property.describing import describe
from tests.property.pieces import Piece, cut, owners

_ADDRESS = re.compile(r"0x[0-9a-f]+")
Cells = Sequence[tuple[str, str]]
_SHORT = 400


class Verdict(Enum):
    """What came of a program."""

    EQUAL = "equal"
    REFUSED = "refused"
    """By the compiler, before anything ran."""
    STOPPED = "stopped"
    """By the runtime: a value cannot cross, told with its name."""
    DIFFERENT = "different"
    CRASHED = "crashed"
    """The compiler raised, or a step failed where the notebook does not."""
    INVALID = "invalid"
    """The notebook itself raises, or does not end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict, the codes of diagnostics, and what differs."""

    verdict: Verdict
    details: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    graph: PipelineGraph | None = None
    runs: dict[str, StepRun] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether the promise is broken."""
        return self.verdict in (Verdict.DIFFERENT, Verdict.CRASHED)


@dataclass(frozen=True, slots=True)
class StepRun:
    """What one step did. ``outputs`` are descriptions by key; ``digests`` of its artifacts."""

    record: Record
    values: dict[str, str]
    shown: dict[int, str]
    changed: tuple[str, ...]
    outputs: dict[str, str]
    digests: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Expected:
    """What the notebook has at the end of each step."""

    error: str = ""
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    shown: dict[tuple[str, int], str] = field(default_factory=dict)
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    untouched: dict[str, set[str]] = field(default_factory=dict)
    """The names that a step left as it found them."""
    apart: dict[str, set[str]] = field(default_factory=dict)
    """The names that set-up code has bound last."""


def warm_up() -> None:
    """Load what programs use, once, before the first child is made."""
    import gc

    import numpy  # noqa: F401
    import pandas  # noqa: F401

    shell = prepare()
    with warnings.catch_warnings():
        shell.run("pass", "warm-up", store=False)
    gc.collect()
    gc.freeze()


@dataclass(slots=True)
class Cache:
    """What steps gave, by what decides it, as the local engine's cache has it.

    ``folder`` outlives the runs. ``kept`` are the steps of the last run that were not run.
    """

    folder: Path
    known: dict[str, tuple[StepRun, Path]] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)


def check(
    cells: Cells,
    order: random.Random | None = None,
    *,
    shared: bool = False,
    cache: Cache | None = None,
) -> Outcome:
    """Compile and run a program; ``cells`` are ``(role or step, source)`` pairs.

    ``order`` chooses among the topological orders of the steps. ``shared``
    runs all steps in one folder, as the local engine does; otherwise each has
    an empty one. Of steps that ``cache`` knows, the results are taken from there.
    """
    try:
        graph = build_graph(tagged_notebook(list(cells)))
        codes = {item.step: StepCode.from_json(item.text) for item in step_codes(graph)}
    except CompileError as error:
        return Outcome(
            Verdict.REFUSED, tuple(map(str, error.diagnostics)), _codes(error.diagnostics)
        )
    except Exception as error:
        import traceback

        return Outcome(Verdict.CRASHED, (f"compiler: {error!r}", traceback.format_exc()))
    told = _codes(graph.diagnostics)
    with _folder_for(cache) as folder:
        try:
            expected = _run_notebook(graph, codes, folder)
        except ChildError as error:
            return Outcome(Verdict.INVALID, (str(error),), told)
        if expected.error:
            return Outcome(Verdict.INVALID, (expected.error,), told)
        return _Pipeline(graph, codes, expected, folder, order, shared, cache).run()


def _codes(diagnostics: Sequence[Any]) -> tuple[str, ...]:
    return tuple(sorted({item.code.name for item in diagnostics}))


@contextmanager
def fast_folder() -> Iterator[Path]:
    """Make a folder, in memory where that can be, and remove it afterwards."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name)


@contextmanager
def _folder_for(cache: Cache | None) -> Iterator[Path]:
    if cache is None:
        with fast_folder() as folder:
            yield folder
    else:
        yield Path(tempfile.mkdtemp(dir=cache.folder))


def _given(step: Step) -> set[str]:
    """The names that a step takes or gives."""
    names = {name for item in step.inputs for name in item.names}
    return names | {name for item in step.outputs for name in item.names}


def _names(graph: PipelineGraph, step: Step) -> list[str]:
    """The names of a step that must hold at its end what the notebook's hold there."""
    names = _given(step)
    late = {item.location.index for item in step.metrics}
    owned = owners(graph)
    for cell in step.cells:
        # Of another step's cell it repeats definitions, at times before that step.
        own = step.name in owned.get(cell.index, {}).values()
        if own and (cell.index not in late or step.role is StepRole.METRICS):
            names |= _bound(cell.source)
    return sorted(name for name in names if name[0] not in "@_")


# -- the notebook ----------------------------------------------------------------


def _run_notebook(graph: PipelineGraph, codes: dict[Any, StepCode], folder: Path) -> _Expected:
    place = folder / "notebook"
    place.mkdir()
    metrics = frozenset(
        item.location.index for step in graph.steps for item in step.metrics if item.location
    )
    pieces = cut(graph, frozenset(index for index in metrics if index is not None))
    return in_child(lambda: _Notebook(graph, codes, pieces, place).run(), seconds=20)


class _Notebook:
    """The notebook run from top to bottom, looked at where each of its steps ends."""

    def __init__(
        self, graph: PipelineGraph, codes: dict[Any, StepCode], pieces: list[Piece], place: Path
    ) -> None:
        self.shell = _enter(place)
        self.codes = codes
        self.pieces = pieces
        self.names = {str(step.name): _names(graph, step) for step in graph.steps}
        self.found = _Expected()
        self.begun: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
        self.binders: dict[str, str | None] = {}
        last = {piece.owner: n for n, piece in enumerate(pieces) if piece.metrics}
        last |= {piece.owner: n for n, piece in enumerate(pieces) if not piece.metrics}
        self.last = last
        self.late: dict[str | None, set[str]] = {}
        for number, piece in enumerate(pieces):
            if piece.metrics and number != last[piece.owner]:
                self.late.setdefault(piece.owner, set()).update(_bound(piece.source))

    def run(self) -> _Expected:
        for number, piece in enumerate(self.pieces):
            owner = piece.owner
            if owner is not None and owner not in self.begun:
                space = self.shell.namespace
                self.begun[owner] = (dict(space), _described(space, self.names[owner]))
            before = dict(self.shell.namespace)
            seen = self._seen() if owner is None else {}
            done = self.shell.run(piece.source, f"cell {piece.index}", piece.line)
            if done.error is not None:
                return _Expected(f"cell {piece.index}: {done.error!r}")
            for name in _bound(piece.source):
                # On the path that ran it may be bound to nothing new.
                if owner is None or before.get(name, self) is not self.shell.namespace.get(name):
                    self.binders[name] = owner
            if owner is None:
                now = self._seen()
                self.binders |= {name: None for name in now if now[name] != seen.get(name)}
                continue
            if piece.whole:
                self.found.shown[owner, piece.index] = _texts(done.outputs)
            if self.last[owner] == number:
                self._look(owner)
            if piece.metrics:
                found = self.found.metrics.setdefault(owner, {})
                found.update(evaluate_metrics(self._metrics(owner, piece.index), self._evaluate))
        return self.found

    def _seen(self) -> dict[str, str]:
        """Describe what steps that have begun compare: set-up between their cells may change it."""
        names = {name for owner in self.begun for name in self.names[owner]}
        return _described(self.shell.namespace, sorted(names))

    def _metrics(self, owner: str, index: int) -> tuple[MetricCode, ...]:
        return tuple(item for item in self.codes[owner].metrics if item.index == index)

    def _evaluate(self, metric: MetricCode) -> Any:
        return self.shell.evaluate(metric.expression, "metric")

    def _look(self, owner: str) -> None:
        space = self.shell.namespace
        objects, texts = self.begun[owner]
        values = _described(space, self.names[owner])
        self.found.untouched[owner] = {
            name
            for name, text in texts.items()
            if values.get(name) == text and space[name] is objects[name]
        }
        # A definition between a step's cells is every later reader's, not the step's.
        self.found.apart[owner] = {
            name
            for name in {*values, *self.names[owner]}
            if self.binders.get(name, owner) is None or name in self.late.get(owner, ())
        }
        self.found.values[owner] = values


def _bound(source: str) -> set[str]:
    tree = transform_cell(source).tree
    return {name for item in (tree.body if tree is not None else ()) for name in bound_names(item)}


def quieten() -> None:
    """Let this child print nothing more."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)


def _enter(folder: Path) -> Any:
    """Make this child what a step's process is: quiet, in its folder, with an event loop."""
    os.chdir(folder)
    quieten()
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    ensure_event_loop()
    return prepare()


def _described(namespace: dict[str, Any], names: Sequence[str]) -> dict[str, str]:
    return {name: describe(namespace[name]) for name in names if name in namespace}


def _texts(outputs: list[dict[str, Any]]) -> str:
    found = []
    for item in outputs:
        if item["output_type"] == "stream":
            found.append(f"{item['name']}: {item['text']}")
        elif "data" in item:
            found.append(f"{item['data'].get('text/plain', '')}\n")
    return _ADDRESS.sub("0x", "".join(found))


# -- the pipeline -----------------------------------------------------------------


@dataclass(slots=True)
class _Pipeline:
    """The pipeline, run step by step."""

    graph: PipelineGraph
    codes: dict[Any, StepCode]
    expected: _Expected
    folder: Path
    order: random.Random | None
    shared: bool
    cache: Cache | None
    runs: dict[str, StepRun] = field(default_factory=dict)
    places: dict[str, Path] = field(default_factory=dict)
    """Where each step's outputs are."""

    def run(self) -> Outcome:
        told = _codes(self.graph.diagnostics)
        found: list[str] = []

        def outcome(verdict: Verdict, *details: str, codes: tuple[str, ...] = ()) -> Outcome:
            return Outcome(verdict, (*found, *details), (*told, *codes), self.graph, self.runs)

        if self.cache is not None:
            self.cache.kept = set()
        try:
            steps = _ordered(self.graph, self.order or random.Random(0))
        except _CycleError as error:
            return outcome(Verdict.CRASHED, f"cycle: {error}")
        for step in steps:
            try:
                run, kept = self._step(step)
            except ChildError as error:
                return outcome(Verdict.CRASHED, f"{step.name}: {error}")
            self.runs[step.name] = run
            failure = run.record.error
            if failure is not None:
                stopped = run.record.exit_code == 3
                text = f"{step.name}: {failure.type}: {failure.message} {failure.traceback}"
                verdict = Verdict.STOPPED if stopped else Verdict.CRASHED
                return outcome(verdict, text, codes=(failure.code,))
            found += _differences(self.graph, step, run, self.expected, kept=kept)
        return outcome(Verdict.DIFFERENT if found else Verdict.EQUAL)

    def _step(self, step: Step) -> tuple[StepRun, bool]:
        """Run a step, or take what the cache has; tells which."""
        given = self._given(step)
        key = self._key(step, given)
        if self.cache is not None and key in self.cache.known:
            run, self.places[step.name] = self.cache.known[key]
            self.cache.kept.add(step.name)
            return run, True
        self.places[step.name] = self.folder / step.name
        self.places[step.name].mkdir()
        place = self.folder / ("shared" if self.shared else f"{step.name} works here")
        place.mkdir(exist_ok=True)
        run = _run_step(self.codes[step.name], given, place, _names(self.graph, step))
        if self.cache is not None and run.record.error is None:
            self.cache.known[key] = (run, self.places[step.name])
        return run, False

    def _given(self, step: Step) -> ExecutorInput:
        by_name = {item.name: item for item in self.graph.parameters}
        return ExecutorInput(
            {item.key: self.places[item.producer] / item.output for item in step.inputs},
            {by_name[name].key: encode(by_name[name].default) for name in step.parameters},
            {
                item.key: OutputPlace(self.folder / step.name / item.key, item.key, item.key)
                for item in step.outputs
            },
        )

    def _key(self, step: Step, given: ExecutorInput) -> str:
        """All that decides what a step gives (see ``kalelike.run.local.cache``)."""
        digests = {item.key: self.runs[item.producer].digests[item.output] for item in step.inputs}
        key = [self.codes[step.name].sha, digests, dict(given.parameters), sorted(given.outputs)]
        return json.dumps(key, sort_keys=True)


class _CycleError(Exception):
    """Steps wait for each other."""


def _ordered(graph: PipelineGraph, order: random.Random) -> list[Step]:
    waiting = list(graph.steps)
    done: set[str] = set()
    result = []
    while waiting:
        ready = [step for step in waiting if done.issuperset(step.predecessors)]
        if not ready:
            raise _CycleError(", ".join(step.name for step in waiting))
        step = order.choice(ready)
        waiting.remove(step)
        done.add(step.name)
        result.append(step)
    return result


def _run_step(code: StepCode, given: ExecutorInput, place: Path, names: list[str]) -> StepRun:
    def run() -> StepRun:
        shell = _enter(place)
        shown: dict[int, str] = {}
        original = shell.run

        def recorded(source: str, name: str, line: int = 1, *, store: bool = True) -> Any:
            done = original(source, name, line, store=store)
            if store:
                cell = code.cells[len(shown)]
                shown[cell.index] = _texts(done.outputs)
            return done

        shell.run = recorded
        record = run_step(code, given)
        changed, outputs, digests = [], {}, {}
        if record.error is None:
            space = shell.namespace
            values = _described(space, names)
            manifests = {key: read_manifest(item.path) for key, item in given.outputs.items()}
            # Described before anything is loaded: a class that is loaded where it was
            # defined is the same class, and gets the loaded attributes.
            for key, manifest in manifests.items():
                digests[key] = manifest.digest
                visible = {name: space[name] for name in manifest.names if name in space}
                outputs[key] = describe(visible, sharing=True)
            for key, manifest in manifests.items():
                loaded = load_values(given.outputs[key].path, space)
                visible = {n: loaded[n] for n in manifest.names if n in space and n in loaded}
                after = describe(visible, sharing=True)
                if outputs[key] != after:
                    changed.append(f"{key}: saved {outputs[key]} and loaded {after}")
        else:
            values = {}
        return StepRun(record, values, shown, tuple(changed), outputs, digests)

    return in_child(run, seconds=20)


def _differences(
    graph: PipelineGraph, step: Step, run: StepRun, expected: _Expected, *, kept: bool
) -> list[str]:
    """Compare a step with the notebook; one that was ``kept`` by what it gives to others."""
    found = [f"{step.name}: {text}"[: 3 * _SHORT] for text in run.changed]
    theirs = expected.values.get(step.name, {})
    given = _given(step)
    compared = {*theirs, *run.values} - expected.apart[step.name]
    if kept:
        compared &= {name for item in step.outputs for name in item.names}
    for name in sorted(compared):
        ours = run.values.get(name, "absent")
        wanted = theirs.get(name, "absent")
        # A name that the step neither is given, nor gives, nor binds on the path that ran.
        apart = name not in given and name in expected.untouched[step.name]
        if ours != wanted and not (apart and ours == "absent"):
            found.append(f"{step.name}.{name} is {ours[:_SHORT]} for {wanted[:_SHORT]}")
    for index, text in run.shown.items() if not kept else ():
        wanted = expected.shown.get((step.name, index), text)
        if text != wanted:
            found.append(
                f"{step.name} cell {index} shows {text[:_SHORT]!r} for {wanted[:_SHORT]!r}"
            )
    metrics = expected.metrics.get(step.name, {})
    if dict(run.record.metrics) != metrics:
        found.append(f"{step.name} reports {dict(run.record.metrics)} for {metrics}")
    return found
