"""One step: parameters, replayed code, inputs, cells, metrics, outputs, in this order."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kalelike.runtime.atomic import strict_json, write_text
from kalelike.runtime.audit import Audit
from kalelike.runtime.binding import find_binding
from kalelike.runtime.code import CellCode, FragmentCode, MetricCode, StepCode
from kalelike.runtime.executor_io import ExecutorInput, write_executor_output
from kalelike.runtime.faults import BadCallError, CannotCrossError, ExitCode, StepError
from kalelike.runtime.foreign_cell import read_foreign_cell
from kalelike.runtime.hidden_state import NAMES, UnforeseenNames, is_hidden, write_state
from kalelike.runtime.leaving import leave
from kalelike.runtime.metrics import evaluate_metrics
from kalelike.runtime.observing import DETAIL, StepObserver, wanted_detail
from kalelike.runtime.parameters import decode
from kalelike.runtime.record import Failure, Record
from kalelike.runtime.report import CellReport, StepReport, executed_notebook, report_page
from kalelike.runtime.sharing import check_sharing
from kalelike.runtime.shell import StepShell, ensure_event_loop
from kalelike.runtime.shown import shown_outputs
from kalelike.runtime.tracebacks import describe_failure
from kalelike.runtime.values import load_values, restore_files, save_values

_prepared: StepShell | None = None


def prepare() -> StepShell:
    """Make this process's shell, once; a warm parent does so before it forks."""
    global _prepared
    if _prepared is None:
        _prepared = StepShell()
    return _prepared


@dataclass(slots=True)
class _Progress:
    """What a step has done so far, for its record and report."""

    cells: list[CellReport] = field(default_factory=list)
    metrics: dict[str, int | float] = field(default_factory=dict)
    parameters: dict[str, object] = field(default_factory=dict)
    outputs: dict[str, dict[str, object]] = field(default_factory=dict)


class _StoppedError(Exception):
    """The notebook's code raised; the failure is described already."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def run_step(code: StepCode, executor_input: ExecutorInput, attempt: int = 1) -> Record:
    """Run one step in this process and write its outputs.

    Never raises for what the notebook's code does: the record says what
    happened, and its ``exit_code`` is the process's.
    """
    started = time.monotonic()
    progress = _Progress()
    failure: Failure | None = None
    exit_code = ExitCode.SUCCEEDED
    run = _StepRun(code, executor_input, progress)
    try:
        run.execute()
    except _StoppedError as stopped:
        failure, exit_code = stopped.failure, ExitCode.USER_CODE_FAILED
    except StepError as error:
        failure, exit_code = run.describe(error), error.exit_code
    except OSError as error:
        hint = "free some space, or name another place with --store"
        failure = Failure(type(error).__name__, str(error), "KL807", hint=hint)
        exit_code = ExitCode.BAD_CALL
    record = Record(
        code.step,
        code.sha,
        "failed" if failure is not None else "succeeded",
        round(time.monotonic() - started, 6),
        attempt,
        progress.metrics,
        progress.parameters,
        progress.outputs,
        {key: place.uri for key, place in executor_input.outputs.items()},
        failure,
        int(exit_code),
        run.observer.found,
        shown_outputs(progress.cells) if os.environ.get(DETAIL) == "outputs" else {},
    )
    run.write_reports(record)
    if failure is not None:
        with contextlib.suppress(OSError, ValueError):  # the step closed its streams
            _tell(failure)
    return record


def _tell(failure: Failure) -> None:
    """Write the failure to the log, the notebook's own place first."""
    sys.stdout.flush()
    where = ""
    if failure.cell is not None:
        line = f", line {failure.line}" if failure.line is not None else ""
        where = f" in cell [{failure.cell['number']}]{line}"
    print(f"\n{failure.type}{where}: {failure.message}", file=sys.stderr)
    if failure.hint:
        print(f"    hint: {failure.hint}", file=sys.stderr)
    if failure.traceback:
        print(failure.traceback, file=sys.stderr)
    sys.stderr.flush()


def _look_here_for_modules() -> None:
    """Let imports find modules where the step starts, and where its code goes, as Jupyter does."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    if "" not in sys.path:
        sys.path.insert(sys.path.index(here) + 1, "")


def _make_audit(places: Collection[str]) -> Audit | None:
    """Return an audit of reads where the engine asks for one, by naming its store."""
    store = os.environ.get("KALELIKE_AUDIT")
    return Audit([Path(store)], places) if store else None


class _StepRun:
    def __init__(self, code: StepCode, places: ExecutorInput, progress: _Progress) -> None:
        self.code = code
        self.io = places
        self.progress = progress
        self.shell = prepare()
        self.namespace = self.shell.namespace
        self.observer = StepObserver(self.namespace, wanted_detail())
        self.places: dict[str, Mapping[str, object]] = {}
        self.unforeseen = UnforeseenNames(self.namespace)
        self.given: list[str] = []
        self.start = Path.cwd()
        self.audit = _make_audit(self.places)

    def execute(self) -> None:
        _look_here_for_modules()
        ensure_event_loop()
        self.observer.begin(self.code.step)
        self._bind_parameters()
        self._restore_files()
        self.observer.files_given()
        for fragment in self.code.preamble:
            self._run_fragment(fragment)
        self.observer.replayed()
        self._load_inputs()
        self.unforeseen.start()
        self.observer.given(name for item in self.code.inputs for name in item.names)
        if self.code.kernel is not None:
            self._run_on_kernel(self.code.kernel)
        for cell in self._python_cells():
            self._run_cell(cell)
            self.observer.after_cell(cell.index, cell.source)
        self.progress.metrics.update(evaluate_metrics(self.code.metrics, self._evaluate))
        self.observer.end(name for item in self.code.outputs for name in item.names)
        self._save_outputs()
        self._write_metrics()
        record = os.environ.get("KALELIKE_RECORD")
        if self.audit is not None and record:
            self.audit.write(Path(record), self.given)

    def describe(self, error: StepError) -> Failure:
        """Describe what is wrong with a value, at the place where the step bound it."""
        failure = describe_failure(error, self.places)
        found = find_binding(error.name, self.code.cells, self.shell.to_python)
        if not error.name or found is None:
            return failure
        cell, line = found
        place = {"index": cell.index, "id": cell.id, "number": cell.number}
        source = cell.source.splitlines()[line - 1].strip()
        return replace(failure, cell=place, line=line, source_line=source)

    @contextlib.contextmanager
    def _audited(self) -> Iterator[None]:
        """Note what the notebook's code reads meanwhile."""
        if self.audit is None:
            yield
            return
        self.audit.on = True
        try:
            yield
        finally:
            self.audit.on = False

    def _name(self, item: CellCode | FragmentCode | MetricCode) -> str:
        """Name a cell as tracebacks show it."""
        number = item.number if item.number is not None else f"#{item.index + 1}"
        name = f"{self.code.notebook} cell [{number}]"
        self.places[name] = {"index": item.index, "id": item.id, "number": item.number}
        return name

    def _bind_parameters(self) -> None:
        for item in self.code.parameters:
            if item.key not in self.io.parameters:
                if not item.optional:
                    raise BadCallError(f"parameter {item.name} was not given")
                value: Any = None
            else:
                value = decode(self.io.parameters[item.key], item.shape)  # type: ignore[arg-type]
            self.namespace[item.name] = value
            self.progress.parameters[item.name] = value

    def _run_fragment(self, fragment: FragmentCode) -> None:
        name = self._name(fragment)
        with self._audited():
            run = self.shell.run(fragment.source, name, fragment.line, store=False)
        if run.error is not None:
            raise _StoppedError(describe_failure(run.error, self.places))

    def _restore_files(self) -> None:
        """Put the inputs' files back: replayed code may go into their folder, or import one."""
        output_file = self.io.output_file
        scratch = output_file.parent if output_file and output_file.parent.is_dir() else None
        for item in self.code.inputs:
            folder = self.io.artifacts.get(item.key)
            if folder is None:
                raise BadCallError(f"input {item.key} was not given")
            self.given += restore_files(folder, self.start, scratch)

    def _load_inputs(self) -> None:
        for item in self.code.inputs:
            folder = self.io.artifacts[item.key]
            values = load_values(folder, self.namespace)
            for name in item.names:
                if name == NAMES:
                    self.unforeseen.bring_back(values.get(name, {}))
                elif is_hidden(name):
                    if name in values:
                        write_state(name, values[name])
                elif name in values:
                    self.namespace[name] = values[name]
                else:
                    self.namespace.pop(name, None)

    def _run_cell(self, cell: CellCode) -> None:
        name = self._name(cell)
        started = time.monotonic()
        process = os.getpid()
        with self._audited():
            run = self.shell.run(cell.source, name)
        if os.getpid() != process:
            # A child that the cell forked came out of it: the step is its parent's.
            leave(1 if run.error is not None else 0)
        failure = describe_failure(run.error, self.places) if run.error is not None else None
        self.progress.cells.append(
            CellReport(
                cell.index,
                cell.id,
                cell.number,
                cell.source,
                tuple(run.outputs),
                time.monotonic() - started,
                failure,
            )
        )
        if failure is not None:
            raise _StoppedError(failure)

    def _python_cells(self) -> tuple[CellCode, ...]:
        """Return what this process runs itself: beside another kernel, cells that state metrics."""
        if self.code.kernel is None:
            return self.code.cells
        return tuple(item for item in self.code.cells if read_foreign_cell(item.source) is None)

    def _run_on_kernel(self, kernel: str) -> None:
        from kalelike.runtime.foreign_kernel import run_on_kernel

        cells = [item for item in self.code.cells if read_foreign_cell(item.source) is not None]
        for run in run_on_kernel(kernel, cells, self.namespace):
            self._name(run.cell)
            cell = run.cell
            self.progress.cells.append(
                CellReport(
                    cell.index, cell.id, cell.number, cell.source, run.outputs, run.seconds,
                    run.failure,
                )
            )  # fmt: skip
            if run.failure is not None:
                raise _StoppedError(run.failure)
            self.observer.after_cell(cell.index, cell.source)

    def _evaluate(self, metric: MetricCode) -> Any:
        name = self._name(metric)
        try:
            return self.shell.evaluate(metric.expression, name)
        except Exception as error:
            raise _StoppedError(describe_failure(error, self.places)) from error

    def _save_outputs(self) -> None:
        definitions = frozenset(self.code.definitions)
        if any(NAMES in item.names for item in self.code.outputs):
            self.namespace[NAMES] = self.unforeseen.find(frozenset(self.code.foreseen))
        check_sharing(
            [
                (
                    {name: self.namespace[name] for name in item.names if name in self.namespace},
                    frozenset(item.changed_later),
                )
                for item in self.code.outputs
            ]
        )
        for item in self.code.outputs:
            place = self.io.outputs.get(item.key)
            if place is None:
                raise BadCallError(f"output {item.key} has no place to go to")
            manifest = save_values(place.path, item.names, self.namespace, definitions, self.start)
            self.progress.outputs[item.key] = {
                "names": list(item.names),
                "size": manifest.size,
                "digest": manifest.digest,
            }

    def _write_metrics(self) -> None:
        """Write the metrics, and the executor output that states every artifact.

        KFP's local runner knows only artifacts that are stated there.
        """
        stated: dict[str, Mapping[str, object]] = {key: {} for key in self.io.outputs}
        for key, item in self.progress.outputs.items():
            names = item["names"]
            assert isinstance(names, list)
            stated[key] = {"names": ", ".join(names), "bytes": item["size"]}
        place = self.io.outputs.get("metrics")
        if place is not None:
            write_text(place.path, strict_json(self.progress.metrics, indent=1))
            stated["metrics"] = self.progress.metrics
        write_executor_output(self.io, stated)

    def write_reports(self, record: Record) -> None:
        """Write the executed cells as a notebook and as a page, also after a failure."""
        report = StepReport(self.code, tuple(self.progress.cells), record)
        for key, render in (("notebook", executed_notebook), ("report", report_page)):
            place = self.io.outputs.get(key)
            if place is None:
                continue
            try:
                write_text(place.path, render(report))
            except (OSError, CannotCrossError, ValueError, TypeError):
                traceback.print_exc()
