"""A step whose cells are in another language: papermill runs them on that language's kernel.

Between two cells nothing but what the cells name passes to and from Python,
at the moment at which the cell begins and ends, as rpy2's ``%%R`` does it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalelike.runtime import exchange_r
from kalelike.runtime.code import CellCode
from kalelike.runtime.exchange import read_value, write_value
from kalelike.runtime.faults import BadCallError
from kalelike.runtime.foreign_cell import ForeignCell, read_foreign_cell
from kalelike.runtime.record import Failure

_LANGUAGES = {"R": exchange_r}
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class ForeignRun:
    """What a cell showed (nbformat's form), and why it failed if it did."""

    cell: CellCode
    outputs: tuple[dict[str, Any], ...]
    seconds: float
    failure: Failure | None


def run_on_kernel(
    kernel: str, cells: Sequence[CellCode], namespace: dict[str, Any]
) -> Iterator[ForeignRun]:
    """Run a step's cells on a kernel, and yield what each did; values go through ``namespace``.

    Raises ``BadCallError`` where the kernel or papermill is not installed, and
    ``CannotCrossError`` for a value that has no form on the other side.
    """
    language = _language(kernel)
    foreign = [(cell, read_foreign_cell(cell.source)) for cell in cells if cell.source.strip()]
    texts = [_parts(item, language) for _, item in foreign if item is not None]
    with tempfile.TemporaryDirectory(prefix="kalelike-exchange-") as scratch:
        folder = Path(scratch)
        for name in _first_reads([item for _, item in foreign if item is not None]):
            if name not in namespace:
                raise BadCallError(f"the cell takes {name}, which has no value")
            write_value(folder, name, namespace[name])
        with _environment(folder):
            executed, error = _execute(kernel, language, texts, folder)
        yield from _results(foreign, executed, error)
        if error is None:
            for name in dict.fromkeys(n for _, item in foreign if item for n in item.writes):
                namespace[name] = read_value(folder, name)


def _language(kernel: str) -> str:
    try:
        import papermill  # noqa: F401
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError as error:
        raise BadCallError(
            f"a step on the kernel {kernel} needs papermill: {error}",
            "pip install 'kalelike[kernels]', and build the image again", "KL541",
        ) from None  # fmt: skip
    try:
        return str(KernelSpecManager().get_kernel_spec(kernel).language)
    except NoSuchKernel:
        raise BadCallError(
            f"there is no kernel {kernel} here",
            "install it; in an image, name one that has it with image:REFERENCE", "KL541",
        ) from None  # fmt: skip


def _first_reads(cells: Sequence[ForeignCell]) -> list[str]:
    """Return what comes from Python: what a cell takes that none before it gave."""
    given: set[str] = set()
    found: dict[str, None] = {}
    for cell in cells:
        found |= {name: None for name in cell.reads if name not in given}
        given |= set(cell.writes)
    return list(found)


def _parts(cell: ForeignCell, language: str) -> list[str]:
    """Return a cell as three: what binds its names, itself, and what hands names back."""
    module = _LANGUAGES.get(language)
    if module is None:
        if cell.reads or cell.writes:
            raise BadCallError(
                f"values cannot pass to {language}",
                "leave out -i and -o, and pass files", "KL541",
            )  # fmt: skip
        return ["", cell.body, ""]
    return [module.read_code(cell.reads), cell.body, module.write_code(cell.writes)]


@contextlib.contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """Tell the kernel's process where values lie; it inherits this one's environment."""
    from importlib.util import find_spec

    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), root)))
    added = {
        "KALELIKE_EXCHANGE": str(folder), "KALELIKE_PYTHON": sys.executable,
        "KALELIKE_PARQUET": "1" if find_spec("pyarrow") is not None else "", "PYTHONPATH": path,
        "KALELIKE_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
    }  # fmt: skip
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _execute(
    kernel: str, language: str, texts: Sequence[Sequence[str]], folder: Path
) -> tuple[list[Mapping[str, Any]], Any]:
    """Return the executed cells, and papermill's error if one failed."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    module = _LANGUAGES.get(language)
    sources = [module.PRELUDE if module is not None else "", *(x for part in texts for x in part)]
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": kernel, "display_name": kernel, "language": language}
        },
        "cells": [
            {"cell_type": "code", "id": f"part-{number}", "metadata": {}, "source": source,
             "outputs": [], "execution_count": None}
            for number, source in enumerate(sources)
        ],
    }  # fmt: skip
    source, target = folder / "step.ipynb", folder / "executed.ipynb"
    source.write_text(json.dumps(notebook), "utf-8")
    error = None
    try:
        papermill.execute_notebook(
            str(source), str(target), kernel_name=kernel, language=language, progress_bar=False,
            stdout_file=sys.stdout, stderr_file=sys.stderr, cwd=str(Path.cwd()),
        )  # fmt: skip
    except PapermillExecutionError as failed:
        error = failed
    cells = json.loads(target.read_text("utf-8"))["cells"]
    # papermill puts a cell of its own in front of a notebook that failed.
    return [cell for cell in cells if cell["cell_type"] == "code"][-len(sources) :][1:], error


def _results(
    foreign: Sequence[tuple[CellCode, ForeignCell | None]],
    executed: Sequence[Mapping[str, Any]],
    error: Any,
) -> Iterator[ForeignRun]:
    for number, (cell, item) in enumerate(foreign):
        assert item is not None
        parts = executed[3 * number : 3 * number + 3]
        outputs = tuple(
            dict(output) for part in parts for output in part["outputs"]
            if output["output_type"] != "error"
        )  # fmt: skip
        failed = next(
            (at for at, part in enumerate(parts)
             if any(output["output_type"] == "error" for output in part["outputs"])), None
        )  # fmt: skip
        seconds = sum(float(part["metadata"].get("papermill", {}).get("duration") or 0)
                      for part in parts)  # fmt: skip
        failure = _failure(cell, error) if failed is not None and error is not None else None
        yield ForeignRun(cell, outputs, seconds, failure)
        if failure is not None:
            return
    if error is not None:
        raise BadCallError(f"the kernel failed before the step's cells: {error.evalue}",
                           "see that the packages of its language are there", "KL541")  # fmt: skip


def _failure(cell: CellCode, error: Any) -> Failure:
    message = _COLOURS.sub("", str(error.evalue)).strip()
    where = {"index": cell.index, "id": cell.id, "number": cell.number}
    trace = _COLOURS.sub("", "\n".join(map(str, error.traceback)))
    kind = str(error.ename or "Error").capitalize()
    return Failure(kind, message, "KL801", where, None, "", trace)
