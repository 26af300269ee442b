"""What kalelike tells its users: places, messages and the one table of codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Severity(Enum):
    """How much a diagnostic matters: only errors stop a compile."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a notebook (or, for documents, in a YAML file).

    ``number`` is the execution count that the cell gets from "Restart Kernel
    and Run All Cells" (1, 2, …): the ``[n]`` that users see. ``index`` is the
    cell's 0-based position among all cells. ``line`` is 1-based within the
    cell (or file), ``column`` is 0-based. ``path`` is a dotted path inside a
    YAML document or a notebook's metadata.
    """

    source: str
    index: int | None = None
    cell_id: str | None = None
    number: int | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None

    def at(self, line: int | None, column: int | None = None) -> Location:
        """Return the same cell at another line."""
        return Location(self.source, self.index, self.cell_id, self.number, line, column, self.path)

    def __str__(self) -> str:
        parts = [self.source]
        if self.index is not None:
            parts.append(
                f"cell [{self.number}]" if self.number is not None else f"cell #{self.index + 1}"
            )
        if self.path:
            parts.append(self.path)
        if self.line is not None:
            parts.append(f"line {self.line}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of diagnostic: its stable identifier, name, default weight and meaning."""

    id: str
    name: str
    severity: Severity
    meaning: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message: what is wrong, where, and what to do about it."""

    code: Code
    message: str
    location: Location
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        text = f"{self.location}: {self.severity.value} {self.code.id} [{self.code.name}] {self.message}"
        return f"{text}\n    hint: {self.hint}" if self.hint else text

    def as_dict(self) -> dict[str, object]:
        """Return the diagnostic as JSON-ready data, for ``--json``."""
        place = self.location
        return {
            "code": self.code.id,
            "name": self.code.name,
            "severity": self.severity.value,
            "message": self.message,
            "hint": self.hint,
            "source": place.source,
            "cell": None
            if place.index is None
            else {"index": place.index, "id": place.cell_id, "number": place.number},
            "path": place.path,
            "line": place.line,
            "column": place.column,
        }


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

# Families: KL0 input, KL1 graph, KL2 data, KL3 state, KL4 determinism,
# KL5 environment, KL6 emission and limits, KL7 documents, KL8 runs.
_TABLE: tuple[tuple[str, str, Severity, str], ...] = (
    ("KL001", "file-not-found", _E, "The file does not exist."),
    ("KL002", "not-a-file", _E, "The path is a directory, or not a regular file."),
    ("KL003", "not-readable", _E, "The file cannot be read."),
    ("KL004", "not-utf8", _E, "The file is not UTF-8 text."),
    ("KL005", "not-json", _E, "The file is not valid JSON."),
    ("KL006", "not-a-notebook", _E, "The file is JSON, but not a Jupyter notebook."),
    ("KL007", "old-notebook-format", _E, "The notebook is in format 3 or older."),
    ("KL008", "notebook-too-large", _E, "The notebook is too large to be a source file."),
    ("KL009", "output-not-writable", _E, "The output cannot be written."),
    ("KL010", "syntax-error", _E, "A cell is not valid Python (or IPython)."),
    ("KL011", "no-steps", _E, "The notebook has no step."),
    ("KL012", "bad-setting", _E, "A setting is unknown or has an unusable value."),
    ("KL013", "old-spelling", _N, "An older spelling was understood and translated."),
    ("KL014", "unsupported-kernel", _E, "The notebook's language is not supported."),
    ("KL015", "bad-option", _E, "A step option has an unusable value."),
    ("KL101", "undefined-name", _E, "A step reads a name that nothing defines."),
    ("KL102", "defined-later", _E, "A step reads a name that only a later cell defines."),
    ("KL103", "cycle", _E, "Steps wait for each other."),
    ("KL104", "unknown-step", _E, "A tag names a step that does not exist."),
    ("KL105", "unknown-tag", _W, "A tag looks like one of kalelike's, misspelt."),
    ("KL106", "duplicate-step", _E, "A step's name is used at two separate places."),
    ("KL107", "untagged-setup", _N, "Untagged cells before the first step became set-up."),
    ("KL108", "conflicting-tags", _E, "A cell carries tags that contradict each other."),
    ("KL113", "tag-not-available", _E, "A tag asks for something that is not there yet."),
    ("KL109", "bad-name", _E, "A name cannot be carried by Kubeflow Pipelines."),
    ("KL110", "conditional-definition", _W, "A name is bound on only some paths."),
    ("KL111", "skip-only-name", _E, "A step reads a name that only a skipped cell defines."),
    ("KL112", "auto-steps", _N, "Steps were chosen by kalelike."),
    ("KL201", "cannot-cross", _E, "A value of this kind cannot pass from step to step."),
    ("KL202", "shared-between-branches", _W, "Branches that could be parallel change one object."),
    ("KL203", "identity-lost", _E, "Two names share an object that would be split."),
    (
        "KL204",
        "definition-depends-on-changed-name",
        _E,
        "A definition cannot be replayed, since what it was defined with has changed.",
    ),
    ("KL205", "parameter-reassigned", _N, "A pipeline parameter is reassigned by a step."),
    ("KL206", "bad-parameter", _E, "A pipeline parameter has a value that cannot be typed."),
    ("KL208", "computed-parameter", _N, "A line of the parameters cell is not a literal."),
    ("KL207", "bad-metric", _E, "A metric cannot be computed from the cell."),
    ("KL301", "dynamic-code", _W, "Code is executed that cannot be read in advance."),
    ("KL302", "unknown-star-import", _W, "A star import's names cannot be found in advance."),
    ("KL303", "history-read", _E, "A step reads the output history of another step."),
    ("KL304", "state-cannot-move", _E, "A process-wide change cannot be carried to later steps."),
    ("KL305", "undecidable-path", _W, "A file's path cannot be found in advance."),
    ("KL601", "too-many-steps", _W, "The pipeline is near the size that a cluster can run."),
    ("KL602", "pipeline-too-large", _E, "The pipeline exceeds what a cluster can run."),
    ("KL603", "parameters-too-large", _E, "The run's parameters exceed 10,000 bytes."),
    ("KL604", "argument-too-large", _E, "An argument exceeds 128 KiB."),
    ("KL605", "inline-too-large", _E, "A step's code is too large to travel in the document."),
    ("KL801", "step-failed", _E, "A step's own code raised an exception."),
    ("KL802", "step-timeout", _E, "A step exceeded its time limit."),
    ("KL803", "step-killed", _E, "A step's process was killed."),
    ("KL804", "unknown-parameter", _E, "The pipeline has no such parameter."),
    ("KL805", "bad-parameter-value", _E, "A value does not fit the parameter's type."),
    ("KL806", "no-such-run", _E, "No such run is in the store."),
    ("KL807", "store-unusable", _E, "The store cannot be opened or is damaged."),
    ("KL808", "engine-cannot-run", _E, "This engine cannot run the document."),
    ("KL810", "not-on-this-machine", _W, "An option that only a cluster can apply."),
    ("KL809", "bad-argument", _E, "A command-line argument cannot be used."),
)

CODES: MappingProxyType[str, Code] = MappingProxyType({row[1]: Code(*row) for row in _TABLE})
"""Every code by its name."""


def diagnose(
    name: str,
    message: str,
    location: Location,
    hint: str = "",
    severity: Severity | None = None,
) -> Diagnostic:
    """Make a diagnostic of the code called ``name``.

    Raises ``KeyError`` for a name that is not in the table: a programming
    error, never a user's.
    """
    code = CODES[name]
    return Diagnostic(code, message, location, hint, severity or code.severity)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Tell whether any of the diagnostics stops the work."""
    return any(item.severity is Severity.ERROR for item in diagnostics)
