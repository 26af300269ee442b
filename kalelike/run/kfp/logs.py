"""A step's log as the API gives it: the user's lines, and the record that ends it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from kalelike.run.kfp.connection import Connection
from kalelike.run.kfp.faults import TRANSIENT, ApiError, Fault
from kalelike.run.local.step_log import parse_retry
from kalelike.runtime.record import MARK

# KFP's launcher writes to the same log, in the form of Go's glog.
_LAUNCHER = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [\w.-]+\.go:\d+\] ?")
# Argo's emissary writes logfmt, and marks it.
_ARGO = re.compile(r'time="?[^ ]+"? level=\w+ .*\bargo=true')
_PAGE = re.compile(r"\s*<(!doctype html|html)\b", re.IGNORECASE)
_LONGEST_RECORD = 256 * 1024
_TEMPLATES = ("system-container-impl", "retry-system-container-impl")
_LONGEST_POD_PREFIX = 241


def user_lines(log: str) -> Iterator[str]:
    """Yield the lines that the step itself wrote (its retries' too): no launcher's, no record.

    The launcher shows what the step stated (its executor output) as JSON of
    several lines, of which only the first has its prefix.
    """
    in_block = False
    for line in log.splitlines():
        launcher = _LAUNCHER.match(line)
        if in_block and launcher is None:
            in_block = line != "}"
            continue
        in_block = launcher is not None and line.endswith("{")
        if launcher or line.startswith(MARK) or _ARGO.match(line):
            continue
        yield line


def shown_lines(log: str) -> list[str]:
    """Return what is to be read of a log: the step's own lines, else what Kubeflow says."""
    lines = [line for line in user_lines(log) if parse_retry(line) is None]
    return lines if any(line.strip() for line in lines) else log.splitlines()


def find_record(log: str) -> Mapping[str, Any] | None:
    """Return the last record in a log; None where there is none that can be read.

    The user's code can print what looks like one, so its form is checked; the
    entry point's own comes last.
    """
    at = log.rfind(f"\n{MARK}")
    at = at + 1 if at >= 0 else (0 if log.startswith(MARK) else -1)
    if at < 0:
        return None
    line = log[at + len(MARK) :].partition("\n")[0]
    if len(line) > _LONGEST_RECORD:
        return None
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return data if _is_record(data) else None


def launcher_reason(log: str) -> str:
    """Return the launcher's own last complaint, without its prefix; empty if there is none."""
    found = ""
    for line in log.splitlines():
        match = _LAUNCHER.match(line)
        if match is not None and line[0] in "EF":
            found = line[match.end() :]
    return found


def _is_record(data: object) -> bool:
    if not isinstance(data, dict):
        return False
    shape: dict[str, type | tuple[type, ...]] = {
        "step": str, "sha": str, "status": str, "seconds": (int, float), "attempt": int,
        "metrics": dict, "parameters": dict, "outputs": dict, "exit_code": int,
        "error": (dict, type(None)),
    }  # fmt: skip
    return all(isinstance(data.get(key), kind) for key, kind in shape.items())


def read_log(connection: Connection, run_id: str, node: str, *, live: bool = False) -> str:
    """Return the log of a node that ended, or with ``live`` of one that may still run.

    The archived log comes first for one that ended: the other way gives the
    same, but without empty lines and lines that are JSON, and up to a line of
    1 MiB (KFP's ``CopyLogFromArchiveReader``). Only the pod has the log of a
    step that runs, and is asked by its own name, which is not the node's.
    Raises ``LookupError`` when the server has none, and ``ApiError``.
    """
    by_node = partial(_from_pod, connection, run_id, node)
    by_name = (partial(_from_pod, connection, run_id, name) for name in pod_names(node))
    archived = partial(_from_artifacts, connection, run_id, node)
    problems = []
    strange: ApiError | None = None
    for read in (*by_name, by_node) if live else (archived, by_node, *by_name):
        try:
            return read()
        except LookupError as error:
            problems.append(str(error))
        except ApiError as fault:
            if fault.kind is Fault.NOT_KFP:
                strange = fault
            elif fault.kind in TRANSIENT and fault.status < 500:
                raise
            problems.append(fault.message)
    if strange is not None:
        raise strange
    raise LookupError(problems[0])


def pod_names(node: str) -> tuple[str, ...]:
    """Return how the pod of a node that runs a user's container may be called.

    Argo puts the template's name between workflow and hash (``GeneratePodName``);
    KFP's template has a name of its own for steps with a retry policy.
    """
    workflow, _, number = node.rpartition("-")
    return tuple(f"{workflow}-{template}"[:_LONGEST_POD_PREFIX] + f"-{number}"
                 for template in _TEMPLATES)  # fmt: skip


def _from_pod(connection: Connection, run_id: str, name: str) -> str:
    path = f"/apis/v1alpha1/runs/{quote(run_id, '')}/nodes/{quote(name, '')}/log"
    text = connection.get_bytes(path).decode("utf-8", "replace")
    if _PAGE.match(text):
        # The launcher's lines come first in every log: this is a gateway's page.
        raise ApiError.of_body(text.encode())
    # An unknown node answers with success, and the error in the body; an error
    # on the way stands after what had been read.
    body, found, error = text.rpartition('{"error_message"')
    if not found or not _is_error(found + error):
        return text
    if not body:
        raise LookupError(_error_message(text))
    return f"{body}(the server could not read the rest of the log)\n"


def _is_error(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return text.startswith('{"error_message":"')


def _from_artifacts(connection: Connection, run_id: str, node: str) -> str:
    path = (
        f"/apis/v2beta1/runs/{quote(run_id, '')}/nodes/{quote(node, '')}/artifacts/main-logs:read"
    )
    data = connection.get(path)
    if "data" not in data:
        raise LookupError(str(data.get("error_message") or "there is no log artifact"))
    try:
        return base64.b64decode(str(data["data"]), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise LookupError("the log artifact is damaged") from None


def _error_message(text: str) -> str:
    try:
        return str(json.loads(text)["error_message"]).partition("\n")[0][:300]
    except (ValueError, LookupError, TypeError):
        return "the server has no log of it"
