"""A step's log, followed line by line while the step writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kalelike.runtime.record import MARK, RETRY_MARK

_CHUNK = 2**20
_LONGEST = 64 * 1024


class StepLogReader:
    """Reads what was appended to a log since it was last asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._rest = b""
        self._over = False
        self._shown = ""

    def overwritten(self) -> str:
        """Return the text that a progress bar shows now, once for each new one; else nothing."""
        part = self._rest.rstrip(b"\r").rpartition(b"\r")[2] if b"\r" in self._rest else b""
        text = part.decode("utf-8", "replace")
        if text == self._shown or self._over:
            return ""
        self._shown = text
        return text

    def lines(self) -> list[str]:
        """Return the lines that were finished, from at most a megabyte of text.

        A line that never ends is cut in parts. Empty lines are left out, and all
        from the record on that ends a step: what exit handlers print is no output.
        """
        found, _ = self._read()
        return found

    def last_lines(self) -> list[str]:
        """Return all that is left, the unfinished last line too."""
        found: list[str] = []
        more = True
        while more:
            lines, more = self._read()
            found += lines
        if self._rest:
            found += self._texts([self._rest])
            self._rest = b""
        return found

    def _read(self) -> tuple[list[str], bool]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                data = file.read(_CHUNK)
        except OSError:
            return [], False
        self._at += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        while len(self._rest) > _LONGEST:
            lines.append(self._rest[:_LONGEST])
            self._rest = self._rest[_LONGEST:]
        return self._texts(lines), len(data) == _CHUNK

    def _texts(self, lines: list[bytes]) -> list[str]:
        found = []
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r")
            self._over = self._over or text.startswith(MARK)
            if text and not self._over:
                found.append(text)
        return found


def read_log(path: Path) -> list[str]:
    """Return all lines of a log that is finished, without those that are for programs."""
    return [line for line in StepLogReader(path).last_lines() if parse_retry(line) is None]


def parse_retry(line: str) -> dict[str, Any] | None:
    """Return what a line tells of a failed attempt, if it is such a line.

    It has attempt, attempts, wait (seconds) and error.
    """
    if not line.startswith(RETRY_MARK):
        return None
    try:
        data = json.loads(line[len(RETRY_MARK) :])
        return {
            "attempt": int(data["attempt"]),
            "attempts": int(data["attempts"]),
            "wait": float(data["wait"]),
            "error": dict(data["error"]),
        }
    except (ValueError, KeyError, TypeError):
        return None  # the step itself printed something like it
