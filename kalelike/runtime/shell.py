"""The notebook's own shell, in this process: IPython with its outputs recorded in order."""

from __future__ import annotations

import asyncio
import linecache
import os
import re
import stat
import sys
import tempfile
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kalelike.runtime.streams import CellStream, LogFile

Output = dict[str, Any]
_MOST_STREAM = 1_000_000
_STREAMS = ("stdout", "stderr")
_INLINE = "module://matplotlib_inline.backend_inline"


@dataclass(slots=True)
class CellRun:
    """What one cell did: its outputs in nbformat's form, and the exception that ended it."""

    outputs: list[Output] = field(default_factory=list)
    error: BaseException | None = None
    count: int | None = None


class StepShell:
    """Runs cells in the namespace of ``__main__`` and records what they show."""

    def __init__(self) -> None:
        _use_writable_folders()
        os.environ.setdefault("MPLBACKEND", _INLINE)
        from kalelike.runtime.interactive import make_interactive_shell

        self.module = types.ModuleType("__main__")
        self.namespace: dict[str, Any] = self.module.__dict__
        self.outputs: list[Output] = []
        self._stream: Output | None = None
        self._parts: list[str] = []
        self._length = 0
        self._sources: dict[str, list[str]] = {}
        self._file_name = "<notebook>"
        shell: Any = make_interactive_shell(self.module, self.emit, lambda: self._file_name)
        self._run_cell = shell.run_cell
        self.to_python = shell.transform_cell
        """Makes Python of a cell with IPython's syntax; its lines keep their numbers."""
        self._shell = shell
        self._draws = False
        self._cell_streams = {name: CellStream(name, self._emit_text) for name in _STREAMS}

    def emit(self, output: Output) -> None:
        """Record an output in nbformat's form; the type ``clear`` forgets those before."""
        self._end_stream()
        if output["output_type"] == "clear":
            self.outputs.clear()
        else:
            self.outputs.append(output)

    def _emit_text(self, name: str, text: str) -> None:
        """Record text of a stream; adjoining text of one stream becomes one output."""
        if not text:
            return
        if self._stream is None or self._stream["name"] != name:
            self._end_stream()
            self._stream = {"output_type": "stream", "name": name, "text": ""}
            self.outputs.append(self._stream)
        if self._length < _MOST_STREAM:
            self._parts.append(text[: _MOST_STREAM - self._length])
        self._length += len(text)

    def _end_stream(self) -> None:
        if self._stream is not None:
            self._stream["text"] = "".join(self._parts)
            if self._length > len(self._stream["text"]):
                self._stream["text"] += f"\n… {self._length:,} characters; all are in the log\n"
        self._stream, self._parts, self._length = None, [], 0

    def run(self, source: str, file_name: str, line: int = 1, *, store: bool = True) -> CellRun:
        """Run a cell, or the lines of one that begin at ``line``.

        ``file_name`` names the cell in tracebacks; lines keep their numbers.
        """
        self.outputs = []
        self._end_stream()
        if not self._draws and ("matplotlib" in sys.modules or "matplotlib" in source):
            self._draws = _prepare_drawing(self._shell)
        self._file_name = file_name
        text = _keep_lines("\n" * (line - 1) + source)
        self._remember(file_name, text, line)
        with self._streams(), self._as_main():
            result: Any = self._run_cell(text, store_history=store)
            if not self._draws and "matplotlib" in sys.modules:
                # The cell drew through a library, such as pandas, which has only now imported it.
                self._draws = _prepare_drawing(self._shell)
                if self._draws:
                    _show_figures()
        self._restore_source(file_name)
        error = result.error_before_exec or result.error_in_exec
        return CellRun(self.outputs, error, result.execution_count)

    def evaluate(self, expression: str, file_name: str) -> Any:
        """Evaluate an expression in the namespace."""
        code = compile(expression, file_name, "eval")
        with self._as_main():
            return eval(code, self.namespace)  # noqa: S307 - the notebook's own expression

    def _remember(self, name: str, text: str, line: int) -> None:
        """Merge the lines of a cell that is run in parts, for its tracebacks."""
        lines = self._sources.setdefault(name, [])
        for number, content in enumerate(text.splitlines(), start=1):
            if number > len(lines):
                lines.append(content)
            elif number >= line:
                lines[number - 1] = content

    def _restore_source(self, name: str) -> None:
        lines = [f"{line}\n" for line in self._sources.get(name, [])]
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)

    @contextmanager
    def _as_main(self) -> Iterator[None]:
        before = sys.modules["__main__"]
        sys.modules["__main__"] = self.module
        try:
            yield
        finally:
            sys.modules["__main__"] = before

    @contextmanager
    def _streams(self) -> Iterator[None]:
        before = {name: getattr(sys, name) for name in self._cell_streams}
        file = LogFile(1)
        for name, stream in self._cell_streams.items():
            stream.begin(before[name], file)
            setattr(sys, name, stream)
        try:
            yield
        finally:
            for name, stream in self._cell_streams.items():
                # What a cell left in place of its streams may hold text.
                with suppress(Exception):
                    getattr(sys, name).flush()
                setattr(sys, name, before[name])
                stream.end()
            self._emit_text("stdout", file.foreign_text())
            self._end_stream()


def _prepare_drawing(shell: Any) -> bool:
    """Let figures be shown as pictures from the first one on; False without Matplotlib.

    Left alone, some versions of the inline backend get ready only after the
    cell that draws first, whose figure is then a text.
    """
    if os.environ.get("MPLBACKEND") != _INLINE or find_spec("matplotlib") is None:
        return False
    try:
        from matplotlib_inline.backend_inline import configure_inline_support
    except ImportError:
        return False
    configure: Any = configure_inline_support
    configure(shell, "inline")
    return True


def _show_figures() -> None:
    """Show the figures that are open, as a kernel does after a cell."""
    from matplotlib_inline.backend_inline import flush_figures

    show: Any = flush_figures
    show()


_LEADING_BLANK = re.compile(r"(?:[ \t]*\n)+")


def _keep_lines(source: str) -> str:
    """Keep the leading blank lines, which IPython removes, as comments: numbers stay true."""
    match = _LEADING_BLANK.match(source)
    if match is None or source[match.end() :].lstrip().startswith("%%"):
        return source
    return "#\n" * match.group().count("\n") + source[match.end() :]


def _use_writable_folders() -> None:
    """Point libraries at a temporary folder where there is no home that can be written."""
    home = os.environ.get("HOME", "")
    if not home or not os.access(home, os.W_OK):
        scratch = _scratch_folder()
        os.environ["HOME"] = scratch
        for name in ("MPLCONFIGDIR", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            os.environ[name] = scratch
    if "IPYTHONDIR" not in os.environ:
        os.environ["IPYTHONDIR"] = _scratch_folder()


def _scratch_folder() -> str:
    """Return this user's own temporary folder, the same one for every step."""
    folder = Path(tempfile.gettempdir()) / f"kalelike-{os.getuid()}"
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            return tempfile.mkdtemp(prefix="kalelike-")
    return str(folder)


def ensure_event_loop() -> None:
    """Give the main thread an event loop, as a notebook's kernel has one."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())
