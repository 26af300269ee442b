"""A cell's standard streams: to the log at once, and recorded as the cell's output."""

from __future__ import annotations

import fcntl
import io
import os
import stat
import sys
from collections.abc import Callable
from typing import TextIO

Emit = Callable[[str, str], None]
"""Takes the stream's name and text."""

_MOST_FOREIGN = 1_000_000


class CellStream(io.TextIOBase):
    """Stands for ``sys.stdout`` or ``sys.stderr`` while cells run.

    It is the same one for all cells of a process, as it is in a kernel: what
    keeps it, such as a logging handler, writes to the cell that runs now.
    """

    encoding = "utf-8"

    def __init__(self, name: str, emit: Emit) -> None:
        self._name = name
        self._emit = emit
        self._log: TextIO = getattr(sys, name)
        self._file: LogFile | None = None

    def begin(self, log: TextIO, file: LogFile) -> None:
        """Record from now on, and log to ``log``, whose descriptor ``file`` watches."""
        self._log, self._file = log, file

    def end(self) -> None:
        """Go on without a cell: what is written only goes to the log."""
        self._file = None

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        """Reduce to the stream of the process that loads it."""
        return standard_stream, (self._name,)

    def write(self, text: str) -> int:
        """Log and record a text; a log that was closed only loses its part."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if not text:
            return 0
        try:
            self._log.write(text)
            self._log.flush()
        except (OSError, ValueError):
            pass  # the step closed it
        else:
            if self._file is not None:
                foreign = self._file.foreign_text(len(text.encode("utf-8", "backslashreplace")))
                if foreign:
                    self._emit("stdout", foreign)
        if self._file is not None:
            self._emit(self._name, text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: every text is written at once."""

    def fileno(self) -> int:
        """Return the log's own descriptor."""
        return self._log.fileno()

    def isatty(self) -> bool:
        """Tell that nobody looks."""
        return False

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True


def standard_stream(name: str) -> TextIO:
    """Return this process's ``stdout`` or ``stderr``."""
    stream: TextIO = getattr(sys, name)
    return stream


class LogFile:
    """Finds what reached the log past Python's streams: of child processes, of native code.

    Only where the log is a file that can be read back, as a local run's is; a
    kernel records such text as a cell's output, and so does a step.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._end = 0
        try:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            readable = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR
            self._usable = regular and readable
            if self._usable:
                self._end = os.fstat(descriptor).st_size
        except OSError:
            self._usable = False

    def foreign_text(self, own: int = 0) -> str:
        """Return what others wrote since the last call, before ``own`` bytes just written."""
        if not self._usable:
            return ""
        try:
            # The file is open for appending: its offset is where the last write ended.
            end = (
                os.lseek(self._descriptor, 0, os.SEEK_CUR)
                if own
                else os.fstat(self._descriptor).st_size
            )
            start, self._end = self._end, end
            length = min(end - own - start, _MOST_FOREIGN)
            if length <= 0:
                return ""
            return os.pread(self._descriptor, length, start).decode("utf-8", "replace")
        except OSError:
            self._usable = False
            return ""
