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
        weight = f"{self.severity.value} {self.code.id} [{self.code.name}]"
        text = f"{self.location}: {weight} {self.message}"
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
    ("KL109", "bad-name", _E, "A name cannot be carried by Kubeflow Pipelines."),
    ("KL110", "conditional-definition", _W, "A name is bound on only some paths."),
    ("KL111", "skip-only-name", _E, "A step reads a name that only a skipped cell defines."),
    ("KL112", "auto-steps", _N, "Steps were chosen by kalelike."),
    ("KL113", "tag-not-available", _E, "A tag asks for something that is not there yet."),
    ("KL114", "image-has-to-hold", _N, "A step needs packages that its image has to hold."),
    ("KL115", "parameter-as-text", _N, "A parameter of a type that KFP does not have."),
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
    ("KL209", "memory-split", _W, "A write that a value of another step would see no longer."),
    ("KL210", "identity-not-kept", _W, "An answer depends on objects that do not stay the same."),
    ("KL301", "dynamic-code", _W, "Code is executed that cannot be read in advance."),
    ("KL302", "unknown-star-import", _W, "A star import's names cannot be found in advance."),
    ("KL303", "history-read", _E, "A step reads the output history of another step."),
    ("KL304", "state-cannot-move", _E, "A process-wide change cannot be carried to later steps."),
    ("KL305", "undecidable-path", _W, "A file's path cannot be found in advance."),
    ("KL401", "uninitialised-memory", _W, "A cell shows memory that nothing has filled."),
    ("KL501", "import-not-installed", _E, "A module that a step imports is not installed here."),
    ("KL502", "optional-import-absent", _N, "A module that a step can do without is not here."),
    ("KL503", "shipped-as-files", _N, "A module of no distribution is shipped as its files."),
    ("KL504", "dependency-not-installed", _W, "Something installed asks for what is not."),
    ("KL505", "requirement-not-installed", _E, "A stated requirement is not installed here."),
    ("KL506", "not-in-index", _E, "The package index does not have a version that is needed."),
    ("KL507", "index-unreachable", _E, "The package index cannot be reached."),
    ("KL508", "no-wheel", _E, "A distribution has no wheel, and none can be built."),
    ("KL509", "distribution-differs", _E, "The index has other code under an installed version."),
    ("KL510", "lock-outdated", _E, "The lock does not have what the notebook needs."),
    ("KL511", "lock-unreadable", _E, "The lock cannot be read."),
    ("KL512", "file-not-shipped", _W, "A file that a step reads does not go into its image."),
    ("KL513", "lock-differs", _W, "The lock has another version than is installed here."),
    ("KL514", "cannot-resolve", _E, "No set of versions satisfies the requirements."),
    ("KL520", "docker-unreachable", _E, "The Docker daemon cannot be reached."),
    ("KL521", "docker-not-permitted", _E, "The Docker daemon may not be used by this user."),
    ("KL522", "disk-full", _E, "There is no space left for images."),
    ("KL523", "base-not-found", _E, "The base image cannot be had."),
    ("KL524", "base-without-python", _E, "The base image has no Python that fits."),
    ("KL525", "architecture-mismatch", _E, "The base image is for another architecture."),
    ("KL526", "build-failed", _E, "The Docker daemon could not build an image."),
    ("KL527", "push-refused", _E, "The registry refused an image."),
    ("KL528", "bad-image-name", _E, "A registry or image name cannot be used."),
    ("KL529", "extra-missing", _E, "A package is missing that this command needs."),
    ("KL530", "host-not-usable", _E, "No base image can be made from this machine."),
    ("KL531", "base-changed", _E, "A base image is not the one that the lock names."),
    ("KL532", "base-not-pinned", _W, "The lock does not name the content of a base image."),
    ("KL533", "file-not-usable", _E, "A file or folder that an image needs cannot be used."),
    ("KL540", "kernel-without-magic", _E, "A cell for another kernel does not name its values."),
    ("KL541", "kernel-not-here", _E, "Another language's kernel, or what runs it, is missing."),
    ("KL542", "kernel-without-image", _E, "A step on another kernel names no image with it."),
    ("KL543", "kernel-names-file", _W, "A cell in another language names a file, unseen."),
    ("KL601", "too-many-steps", _W, "The pipeline is near the size that a cluster can run."),
    ("KL602", "pipeline-too-large", _E, "The pipeline exceeds what a cluster can run."),
    ("KL603", "parameters-too-large", _E, "The run's parameters exceed 10,000 bytes."),
    ("KL604", "argument-too-large", _E, "An argument exceeds 128 KiB."),
    ("KL605", "inline-too-large", _E, "A step's code is too large to travel in the document."),
    ("KL701", "not-yaml", _E, "The file is not YAML."),
    ("KL702", "not-a-pipeline", _E, "The file is not a compiled KFP v2 pipeline."),
    ("KL703", "document-too-large", _E, "The file is larger than KFP's upload limit."),
    ("KL704", "document-unsafe", _E, "The file nests or repeats itself without end."),
    ("KL705", "duplicate-key", _E, "A key is given twice."),
    ("KL706", "key-not-text", _E, "A key is no text."),
    ("KL707", "reinterpreted-scalar", _W, "YAML reads an unquoted value as something else."),
    ("KL708", "repeated-document", _E, "The file holds two pipelines, or two platform documents."),
    ("KL709", "dropped-document", _E, "A document of the file is dropped without a word."),
    ("KL710", "dropped-platform", _E, "The whole platform document is dropped for a slip in it."),
    ("KL711", "unknown-field", _E, "KFP's schema has no such field."),
    ("KL712", "bad-field-value", _E, "A field's value has the wrong type."),
    ("KL713", "bad-enum", _E, "A field's value is none of those allowed."),
    ("KL714", "bad-duration", _E, "A duration is not written as protobuf wants it."),
    ("KL715", "oneof-conflict", _E, "Two fields exclude each other."),
    ("KL716", "dropped-field", _E, "A field is dropped without a word."),
    ("KL717", "newer-field", _W, "A field is read by newer clusters only."),
    ("KL718", "missing-field", _E, "A field that KFP needs is missing."),
    ("KL719", "bad-schema-version", _E, "The schema version is not the one that KFP reads."),
    ("KL720", "bad-pipeline-name", _E, "KFP does not take the pipeline's name."),
    ("KL721", "required-parameter", _N, "Every run has to give this parameter a value."),
    ("KL722", "unknown-component", _E, "A task names a component that does not exist."),
    ("KL723", "unknown-executor", _E, "A component names an executor that does not exist."),
    ("KL724", "unknown-task", _E, "A task waits for something that is no task beside it."),
    ("KL725", "empty-dag", _E, "A DAG has no task to run."),
    ("KL726", "task-cycle", _E, "Tasks wait for each other."),
    ("KL727", "recursive-component", _E, "A component contains itself."),
    ("KL728", "duplicate-dependency", _W, "A task names a dependency twice."),
    ("KL729", "depends-on-condition", _W, "A task is skipped along with one that it waits for."),
    ("KL730", "missing-task-info", _E, "A task has no name in its `taskInfo`."),
    ("KL731", "not-supported", _E, "The backend does not implement this."),
    ("KL732", "bad-task-name", _E, "Argo does not take the task's name."),
    ("KL733", "bad-component-name", _E, "Argo does not take the component's name."),
    ("KL734", "name-clash", _E, "Two things get the same name in Argo."),
    ("KL735", "shared-interface", _E, "Equal containers have different interfaces; one is lost."),
    ("KL741", "missing-input", _E, "A required input is not passed."),
    ("KL742", "unknown-input", _E, "A task passes an input that its component does not have."),
    ("KL743", "unknown-output", _E, "A task is asked for an output that it does not give."),
    ("KL744", "unknown-component-input", _E, "A task takes an input that its DAG does not have."),
    ("KL745", "bad-constant", _E, "A value does not have the declared type."),
    ("KL746", "type-mismatch", _E, "A value is passed to an input of another type."),
    ("KL747", "untyped-parameter", _E, "A parameter has no type."),
    ("KL748", "optional-reaches-required", _W, "An optional value is passed to a required input."),
    ("KL749", "omitted-value", _E, "A placeholder stands for an input that is not passed."),
    ("KL750", "bad-loop", _E, "A loop has no usable items."),
    ("KL751", "bad-dag-output", _E, "A DAG's output is taken from something that does not exist."),
    ("KL752", "bad-expression", _E, "A CEL expression cannot be evaluated."),
    ("KL761", "template-replaced", _E, "Argo replaces a part of the text."),
    ("KL762", "template-refused", _E, "Argo cannot read a text that looks like its templates."),
    ("KL763", "dollar-replaced", _E, "Kubernetes replaces a part of the text."),
    ("KL764", "bad-placeholder", _E, "A placeholder names nothing that exists."),
    ("KL765", "unreplaced-placeholder", _W, "A placeholder is not replaced at this place."),
    ("KL766", "placeholder-in-value", _W, "KFP's launcher replaces a part of a value."),
    ("KL771", "bad-container", _E, "A container has no usable image or command."),
    ("KL772", "bad-quantity", _E, "An amount of a resource is not one that Kubernetes takes."),
    ("KL773", "bad-env-name", _E, "Kubernetes does not take the variable's name."),
    ("KL774", "bad-pull-policy", _E, "The image pull policy is unknown."),
    ("KL775", "bad-label", _E, "Kubernetes does not take the label."),
    ("KL776", "bad-platform-value", _E, "Kubernetes does not take a setting of the step's pod."),
    ("KL777", "unknown-platform-executor", _E, "Platform settings belong to no executor."),
    ("KL778", "dropped-option", _E, "The backend ignores this option without a word."),
    ("KL781", "never-retried", _W, "With KFP's stock settings a failed step is not retried."),
    ("KL782", "retry-without-bound", _W, "A retry policy has no bound in time, and so no retry."),
    ("KL783", "bad-backoff", _E, "A retry policy's back-off cannot be read."),
    ("KL801", "step-failed", _E, "A step's own code raised an exception."),
    ("KL802", "step-timeout", _E, "A step exceeded its time limit."),
    ("KL803", "step-killed", _E, "A step's process was killed."),
    ("KL804", "unknown-parameter", _E, "The pipeline has no such parameter."),
    ("KL805", "bad-parameter-value", _E, "A value does not fit the parameter's type."),
    ("KL806", "no-such-run", _E, "No such run is in the store."),
    ("KL807", "store-unusable", _E, "The store cannot be opened or is damaged."),
    ("KL808", "engine-cannot-run", _E, "This engine cannot run the document."),
    ("KL809", "bad-argument", _E, "A command-line argument cannot be used."),
    ("KL810", "not-on-this-machine", _W, "An option that only a cluster can apply."),
    ("KL811", "damaged-object", _E, "A stored result is not what was stored."),
    ("KL812", "undeclared-file", _W, "A step read a file that another step wrote unseen."),
    ("KL813", "not-cached", _N, "A step's result cannot be used again."),
    ("KL814", "no-such-value", _E, "A run has no such value."),
    ("KL815", "store-in-use", _E, "A run goes on in the store."),
    ("KL821", "cannot-verify", _E, "The notebook and its pipeline cannot both be run here."),
    ("KL822", "bad-certificate", _E, "The certificate is damaged, or is none."),
    ("KL831", "container-lost", _E, "A step's container went away under it."),
    ("KL832", "image-not-here", _E, "The Docker daemon does not have a step's image."),
    ("KL833", "daemon-elsewhere", _E, "The Docker daemon runs on another machine."),
    ("KL901", "kfp-not-installed", _E, "The Kubeflow Pipelines client is not installed."),
    ("KL902", "no-host", _E, "No Kubeflow server is named."),
    ("KL903", "kfp-unreachable", _E, "The Kubeflow server cannot be reached."),
    ("KL904", "kfp-tls-failed", _E, "The connection to Kubeflow cannot be secured."),
    ("KL905", "kfp-not-authenticated", _E, "Kubeflow wants to know who asks."),
    ("KL906", "kfp-forbidden", _E, "Kubeflow does not allow it."),
    ("KL907", "not-kubeflow", _E, "Something else answers in the Kubeflow API's place."),
    ("KL908", "kfp-too-old", _E, "The server's Kubeflow Pipelines is older than 2.0."),
    ("KL909", "kfp-unavailable", _E, "The Kubeflow server fails."),
    ("KL910", "kfp-not-found", _E, "Kubeflow does not know what was asked for."),
    ("KL911", "kfp-refused", _E, "Kubeflow refuses the pipeline or the run."),
    ("KL912", "kfp-run-gone", _E, "The run was deleted on the server."),
    ("KL913", "kfp-run-failed", _E, "Kubeflow ended a run for a reason of its own."),
    ("KL914", "kfp-run-too-long", _E, "A run took longer than --timeout and was ended."),
    ("KL915", "kfp-step-not-started", _E, "Kubeflow could not start a step."),
    ("KL916", "kfp-step-failed", _E, "Kubeflow could not keep a step's results."),
    ("KL917", "kfp-log-missing", _W, "A step's log cannot be read."),
    ("KL919", "bad-configuration", _E, "The configuration has an unknown or unusable setting."),
    ("KL920", "image-without-kalelike", _E, "A step's image does not hold what the step needs."),
    ("KL921", "packages-not-installed", _E, "The steps' packages cannot be installed."),
    ("KL922", "installs-at-start", _N, "A first step installs packages that the image lacks."),
    ("KL923", "cannot-carry", _E, "Something that a step needs cannot be brought along."),
    ("KL924", "cannot-pull", _E, "A result cannot be brought into the local store."),
    ("KL918", "bad-kubernetes-name", _E, "A name is none that Kubernetes takes."),
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
