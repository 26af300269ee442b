"""The step code document: what one step executes, read from JSON and checked.

The document is written by the compiler as ``<step>-<sha>.json`` and copied
into the step's image, or carried in an argument. It is read here by a process
that knows nothing else, so every field is checked, and a document that does
not fit is refused with the place in it.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from kalelike.runtime.faults import BadCallError
from kalelike.runtime.parameters import Shape

FORMAT = 1
CODE_FOLDER = Path("/kalelike/code")
LOCAL_FOLDER = Path(".kalelike/code")

# A document is a few kilobytes; the limit stops a crafted argument from
# unpacking into all of the memory.
_LARGEST = 64 * 2**20

_STEP = re.compile(r"[^/\\\x00]{1,200}")
_SHA = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class FragmentCode:
    """Lines of a cell that are replayed before the inputs load.

    ``index``, ``id`` and ``number`` name the cell; ``line`` is the 1-based
    line of it at which ``source`` begins.
    """

    index: int
    id: str
    number: int | None
    line: int
    source: str
    kind: str


@dataclass(frozen=True, slots=True)
class CellCode:
    """One of the step's own cells, as the user wrote it."""

    index: int
    id: str
    number: int | None
    source: str


@dataclass(frozen=True, slots=True)
class InputCode:
    """An input artifact, and which of its names the step takes."""

    key: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutputCode:
    """An output artifact: names that travel together, and those changed in place later."""

    key: str
    names: tuple[str, ...]
    type: str
    changed_later: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParameterCode:
    """A pipeline parameter that the step reads; ``shape`` is its default's."""

    name: str
    key: str
    type: str
    shape: Shape
    optional: bool


@dataclass(frozen=True, slots=True)
class MetricCode:
    """A metric: an expression, and the place of the notebook that states it."""

    name: str
    expression: str
    index: int
    id: str
    number: int | None
    line: int


@dataclass(frozen=True, slots=True)
class RetryCode:
    """Further attempts after a failure, and the waits between them, in seconds."""

    max_retries: int
    backoff_seconds: float
    backoff_factor: float
    backoff_max_seconds: float


@dataclass(frozen=True, slots=True)
class StepCode:
    """Everything that one step executes; see the fields' own types.

    ``attempt_seconds`` limits each attempt of a step that has retries.
    """

    step: str
    sha: str
    notebook: str
    preamble: tuple[FragmentCode, ...]
    cells: tuple[CellCode, ...]
    inputs: tuple[InputCode, ...]
    outputs: tuple[OutputCode, ...]
    parameters: tuple[ParameterCode, ...]
    metrics: tuple[MetricCode, ...]
    retry: RetryCode | None
    attempt_seconds: float | None
    report: bool
    data_files: tuple[str, ...]
    definitions: tuple[str, ...] = ()
    kernel: str | None = None
    foreseen: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """The document's file name."""
        return f"{self.step}-{self.sha}.json"

    @classmethod
    def from_json(cls, text: str | bytes) -> StepCode:
        """Read a document; raises ``BadCallError`` naming the field that does not fit."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadCallError(f"the step's code document is not JSON: {error}") from None
        return _read_step(_Node(data, "document"))

    def to_json(self) -> str:
        """Return the document's text, the same text for the same step."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1) + "\n"


def find_code(step: str, sha: str, inline: str | None = None) -> StepCode:
    """Return the code of a step, from the argument or from the first folder that has it.

    ``inline`` is base64 of the zlib-compressed document. Folders, in order:
    ``$KALELIKE_CODE``, ``/kalelike/code``, ``.kalelike/code`` in the working
    directory and its parents. Raises ``BadCallError``.
    """
    if not _STEP.fullmatch(step) or step in (".", "..") or not _SHA.fullmatch(sha):
        raise BadCallError(f"{step!r} with code {sha!r} is not a step and the hash of its code")
    code = StepCode.from_json(_inflate(inline) if inline is not None else _read_file(step, sha))
    if (code.step, code.sha) != (step, sha):
        raise BadCallError(
            f"the code document is of step {code.step}-{code.sha}, not of {step}-{sha}"
        )
    return code


def _inflate(text: str) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(base64.b64decode(text, validate=True), _LARGEST)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise BadCallError(f"the argument --code cannot be unpacked: {error}") from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise BadCallError("the argument --code is cut off, or too large")
    return data


def _read_file(step: str, sha: str) -> bytes:
    folders = _folders()
    for folder in folders:
        try:
            return (folder / f"{step}-{sha}.json").read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise BadCallError(f"the step's code cannot be read: {error}") from None
    raise BadCallError(
        f"the code of step {step!r} ({sha}) is not here",
        "looked in " + ", ".join(map(str, folders)) + "; build the image again, or compile"
        " the notebook in this folder",
    )


def _folders() -> list[Path]:
    named = os.environ.get("KALELIKE_CODE")
    here = Path.cwd()
    local = [folder / LOCAL_FOLDER for folder in (here, *here.parents)]
    return [*([Path(named)] if named else []), CODE_FOLDER, *local]


class _Node:
    """A value of the document and the path to it, for messages."""

    def __init__(self, value: object, path: str) -> None:
        self.value = value
        self.path = path

    def wrong(self, what: str) -> BadCallError:
        return BadCallError(f"the step's code document does not fit: {self.path} {what}")

    def get(self, key: str) -> _Node:
        if not isinstance(self.value, Mapping):
            raise self.wrong("is not an object")
        return _Node(self.value.get(key), f"{self.path}.{key}")

    def items(self) -> list[_Node]:
        if not isinstance(self.value, list):
            raise self.wrong("is not a list")
        return [_Node(item, f"{self.path}[{at}]") for at, item in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.wrong("is not a string")
        return self.value

    def texts(self) -> tuple[str, ...]:
        return tuple(item.text() for item in self.items())

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.wrong("is not true or false")
        return self.value

    def whole(self, least: int = 0) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < least:
            raise self.wrong(f"is not a whole number from {least} on")
        return self.value

    def maybe_whole(self) -> int | None:
        return None if self.value is None else self.whole()

    def number(self) -> float:
        value = self.value
        if not isinstance(value, int | float) or isinstance(value, bool) or not value >= 0:
            raise self.wrong("is not a number from 0 on")
        return value

    def maybe_number(self) -> float | None:
        return None if self.value is None else self.number()

    def shape(self) -> Shape:
        if isinstance(self.value, str):
            return self.value
        if isinstance(self.value, dict) and len(self.value) == 1:
            self.get(next(iter(self.value))).items()
            return self.value
        raise self.wrong("is not a shape")


def _read_step(node: _Node) -> StepCode:
    if node.get("format").value != FORMAT:
        raise node.get("format").wrong(f"is not {FORMAT}: another version of kalelike wrote it")
    retry = node.get("retry")
    return StepCode(
        step=node.get("step").text(),
        sha=node.get("sha").text(),
        notebook=node.get("notebook").text(),
        preamble=tuple(map(_read_fragment, node.get("preamble").items())),
        cells=tuple(map(_read_cell, node.get("cells").items())),
        inputs=tuple(
            InputCode(item.get("key").text(), item.get("names").texts())
            for item in node.get("inputs").items()
        ),
        outputs=tuple(map(_read_output, node.get("outputs").items())),
        parameters=tuple(map(_read_parameter, node.get("parameters").items())),
        metrics=tuple(map(_read_metric, node.get("metrics").items())),
        retry=None if retry.value is None else _read_retry(retry),
        attempt_seconds=node.get("attempt_seconds").maybe_number(),
        report=node.get("report").flag(),
        data_files=node.get("data_files").texts(),
        definitions=node.get("definitions").texts(),
        kernel=None if node.get("kernel").value is None else node.get("kernel").text(),
        foreseen=node.get("foreseen").texts(),
    )


def _read_fragment(node: _Node) -> FragmentCode:
    return FragmentCode(
        node.get("index").whole(),
        node.get("id").text(),
        node.get("number").maybe_whole(),
        node.get("line").whole(least=1),
        node.get("source").text(),
        node.get("kind").text(),
    )


def _read_cell(node: _Node) -> CellCode:
    return CellCode(
        node.get("index").whole(),
        node.get("id").text(),
        node.get("number").maybe_whole(),
        node.get("source").text(),
    )


def _read_output(node: _Node) -> OutputCode:
    return OutputCode(
        node.get("key").text(),
        node.get("names").texts(),
        node.get("type").text(),
        node.get("changed_later").texts(),
    )


def _read_parameter(node: _Node) -> ParameterCode:
    return ParameterCode(
        node.get("name").text(),
        node.get("key").text(),
        node.get("type").text(),
        node.get("shape").shape(),
        node.get("optional").flag(),
    )


def _read_metric(node: _Node) -> MetricCode:
    return MetricCode(
        node.get("name").text(),
        node.get("expression").text(),
        node.get("index").whole(),
        node.get("id").text(),
        node.get("number").maybe_whole(),
        node.get("line").whole(least=1),
    )


def _read_retry(node: _Node) -> RetryCode:
    return RetryCode(
        node.get("max_retries").whole(),
        node.get("backoff_seconds").number(),
        node.get("backoff_factor").number(),
        node.get("backoff_max_seconds").number(),
    )
