"""From a document to a run on the server: checked here first, and each thing made only once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kalelike.cluster_limits import LARGEST_PARAMETERS
from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.emit import PipelineDocument, to_yaml
from kalelike.errors import BackendError
from kalelike.run.kfp.connection import Connection
from kalelike.run.kfp.faults import TRANSIENT, ApiError, Fault

_HASH = "kalelike content sha256:"
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_EQUALS = 1
_PAGE = 50


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the server beside the document.

    ``parameters`` are in the form that the document carries (see ``encode``).
    """

    experiment: str
    job: str
    parameters: Mapping[str, Any]
    namespace: str | None = None
    service_account: str | None = None
    pipeline_root: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A pipeline version on the server; ``made`` tells whether it is new."""

    pipeline_id: str
    version_id: str
    pipeline: str
    name: str
    made: bool


def content_hash(document: PipelineDocument) -> str:
    """Return the SHA-256 of a document's content."""
    data = {"ir": document.ir, "platform": document.platform}
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def check_request(document: PipelineDocument, request: Request) -> None:
    """Refuse what the server or Kubernetes would refuse; raises :class:`BackendError`.

    The parameters' names and types have been checked against the document
    already; here it is their size, and the names.
    """
    source = str(document.ir["pipelineInfo"]["name"])  # type: ignore[index]
    problems = list(_check_names(request))
    size = len(json.dumps(dict(request.parameters), separators=(",", ":")).encode())
    if size > LARGEST_PARAMETERS:
        largest = max(request.parameters, key=lambda key: len(json.dumps(request.parameters[key])))
        problems.append(
            diagnose(
                "parameters-too-large",
                f"the run's parameters take {size:,} bytes, and Kubeflow takes"
                f" {LARGEST_PARAMETERS:,}; the largest is {largest}",
                Location(source),
                "pass a path or an address in its place, or change the default in the notebook",
            )
        )
    if problems:
        raise BackendError(problems)


def _check_names(request: Request) -> Iterator[Diagnostic]:
    for what, name in (
        ("namespace", request.namespace),
        ("service account", request.service_account),
    ):
        if name is not None and not all(_LABEL.fullmatch(part) for part in name.split(".")):
            yield diagnose(
                "bad-kubernetes-name",
                f"Kubernetes takes no {what} named {name!r}",
                Location("kfp"),
                "use small letters, digits and `-`, at most 63, a letter or digit at both ends",
            )
    if not request.experiment.strip() or len(request.experiment) > 128:
        yield diagnose(
            "bad-kubernetes-name",
            f"{request.experiment!r} cannot be an experiment's name",
            Location("kfp"),
            "use 1 to 128 characters",
        )


def find_experiment(connection: Connection, request: Request) -> str:
    """Return the id of the experiment, made where there is none; raises :class:`BackendError`."""
    what = f"the experiment {request.experiment} cannot be made"
    with told(connection, what), connection.errors():
        found = connection.client.create_experiment(
            request.experiment, namespace=connection.namespace
        )
    return _id(connection, found.experiment_id, what)


def upload(connection: Connection, document: PipelineDocument) -> Version:
    """Return the version that holds this document, uploaded only if there is none.

    The content's hash is part of a version's name; of a pipeline's first
    version, which has the pipeline's name, it stands in the description.
    Raises :class:`BackendError`.
    """
    digest = content_hash(document)
    info: Any = document.ir["pipelineInfo"]
    name, namespace = str(info["name"]), connection.namespace
    version_name = f"{name}-{digest[:12]}"
    with told(connection, f"the pipeline {name} cannot be looked up"):
        pipeline = _find_pipeline(connection, name, namespace)
        if pipeline is not None:
            found = _find_version(connection, pipeline, (version_name, name), digest)
            if found is not None:
                return Version(pipeline, *found, made=False)
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "pipeline.yaml"
        package.write_text(to_yaml(document), "utf-8")
        if pipeline is None:
            return _upload_first(connection, package, name, digest, namespace)
        return _upload_next(connection, package, pipeline, version_name, name, digest)


def _upload_first(
    connection: Connection, package: Path, name: str, digest: str, namespace: str | None
) -> Version:
    what = f"the pipeline {name} cannot be uploaded"
    with told(connection, what), connection.errors():
        made = connection.client.upload_pipeline(
            str(package), name, description=f"{_HASH}{digest}", namespace=namespace
        )
    pipeline = _id(connection, made.pipeline_id, what)
    with told(connection, f"the version just made of pipeline {name} cannot be looked up"):
        found = _find_version(connection, pipeline, (name,), digest)
    if found is None:
        raise BackendError(
            [
                ApiError(Fault.REFUSED, "the server does not list it").diagnostic(
                    f"the pipeline {name} was uploaded, but has no version", connection.host
                )
            ]
        )
    return Version(pipeline, *found, made=True)


def _upload_next(
    connection: Connection, package: Path, pipeline: str, version: str, name: str, digest: str
) -> Version:
    what = f"the version {version} cannot be uploaded"
    with told(connection, what):
        try:
            with connection.errors():
                made = connection.client.upload_pipeline_version(
                    str(package), version, pipeline_id=pipeline, description=f"{_HASH}{digest}"
                )
        except ApiError as fault:
            if fault.kind is not Fault.EXISTS:
                raise
            # Somebody was faster, with the same content.
            found = _find_version(connection, pipeline, (version,), digest)
            if found is None:
                raise
            return Version(pipeline, *found, made=False)
    return Version(
        pipeline, _id(connection, made.pipeline_version_id, what), name, version, made=True
    )


def _find_pipeline(connection: Connection, name: str, namespace: str | None) -> str | None:
    query = {"filter": _filter(name)}
    if namespace:
        query["namespace"] = namespace
    data = connection.get("/apis/v2beta1/pipelines", **query)
    for item in data.get("pipelines") or ():
        if item.get("display_name") == name:
            return str(item["pipeline_id"])
    return None


def _find_version(
    connection: Connection, pipeline: str, names: tuple[str, ...], digest: str
) -> tuple[str, str, str] | None:
    """Return the id, the pipeline's name and the version's own, of this content."""
    for name in names:
        data = connection.get(
            f"/apis/v2beta1/pipelines/{pipeline}/versions",
            page_size=str(_PAGE),
            sort_by="created_at desc",
            filter=_filter(name),
        )
        for item in data.get("pipeline_versions") or ():
            described = f"{_HASH}{digest}" in str(item.get("description", ""))
            hashed = str(item.get("display_name", "")).endswith(f"-{digest[:12]}")
            if item.get("display_name") == name and (described or hashed):
                return str(item["pipeline_version_id"]), names[-1], name
    return None


def _filter(name: str) -> str:
    predicate = {"operation": _EQUALS, "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})


def create_run(connection: Connection, version: Version, experiment: str, request: Request) -> str:
    """Start a run of a version and return its id; raises :class:`BackendError`.

    When the answer is lost on the way, the server is asked whether the run
    exists before anybody tries again: its name is unique.
    """
    what = f"the run {request.job} was not started"
    kept = f"; version {version.name} of pipeline {version.pipeline} stays on the server"
    with told(connection, what, kept if version.made else ""):
        try:
            with connection.errors():
                made = connection.client.run_pipeline(
                    experiment,
                    request.job,
                    params=dict(request.parameters),
                    pipeline_id=version.pipeline_id,
                    version_id=version.version_id,
                    pipeline_root=request.pipeline_root,
                    service_account=request.service_account,
                )
        except ApiError as fault:
            if fault.kind not in TRANSIENT:
                raise
            found = _find_run(connection, request)
            if found is None:
                raise
            return found
    return _id(connection, made.run_id, what)


def _find_run(connection: Connection, request: Request) -> str | None:
    query = {"filter": _filter(request.job), "sort_by": "created_at desc", "page_size": "5"}
    if connection.namespace:
        query["namespace"] = connection.namespace
    data = connection.get("/apis/v2beta1/runs", **query)
    for item in data.get("runs") or ():
        if item.get("display_name") == request.job:
            return str(item["run_id"])
    return None


def _id(connection: Connection, found: object, what: str) -> str:
    """Return an id; kfp's client makes an empty object of an answer that is not the API's."""
    if not isinstance(found, str) or not found:
        fault = ApiError(Fault.NOT_KFP, "the answer is not the API's: a log-in page, perhaps")
        raise BackendError([fault.diagnostic(what, connection.host)])
    return found


@contextlib.contextmanager
def told(connection: Connection, what: str, kept: str = "") -> Iterator[None]:
    """Turn an :class:`ApiError` of a block into one :class:`BackendError` that names the deed.

    ``kept`` is added: what the deed left behind on the server.
    """
    try:
        yield
    except ApiError as fault:
        found = fault.diagnostic(what, connection.host)
        raise BackendError([replace(found, message=found.message + kept)]) from fault
