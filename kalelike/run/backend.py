"""The protocol of engines: a compiled document in, a result out, events on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kalelike.run.events import Listener

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How and where to run.

    ``store`` is the store's folder, ``notebook_dir`` the steps' working
    directory, ``code_dir`` holds the steps' code documents. ``imports`` are
    modules that the warm parent loads once for all steps. ``environment_key``
    stands for the packages in the cache's keys, and with ``by_image`` each step's
    image does. ``timeout`` limits the whole run, in seconds. ``env`` are variables
    that every step gets. ``step_dir`` gives each step a working directory of its
    own in place of ``notebook_dir``.
    """

    store: Path
    notebook_dir: Path
    code_dir: Path
    pipeline: str = "pipeline"
    notebook: str = ""
    jobs: int = 4
    cache: bool = True
    start_method: str | None = None
    timeout: float | None = None
    fail_fast: bool = False
    imports: tuple[str, ...] = ()
    environment_key: str = ""
    by_image: bool = False
    graph: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    step_dir: Callable[[str], Path] | None = None

    def folder_of(self, step: str) -> Path:
        """Return a step's working directory."""
        return self.step_dir(step) if self.step_dir is not None else self.notebook_dir


@dataclass(frozen=True, slots=True)
class StepResult:
    """How one step ended."""

    step: str
    status: str
    seconds: float = 0.0
    metrics: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    reason: str | None = None
    source_run: str | None = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended; ``status`` is succeeded, failed or interrupted.

    ``reason`` says why it ended before its time, if it did.
    """

    run: str
    status: str
    seconds: float
    steps: tuple[StepResult, ...]
    reason: str | None = None

    @property
    def metrics(self) -> dict[str, Any]:
        """All metrics of all steps, by name."""
        return {name: value for step in self.steps for name, value in step.metrics.items()}


class Backend(Protocol):
    """An engine."""

    def run(
        self,
        ir: Document,
        platform: Document | None,
        parameters: Mapping[str, object],
        options: RunOptions,
        listener: Listener,
    ) -> RunResult:
        """Run a document to its end.

        Raises :class:`BackendError` for what this engine cannot run, before
        anything runs.
        """
        ...
