"""What a followed run leaves in the local store, in the same form as a run made here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kalelike.run.backend import StepResult
from kalelike.run.kfp.outcomes import Outcome
from kalelike.run.kfp.recipes import step_recipes
from kalelike.run.kfp.remote import RemoteRun
from kalelike.run.kfp.states import StepState
from kalelike.run.kfp.steps import KfpStep
from kalelike.runtime.atomic import strict_json, write_text
from kalelike.store.runs import RunStore

ENGINE = "kfp"


class Ledger:
    """Writes one run's steps; the store stays open for as long as the run is followed."""

    def __init__(self, store: RunStore, run: str, remote: RemoteRun) -> None:
        self._store = store
        self.run = run
        self._recipes = step_recipes(remote.ir, remote.parameters)
        self._ir = remote.ir

    def named(self) -> tuple[str, float]:
        """Return the pipeline's name, and when the run began."""
        row = self._store.find_run(self.run)
        return row.pipeline, row.started

    def finished(self) -> dict[str, StepResult]:
        """Return the steps whose ends are known already."""
        row = self._store.find_run(self.run)
        return {
            step.name: StepResult(
                step.name, step.status, step.seconds or 0.0, step.metrics, step.error,
                step.reason, step.source_run,
            )
            for step in row.steps
            if step.status in ("succeeded", "cached", "failed", "skipped")
        }  # fmt: skip

    def start(self, step: KfpStep) -> None:
        """Record that a step's turn has come."""
        folder = self._folder(step)
        folder.mkdir(parents=True, exist_ok=True)
        key = self._recipes.get(step.task, "") if len(step.path) == 1 else ""
        self._store.start_step(self.run, step.name, folder, key)

    def cached(
        self, step: KfpStep
    ) -> tuple[str | None, Mapping[str, Any], Mapping[str, Mapping[str, Any]]]:
        """Return the run that a cached step's result is from, its metrics and its outputs.

        The newest run of the same recipe that this store knows; none for one
        that was made from elsewhere.
        """
        recipe = self._recipes.get(step.task) if len(step.path) == 1 else None
        found = self._store.find_same(ENGINE, step.name, recipe, self.run) if recipe else None
        return found or (None, {}, {})

    def finish(self, step: KfpStep, state: StepState, result: StepResult, outcome: Outcome) -> None:
        """Record a step's end: log, record, metrics, outputs, error."""
        folder = self._folder(step)
        if result.status in ("skipped", "interrupted"):
            self._store.fail_step(self.run, step.name, result.status, reason=result.reason)
            if not outcome.log:
                return
        folder.mkdir(parents=True, exist_ok=True)
        if outcome.log:
            write_text(folder / "log.txt", outcome.log)
        if outcome.record is not None:
            write_text(folder / "record.json", strict_json(outcome.record))
        if result.status == "failed":
            self._store.fail_step(
                self.run, step.name, "failed", error=result.error, attempts=outcome.attempts
            )
        elif result.status in ("succeeded", "cached"):
            self._store.finish_step(
                self.run, step.name, outputs=_outputs(outcome), metrics=result.metrics,
                attempts=outcome.attempts, cache_key=None, folder=folder,
                source_run=result.source_run, cached=result.status == "cached",
            )  # fmt: skip
        started = state.ended - result.seconds if state.ended else state.started
        self._store.set_times(self.run, step.name, started, state.ended)

    def close(self, status: str, ended: float | None = None) -> None:
        """Record the run's end."""
        self._store.finish_run(self.run, status, ended)

    def _folder(self, step: KfpStep) -> Path:
        return self._store.folder / "runs" / self.run / step.task


def _outputs(outcome: Outcome) -> dict[str, Mapping[str, Any]]:
    """Return outputs as the store has them; texts that are no digest do not come in."""
    return {
        key: item
        for key, item in outcome.outputs.items()
        if isinstance(item.get("digest"), str)
        and isinstance(item.get("size"), int)
        and isinstance(item.get("names"), list)
    }
