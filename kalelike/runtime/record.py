"""The record that ends every step's log: what it did, for programs to read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kalelike.runtime.atomic import strict_json, write_text

FORMAT = 1
MARK = "KALELIKE-RECORD "
"""Begins the last line of a step's log."""
_MOST = 64 * 1024
_MOST_TEXT = 16 * 1024


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step failed, with the notebook's own place where it has one."""

    type: str
    message: str
    code: str
    cell: Mapping[str, object] | None = None
    line: int | None = None
    source_line: str = ""
    traceback: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One attempt of a step: its end, its metrics, and what it gave.

    ``uris`` says where the backend keeps each output, reports included.
    """

    step: str
    sha: str
    status: str
    seconds: float = 0.0
    attempt: int = 1
    metrics: Mapping[str, object] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    uris: Mapping[str, str] = field(default_factory=dict)
    error: Failure | None = None
    exit_code: int = 0

    def to_json(self) -> str:
        """Return the record on one line, its texts cut so that it stays bounded."""
        data = {"format": FORMAT, **asdict(self)}
        error = data["error"]
        if error is not None:
            error["traceback"] = error["traceback"][-_MOST_TEXT:]
            error["message"] = error["message"][:_MOST_TEXT]
        text = strict_json(data)
        if len(text) > _MOST:
            data["parameters"], data["outputs"], data["uris"] = {}, {}, {}
            text = strict_json(data)
        return text


def publish(record: Record) -> None:
    """End the log with the record, and write it where ``KALELIKE_RECORD`` says."""
    text = record.to_json()
    print(f"\n{MARK}{text}", flush=True)
    target = os.environ.get("KALELIKE_RECORD")
    if target:
        write_text(Path(target), text)
