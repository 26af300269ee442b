"""A step's log, followed line by line while the step writes it."""

from __future__ import annotations

from pathlib import Path

from kalelike.runtime.record import MARK

_CHUNK = 2**20
_LONGEST = 64 * 1024


class StepLogReader:
    """Reads what was appended to a log since it was last asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._rest = b""

    def lines(self) -> list[str]:
        """Return the lines that were finished, from at most a megabyte of text.

        A line that never ends is cut in parts. The record that ends a step's
        log, and empty lines, are left out.
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
            found += _texts([self._rest])
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
        return _texts(lines), len(data) == _CHUNK


def _texts(lines: list[bytes]) -> list[str]:
    texts = (line.decode("utf-8", "replace").rstrip("\r") for line in lines)
    return [text for text in texts if text and not text.startswith(MARK)]
