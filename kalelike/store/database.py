"""The store's database: its schema, and how it is opened."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError

VERSION = 3
_SCHEMA = """
CREATE TABLE runs (
  id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, notebook TEXT NOT NULL, engine TEXT NOT NULL,
  status TEXT NOT NULL, started REAL NOT NULL, ended REAL, parameters TEXT NOT NULL,
  pid INTEGER, process_started TEXT, graph TEXT
);
CREATE TABLE steps (
  run TEXT NOT NULL REFERENCES runs(id), name TEXT NOT NULL, position INTEGER NOT NULL,
  status TEXT NOT NULL, started REAL, ended REAL, cache_key TEXT, source_run TEXT,
  attempts INTEGER NOT NULL DEFAULT 1, error TEXT, reason TEXT, folder TEXT,
  PRIMARY KEY (run, name)
);
CREATE TABLE artifacts (
  run TEXT NOT NULL, step TEXT NOT NULL, key TEXT NOT NULL, names TEXT NOT NULL,
  digest TEXT NOT NULL, size INTEGER NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (run, step, key)
);
CREATE TABLE inputs (
  run TEXT NOT NULL, step TEXT NOT NULL, key TEXT NOT NULL, producer TEXT NOT NULL,
  output TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (run, step, key)
);
CREATE TABLE metrics (
  run TEXT NOT NULL, step TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (run, step, name)
);
CREATE TABLE file_hashes (
  path TEXT PRIMARY KEY, stamp TEXT NOT NULL, sha256 TEXT NOT NULL
);
CREATE INDEX artifacts_by_digest ON artifacts(digest);
"""


# Since version 2; a result may rest on other files than those that its code names.
_CACHE = """
CREATE TABLE cache (
  key TEXT NOT NULL, observed TEXT NOT NULL, run TEXT NOT NULL, step TEXT NOT NULL,
  folder TEXT NOT NULL, outputs TEXT NOT NULL, metrics TEXT NOT NULL, created REAL NOT NULL,
  PRIMARY KEY (key, observed)
)
"""
# Since version 3; the stamp is of an object that was found to be what its digest says.
_OBJECTS = "CREATE TABLE objects (digest TEXT PRIMARY KEY, stamp TEXT NOT NULL)"


def open_database(folder: Path, *, reading: bool = False) -> tuple[sqlite3.Connection, bool]:
    """Open the store in ``folder``; tell also whether it can be written.

    Makes it where there is none, unless it is for ``reading``: then a store
    that can only be read is opened as it is. Raises :class:`BackendError`:
    KL807 when it cannot be used, KL806 when there is none to read.
    """
    path = folder / "store.db"
    if reading and not path.exists():
        hint = "name the store's folder with --store, or run a notebook first"
        message = f"there is no store in {folder}"
        raise BackendError([diagnose("no-such-run", message, Location(str(folder)), hint)])
    try:
        return _open_to_write(folder), True
    except (OSError, sqlite3.Error) as error:
        if not reading:
            raise _unusable(folder, str(error)) from error
    try:
        # Nothing beside the file may be written either, so it is taken as it lies there.
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
        connection.row_factory = sqlite3.Row
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            raise sqlite3.DatabaseError(f"it was written by another version ({version})")
        return connection, False
    except (OSError, sqlite3.Error) as error:
        raise _unusable(folder, str(error)) from error


def _open_to_write(folder: Path) -> sqlite3.Connection:
    folder.mkdir(parents=True, exist_ok=True)
    # Values, logs and results are the user's alone.
    for name in ("objects", "runs"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(folder / "store.db", os.O_RDWR | os.O_CREAT, 0o600))
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", "utf-8")
    connection = sqlite3.connect(folder / "store.db", timeout=30, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        _migrate(connection)
        # Opening for writing tells nothing yet: the file may be another's.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except BaseException:
        connection.close()
        raise
    return connection


def _unusable(folder: Path, why: str) -> BackendError:
    return BackendError(
        [
            diagnose(
                "store-unusable",
                f"the store in {folder} cannot be used: {why}",
                Location(str(folder)),
                "name another place with --store, or move the damaged folder away",
            )
        ]
    )


def _migrate(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        return
    with transaction(connection):
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == VERSION:
            return
        if version == 0:
            for statement in _SCHEMA.split(";"):
                if statement.strip():
                    connection.execute(statement)
        elif version == 1:
            connection.execute("DROP TABLE cache")
        elif version > VERSION:
            raise sqlite3.DatabaseError(f"it was written by a later version ({version})")
        if version < 2:
            connection.execute(_CACHE)
        connection.execute(_OBJECTS)
        connection.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a block in one immediate transaction: all of it lands, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
