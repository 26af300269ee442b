"""``kalelike check`` as a user meets it."""

import io
import json
from pathlib import Path

import pytest

from kalelike.cli.main import main

FULL = Path(__file__).parents[1] / "lint" / "full_feature.yaml"


def _write(folder: Path, *edits: tuple[str, str]) -> str:
    text = FULL.read_text("utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path = folder / "pipeline.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def test_right_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(FULL)]) == 0
    assert capsys.readouterr().out == "full_feature.yaml: nothing found\n"


def test_finding_has_place_excerpt_and_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path, ("name: comp-pick", "name: comp-pik"))
    assert main(["check", path]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "pipeline.yaml, root.dag.tasks.pick.componentRef.name, line 373: error KL722"
        " [unknown-component] task pick names component `comp-pik`, which does not exist; no run"
        " can be created",
        "   373 |           name: comp-pik",
        "       |           ^",
        "    hint: did you mean `comp-pick`?",
        "pipeline.yaml: 1 error",
    ]


def test_notes_alone_are_no_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit = ("        defaultValue: 0.1\n        isOptional: true\n", "")
    assert main(["check", _write(tmp_path, edit)]) == 0
    assert "pipeline.yaml: 1 note" in capsys.readouterr().out


def test_warnings_are_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit = ("          backoffMaxDuration: 3600s\n", "")
    assert main(["check", _write(tmp_path, edit)]) == 1
    assert "pipeline.yaml: 1 warning" in capsys.readouterr().out


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _write(tmp_path, ("schemaVersion: 2.1.0", "schemaVersion: 2.0.0"))
    assert main(["check", path, "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["ok"], data["exit_code"]) == (False, 1)
    (item,) = data["diagnostics"]
    assert (item["code"], item["path"], item["line"]) == ("KL719", "schemaVersion", 5)


def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(FULL.read_bytes()), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", stream)
    assert main(["check", "-"]) == 0
    assert capsys.readouterr().out == "<stdin>: nothing found\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "UTF-8"),
        (b"a: [", "not YAML"),
        (b"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n", "Argo Workflow"),
        (b'{"cells": [], "nbformat": 4}', "notebook"),
        (b"platforms: {}\n", "no pipeline"),
    ],
)
def test_what_is_no_pipeline(
    tmp_path: Path, content: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    assert main(["check", str(path)]) == 2
    out, err = capsys.readouterr()
    assert words in out + err
    assert "Traceback" not in out + err


def test_missing_file_folder_and_large_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        file.truncate(40 * 2**20)
    for path, words in ((tmp_path / "none", "not exist"), (tmp_path, "regular"), (large, "bytes")):
        assert main(["check", str(path)]) == 2
        assert words in capsys.readouterr().err
