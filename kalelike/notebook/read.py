"""Reads a Jupyter notebook file, formats 4.0 to 4.5 and later minor ones.

The structure is checked here and not by nbformat, whose import alone costs
more than a whole compile.
"""

from __future__ import annotations

import errno
import hashlib
import json
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.errors import CompileError
from kalelike.notebook.model import Cell, CellId, Notebook

MOST_BYTES = 32 * 2**20
"""The largest file that is read. Above it are notebooks whose outputs fill them."""

_CELL_KINDS = frozenset({"code", "markdown", "raw"})
_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PYTHON = frozenset({"python", "python3", "ipython", "ipython3"})
_MOST_PROBLEMS = 20


def read_notebook(path: str | Path) -> Notebook:
    """Read the notebook at ``path``; outputs are dropped.

    Cells without an id of their own (formats before 4.5), or with one that
    stands twice, get an id from their index and content. Raises
    :class:`CompileError` for everything that is not a Python notebook of format 4.
    """
    place = Location(Path(path).name or str(path))
    content = _read_bytes(Path(path), place)
    data = _parse(content, place)
    document = _check_document(data, place)
    metadata = _mapping(document.get("metadata"))
    kernel, language = _kernel(metadata)
    if language.lower() not in _PYTHON:
        raise CompileError(
            [
                diagnose(
                    "unsupported-kernel",
                    f"the notebook's language is {language!r}, and only Python is supported",
                    place,
                    "choose a Python kernel for the notebook, or call the other language from it",
                )
            ]
        )
    cells = _read_cells(document, place)
    digest = hashlib.sha256(content).hexdigest()
    return Notebook(str(path), place.source, cells, metadata, "python", kernel, digest)


def _refuse(code: str, message: str, place: Location, hint: str) -> CompileError:
    return CompileError([diagnose(code, message, place, hint)])


def _read_bytes(path: Path, place: Location) -> bytes:
    """Return the file's content; a pipe or a device is refused and never waited for."""
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            hint = "name a file that ends in .ipynb"
            raise _refuse("not-a-file", f"{path} is a directory", place, hint)
        if not stat.S_ISREG(info.st_mode):
            hint = "name a file that ends in .ipynb"
            raise _refuse("not-a-file", f"{path} is not a regular file", place, hint)
        if info.st_size > MOST_BYTES:
            raise _too_large(info.st_size, place)
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _os_refusal(error, path, place) from error
    except ValueError as error:  # a null byte in the path
        hint = "check the path"
        raise _refuse("file-not-found", f"no file can have this name: {error}", place, hint) from (
            error
        )
    if len(content) > MOST_BYTES:
        raise _too_large(len(content), place)
    return content


def _os_refusal(error: OSError, path: Path, place: Location) -> CompileError:
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        near = _near_file(path)
        hint = f"did you mean `{near}`?" if near else "check the path"
        return _refuse("file-not-found", f"{path} does not exist", place, hint)
    return _refuse("not-readable", f"{path} cannot be read: {reason}", place, "check its rights")


def _near_file(path: Path) -> str:
    """Return an existing notebook that the path may have meant, else an empty text."""
    if path.suffix != ".ipynb" and path.with_name(f"{path.name}.ipynb").is_file():
        return f"{path}.ipynb"
    return ""


def _too_large(size: int, place: Location) -> CompileError:
    return _refuse(
        "notebook-too-large",
        f"the file has {size / 2**20:,.1f} MiB, and at most {MOST_BYTES // 2**20} MiB are read",
        place,
        "clear its outputs, for example with `jupyter nbconvert --clear-output --inplace FILE`",
    )


def _parse(content: bytes, place: Location) -> object:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start} of the file is not UTF-8"
        raise _refuse("not-utf8", message, place.at(line), "save it as UTF-8") from error
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        at = place.at(error.lineno, error.colno - 1)
        message = f"the file is not JSON: {error.msg}" if text.strip() else "the file is empty"
        raise _refuse("not-json", message, at, _json_hint(text)) from error
    except RecursionError as error:
        message = "the file's JSON is nested too deeply"
        raise _refuse("not-json", message, place, "name a notebook that Jupyter wrote") from error
    except ValueError as error:  # an integer of thousands of digits
        message = f"the file's JSON cannot be read: {error}"
        raise _refuse("not-json", message, place, "name a notebook that Jupyter wrote") from error


def _json_hint(text: str) -> str:
    if re.search(r"^<{7} ", text, re.MULTILINE):
        return "it holds the marks of a merge conflict: resolve it first"
    if text.startswith("version https://git-lfs"):
        return "it is a pointer of Git LFS: run `git lfs pull`"
    return "name a notebook that Jupyter wrote"


def _check_document(data: object, place: Location) -> Mapping[str, object]:
    """Return the document as a mapping that is a notebook of format 4."""
    hint = "name a notebook that Jupyter wrote"
    if not isinstance(data, dict):
        message = f"the file holds {_kind(data)}, and no notebook"
        raise _refuse("not-a-notebook", message, place, hint)
    version = data.get("nbformat")
    if not isinstance(version, int) or isinstance(version, bool):
        what = "has no `nbformat`" if version is None else "has an `nbformat` that is no number"
        raise _refuse("not-a-notebook", f"the file is JSON, but {what}", place, hint)
    if version < 4 or ("worksheets" in data and "cells" not in data):
        raise _refuse(
            "old-notebook-format",
            f"the notebook is in format {min(version, 3)}, and format 4 is needed",
            place,
            "convert it: `jupyter nbconvert --to notebook --nbformat 4 FILE`",
        )
    if version > 4:
        message = f"the notebook is in format {version}, and kalelike knows format 4 only"
        raise _refuse("not-a-notebook", message, place, "save it in format 4")
    metadata = data.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        message = f"the notebook's metadata is {_kind(metadata)}"
        raise _refuse("not-a-notebook", message, place, hint)
    return data


def _kernel(metadata: Mapping[str, object]) -> tuple[str, str]:
    """Return the kernel's name and the language, Python where nothing is said."""
    spec = _mapping(metadata.get("kernelspec"))
    info = _mapping(metadata.get("language_info"))
    kernel = spec.get("name")
    for language in (info.get("name"), spec.get("language")):
        if isinstance(language, str) and language:
            break
    else:
        language = "R" if kernel == "ir" else "python"
    return kernel if isinstance(kernel, str) and kernel else "python3", language


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _read_cells(document: Mapping[str, object], place: Location) -> tuple[Cell, ...]:
    raw = document.get("cells")
    if not isinstance(raw, list):
        what = "no `cells`" if raw is None else f"`cells` that are {_kind(raw)}"
        message = f"the notebook has {what}"
        raise _refuse("not-a-notebook", message, place, "name a notebook that Jupyter wrote")
    problems: list[Diagnostic] = []
    cells: list[Cell] = []
    ids = _Ids(raw)
    number = 0
    for index, item in enumerate(raw):
        found = list(_check_cell(item, Location(place.source, index)))
        if found:
            problems += found
            continue
        source = _text(item.get("source", ""))
        blank = item["cell_type"] != "code" or not source.strip()
        number += not blank
        metadata = _mapping(item.get("metadata"))
        tags = metadata.get("tags")
        cells.append(
            Cell(
                index,
                ids.identify(index, item, source),
                item["cell_type"],
                source,
                tuple(tags) if isinstance(tags, list) else (),
                metadata,
                None if blank else number,
                place.source,
            )
        )
    if problems:
        raise CompileError(problems[:_MOST_PROBLEMS])
    return tuple(cells)


def _check_cell(item: object, place: Location) -> Iterator[Diagnostic]:
    """Yield what keeps a cell from being read."""
    hint = "repair the file by opening and saving it in Jupyter"
    if not isinstance(item, dict):
        yield diagnose("not-a-notebook", f"the cell is {_kind(item)}", place, hint)
        return
    kind = item.get("cell_type")
    if not isinstance(kind, str) or kind not in _CELL_KINDS:
        message = f"the cell has the type {kind!r}: code, markdown and raw are known"
        yield diagnose("not-a-notebook", message, place, hint)
    source = item.get("source", "")
    if not _is_text(source):
        message = f"the cell's source is {_kind(source)}, and no text"
        yield diagnose("not-a-notebook", message, place, hint)
    metadata = item.get("metadata", {})
    if not isinstance(metadata, dict):
        message = f"the cell's metadata is {_kind(metadata)}"
        yield diagnose("not-a-notebook", message, place, hint)
        return
    tags = metadata.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        message = "the cell's tags are no list of texts"
        yield diagnose("not-a-notebook", message, place, hint)
    elif _is_text(source):
        for text in (_text(source), *tags):
            if not text.isascii() and _SURROGATE.search(text):
                message = "the cell holds half of a character (a lone surrogate)"
                yield diagnose("not-utf8", message, place, "delete or retype that character")
                return


def _is_text(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(line, str) for line in value)
    return isinstance(value, str)


def _text(value: object) -> str:
    """Join a source that may stand as lines."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _kind(value: object) -> str:
    """Name a JSON value's type in words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    names = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number"}
    return names[type(value)]


class _Ids:
    """Gives each cell an id that no other cell has, the same whenever the file is the same."""

    def __init__(self, cells: list[object]) -> None:
        found = (item.get("id") for item in cells if isinstance(item, dict))
        self._own = {text for text in found if isinstance(text, str) and _CELL_ID.match(text)}
        self._used: set[str] = set()

    def identify(self, index: int, cell: Mapping[str, object], source: str) -> CellId:
        """Return the cell's own id if it is usable and new, else a made one."""
        own = cell.get("id")
        if isinstance(own, str) and own in self._own and own not in self._used:
            self._used.add(own)
            return CellId(own)
        seed = f"{index}\0{cell['cell_type']}\0{source}"
        made = hashlib.sha256(seed.encode()).hexdigest()[:8]
        while made in self._used or made in self._own:
            made = hashlib.sha256(made.encode()).hexdigest()[:8]
        self._used.add(made)
        return CellId(made)
