"""What the store tells of runs, and how it is read from the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """An artifact of a step: its key, names, KFP type, digest and size in bytes."""

    key: str
    names: tuple[str, ...]
    type: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a run as stored; times are seconds since the epoch."""

    name: str
    status: str
    started: float | None
    ended: float | None
    source_run: str | None
    attempts: int
    error: Mapping[str, Any] | None
    reason: str | None
    folder: Path | None
    metrics: Mapping[str, Any]
    artifacts: tuple[ArtifactRow, ...]

    @property
    def seconds(self) -> float | None:
        """How long the step ran."""
        if self.started is None or self.ended is None:
            return None
        return self.ended - self.started


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as stored."""

    id: str
    pipeline: str
    notebook: str
    engine: str
    status: str
    started: float
    ended: float | None
    parameters: Mapping[str, Any]
    graph: str | None
    steps: tuple[StepRow, ...] = ()


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """What an earlier step with the same key gave.

    ``observed`` is what else it read, and holds only as long as that is unchanged.
    """

    run: str
    step: str
    folder: Path
    outputs: Mapping[str, Mapping[str, Any]]
    metrics: Mapping[str, Any]
    observed: Mapping[str, Any]


def read_run(row: sqlite3.Row) -> RunRow:
    """Return a run without its steps."""
    return RunRow(
        row["id"], row["pipeline"], row["notebook"], row["engine"], row["status"], row["started"],
        row["ended"], json.loads(row["parameters"]), row["graph"],
    )  # fmt: skip


def read_steps(database: sqlite3.Connection, store: Path, run: str) -> tuple[StepRow, ...]:
    """Return a run's steps in notebook order; ``store`` is the store's folder."""
    rows = database.execute("SELECT * FROM steps WHERE run=? ORDER BY position", (run,)).fetchall()
    return tuple(_read_step(database, store, row) for row in rows)


def _read_step(database: sqlite3.Connection, store: Path, row: sqlite3.Row) -> StepRow:
    key = (row["run"], row["name"])
    metrics = database.execute(
        "SELECT name, value FROM metrics WHERE run=? AND step=?", key
    ).fetchall()
    artifacts = database.execute(
        "SELECT * FROM artifacts WHERE run=? AND step=? ORDER BY key", key
    ).fetchall()
    return StepRow(
        row["name"],
        row["status"],
        row["started"],
        row["ended"],
        row["source_run"],
        row["attempts"],
        json.loads(row["error"]) if row["error"] else None,
        row["reason"],
        store / row["folder"] if row["folder"] else None,
        {item["name"]: json.loads(item["value"]) for item in metrics},
        tuple(
            ArtifactRow(
                item["key"],
                tuple(json.loads(item["names"])),
                item["type"],
                item["digest"],
                item["size"],
            )
            for item in artifacts
        ),
    )
