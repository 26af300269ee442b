"""Why a difference is there, and which line to change, as far as the two runs tell."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kalelike.notebook.ipython_syntax import transform_cell
from kalelike.runtime.fingerprints import Outcome, Tolerance, compare_fingerprints
from kalelike.verify.findings import Finding, Kind, Reason, Status
from kalelike.verify.observations import (
    NotebookObservation,
    PipelineObservation,
    StepObservation,
)
from kalelike.verify.subject import CellPlan, StepPlan, Subject

_CLOCK = re.compile(
    r"\btime\.(?:time|perf_counter|monotonic|process_time|strftime|ctime)\b|\bperf_counter\(|"
    r"\b(?:now|utcnow|today)\(|\btime\(\)|\bTimestamp\.now|%time"
)
_ENVIRONMENT = re.compile(
    r"\bos\.(?:environ|getenv|getcwd|getpid|urandom|cpu_count|uname|chdir)|\bgetenv\(|\bplatform\.|"
    r"\bsys\.(?:argv|path|flags|modules|executable)|\bgetpass\b|\buuid\.?(?:1|4)\b|\bsecrets\.|"
    r"\bPath\.cwd\b|\bgethostname\b|\b__file__\b|\btempfile\.|\bid\(|\bhash\("
)
_READING = (
    r"\bopen\((?![^)\n]*,\s*['\"][wax])|\bread_\w+\(|\bloadtxt\(|\bload\(|\bglob\(|\blistdir\(|"
    r"\biterdir\(|\bexists\("
)
_READ = re.compile(_READING)
_FILE = re.compile(
    rf"{_READING}|\bopen\("
    r"|\.to_(?:csv|parquet|json|excel|pickle)\(|\bsavefig\(|\bdump\(|\bconnect\(|\bwrite_text\("
)
_RANDOM = re.compile(
    r"\brandom\b|\brand\w*\(|\bshuffle\b|\bsample\(|\bchoice\(|\bpermutation\(|_split\b|\.fit\w*\(|"
    r"\bnormal\(|\buniform\(|\bseed\("
)
_UNSEEDED = re.compile(r"\b(?:default_rng|RandomState|Random)\(\s*\)|\bSystemRandom\b")
_GENERATORS = {
    "python": "Python's", "numpy": "NumPy's", "torch": "PyTorch's", "keras": "Keras'",
}  # fmt: skip
_LOOSE = Tolerance(1e-4, 1e-8)
_CHANGING = re.compile(
    r"\]\s*(?:[-+*/|&]|//|\*\*)?=(?!=)|inplace\s*=\s*True|"
    r"\.(?:append|extend|insert|update|add|pop|remove|discard|clear|sort|reverse|setdefault|fill|"
    r"fit\w*|drop\w*|set_\w+|put|resize)\("
)


@dataclass(frozen=True, slots=True)
class Investigator:
    """Knows both runs, and explains one difference."""

    subject: Subject
    notebook: NotebookObservation
    pipeline: PipelineObservation
    tolerance: Tolerance

    def explain(self, finding: Finding) -> Finding:
        """Return the finding with its reason; what is not covered needs none."""
        if finding.status is Status.UNCOVERED:
            return finding
        if finding.status is Status.UNSTABLE:
            if finding.reason is not None:
                return finding
            return replace(finding, reason=self._unstable(finding))
        step = next((item for item in self.subject.steps if item.name == finding.step), None)
        if finding.kind is Kind.FILE:
            return replace(finding, reason=self._file(finding))
        if step is None:
            return finding
        seen = next(item for item in self.pipeline.steps if item.step == step.name)
        if finding.kind is Kind.FAILURE:
            return replace(finding, reason=self._failure(finding, seen))
        if finding.stage == "given":
            return replace(finding, reason=self._given(finding, step))
        return replace(finding, reason=self._computed(finding, step, seen))

    # -- one kind of difference each -------------------------------------------------------

    def _failure(self, finding: Finding, seen: StepObservation) -> Reason:
        error = seen.error or {}
        line = error.get("line")
        cell = self._cell(finding.index)
        return Reason(
            "failure",
            "the step fails where the notebook does not: it lacks something that an earlier cell "
            "left behind",
            error.get("hint") or _failure_hint(str(error.get("message", ""))),
            cell.title if cell is not None else "",
            finding.index,
            line,
            str(error.get("source_line", "")).strip(),
        )

    def _unstable(self, finding: Finding) -> Reason | None:
        """What makes the notebook's own runs differ, where its cell tells."""
        step = next((item for item in self.subject.steps if item.name == finding.step), None)
        cell = self._cell(finding.index)
        if step is None or cell is None:
            return None
        text = self._reach(cell, step)
        for pattern, reason in _BY_TEXT:
            if pattern.search(text) and reason.kind != "file":
                return self._at_line(reason, cell, finding.name, pattern)
        return None

    def _given(self, finding: Finding, step: StepPlan) -> Reason:
        """What a step was given is wrong: it was lost on the way, or changed unseen since."""
        name = finding.name
        producer = step.producers.get(name, "")
        made = next((item for item in self.subject.steps if item.name == producer), None)
        if made is None:
            return Reason("unknown", f"{name} reaches the step as something else")
        at_start = self.notebook.everything.get(step.begins_after, {}).get(name)
        at_end = self.notebook.everything.get(made.ends_after, {}).get(name)
        if at_start is None or at_end is None or self._same(at_start, at_end):
            seen = next(item for item in self.pipeline.steps if item.step == producer)
            gave = seen.observed.get("end", {}).get(name)
            if gave is not None and at_end is not None and not self._same(gave, at_end):
                return self._computed(replace(finding, step=producer, index=None), made, seen)
            return self._at_line(
                Reason(
                    "crossing",
                    f"{name} is right at the end of step {producer} and is another value when it "
                    "is loaded: its type does not survive being saved",
                    f"make {name} in step {step.name}, or pass what it was made from",
                ),
                self._last_cell(producer, name),
                name,
            )
        cell = self._changing_cell(name, made, step)
        other = cell.step if cell is not None and cell.step else "a step between"
        return self._at_line(
            Reason(
                "alias",
                f"{name} is changed after step {producer} made it, in step {other}, under another "
                "name or by a call that the compiler did not see changing it",
                f"change it under its own name, or assign the result: {name} = …",
            ),
            cell,
            name,
            _CHANGING if cell is not None and name not in cell.source else None,
        )

    def _computed(self, finding: Finding, step: StepPlan, seen: StepObservation) -> Reason:
        """The step was given the right values, and computes something else."""
        cell = self._cell(finding.index) or self._last_cell(step.name, finding.name)
        text = self._reach(cell, step) if cell is not None else ""
        if self._is_rounding(finding, step, seen):
            reason = Reason(
                "rounding",
                "the numbers differ in their last places only: values that were saved and loaded "
                "lie otherwise in memory, and an iterative computation makes more of it",
                "allow for it with --rtol 1e-4, if that is near enough",
            )
            return self._at_line(reason, cell, finding.name)
        generator = self._other_generator(step, seen)
        if generator and (_RANDOM.search(text) or not text):
            reason = Reason(
                "random state",
                f"{generator} global generator of random numbers is in another state when step "
                f"{step.name} begins than in the notebook",
                "seed it in this step, above this line, or pass random_state= to the call",
            )
            return self._at_line(reason, cell, finding.name, _RANDOM)
        for pattern, reason in _BY_TEXT:
            if pattern.search(text):
                return self._at_line(reason, cell, finding.name, pattern)
        if self._changes_unseen(finding, step):
            return self._at_line(_changed_apart(finding.name), cell, "", _CHANGING)
        return self._at_line(
            Reason(
                "unknown",
                "the step was given the same values as the notebook has here; something else that "
                "this cell reads differs",
                "bind what it reads to a name in an earlier cell of the notebook",
            ),
            cell,
            finding.name,
        )

    def _changes_unseen(self, finding: Finding, step: StepPlan) -> bool:
        """Tell whether the notebook's step changes a value whose name it does not mention."""
        if finding.kind is not Kind.VALUE:
            return False
        word = re.compile(rf"\b{re.escape(finding.name)}\b")
        if any(word.search(item.source) for item in step.code.cells):
            return False
        ends = (self.notebook.look(finding.name, step, stage) for stage in ("given", "end"))
        before, after = ends
        return before is not None and after is not None and not self._same(before, after)

    def _file(self, finding: Finding) -> Reason:
        base = finding.name.rpartition("/")[2]
        cell = next((item for item in reversed(self.subject.cells) if base in item.source), None)
        if cell is None:
            writers = [item for item in self.subject.cells if _FILE.search(item.source)]
            cell = writers[-1] if writers else None
        reason = Reason(
            "file",
            f"the file {finding.name} that the pipeline leaves is not the notebook's",
            "write it under a literal path, in the step that has what it holds",
        )
        return self._at_line(reason, cell, base, _FILE)

    # -- places --------------------------------------------------------------------------

    def _cell(self, index: int | None) -> CellPlan | None:
        return self.subject.cell(index) if index is not None and index >= 0 else None

    def _last_cell(self, step: str, name: str) -> CellPlan | None:
        """The last of a step's cells that mentions a name, else its last one."""
        own = [item for item in self.subject.cells if item.step == step]
        word = re.compile(rf"\b{re.escape(name)}\b") if name else None
        named = [item for item in own if word is not None and word.search(item.source)]
        found = named or own
        return found[-1] if found else None

    def _changing_cell(self, name: str, made: StepPlan, step: StepPlan) -> CellPlan | None:
        """The cell between two steps in which the notebook's value changes."""
        last = self.notebook.everything[made.ends_after][name]
        between = [
            item for item in self.subject.cells if made.ends_after < item.index <= step.begins_after
        ]
        start = made.ends_after
        for cell in between:
            now = self.notebook.everything.get(cell.index, {}).get(name)
            now = now or self.notebook.named.get(cell.index, {}).get(name)
            if now is None:
                continue
            if not self._same(last, now):
                return self._likely([item for item in between if start < item.index <= cell.index])
            start = cell.index
        return between[-1] if between else None

    def _likely(self, cells: Sequence[CellPlan]) -> CellPlan:
        """Of cells of which one changes a value unseen, the one that changes anything in place."""
        return next((item for item in cells if _CHANGING.search(item.source)), cells[-1])

    def _is_rounding(self, finding: Finding, step: StepPlan, seen: StepObservation) -> bool:
        ours = seen.observed.get("end", {}).get(finding.name)
        theirs = self.notebook.everything.get(step.ends_after, {}).get(finding.name)
        if ours is None or theirs is None or finding.kind is not Kind.VALUE:
            return False
        return compare_fingerprints(ours, theirs, _LOOSE).outcome is Outcome.EQUAL

    def _other_generator(self, step: StepPlan, seen: StepObservation) -> str:
        theirs = self.notebook.started.get(step.name, {})
        started = seen.observed.get("generators_given", {})
        for name, made in started.items():
            if name in theirs and not self._same(made, theirs[name]):
                kind = str(name).partition(":")[2]
                return _GENERATORS[kind]
        return ""

    def _same(self, one: object, other: object) -> bool:
        assert isinstance(one, dict)
        assert isinstance(other, dict)
        found = compare_fingerprints(one, other, self.tolerance)
        return found.outcome is not Outcome.DIFFERENT

    def _reach(self, cell: CellPlan, step: StepPlan) -> str:
        """The cell's code and the definitions that it may call."""
        words = set(re.findall(r"[^\W\d]\w*", cell.source))
        called = [
            item.source
            for item in step.code.preamble
            if item.kind == "definition" and not words.isdisjoint(_defined(item.source))
        ]
        return "\n".join([cell.source, *called])

    def _at_line(
        self,
        reason: Reason,
        cell: CellPlan | None,
        name: str,
        pattern: re.Pattern[str] | None = None,
    ) -> Reason:
        if cell is None:
            return reason
        line = _find_line(cell.source, name, pattern)
        lines = cell.source.splitlines()
        source = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        return replace(reason, cell=cell.title, index=cell.index, line=line, source=source)


def _changed_apart(name: str) -> Reason:
    return Reason(
        "alias",
        f"in the notebook this step changes {name} under another name; in the pipeline the two "
        "are no longer one object",
        f"change it under its own name, or assign the result: {name} = …",
    )


def _failure_hint(message: str) -> str:
    match = re.search(r"name '(\w+)' is not defined", message)
    if match is not None:
        return (
            f"bind {match.group(1)} by a plain assignment in an earlier cell, so that the "
            "compiler can see it"
        )
    if "No such file" in message:
        return "write the file under a literal path, so that the compiler can pass it on"
    return "state what this line needs in this step, or in an earlier cell by a plain assignment"


_BY_TEXT: tuple[tuple[re.Pattern[str], Reason], ...] = (
    (
        _CLOCK,
        Reason(
            "clock",
            "it reads the time, which is another one when the step runs",
            "read the time once, in a cell of its own, and use that value",
        ),
    ),
    (
        _ENVIRONMENT,
        Reason(
            "environment",
            "it reads the process or its environment, which are others in a step",
            "make it a pipeline parameter, or set it in the cell that reads it",
        ),
    ),
    (
        _READ,
        Reason(
            "file",
            "it reads a file that is another one, or not there, when the step runs",
            "write and read the file under one literal path, so that the compiler can pass it on",
        ),
    ),
    (
        _UNSEEDED,
        Reason(
            "random state",
            "it makes a generator of random numbers without a seed",
            "give the generator a seed",
        ),
    ),
    (
        _RANDOM,
        Reason(
            "random state",
            "it draws random numbers from a generator that nothing has seeded",
            "seed it in this step, above this line, or pass random_state= to the call",
        ),
    ),
)


def _defined(source: str) -> set[str]:
    return set(re.findall(r"^\s*(?:def|class|async def)\s+(\w+)", source, re.MULTILINE))


def _find_line(source: str, name: str, pattern: re.Pattern[str] | None) -> int:
    """Return the 1-based line to look at: of the pattern, of the name's binding, of the name."""
    lines = source.splitlines()
    if pattern is not None:
        near = [
            number
            for number, line in enumerate(lines, start=1)
            if pattern.search(line) and not line.lstrip().startswith("#")
        ]
        if near:
            return near[-1] if pattern is _RANDOM else near[0]
    tree = transform_cell(source).tree
    bound = 0
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            bound = max(bound, node.lineno)
    if bound:
        return bound
    word = re.compile(rf"\b{re.escape(name)}\b")
    for number, line in enumerate(lines, start=1):
        if name and word.search(line):
            return number
    return 1
