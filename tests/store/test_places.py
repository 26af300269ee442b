"""Stores on full disks, stores that may only be read, damaged ones, and shared ones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kalelike.store.runs import RunStore
from tests.equivalence.harness import write_notebook
from tests.run.processes import run, start
from tests.run.running import Cells

CELLS: Cells = [("step:a", "x = 1"), ("step:b", "import numpy\ny = numpy.ones(2_000_000)"),
                ("step:c", "z = y.sum() + x"), ("step:d", "w = z")]  # fmt: skip


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told(tmp_path: Path, small_disk: Path) -> None:
    notebook = write_notebook(tmp_path / "notebook.ipynb", CELLS)
    events = run(notebook, "--store", str(small_disk / "store"))
    ended = {e["step"]: e for e in events if e["event"] == "StepFinished"}
    assert ended["a"]["status"] == "succeeded"
    assert ended["b"]["error"]["code"] == "KL807"
    assert "No space left" in ended["b"]["error"]["message"]
    assert ended["c"]["status"] == "skipped"
    assert not list((small_disk / "store").rglob("*.part-*"))
    again = run(notebook, "--store", str(tmp_path / "roomy"))
    assert again[-1]["status"] == "succeeded"


def test_a_disk_that_is_full_from_the_start(tmp_path: Path, small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        (small_disk / "filler").write_bytes(b"x" * 5_000_000)
    notebook = write_notebook(tmp_path / "notebook.ipynb", CELLS)
    process = start(notebook, "--store", str(small_disk / "store"))
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 2, errors
    assert "KL807" in output
    assert "Traceback" not in errors


def test_a_store_that_may_only_be_read(tmp_path: Path, small_disk: Path) -> None:
    notebook = write_notebook(tmp_path / "notebook.ipynb", CELLS[:1])
    store = small_disk / "store"
    assert run(notebook, "--store", str(store))[-1]["status"] == "succeeded"
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for command in (["show", "--store", str(store)], ["runs", "--store", str(store)]):
        done = subprocess.run(
            [sys.executable, "-m", "kalelike", *command],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, "succeeded" in done.stdout) == (0, True), done
    process = start(notebook, "--store", str(store))
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 2
    assert "KL807" in output


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_a_damaged_database(tmp_path: Path, content: bytes) -> None:
    notebook = write_notebook(tmp_path / "notebook.ipynb", CELLS[:1])
    (tmp_path / ".kalelike").mkdir()
    (tmp_path / ".kalelike" / "store.db").write_bytes(content)
    process = start(notebook)
    output, errors = process.communicate(timeout=100)
    assert "Traceback" not in errors
    if content:
        assert process.returncode == 2
        assert "KL807" in output
    else:  # as good as none
        assert process.returncode == 0


def test_two_runs_at_a_time_share_a_store(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "notebook.ipynb", CELLS)
    processes = [start(notebook, "--jobs", "2") for _ in range(3)]
    for process in processes:
        output, errors = process.communicate(timeout=200)
        assert process.returncode == 0, (output, errors)
    rows = RunStore(tmp_path / ".kalelike")
    assert [row.status for row in rows.list_runs()] == ["succeeded"] * 3
    rows.close()
    result = run(notebook)[-1]
    assert {item["status"] for item in result["steps"]} == {"cached"}
