"""The verification of one notebook: both runs, the comparison, and the notebook once more."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kalelike.runtime.fingerprints import Outcome as Compared
from kalelike.runtime.fingerprints import Tolerance, compare_fingerprints
from kalelike.verify.displays import compare_shown
from kalelike.verify.findings import Finding, Kind, Outcome, Reason, Status, Verification
from kalelike.verify.following import follow, is_consequence
from kalelike.verify.judging import judge
from kalelike.verify.notebook_side import observe_notebook
from kalelike.verify.observations import NotebookObservation, PipelineSide, Tell
from kalelike.verify.reasons import Investigator
from kalelike.verify.subject import Subject

START = "kalelike verify"
_AGAIN = "kalelike verify, once more"
_THIRD = "kalelike verify, a third time"
HASH_SEED = 0
_EMPTY = re.compile(r"\bempty(?:_like)?\(|\bstatsmodels\b")
_MEMORY = Reason(
    "uninitialised memory",
    "numpy.empty gives memory with whatever was in it before",
    "make it with zeros() or full(), or fill it before it is used",
)
_OTHER_HASH_SEED = 1


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """How to verify.

    ``strict`` runs the notebook twice in any case, and lets nothing uncovered
    pass. ``scratch`` is where both runs' files go: a new temporary folder, if
    None.
    """

    tolerance: Tolerance
    strict: bool = False
    engine: str = "local"
    scratch: Path | None = None


def verify(
    subject: Subject, pipeline_side: PipelineSide, options: VerifyOptions, tell: Tell
) -> Verification:
    """Run the notebook and its pipeline, and compare the two.

    Where they differ, the notebook runs a second time, with other string
    hashes and another start of unseeded generators: what two of its own runs
    do not agree on is not the pipeline's difference; nor is what they agree on
    only as long as ``numpy.empty`` gives the same content. Where something varies
    and something else differs, a third run tells whether that varies, too. Raises
    :class:`kalelike.errors.BackendError` when the engine cannot run the
    pipeline, ``OSError`` when the notebook's folder cannot be copied.
    """
    started = time.monotonic()
    scratch = options.scratch or Path(tempfile.mkdtemp(prefix="kalelike-verify-"))
    try:
        made = _verify(subject, pipeline_side, options, tell, scratch)
    finally:
        if options.scratch is None:
            shutil.rmtree(scratch, ignore_errors=True)
    return replace(made, seconds=time.monotonic() - started)


def _verify(
    subject: Subject, pipeline_side: PipelineSide, options: VerifyOptions, tell: Tell, scratch: Path
) -> Verification:
    blank = Verification(
        subject.path.name,
        Outcome.EQUAL,
        options.tolerance,
        diagnostics=subject.compilation.diagnostics,
        engine=options.engine,
        strict=options.strict,
    )
    first = _run_notebook(subject, scratch / "notebook", tell, START, HASH_SEED, "notebook")
    if first.error is not None:
        return replace(blank, outcome=Outcome.NOTEBOOK_FAILS, error=first.error)
    (scratch / "pipeline").mkdir()
    pipeline = pipeline_side.observe(subject, scratch / "pipeline", tell)
    if pipeline.interrupted:
        return replace(blank, outcome=Outcome.INTERRUPTED)
    judged = judge(subject, first, pipeline, options.tolerance)
    findings = judged.findings
    runs = 1
    if options.strict or any(item.status is Status.DIFFERENT for item in findings):
        runs = 2
        again = _run_notebook(
            subject, scratch / "again", tell, _AGAIN, _OTHER_HASH_SEED, "notebook again"
        )
        told = _Stability(subject, first, again, options.tolerance)
        findings = told.settle(findings)
    if _may_be_memory(subject, findings):
        runs += 1
        other = _run_notebook(
            subject, scratch / "memory", tell, START, HASH_SEED, "notebook again", other_memory=True
        )
        if other.error is None:
            findings = _of_memory(_Stability(subject, first, other, options.tolerance), findings)
    statuses = {item.status for item in findings}
    if {Status.DIFFERENT, Status.UNSTABLE} <= statuses:
        # What varies may be the same in two runs by chance, as a picture of it is.
        runs += 1
        third = _run_notebook(
            subject, scratch / "third", tell, _THIRD, _OTHER_HASH_SEED, "notebook again"
        )
        if third.error is None:
            findings = _Stability(subject, first, third, options.tolerance).settle(findings)
    investigator = Investigator(subject, first, pipeline, options.tolerance)
    findings = tuple(
        item if is_consequence(item) else investigator.explain(item)
        for item in follow(subject, findings)
    )
    different = any(item.status is Status.DIFFERENT for item in findings)
    outcome = Outcome.DIFFERENT if different else Outcome.EQUAL
    return replace(blank, outcome=outcome, steps=judged.counts, findings=findings, runs=runs)


def _run_notebook(
    subject: Subject,
    scratch: Path,
    tell: Tell,
    start: str,
    hash_seed: int,
    side: str,
    *,
    other_memory: bool = False,
) -> NotebookObservation:
    scratch.mkdir(parents=True)
    return observe_notebook(
        subject,
        scratch,
        tell,
        start=start,
        hash_seed=hash_seed,
        side=side,
        other_memory=other_memory,
    )


def _may_be_memory(subject: Subject, findings: Sequence[Finding]) -> bool:
    """Tell whether what still differs may come from memory that nothing has filled.

    The models of statsmodels keep scratch arrays that they make so.
    Code that numba compiles does not take the stand-in for ``numpy.empty``.
    """
    text = "\n".join(item.source for item in subject.cells)
    judged = any(item.status is Status.DIFFERENT for item in findings)
    return judged and _EMPTY.search(text) is not None and "numba" not in text


def _of_memory(told: _Stability, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings; those are unstable that are other with another content of memory.

    Each is judged by itself: what is computed elsewhere in the step is compared as before.
    """
    return tuple(
        replace(item, status=Status.UNSTABLE, reason=_MEMORY)
        if item.status is Status.DIFFERENT and item.kind is not Kind.FAILURE and told.differs(item)
        else item
        for item in findings
    )


@dataclass(frozen=True, slots=True)
class _Stability:
    """Two runs of the notebook, and what they do not agree on."""

    subject: Subject
    first: NotebookObservation
    again: NotebookObservation
    tolerance: Tolerance

    def settle(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Return the findings; those are unstable on which the notebook's own runs differ.

        So is what the same step computes after something unstable, and a later
        step from it: a score may be the same in two runs by chance.
        """
        found: list[Finding] = []
        unstable: set[str] = set()
        values: set[tuple[str, str]] = set()
        producers = {step.name: step.producers for step in self.subject.steps}
        for item in findings:
            judged = item.status is Status.DIFFERENT and item.kind is not Kind.FAILURE
            given = item.stage == "given" and (producers[item.step].get(item.name, ""), item.name)
            if judged and (item.step in unstable or given in values or self.differs(item)):
                unstable.add(item.step)
                values.add((item.step, item.name))
                found.append(replace(item, status=Status.UNSTABLE))
            else:
                found.append(item)
        return tuple(found)

    def differs(self, finding: Finding) -> bool:
        """Tell whether the two runs differ in what the finding is about."""
        if self.again.error is not None:
            return True
        if finding.kind is Kind.METRIC:
            one, other = (run.metrics.get(finding.name) for run in (self.first, self.again))
            return one != other
        if finding.kind is Kind.DISPLAY:
            assert finding.index is not None
            shown = [run.shown.get(finding.index, []) for run in (self.first, self.again)]
            roots = (self.first.root, self.again.root)
            found = compare_shown(shown[0], shown[1], roots, self.tolerance)
            return found.outcome is Compared.DIFFERENT
        if finding.kind is Kind.FILE:
            return self._unlike(*(run.files.get(finding.name) for run in (self.first, self.again)))
        return self._value_differs(finding)

    def _value_differs(self, finding: Finding) -> bool:
        step = next(item for item in self.subject.steps if item.name == finding.step)
        return self._unlike(
            *(run.look(finding.name, step, finding.stage) for run in (self.first, self.again))
        )

    def _unlike(self, one: object, other: object) -> bool:
        if not isinstance(one, dict) or not isinstance(other, dict):
            return one != other
        if not one or not other:
            return one != other
        return compare_fingerprints(one, other, self.tolerance).outcome is Compared.DIFFERENT
