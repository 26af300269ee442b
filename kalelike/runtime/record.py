"""The record that ends every step's log: what it did, for programs to read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kalelike.runtime.atomic import strict_json, write_text

FORMAT = 1
MARK = "KALELIKE-RECORD "
"""Begins the last line of a step's log."""
RETRY_MARK = "KALELIKE-RETRY "
"""Begins a line that tells of a failed attempt: attempt, attempts, wait and error, as JSON."""
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
    fingerprints: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """What the step computed, as :class:`kalelike.runtime.observing.StepObserver` keeps it."""
    shown: Mapping[str, object] = field(default_factory=dict)
    """What cells showed, by their index, where it is asked for (``shown.shown_outputs``)."""

    def to_json(self, *, whole: bool = False) -> str:
        """Return the record on one line, its texts cut so that it stays bounded.

        ``whole`` keeps all fingerprints, which a log has no room for.
        """
        data = {"format": FORMAT, **asdict(self)}
        error = data["error"]
        if error is not None:
            error["traceback"] = error["traceback"][-_MOST_TEXT:]
            error["message"] = error["message"][:_MOST_TEXT]
        text = strict_json(data)
        if whole:
            return text
        for shorten in _SHORTENINGS:
            if len(text) <= _MOST:
                break
            shorten(data)
            text = strict_json(data)
        return text


def _drop_shown(data: dict[str, Any]) -> None:
    data["shown"] = {}


def _keep_ends(data: dict[str, Any]) -> None:
    data["fingerprints"] = {"end": data["fingerprints"].get("end", {})}


def _drop_parts(data: dict[str, Any]) -> None:
    end = data["fingerprints"]["end"]
    data["fingerprints"] = {
        "end": {
            name: {key: item for key, item in made.items() if key != "parts"}
            for name, made in end.items()
        }
    }


def _drop_fingerprints(data: dict[str, Any]) -> None:
    data["fingerprints"] = {}


def _drop_lists(data: dict[str, Any]) -> None:
    data["parameters"], data["outputs"], data["uris"] = {}, {}, {}


# In this order, as long as a record is too long for one line of a log.
_SHORTENINGS = (_drop_shown, _keep_ends, _drop_parts, _drop_fingerprints, _drop_lists)


def publish(record: Record) -> None:
    """Write the record where ``KALELIKE_RECORD`` says, and end the log with it.

    Raises ``OSError`` when the file cannot be written; a log that the step
    closed is no error.
    """
    target = os.environ.get("KALELIKE_RECORD")
    if target:
        write_text(Path(target), record.to_json(whole=True))
    with contextlib.suppress(OSError, ValueError):
        print(f"\n{MARK}{record.to_json()}", flush=True)
