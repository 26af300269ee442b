"""The record stays on one bounded line, and loses the least important first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kalelike.runtime.fingerprints import fingerprint
from kalelike.runtime.record import MARK, Record, publish

VALUE = fingerprint({f"key{number}": float(number) for number in range(30)})


def record(cells: int, ends: int) -> Record:
    return Record(
        "train",
        "0" * 16,
        "succeeded",
        outputs={"x": {"names": ["x"], "size": 1, "digest": "d"}},
        fingerprints={
            "cells": {str(number): {"x": VALUE} for number in range(cells)},
            "end": {f"x{number}": VALUE for number in range(ends)},
        },
    )


@pytest.mark.parametrize(
    ("cells", "ends", "kept"),
    [(1, 1, "all"), (100, 1, "end"), (1, 100, "no parts"), (1, 5_000, "none")],
)
def test_what_the_log_keeps(cells: int, ends: int, kept: str) -> None:
    made = record(cells, ends)
    text = made.to_json()
    found = json.loads(text)["fingerprints"]
    assert len(text) <= 64 * 1024
    assert "\n" not in text
    assert ("cells" in found) is (kept == "all")
    assert ("end" in found) is (kept != "none")
    if "end" in found:
        assert ("parts" in found["end"]["x0"]) is (kept in ("all", "end"))
    assert json.loads(made.to_json(whole=True))["fingerprints"]["end"].keys() == {
        f"x{number}" for number in range(ends)
    }


def test_the_file_keeps_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KALELIKE_RECORD", str(tmp_path / "record.json"))
    publish(record(100, 1))
    printed = capsys.readouterr().out
    assert printed.startswith(f"\n{MARK}")
    assert "cells" not in json.loads(printed.split(MARK)[1])["fingerprints"]
    written = json.loads((tmp_path / "record.json").read_text("utf-8"))
    assert len(written["fingerprints"]["cells"]) == 100
