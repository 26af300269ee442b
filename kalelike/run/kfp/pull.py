"""A step's results from the object store into the local one, where all else treats them as own."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError
from kalelike.runtime.faults import StepError
from kalelike.store.integrity import check_artifact
from kalelike.store.objects import commit_object, has_object, object_path
from kalelike.store.rows import RunRow, StepRow

PAGES = {"report": "report.html", "notebook": "notebook.ipynb", "metrics": "metrics.json"}
"""What a step gives beside its values, and how the store calls it."""

_ENDPOINT = "KALELIKE_S3_ENDPOINT"
_BUCKETS = {"minio": "s3", "s3": "s3", "gs": "gs", "gcs": "gs", "file": "file"}


@dataclass(frozen=True, slots=True)
class Pulled:
    """Where a result is now; ``fetched`` is False for one that was here already."""

    path: Path
    names: tuple[str, ...]
    size: int
    fetched: bool


def pull(store: Path, run: RunRow, source: RunRow, step: StepRow, name: str) -> Pulled:
    """Bring a value, or the step's ``report``, ``notebook`` or ``metrics``, into the store.

    ``source`` is the run that made it: ``run`` itself, or the one whose result
    was cached. Raises :class:`BackendError` when it cannot be had, and for
    content that is not what the step's record says.
    """
    record = _record(source, step.name)
    if name in PAGES:
        return _pull_page(store, run, step, record, name)
    key = next(
        (key for key, item in record.get("outputs", {}).items()
         if name in item.get("names", ()) or name == key),
        None,
    )  # fmt: skip
    if key is None:
        given = [each for item in record.get("outputs", {}).values() for each in item["names"]]
        known = ", ".join([*given, *PAGES])
        raise _refuse(f"step {step.name} of run {run.id} gave no {name}", f"it gave: {known}")
    item = record["outputs"][key]
    digest, names, size = str(item["digest"]), tuple(item["names"]), int(item["size"])
    if has_object(store, digest):
        return Pulled(object_path(store, digest), names, size, fetched=False)
    with tempfile.TemporaryDirectory(dir=store, prefix=".pull-") as scratch:
        folder = Path(scratch) / "value"
        _fetch(_uri(record, key), folder)
        try:
            check_artifact(folder, digest)
        except (ValueError, OSError, StepError, KeyError, TypeError) as error:
            message = f"{step.name}.{name} was fetched, but {error}; it was thrown away"
            raise _refuse(message, "run the step again") from error
        return Pulled(commit_object(store, folder, digest), names, size, fetched=True)


def _record(run: RunRow, step: str) -> Mapping[str, Any]:
    row = next(item for item in run.steps if item.name == step)
    try:
        if row.folder is None:
            raise FileNotFoundError
        data = json.loads((row.folder / "record.json").read_text("utf-8"))
    except (OSError, ValueError):
        raise _refuse(
            f"what step {step} of run {run.id} gave is not known: it {row.status}",
            "a step that was cached from elsewhere has no record here; run it with --no-cache",
        ) from None
    return data if isinstance(data, dict) else {}


def _pull_page(
    store: Path, run: RunRow, step: StepRow, record: Mapping[str, Any], name: str
) -> Pulled:
    folder = step.folder or store / "runs" / run.id / step.name
    target = folder / PAGES[name]
    if target.is_file():
        return Pulled(target, (name,), target.stat().st_size, fetched=False)
    with tempfile.TemporaryDirectory(dir=store, prefix=".pull-") as scratch:
        found = Path(scratch) / "page"
        _fetch(_uri(record, name), found)
        if not found.is_file():
            raise _refuse(f"{step.name}.{name} is not a file in the object store", "")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(found, target)
    return Pulled(target, (name,), target.stat().st_size, fetched=True)


def _uri(record: Mapping[str, Any], key: str) -> str:
    uri = record.get("uris", {}).get(key)
    if not isinstance(uri, str):
        raise _refuse(f"the step's record does not say where {key} is", "run it again")
    return uri


def _fetch(uri: str, target: Path) -> None:
    """Copy a file or a folder from a bucket; credentials are the environment's own."""
    scheme, found, path = uri.partition("://")
    protocol = _BUCKETS.get(scheme)
    if not found or protocol is None:
        raise _refuse(f"nothing can be fetched from {uri}", "s3://, minio://, gs:// are known")
    try:
        import fsspec

        options: dict[str, Any] = {}
        endpoint = os.environ.get(_ENDPOINT)
        if protocol == "s3" and endpoint:
            options["client_kwargs"] = {"endpoint_url": endpoint}
        elif scheme == "minio":
            raise _refuse(
                f"{uri} is in the cluster's own object store, whose address is not known",
                f"set {_ENDPOINT} to it (kubectl port-forward -n kubeflow svc/seaweedfs 9000:9000"
                " makes http://127.0.0.1:9000), and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to"
                " the keys in its secret mlpipeline-minio-artifact",
            )
        system = fsspec.filesystem(protocol, **options)
        system.get(path, str(target), recursive=system.isdir(path))
    except ImportError as error:
        raise _refuse(
            f"{uri} cannot be fetched: {error}", "pip install 'kalelike[storage]'"
        ) from error
    except BackendError:
        raise
    except Exception as error:
        # Whatever the bucket's own library raises.
        why = " ".join(str(error).split())[:300] or type(error).__name__
        raise _refuse(
            f"{uri} cannot be fetched: {why}",
            f"check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and {_ENDPOINT}",
        ) from error


def _refuse(message: str, hint: str) -> BackendError:
    return BackendError([diagnose("cannot-pull", message, Location("pull"), hint)])
