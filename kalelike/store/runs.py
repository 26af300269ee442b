"""What the store knows of runs: written by engines, read by ``show`` and ``runs``."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError
from kalelike.runtime.atomic import remove, remove_stale_parts
from kalelike.runtime.audit import stamp_of
from kalelike.runtime.descendants import end_marked
from kalelike.runtime.faults import StepError
from kalelike.store.database import open_database, transaction
from kalelike.store.objects import commit_object, object_path, object_stamp
from kalelike.store.owners import is_alive, process_start
from kalelike.store.rows import CacheEntry, RunRow, read_run, read_steps


class RunStore:
    """The store in one folder; every write is one transaction."""

    def __init__(self, folder: Path, *, reading: bool = False) -> None:
        """Open the store, and make it if it is not there.

        ``reading`` is for those who only look: nothing is made, and a store
        that may not be written will do. Raises :class:`BackendError`.
        """
        self.folder = folder
        self._db, self._writable = open_database(folder, reading=reading)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    # -- writing ---------------------------------------------------------------

    def begin_run(
        self,
        pipeline: str,
        notebook: str,
        engine: str,
        parameters: Mapping[str, object],
        steps: Iterable[str],
        graph: str | None = None,
    ) -> str:
        """Record the start of a run and return its id, which sorts by time."""
        run = time.strftime("%Y%m%d-%H%M%S") + "-" + os.urandom(2).hex()
        with transaction(self._db):
            self._mark_dead_runs()
            self._db.execute(
                "INSERT INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (run, pipeline, notebook, engine, "running", time.time(), None,
                 json.dumps(parameters, default=repr), os.getpid(),
                 process_start(os.getpid()), graph),
            )  # fmt: skip
            self._db.executemany(
                "INSERT INTO steps (run, name, position, status) VALUES (?,?,?,'waiting')",
                [(run, name, position) for position, name in enumerate(steps)],
            )
        return run

    def _mark_dead_runs(self) -> None:
        """Mark runs whose process is gone; end and remove what their steps left.

        A cluster's runs need no process here.
        """
        rows = self._db.execute(
            "SELECT id, pid, process_started FROM runs WHERE status = 'running' AND engine <> 'kfp'"
        ).fetchall()
        for row in rows:
            if row["pid"] and not is_alive(row["pid"], row["process_started"]):
                end_marked(f"{row['pid']}:{row['process_started']}:")
                self._db.execute(
                    "UPDATE runs SET status = 'killed', ended = ? WHERE id = ?",
                    (time.time(), row["id"]),
                )
                self._db.execute(
                    "UPDATE steps SET status = 'killed' WHERE run = ? AND status = 'running'",
                    (row["id"],),
                )
                for folder in (self.folder / "runs" / row["id"]).glob("*"):
                    shutil.rmtree(folder / "values", ignore_errors=True)
                    remove_stale_parts(folder)
        remove_stale_parts(self.folder / "code")

    def start_step(self, run: str, step: str, folder: Path, cache_key: str) -> None:
        """Record that a step runs."""
        self._db.execute(
            "UPDATE steps SET status='running', started=?, folder=?, cache_key=? "
            "WHERE run=? AND name=?",
            (time.time(), self._relative(folder), cache_key, run, step),
        )

    def finish_step(
        self,
        run: str,
        step: str,
        *,
        outputs: Mapping[str, Mapping[str, Any]],
        metrics: Mapping[str, Any],
        attempts: int,
        cache_key: str | None,
        folder: Path,
        source_run: str | None = None,
        cached: bool = False,
        observed: Mapping[str, Any] | None = None,
    ) -> None:
        """Record a step's success, its outputs, and, with a key, its place in the cache.

        A step is ``cached`` when it has a ``source_run``, or where that is not known.
        ``observed`` is what it read beside its inputs, as JSON-ready data.
        """
        now = time.time()
        with transaction(self._db):
            self._db.execute(
                "UPDATE steps SET status=?, started=COALESCE(started, ?), ended=?, attempts=?, "
                "source_run=?, folder=? WHERE run=? AND name=?",
                ("cached" if source_run or cached else "succeeded", now, now, attempts, source_run,
                 self._relative(folder), run, step),
            )  # fmt: skip
            self._db.executemany(
                "INSERT OR REPLACE INTO artifacts VALUES (?,?,?,?,?,?,?)",
                [
                    (run, step, key, json.dumps(item["names"]), item["digest"], item["size"],
                     item.get("type", "system.Artifact"))
                    for key, item in outputs.items()
                ],
            )  # fmt: skip
            self._db.executemany(
                "INSERT OR REPLACE INTO metrics VALUES (?,?,?,?)",
                [(run, step, name, json.dumps(value)) for name, value in metrics.items()],
            )
            if cache_key is not None and source_run is None:
                self._db.execute(
                    "INSERT OR REPLACE INTO cache VALUES (?,?,?,?,?,?,?,?)",
                    (cache_key, json.dumps(observed or {}, sort_keys=True), run, step,
                     self._relative(folder), json.dumps(outputs), json.dumps(metrics), now),
                )  # fmt: skip

    def record_inputs(
        self, run: str, step: str, inputs: Mapping[str, tuple[str, str, str]]
    ) -> None:
        """Record what a step was given: producer, output key and digest, by input key."""
        self._db.executemany(
            "INSERT OR REPLACE INTO inputs VALUES (?,?,?,?,?,?)",
            [(run, step, key, *item) for key, item in inputs.items()],
        )

    def fail_step(
        self,
        run: str,
        step: str,
        status: str,
        *,
        error: Mapping[str, Any] | None = None,
        reason: str | None = None,
        attempts: int = 1,
    ) -> None:
        """Record that a step failed, was skipped, or was interrupted."""
        self._db.execute(
            "UPDATE steps SET status=?, ended=?, error=?, reason=?, attempts=? "
            "WHERE run=? AND name=?",
            (status, time.time(), json.dumps(error) if error else None, reason, attempts, run,
             step),
        )  # fmt: skip

    def stop_run(self, run: str) -> None:
        """Interrupt the process of a run that goes on here, as Ctrl-C does."""
        row = self._db.execute(
            "SELECT pid, process_started FROM runs WHERE id=?", (run,)
        ).fetchone()
        if row["pid"] and is_alive(row["pid"], row["process_started"]):
            os.kill(row["pid"], signal.SIGINT)

    def set_times(self, run: str, step: str, started: float | None, ended: float | None) -> None:
        """Record when a step ran by another machine's clock."""
        self._db.execute(
            "UPDATE steps SET started=?, ended=? WHERE run=? AND name=?",
            (started, ended, run, step),
        )

    def finish_run(self, run: str, status: str, ended: float | None = None) -> None:
        """Record the end of a run; ``ended`` is now unless another machine's clock tells it."""
        self._db.execute(
            "UPDATE runs SET status=?, ended=? WHERE id=?", (status, ended or time.time(), run)
        )

    def begin_pruning(self) -> sqlite3.Connection:
        """Mark runs whose process is gone; return the database, for ``pruning``."""
        with transaction(self._db):
            self._mark_dead_runs()
        return self._db

    # -- objects -----------------------------------------------------------------

    def commit(self, folder: Path, digest: str) -> None:
        """Take a finished artifact folder into the store."""
        if self.is_intact(digest) is False:
            remove(object_path(self.folder, digest))
        commit_object(self.folder, folder, digest)
        self._set_stamp(digest, object_stamp(self.folder, digest) or "")

    def is_intact(self, digest: str) -> bool | None:
        """Tell whether an artifact is what it was stored as; None if it is not there.

        Its content is only read again when its files look changed.
        """
        stamp = object_stamp(self.folder, digest)
        if stamp is None:
            return None
        row = self._db.execute("SELECT stamp FROM objects WHERE digest=?", (digest,)).fetchone()
        if row is not None and row["stamp"] == stamp:
            return True
        from kalelike.store.integrity import check_artifact

        try:
            check_artifact(object_path(self.folder, digest), digest)
        except (ValueError, KeyError, TypeError, OSError, StepError):
            return False
        if self._writable:
            self._set_stamp(digest, stamp)
        return True

    def _set_stamp(self, digest: str, stamp: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO objects VALUES (?,?)", (digest, stamp))

    # -- cache -------------------------------------------------------------------

    def find_cached(self, key: str) -> Iterator[CacheEntry]:
        """Give what steps with this key gave, newest first; the artifacts may be gone."""
        rows = self._db.execute(
            "SELECT * FROM cache WHERE key=? ORDER BY created DESC", (key,)
        ).fetchall()
        for row in rows:
            folder = self.folder / row["folder"]
            if folder.is_dir():
                yield CacheEntry(
                    row["run"], row["step"], folder, json.loads(row["outputs"]),
                    json.loads(row["metrics"]), json.loads(row["observed"]),
                )  # fmt: skip

    def find_same(
        self, engine: str, step: str, key: str, run: str
    ) -> tuple[str, dict[str, Any], dict[str, dict[str, Any]]] | None:
        """Return the newest other run in which an engine made a step with this key.

        With it come the step's metrics and outputs.
        """
        row = self._db.execute(
            "SELECT steps.run FROM steps JOIN runs ON runs.id = steps.run WHERE runs.engine=? "
            "AND steps.name=? AND steps.cache_key=? AND steps.status='succeeded' AND steps.run<>? "
            "ORDER BY runs.started DESC LIMIT 1",
            (engine, step, key, run),
        ).fetchone()
        if row is None:
            return None
        found = next(
            item for item in read_steps(self._db, self.folder, row["run"]) if item.name == step
        )
        outputs = {
            item.key: {
                "names": list(item.names), "digest": item.digest, "size": item.size,
                "type": item.type,
            }
            for item in found.artifacts
        }  # fmt: skip
        return row["run"], dict(found.metrics), outputs

    def forget_cached(self, run: str, step: str) -> None:
        """Let a step's result be made again next time."""
        self._db.execute("DELETE FROM cache WHERE run=? AND step=?", (run, step))

    def file_hash(self, path: Path, digest: Callable[[Path], str]) -> str:
        """Return a file's SHA-256, computed by ``digest`` when the file changed since.

        Raises ``OSError`` when it cannot be read.
        """
        stamp = stamp_of(path) or ""
        row = self._db.execute(
            "SELECT stamp, sha256 FROM file_hashes WHERE path=?", (str(path),)
        ).fetchone()
        if row is not None and row["stamp"] == stamp:
            return str(row["sha256"])
        found = digest(path)
        self._db.execute(
            "INSERT OR REPLACE INTO file_hashes VALUES (?,?,?)", (str(path), stamp, found)
        )
        return found

    # -- reading -------------------------------------------------------------------

    def list_runs(self, limit: int = 50) -> list[RunRow]:
        """Return the newest runs first, without their steps."""
        if self._writable:
            with transaction(self._db):
                self._mark_dead_runs()
        rows = self._db.execute(
            "SELECT * FROM runs ORDER BY started DESC, id DESC LIMIT ?", (limit,)
        ).fetchall()
        return [read_run(row) for row in rows]

    def find_run(self, prefix: str | None = None) -> RunRow:
        """Return a run with its steps, by the beginning of its id; the newest without one.

        Raises :class:`BackendError` (KL806) when there is none, or more than one.
        """
        runs = self.list_runs(limit=10_000)
        found = [run for run in runs if prefix is None or run.id.startswith(prefix)]
        if not found or (prefix is not None and len(found) > 1 and found[0].id != prefix):
            what = f"run {prefix}" if prefix is not None else "a run"
            many = "more than one" if found else "no"
            raise BackendError(
                [
                    diagnose(
                        "no-such-run",
                        f"{many} {what} is in the store"
                        if found
                        else f"{what} is not in the store",
                        Location(str(self.folder)),
                        "list them with `kalelike runs`",
                    )
                ]
            )
        return replace(found[0], steps=read_steps(self._db, self.folder, found[0].id))

    def _relative(self, folder: Path) -> str:
        return str(folder.relative_to(self.folder))
