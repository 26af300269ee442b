"""Runs on Kubeflow from the outside: submit a document, follow a run, wherever it was left."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kalelike.diagnostics import Diagnostic
from kalelike.emit import PipelineDocument
from kalelike.errors import BackendError
from kalelike.run.backend import RunResult
from kalelike.run.events import Listener, RunStarted
from kalelike.run.kfp.connection import Connection
from kalelike.run.kfp.faults import ApiError
from kalelike.run.kfp.follow import ContactLostError, Follower, Pace
from kalelike.run.kfp.ledger import ENGINE, Ledger
from kalelike.run.kfp.remote import RemoteRun, load_remote, save_remote
from kalelike.run.kfp.steps import read_steps
from kalelike.run.kfp.submit import (
    Request,
    Version,
    check_request,
    create_run,
    find_experiment,
    told,
    upload,
)
from kalelike.run.kfp.target import Target
from kalelike.run.parameters import parameter_values
from kalelike.store.runs import RunStore


@dataclass(frozen=True, slots=True)
class Submission:
    """What to run, where, and how it is called there.

    ``parameters`` are Python values by the document's names. ``graph`` is a
    picture for the run's page.
    """

    document: PipelineDocument
    target: Target
    store: Path
    pipeline: str
    notebook: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    experiment: str | None = None
    service_account: str | None = None
    pipeline_root: str | None = None
    graph: str | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """A run that exists: its name in the local store, its id and its version on the server."""

    run: str
    run_id: str
    host: str
    version: Version


def connect(target: Target) -> Connection:
    """Return a connection that works; raises :class:`BackendError` saying what is in the way."""
    try:
        connection = Connection(target)
    except ApiError as error:
        host = target.host or "kfp"
        raise BackendError([error.diagnostic("Kubeflow cannot be reached", host)]) from error
    with told(connection, "Kubeflow cannot be reached"):
        connection.check()
    return connection


def submit(submission: Submission) -> Submitted:
    """Start a run on the server; raises :class:`BackendError` before anything half-made is left.

    What the server keeps after a failure (a new pipeline version) is named.
    """
    document = submission.document
    values = parameter_values(document.ir, submission.parameters, submission.pipeline)
    sent = {name: values[name] for name in submission.parameters}
    request = Request(
        submission.experiment or submission.pipeline,
        f"{submission.pipeline} {time.strftime('%Y-%m-%d %H:%M:%S')} {secrets.token_hex(3)}",
        sent,
        submission.target.namespace,
        submission.service_account,
        submission.pipeline_root,
    )
    check_request(document, request)
    connection = connect(submission.target)
    version = upload(connection, document)
    experiment = find_experiment(connection, request)
    run_id = create_run(connection, version, experiment, request)
    remote = RemoteRun(
        run_id, submission.target, version.pipeline_id, version.version_id, document.ir, values
    )
    run = _record_run(submission, remote)
    return Submitted(run, run_id, connection.host, version)


def _record_run(submission: Submission, remote: RemoteRun) -> str:
    store = RunStore(submission.store)
    try:
        steps = [step.name for step in read_steps(remote.ir)]
        run = store.begin_run(
            submission.pipeline, submission.notebook, ENGINE, remote.parameters, steps,
            submission.graph,
        )  # fmt: skip
        save_remote(submission.store / "runs" / run, remote)
    finally:
        store.close()
    return run


def upload_pipeline(document: PipelineDocument, target: Target, name: str) -> tuple[Version, str]:
    """Make sure that the server has this document as a version; returns it, and the host."""
    check_request(document, Request(name, name, {}, target.namespace))
    connection = connect(target)
    return upload(connection, document), connection.host


@contextlib.contextmanager
def following(
    store_folder: Path, run: str, listener: Listener, pace: Pace, timeout: float | None = None
) -> Iterator[Follower]:
    """Give the follower of a run in the local store; the store is closed at the end."""
    remote = load_remote(store_folder / "runs" / run, run)
    try:
        connection = connect(remote.target)
    except BackendError as error:
        raise ContactLostError(error.diagnostics) from error
    store = RunStore(store_folder)
    try:
        ledger = Ledger(store, run, remote)
        steps = read_steps(remote.ir)
        yield Follower(connection, remote.run_id, run, steps, ledger, listener, pace, timeout)
    finally:
        store.close()


def follow(
    store_folder: Path, run: str, listener: Listener, pace: Pace, timeout: float | None = None
) -> tuple[RunResult, tuple[Diagnostic, ...]]:
    """Follow a run to its end; see :class:`Follower` for what is raised."""
    with following(store_folder, run, listener, pace, timeout) as follower:
        pipeline, started = follower.ledger.named()
        steps = tuple(step.name for step in follower.steps)
        listener(RunStarted(started, run, pipeline, steps))
        return follower.follow(), tuple(follower.notes)


def refresh(store_folder: Path, run: str) -> None:
    """Look at a run once, and record what has ended; raises :class:`BackendError`."""
    with (
        following(store_folder, run, lambda _: None, Pace()) as follower,
        told(follower.connection, f"run {run} cannot be looked up"),
    ):
        follower.refresh()


def step_log(store_folder: Path, run: str, name: str) -> str:
    """Return the log of a step that still runs, or whose log was not kept here.

    Raises :class:`BackendError` when the server has none.
    """
    with (
        following(store_folder, run, lambda _: None, Pace()) as follower,
        told(follower.connection, f"the log of step {name} cannot be read"),
    ):
        return follower.log_of(name)


def cancel(store_folder: Path, run: str) -> None:
    """Ask the server to end a run; raises :class:`BackendError`."""
    remote = load_remote(store_folder / "runs" / run, run)
    connection = connect(remote.target)
    with told(connection, f"run {run} cannot be ended"), connection.errors():
        connection.client.terminate_run(remote.run_id)
