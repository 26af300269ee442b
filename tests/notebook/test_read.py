"""Files that are notebooks, odd ones included, and files that are not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from kalelike.errors import CompileError
from kalelike.notebook.read import MOST_BYTES, read_notebook

CODE: dict[str, Any] = {"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": [],
                        "execution_count": None}  # fmt: skip


def write(folder: Path, document: object) -> Path:
    path = folder / "nb.ipynb"
    path.write_text(json.dumps(document), "utf-8")
    return path


def notebook(*cells: object, **more: object) -> dict[str, object]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}


ODD: list[tuple[str, dict[str, Any], str]] = [
    ("source as lines", {"source": ["a = 1\n", "b = 2"]}, "a = 1\nb = 2"),
    ("no lines", {"source": []}, ""),
    ("no source", {"source": None}, ""),
    ("no metadata", {"metadata": None}, "x = 1"),
    ("no tags", {"metadata": {"tags": []}}, "x = 1"),
    ("unknown keys", {"attachments": {}, "whatever": [1]}, "x = 1"),
    ("no outputs", {"outputs": None}, "x = 1"),
    ("unicode", {"source": "λ = 'é 数 🎉'"}, "λ = 'é 数 🎉'"),
]


@pytest.mark.parametrize(("changes", "source"), [row[1:] for row in ODD],
                         ids=[row[0] for row in ODD])  # fmt: skip
def test_an_odd_cell_is_read(changes: dict[str, Any], source: str, tmp_path: Path) -> None:
    item = {key: value for key, value in {**CODE, **changes}.items() if value is not None}
    (cell,) = read_notebook(write(tmp_path, notebook(item))).cells
    assert (cell.source, cell.tags) == (source, ())
    assert cell.id


def test_numbers_are_those_of_running_all_cells(tmp_path: Path) -> None:
    markdown = {"cell_type": "markdown", "metadata": {}, "source": "# x"}
    blank = {**CODE, "source": "  \n"}
    cells = read_notebook(write(tmp_path, notebook(CODE, markdown, blank, CODE))).cells
    assert [(cell.index, cell.number) for cell in cells] == [(0, 1), (1, None), (2, None), (3, 2)]


def test_ids_are_unique_and_stable(tmp_path: Path) -> None:
    same = {**CODE, "id": "same"}
    document = notebook(same, same, {**CODE, "id": "not an id"}, CODE, {**CODE, "id": 3})
    path = write(tmp_path, document)
    ids = [cell.id for cell in read_notebook(path).cells]
    assert ids[0] == "same"
    assert len(set(ids)) == 5
    assert ids == [cell.id for cell in read_notebook(path).cells]


def test_a_byte_order_mark_and_nan_in_metadata_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "nb.ipynb"
    text = json.dumps(notebook(CODE, metadata={"x": float("nan")}))
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_notebook(path).cells[0].source == "x = 1"


KERNELS: list[tuple[str, dict[str, Any], bool]] = [
    ("nothing said", {}, True),
    ("python3", {"kernelspec": {"name": "python3", "language": "python"}}, True),
    ("conda's", {"kernelspec": {"name": "conda-env-x"}, "language_info": {"name": "python"}}, True),
    ("R", {"kernelspec": {"name": "ir"}}, False),
    ("Julia", {"language_info": {"name": "julia"}}, False),
    ("odd", {"kernelspec": 3, "language_info": []}, True),
]


@pytest.mark.parametrize(("metadata", "python"), [row[1:] for row in KERNELS],
                         ids=[row[0] for row in KERNELS])  # fmt: skip
def test_kernels(metadata: dict[str, Any], python: bool, tmp_path: Path) -> None:
    path = write(tmp_path, notebook(CODE, metadata=metadata))
    if python:
        assert read_notebook(path).language == "python"
        return
    with pytest.raises(CompileError) as caught:
        read_notebook(path)
    assert [item.code.name for item in caught.value.diagnostics] == ["unsupported-kernel"]


NOT_NOTEBOOKS: list[tuple[str, bytes, str]] = [
    ("empty", b"", "not-json"),
    ("text", b"print('hello')", "not-json"),
    ("cut off", b'{"nbformat": 4, "cells": [', "not-json"),
    ("merge conflict", b'{\n<<<<<<< HEAD\n"a": 1\n=======\n>>>>>>> b\n}', "not-json"),
    ("Git LFS", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "not-json"),
    ("deep", b"[" * 200_000, "not-json"),
    ("deep and closed", b"[" * 100_000 + b"]" * 100_000, "not-json"),
    ("a huge number", b'{"nbformat": ' + b"9" * 5000 + b"}", "not-json"),
    ("latin-1", '{"a": "é"}'.encode("latin-1"), "not-utf8"),
    ("UTF-16", '{"a": 1}'.encode("utf-16"), "not-utf8"),
    ("zeros", b"\0" * 100, "not-json"),
    ("a list", b"[]", "not-a-notebook"),
    ("null", b"null", "not-a-notebook"),
    ("NaN", b"NaN", "not-a-notebook"),
    ("no format", b'{"cells": []}', "not-a-notebook"),
    ("a text for the format", b'{"nbformat": "4", "cells": []}', "not-a-notebook"),
    ("no cells", b'{"nbformat": 4}', "not-a-notebook"),
    ("cells are no list", b'{"nbformat": 4, "cells": {}}', "not-a-notebook"),
    ("metadata is no object", b'{"nbformat": 4, "cells": [], "metadata": []}', "not-a-notebook"),
    ("format 3", b'{"nbformat": 3, "worksheets": []}', "old-notebook-format"),
    ("format 3 in a coat", b'{"nbformat": 4, "worksheets": []}', "old-notebook-format"),
    ("format 5", b'{"nbformat": 5, "cells": []}', "not-a-notebook"),
]


@pytest.mark.parametrize(("content", "code"), [row[1:] for row in NOT_NOTEBOOKS],
                         ids=[row[0] for row in NOT_NOTEBOOKS])  # fmt: skip
def test_not_a_notebook(content: bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / "nb.ipynb"
    path.write_bytes(content)
    with pytest.raises(CompileError) as caught:
        read_notebook(path)
    (item,) = caught.value.diagnostics
    assert item.code.name == code
    assert item.location.source == "nb.ipynb"
    assert item.hint


BAD_CELLS: list[tuple[str, object]] = [
    ("a number", 3),
    ("null", None),
    ("no type", {"source": "x"}),
    ("unknown type", {**CODE, "cell_type": "heading"}),
    ("source is a number", {**CODE, "source": 3}),
    ("lines with a number", {**CODE, "source": ["a", 3]}),
    ("metadata is a list", {**CODE, "metadata": []}),
    ("tags are a text", {**CODE, "metadata": {"tags": "step:a"}}),
    ("tags hold a number", {**CODE, "metadata": {"tags": ["step:a", 3]}}),
]


@pytest.mark.parametrize("cell", [row[1] for row in BAD_CELLS], ids=[row[0] for row in BAD_CELLS])
def test_a_bad_cell_is_named(cell: object, tmp_path: Path) -> None:
    with pytest.raises(CompileError) as caught:
        read_notebook(write(tmp_path, notebook(CODE, cell)))
    (item,) = caught.value.diagnostics
    assert (item.code.name, item.location.index) == ("not-a-notebook", 1)
    assert item.hint


def test_half_a_character_is_named(tmp_path: Path) -> None:
    with pytest.raises(CompileError) as caught:
        read_notebook(write(tmp_path, notebook(CODE, {**CODE, "source": "x = '\ud800'"})))
    (item,) = caught.value.diagnostics
    assert (item.code.name, item.location.index) == ("not-utf8", 1)


def test_many_bad_cells_are_not_all_told(tmp_path: Path) -> None:
    with pytest.raises(CompileError) as caught:
        read_notebook(write(tmp_path, notebook(*range(500))))
    assert len(caught.value.diagnostics) == 20


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "nb.ipynb"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(CompileError) as caught:
        read_notebook(path)
    assert [item.code.name for item in caught.value.diagnostics] == ["notebook-too-large"]


PATHS = [
    ("missing", "nothing.ipynb", "file-not-found"),
    ("below a file", "file.txt/nb.ipynb", "file-not-found"),
    ("a folder", "folder", "not-a-file"),
    ("a pipe", "pipe", "not-a-file"),
    ("a null byte", "a\0b.ipynb", "file-not-found"),
    ("a long name", "x" * 300, "not-readable"),
    ("a loop of links", "loop.ipynb", "not-readable"),
]


@pytest.mark.parametrize(("name", "code"), [row[1:] for row in PATHS],
                         ids=[row[0] for row in PATHS])  # fmt: skip
def test_bad_paths(name: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "file.txt").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop.ipynb").symlink_to("loop.ipynb")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CompileError) as caught:
        read_notebook(tmp_path / name)
    assert [item.code.name for item in caught.value.diagnostics] == [code]


def test_a_name_without_its_ending_is_suggested(tmp_path: Path) -> None:
    write(tmp_path, notebook(CODE))
    with pytest.raises(CompileError) as caught:
        read_notebook(tmp_path / "nb")
    assert "nb.ipynb" in caught.value.diagnostics[0].hint
