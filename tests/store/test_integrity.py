"""A stored result is used as it was stored, or made again: never what somebody made of it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from kalelike.run.events import Notice
from tests.run.running import Cells, Outcome, run_cells

CELLS: Cells = [
    ("step:make", "import numpy\nsmall = [1, 2]\nlarge = numpy.arange(50_000.0)"),
    ("step:use", "total = sum(small) + float(large.sum())"),
]
EDITED: Cells = [CELLS[0], ("step:use", "total = sum(small) - float(large.sum())")]


class Evil:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return exec, ("open('evil', 'w').close()",)


def evil_pickle(folder: Path) -> None:
    write(folder / "values.pkl", pickle.dumps({"small": Evil(), "large": Evil()}))


def other_buffers(folder: Path) -> None:
    data = bytearray((folder / "buffers.bin").read_bytes())
    data[8] ^= 1
    write(folder / "buffers.bin", bytes(data))


def cut_short(folder: Path) -> None:
    write(folder / "buffers.bin", (folder / "buffers.bin").read_bytes()[:1000])


def other_places(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["buffers"] = [[8, 399_992]]
    write(folder / "manifest.json", json.dumps(manifest).encode())


def evil_and_consistent(folder: Path) -> None:
    """A manifest that fits the other pickle: only the folder's own name does not."""
    import hashlib

    evil_pickle(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["hashes"]["values.pkl"] = hashlib.sha256(
        (folder / "values.pkl").read_bytes()
    ).hexdigest()
    write(folder / "manifest.json", json.dumps(manifest).encode())


def outside_the_folder(folder: Path) -> None:
    (folder.parent / "other").write_bytes(b"x")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = [{"path": "got", "sha256": "0" * 64, "size": 1, "stored": "../other"}]
    write(folder / "manifest.json", json.dumps(manifest).encode())


def no_manifest(folder: Path) -> None:
    write(folder / "manifest.json", b"{}")


def write(path: Path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)


def made_by(outcome: Outcome, step: str) -> Path:
    store = Path(str(outcome.row.steps[0].folder)).parents[2]
    rows = next(item for item in outcome.row.steps if item.name == step)
    digest = max(rows.artifacts, key=lambda item: item.size).digest
    return store / "objects" / digest[:2] / digest[2:]


@pytest.mark.parametrize(
    "change",
    [evil_pickle, other_buffers, cut_short, other_places, evil_and_consistent, outside_the_folder,
     no_manifest],
)  # fmt: skip
def test_what_was_changed_is_made_again(tmp_path: Path, change: object) -> None:
    assert callable(change)
    first = run_cells(tmp_path, CELLS)
    change(made_by(first, "make"))
    again = run_cells(tmp_path, EDITED)
    assert again.result.status == "succeeded"
    assert again.executed == {"make", "use"}
    told = [item.diagnostic for item in again.events if isinstance(item, Notice)]
    assert [item["code"] for item in told] == ["KL811"]
    assert not (tmp_path / "evil").exists()
    assert run_cells(tmp_path, CELLS).executed == set()


def test_what_is_only_touched_is_used(tmp_path: Path) -> None:
    first = run_cells(tmp_path, CELLS)
    for path in made_by(first, "make").iterdir():
        path.touch()
    assert run_cells(tmp_path, EDITED).executed == {"use"}


def test_only_the_user_reads_the_store(tmp_path: Path) -> None:
    first = run_cells(tmp_path, CELLS)
    for name in ("objects", "runs", "store.db"):
        assert (tmp_path / ".kalelike" / name).stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o222 == 0 for path in made_by(first, "make").iterdir())
