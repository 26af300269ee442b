"""Compares a notebook's run with its pipeline's: values, metrics, displays and files."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kalelike.graph.model import StepRole
from kalelike.runtime.fingerprints import (
    Comparison,
    Outcome,
    Tolerance,
    compare_fingerprints,
    fingerprint,
)
from kalelike.runtime.hidden_state import is_hidden
from kalelike.verify.displays import compare_shown
from kalelike.verify.findings import Finding, Kind, Status, StepCount
from kalelike.verify.observations import (
    Fingerprints,
    NotebookObservation,
    PipelineObservation,
    StepObservation,
)
from kalelike.verify.subject import StepPlan, Subject

_WORD = re.compile(r"[^\W\d]\w*")
_STATUS = {Outcome.DIFFERENT: Status.DIFFERENT, Outcome.UNCOVERED: Status.UNCOVERED}
_GIVEN, _CELLS, _LAST = 0, 1, 2
_AT_END = sys.maxsize


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings in order, and how much was found equal."""

    findings: tuple[Finding, ...]
    counts: tuple[StepCount, ...]


def judge(
    subject: Subject,
    notebook: NotebookObservation,
    pipeline: PipelineObservation,
    tolerance: Tolerance,
) -> Judgement:
    """Compare the two sides, all that either has."""
    judge_one = _Judge(subject, notebook, pipeline, tolerance)
    findings: list[Finding] = []
    counts = []
    files = list(judge_one.files(len(subject.steps)))
    for place, (step, seen) in enumerate(zip(subject.steps, pipeline.steps, strict=True)):
        written = judge_one.equal_files[step.name]
        judge_one.equal = Counter({Kind.FILE: written} if written else {})
        findings += judge_one.step(place, step, seen)
        counts.append(StepCount(step.name, dict(judge_one.equal), seen.seconds))
    findings += files
    findings.sort(key=lambda item: item.order)
    return Judgement(tuple(findings), tuple(counts))


@dataclass(slots=True)
class _Judge:
    subject: Subject
    notebook: NotebookObservation
    pipeline: PipelineObservation
    tolerance: Tolerance
    equal: Counter[Kind] = field(default_factory=Counter)
    equal_files: Counter[str] = field(default_factory=Counter)
    """Files that are equal, by the last step that wrote them."""

    def step(self, place: int, step: StepPlan, seen: StepObservation) -> Iterator[Finding]:
        """Compare one step; one that did not run has nothing to compare."""
        if seen.error is not None:
            yield self._failure(place, step, seen.error)
        yield from self._values(place, step, seen)
        yield from self._metrics(place, step, seen)
        yield from self._displays(place, step, seen)

    def _failure(self, place: int, step: StepPlan, error: Mapping[str, Any]) -> Finding:
        cell = error.get("cell") or {}
        index = cell.get("index")
        line = f", line {error['line']}" if error.get("line") else ""
        return Finding(
            Kind.FAILURE,
            Status.DIFFERENT,
            step.name,
            "",
            f"{error['type']}: {error['message']}",
            index=index,
            cell=self._title(index) + (line if index is not None else ""),
            order=(place, _CELLS, index if index is not None else step.ends_after),
        )

    def _title(self, index: int | None) -> str:
        return self.subject.cell(index).title if index is not None else ""

    # -- values ----------------------------------------------------------------------

    def _values(self, place: int, step: StepPlan, seen: StepObservation) -> Iterator[Finding]:
        observed = seen.observed
        before = self.notebook.everything.get(step.begins_after, {})
        after = self.notebook.everything.get(step.ends_after, {})
        if step.role is StepRole.STEP:
            for name, made in observed.get("given", {}).items():
                yield from self._value(place, step, seen, name, made, "given")
        if seen.error is not None:
            return
        mentioned = self._mentioned(step)
        for name, made in observed.get("end", {}).items():
            if not is_hidden(name) or name.startswith("@random:"):
                yield from self._value(place, step, seen, name, made, "end")
        for name, made in observed.get("replayed", {}).items():
            if name in mentioned:
                yield from self._value(place, step, seen, name, made, "end")
        if "given" in observed:
            yield from self._absent(place, step, seen, before, after)

    def _mentioned(self, step: StepPlan) -> set[str]:
        """The words of the step's cells, and of the definitions that they may call."""
        sources = [item.source for item in step.code.cells]
        sources += [item.source for item in step.code.preamble if item.kind == "definition"]
        return {word for source in sources for word in _WORD.findall(source)}

    def _value(
        self,
        place: int,
        step: StepPlan,
        seen: StepObservation,
        name: str,
        ours: Mapping[str, Any],
        stage: str,
    ) -> Iterator[Finding]:
        theirs = self.notebook.look(name, step, stage)
        if theirs is None:
            found = Comparison(Outcome.DIFFERENT, "", "the notebook has no such name at this point")
        else:
            found = compare_fingerprints(ours, theirs, self.tolerance)
        if found.outcome is Outcome.EQUAL:
            if stage == "end":
                self.equal[Kind.VALUE] += 1
            return
        index = self._first_cell(seen, name) if stage == "end" else None
        order: tuple[int, ...] = (place, _LAST, 0)
        if index is not None:
            order = (place, _CELLS, index, self._position(index, name))
        yield Finding(
            Kind.VALUE,
            _STATUS[found.outcome],
            step.name,
            name,
            found.why,
            found.where,
            index,
            self._title(index),
            stage,
            (place, _GIVEN, 0) if stage == "given" else order,
        )

    def _position(self, index: int, name: str) -> int:
        """Where a cell first mentions a name: what it binds first is the likelier cause."""
        source = self.subject.cell(index).source
        found = re.search(rf"\b{re.escape(name)}\b", source)
        return found.start() if found is not None else len(source)

    def _first_cell(self, seen: StepObservation, name: str) -> int | None:
        """The first of the step's cells after which the name is not the notebook's."""
        for key, named in seen.observed.get("cells", {}).items():
            theirs = self.notebook.named.get(int(key), {})
            if name in named and (
                name not in theirs
                or compare_fingerprints(named[name], theirs[name], self.tolerance).outcome
                is not Outcome.EQUAL
            ):
                return int(key)
        return None

    def _absent(
        self,
        place: int,
        step: StepPlan,
        seen: StepObservation,
        before: Fingerprints,
        after: Fingerprints,
    ) -> Iterator[Finding]:
        """Names that the notebook binds in these cells, and the step does not."""
        if step.role is not StepRole.STEP:
            return
        held = {*seen.observed.get("end", {}), *seen.observed.get("replayed", {})}
        held |= self._of_others(step)
        for name in after:
            if name not in before and name not in held:
                yield Finding(
                    Kind.VALUE, Status.DIFFERENT, step.name, name, "the step does not have it",
                    order=(place, _LAST, 0),
                )  # fmt: skip

    def _of_others(self, step: StepPlan) -> set[str]:
        """The words of set-up cells among the step's cells, such as of functions nobody calls."""
        words: dict[bool, set[str]] = {True: set(), False: set()}
        for cell in self.subject.cells:
            if step.begins_after < cell.index <= step.ends_after:
                words[cell.step == step.name].update(_WORD.findall(cell.source))
        return words[False] - words[True]

    # -- metrics and displays ----------------------------------------------------------

    def _metrics(self, place: int, step: StepPlan, seen: StepObservation) -> Iterator[Finding]:
        if seen.error is not None or seen.status in ("skipped", "interrupted"):
            return
        places = {item.name: item.index for item in step.code.metrics}
        for name, ours in seen.metrics.items():
            index = places.get(name, step.ends_after)
            why = f"the notebook does not compute it ({self.notebook.metrics.get('', 'no value')})"
            if name in self.notebook.metrics:
                found = compare_fingerprints(
                    fingerprint(ours), fingerprint(self.notebook.metrics[name]), self.tolerance
                )
                if found.outcome is Outcome.EQUAL:
                    self.equal[Kind.METRIC] += 1
                    continue
                why = found.why
            title = self._title(index) if index >= 0 else ""
            yield Finding(
                Kind.METRIC, Status.DIFFERENT, step.name, name, why, "", index, title,
                order=(place, _LAST, index),
            )  # fmt: skip

    def _displays(self, place: int, step: StepPlan, seen: StepObservation) -> Iterator[Finding]:
        roots = (*seen.roots, self.notebook.root)
        for index, ours in seen.shown.items():
            theirs = self.notebook.shown.get(index)
            if theirs is None or (seen.error is not None and not ours):
                continue
            found = compare_shown(ours, theirs, roots, self.tolerance)
            if found.outcome is Outcome.EQUAL:
                self.equal[Kind.DISPLAY] += bool(theirs)
                continue
            if seen.error is not None:
                continue
            yield Finding(
                Kind.DISPLAY, _STATUS[found.outcome], step.name, "", found.why, found.where,
                index, self._title(index), order=(place, _CELLS, index, _AT_END),
            )  # fmt: skip
        if seen.error is None and seen.status == "succeeded":
            yield from self._unshown(place, step, seen)

    def _unshown(self, place: int, step: StepPlan, seen: StepObservation) -> Iterator[Finding]:
        for cell in self.subject.cells:
            if cell.step != step.name or cell.index in seen.shown:
                continue
            if self.notebook.shown.get(cell.index):
                yield Finding(
                    Kind.DISPLAY, Status.UNCOVERED, step.name, "", "no report of it came back", "",
                    cell.index, cell.title, order=(place, _CELLS, cell.index, _AT_END),
                )  # fmt: skip

    # -- files ---------------------------------------------------------------------------

    def files(self, place: int) -> Iterator[Finding]:
        """Compare the files that were written, as they are at the end."""
        ours: dict[str, tuple[str, Mapping[str, Any]]] = {}
        for seen in self.pipeline.steps:
            if "files" not in seen.observed:
                continue
            for path, made in seen.observed["files"].items():
                ours[path] = (seen.step, made)
        complete = all("files" in seen.observed for seen in self.pipeline.steps)
        if not complete:
            yield from self._files_unseen(place)
            return
        for path in sorted({*ours, *self.notebook.files}):
            if _is_byproduct(path):
                continue
            step, mine = ours.get(path, ("", {}))
            found = self._file(path in ours, mine, self.notebook.files.get(path))
            if found.outcome is Outcome.EQUAL:
                self.equal_files[step] += 1
                continue
            yield Finding(
                Kind.FILE, _STATUS[found.outcome], step, path, found.why, found.where,
                order=(place, _LAST, 0),
            )  # fmt: skip

    def _files_unseen(self, place: int) -> Iterator[Finding]:
        """Say so where no step's files are seen, as on a cluster."""
        steps = self.pipeline.steps
        if any("files" in seen.observed or seen.error is not None for seen in steps):
            return
        for path in sorted(self.notebook.files):
            if not _is_byproduct(path):
                yield Finding(
                    Kind.FILE, Status.UNCOVERED, "", path, "it was written on the cluster", "",
                    order=(place, _LAST, 0),
                )  # fmt: skip

    def _file(
        self, written: bool, ours: Mapping[str, Any], theirs: Mapping[str, Any] | None
    ) -> Comparison:
        if not written:
            if not theirs:
                return Comparison(Outcome.EQUAL)
            return Comparison(Outcome.DIFFERENT, "", "no step writes it")
        if theirs is None:
            if not ours:
                # An earlier step wrote it, and this one removed it: the notebook ends without it.
                return Comparison(Outcome.EQUAL)
            return Comparison(Outcome.DIFFERENT, "", "the notebook does not write it")
        if not ours or not theirs:
            same = not ours and not theirs
            why = "removed on one side only"
            return Comparison(Outcome.EQUAL if same else Outcome.DIFFERENT, "", "" if same else why)
        return compare_fingerprints(ours, theirs, self.tolerance)


def _is_byproduct(path: str) -> bool:
    """Tell whether a file is written by running at all, whatever the code says."""
    parts = Path(path).parts
    return any(item in ("__pycache__", ".ipython", ".cache") for item in parts)
