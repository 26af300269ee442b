"""Bad input ends in a diagnostic with code, place and remedy: exit 2, nothing written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kalelike.cli.main import main
from tests.bad_input.cases import CASES, GOOD, Case, cells
from tests.emit.compiling import write_notebook

ROOT = Path(__file__).parents[2]
IDS = [case.id for case in CASES]


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every path below a folder, with its size and time."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def check(found: list[dict[str, Any]], case: Case) -> None:
    errors = [item for item in found if item["severity"] == "error"]
    matching = [item for item in errors if item["name"] == case.code]
    assert matching, [item["name"] for item in errors]
    item = matching[0]
    assert item["code"].startswith("KL")
    assert item["hint"], item["message"]
    assert "Traceback" not in item["message"]
    assert len(item["message"]) < 500
    if case.cell is not None:
        assert item["cell"]["index"] == case.cell
    if case.line is not None:
        assert item["line"] == case.line
    if case.path is not None:
        assert item["path"] == case.path


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_compile_as_json(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notebook = case.make(tmp_path)
    before = listing(tmp_path)
    assert main(["compile", str(notebook), "-o", str(tmp_path / case.output), "--json"]) == 2
    out, err = capsys.readouterr()
    assert err == ""
    data = json.loads(out)
    assert (data["ok"], data["exit_code"]) == (False, 2)
    check(data["diagnostics"], case)
    assert listing(tmp_path) == before


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_compile_as_text(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notebook = case.make(tmp_path)
    assert main(["compile", str(notebook), "-o", str(tmp_path / case.output)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"[{case.code}]" in err
    assert "hint:" in err
    assert "Traceback" not in err
    assert "internal error" not in err


OF_THE_NOTEBOOK = [case for case in CASES if case.output == "out.yaml"]


@pytest.mark.parametrize("command", ["run", "graph"])
@pytest.mark.parametrize("case", OF_THE_NOTEBOOK, ids=[case.id for case in OF_THE_NOTEBOOK])
def test_other_commands_say_the_same(
    command: str, case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = case.make(tmp_path)
    before = listing(tmp_path)
    assert main([command, str(notebook), "--json"]) == 2
    out, err = capsys.readouterr()
    assert err == ""
    check(json.loads(out.splitlines()[-1])["diagnostics"], case)
    assert listing(tmp_path) == before


REPRESENTATIVE = ("a missing file", "a folder", "broken JSON", "not UTF-8", "deep nesting",
                  "nbformat 3", "50 MB", "a syntax error in cell 7", "half a character",
                  "deeply nested code", "a cycle", "a step's name twice", "an unknown setting",
                  "an output below a file")  # fmt: skip


@pytest.mark.parametrize("name", REPRESENTATIVE)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_the_real_process(name: str, as_json: bool, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.id == name)
    notebook = case.make(tmp_path)
    before = listing(tmp_path)
    arguments = [sys.executable, "-m", "kalelike", "compile", str(notebook), "-o",
                 str(tmp_path / case.output), *(["--json"] if as_json else [])]  # fmt: skip
    done = subprocess.run(
        arguments,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr[-2000:]
    assert "Traceback" not in done.stdout + done.stderr
    if as_json:
        assert done.stderr == ""
        check(json.loads(done.stdout)["diagnostics"], case)
    else:
        assert done.stdout == ""
        assert f"[{case.code}]" in done.stderr
        assert "hint:" in done.stderr
    assert listing(tmp_path) == before


def test_several_mistakes_are_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = cells(("step:a|limit:cpu:x", "x = 1"), ("step:b|prev:zzz", "y = x"),
                     kalelike={"nmae": 1})(tmp_path)  # fmt: skip
    assert main(["compile", str(notebook), "--json"]) == 2
    names = {item["name"] for item in json.loads(capsys.readouterr().out)["diagnostics"]}
    assert names == {"bad-option", "unknown-step", "bad-setting"}


def test_a_code_folder_that_cannot_be_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = write_notebook(tmp_path / "nb.ipynb", GOOD)
    (tmp_path / ".kalelike").touch()
    before = listing(tmp_path)
    assert main(["compile", str(notebook), "-o", str(tmp_path / "out.yaml"), "--json"]) == 2
    (item,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert (item["name"], bool(item["hint"])) == ("output-not-writable", True)
    assert listing(tmp_path) == before


def test_odd_cells_that_are_fine_compile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No tags, no id, source as lines, no metadata, unknown keys, NaN in metadata."""
    document = {
        "nbformat": 4,
        "nbformat_minor": 2,
        "metadata": {"odd": float("nan"), "widgets": {"deep": [[[[]]]]}},
        "cells": [
            {"cell_type": "code", "metadata": {"tags": ["step:a"]}, "source": ["x = 1\n", "y = 2"]},
            {"cell_type": "code", "source": "z = x + y"},
            {"cell_type": "markdown", "metadata": {}, "source": []},
            {"cell_type": "raw", "metadata": {}, "source": "raw", "id": "a b", "more": [1]},
            {"cell_type": "code", "metadata": {"tags": []}, "source": "", "outputs": None},
        ],
    }
    path = tmp_path / "nb.ipynb"
    path.write_text(json.dumps(document), "utf-8")
    assert main(["compile", str(path), "-o", str(tmp_path / "out.yaml"), "--json"]) == 0
    assert [step["name"] for step in json.loads(capsys.readouterr().out)["steps"]] == ["a"]
