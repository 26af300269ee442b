"""Old runs leave the store, with the values that nothing else needs.

What a kept run shows stays: its values, and the logs and pages of earlier
runs' steps from which it took results.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError
from kalelike.runtime.atomic import remove
from kalelike.store.database import transaction
from kalelike.store.rows import RunRow, read_run
from kalelike.store.runs import RunStore

_REMOVED = "removed"
_OF_RUNS = ("runs", "steps", "artifacts", "inputs", "metrics")


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be: runs, newest first, values and bytes of files."""

    runs: tuple[RunRow, ...]
    values: int
    size: int


def prune(
    store: RunStore, *, keep: int | None, older_than: float | None, dry_run: bool = False
) -> Pruned:
    """Remove runs that ended, and what only they need.

    A run goes if it is none of the newest ``keep`` of its pipeline, and began
    more than ``older_than`` seconds ago; None sets no such condition. With
    ``dry_run`` nothing is changed. Raises :class:`BackendError` (KL815) while
    a run goes on in this store: it may be about to use what would go.
    """
    database = store.begin_pruning()
    removed = store.folder / f"{_REMOVED}-{os.getpid()}"
    with transaction(database):
        _check_quiet(store, database)
        runs = _choose(database, keep, older_than)
        ids = {run.id for run in runs}
        places = [*_step_folders(store.folder, database, ids),
                  *_unused_objects(store.folder, database, ids)]  # fmt: skip
        size = sum(map(_size, places))
        if not dry_run:
            _forget(store.folder, database, ids, set(places))
            _move(store.folder, places, removed)
            for run in ids:
                _remove_if_empty(store.folder / "runs" / run)
    if not dry_run:
        for left in store.folder.glob(f"{_REMOVED}-*"):
            remove(left)
    values = sum(path.is_relative_to(store.folder / "objects") for path in places)
    return Pruned(runs, values, size)


def _check_quiet(store: RunStore, database: sqlite3.Connection) -> None:
    row = database.execute(
        "SELECT id FROM runs WHERE status = 'running' AND engine <> 'kfp'"
    ).fetchone()
    if row is not None:
        message = f"run {row['id']} goes on in this store"
        hint = f"wait for it, or end it: kalelike cancel {row['id']}"
        raise BackendError([diagnose("store-in-use", message, Location(str(store.folder)), hint)])


def _choose(
    database: sqlite3.Connection, keep: int | None, older_than: float | None
) -> tuple[RunRow, ...]:
    before = time.time() - (older_than or 0.0)
    seen: dict[str, int] = {}
    chosen = []
    for row in database.execute("SELECT * FROM runs ORDER BY started DESC, id DESC"):
        number = seen[row["pipeline"]] = seen.get(row["pipeline"], 0) + 1
        if row["status"] != "running" and number > (keep or 0) and row["started"] < before:
            chosen.append(read_run(row))
    return tuple(chosen)


def _step_folders(store: Path, database: sqlite3.Connection, runs: set[str]) -> Iterator[Path]:
    """Give the folders of the runs' steps at which no kept run looks."""
    used = {
        row["folder"]
        for row in database.execute("SELECT run, folder FROM steps WHERE folder IS NOT NULL")
        if row["run"] not in runs
    }
    for run in sorted(runs):
        folder = store / "runs" / run
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if str(path.relative_to(store)) not in used:
                yield path


def _unused_objects(store: Path, database: sqlite3.Connection, runs: set[str]) -> Iterator[Path]:
    """Give the artifacts that no kept run made, took or was given."""
    used = {
        row["digest"]
        for table in ("artifacts", "inputs")
        for row in database.execute(f"SELECT run, digest FROM {table}")  # noqa: S608 - a constant
        if row["run"] not in runs
    }
    for path in sorted((store / "objects").glob("??/*")):
        if path.parent.name + path.name not in used:
            yield path


def _forget(store: Path, database: sqlite3.Connection, runs: set[str], gone: set[Path]) -> None:
    """Remove what the database knows of the runs, and cached results that lost a part."""
    for table in _OF_RUNS:
        column = "id" if table == "runs" else "run"
        database.executemany(
            f"DELETE FROM {table} WHERE {column} = ?",  # noqa: S608 - constants
            [(run,) for run in runs],
        )
    digests = [(path.parent.name + path.name,) for path in gone]
    database.executemany("DELETE FROM objects WHERE digest = ?", digests)
    folders = [(str(path.relative_to(store)),) for path in gone]
    database.executemany("DELETE FROM cache WHERE folder = ?", folders)


def _move(store: Path, places: list[Path], removed: Path) -> None:
    """Move all aside at once: removing takes long, and other runs would wait for it."""
    for path in places:
        target = removed / path.relative_to(store)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in [folder, *folder.rglob("*")] if path.is_file())
