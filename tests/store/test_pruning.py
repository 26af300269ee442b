"""Old runs leave the store; what a kept run shows, or took from an earlier one, stays."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from kalelike.cli.main import main
from kalelike.store import load
from kalelike.store.runs import RunStore
from tests.run.running import Cells, run_cells

AGES = (3 * 86400.0, 2 * 86400.0, 3600.0)
"""Seconds since the three runs of ``made`` began."""


def cells(factor: int) -> Cells:
    return [
        ("imports", "import numpy"),
        ("step:make", "table = numpy.arange(100_000.0)\nprint('made')"),
        ("step:use", f"scaled = table * {factor}"),
        ("step:tell", "top = float(scaled.max())"),
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder in which three runs were made, and their ids; each has another second step."""
    folder = tmp_path_factory.mktemp("pruning")
    runs = []
    for factor, age in zip((2, 3, 4), AGES, strict=True):
        outcome = run_cells(folder, cells(factor))
        assert ("make" in outcome.executed) is (factor == 2)
        runs.append(outcome.result.run)
        store = RunStore(folder / ".kalelike")
        store._db.execute("UPDATE runs SET started=? WHERE id=?", (time.time() - age, runs[-1]))
        store.close()
    return folder, runs


@pytest.fixture
def folder(made: tuple[Path, list[str]], tmp_path: Path) -> Path:
    """A copy of that folder."""
    return shutil.copytree(made[0], tmp_path / "copy", copy_function=shutil.copy2)


@pytest.fixture
def runs(made: tuple[Path, list[str]]) -> list[str]:
    return made[1]


def prune(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    code = main(["prune", "--store", str(folder / ".kalelike"), "--json", *arguments])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == (0 if found["ok"] else 2)
    return found


def files(folder: Path) -> dict[str, int]:
    """Return the files of a store but the database's, by their size."""
    store = folder / ".kalelike"
    return {
        str(path.relative_to(store)): path.stat().st_size
        for path in store.rglob("*")
        if path.is_file() and not path.name.startswith("store.db")
    }


def test_what_a_kept_run_needs_stays(
    folder: Path, runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(folder)
    found = prune(capsys, folder, "--keep", "1")
    assert found["runs"] == runs[1::-1]
    gone = before.keys() - files(folder).keys()
    assert found["bytes"] == sum(before[name] for name in gone) > 2 * 800_000
    assert not any(name.startswith(f"runs/{runs[0]}/make/") for name in gone)
    assert any(name.startswith(f"runs/{runs[0]}/use/") for name in gone)
    store = folder / ".kalelike"
    assert load("make.table", store=store)[-1] == 99_999
    assert load("use.scaled", store=store)[-1] == 4 * 99_999
    assert main(["show", "--store", str(store), "--log", "make"]) == 0
    assert "made" in capsys.readouterr().out
    assert run_cells(folder, cells(4)).executed == set(), "kept results serve as before"
    assert run_cells(folder, cells(3)).executed == {"use", "tell"}


def test_a_dry_run_changes_nothing(
    folder: Path, runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(folder)
    told = prune(capsys, folder, "--keep", "1", "--dry-run")
    assert files(folder) == before
    done = prune(capsys, folder, "--keep", "1")
    assert {**told, "dry_run": False} == done
    assert prune(capsys, folder, "--keep", "1")["runs"] == []


@pytest.mark.parametrize(
    ("arguments", "removed"),
    [
        pytest.param(("--older-than", "60h"), 1, id="older"),
        pytest.param(("--older-than", "0m"), 3, id="all"),
        pytest.param(("--older-than", "30m", "--keep", "2"), 1, id="older and not the newest"),
        pytest.param(("--older-than", "60h", "--keep", "1"), 1, id="not so many are old"),
        pytest.param(("--keep", "5"), 0, id="fewer than are kept"),
    ],
)
def test_which_go(
    folder: Path,
    runs: list[str],
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    removed: int,
) -> None:
    assert prune(capsys, folder, *arguments)["runs"][::-1] == runs[:removed]
    if removed == len(runs):
        left = files(folder)
        assert not [name for name in left if name.startswith(("runs/", "objects/"))]


def test_a_run_that_goes_on_is_waited_for(
    folder: Path, runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    store = RunStore(folder / ".kalelike")
    run = store.begin_run("other", "other.ipynb", "local", {}, ["a"])
    found = prune(capsys, folder, "--keep", "1")
    assert found["diagnostics"][0]["code"] == "KL815"
    assert run in found["diagnostics"][0]["hint"]
    store.finish_run(run, "succeeded")
    store.close()
    assert prune(capsys, folder, "--keep", "1")["runs"] == runs[1::-1], "each pipeline has its own"


@pytest.mark.parametrize("arguments", [(), ("--keep", "0"), ("--older-than", "2w"),
                                       ("--older-than", "-3d")])  # fmt: skip
def test_wrong_calls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert prune(capsys, tmp_path, *arguments)["diagnostics"][0]["code"] == "KL809"


def test_without_a_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prune(capsys, tmp_path, "--keep", "1")["runs"] == []
    assert not (tmp_path / ".kalelike").exists()
