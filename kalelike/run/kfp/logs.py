"""A step's log as the API gives it: the user's lines, and the record that ends it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from kalelike.run.kfp.connection import Connection
from kalelike.run.kfp.faults import TRANSIENT, ApiError
from kalelike.runtime.record import MARK

# KFP's launcher writes to the same log, in the form of Go's glog.
_LAUNCHER = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [\w.-]+\.go:\d+\] ?")
# Argo's emissary writes logfmt, and marks it.
_ARGO = re.compile(r'time="?[^ ]+"? level=\w+ .*\bargo=true')
_LONGEST_RECORD = 256 * 1024


def user_lines(log: str) -> Iterator[str]:
    """Yield the lines that the step itself wrote: no launcher's, no record."""
    for line in log.splitlines():
        if line.startswith(MARK) or _LAUNCHER.match(line) or _ARGO.match(line):
            continue
        yield line


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


def read_log(connection: Connection, run_id: str, node: str) -> str:
    """Return the log of a pod's node, from the pod or from the artifact store.

    Raises ``LookupError`` when the server has none, and ``ApiError``.
    """
    problems = []
    for read in (_from_pod, _from_artifacts):
        try:
            return read(connection, run_id, node)
        except LookupError as error:
            problems.append(str(error))
        except ApiError as fault:
            if fault.kind in TRANSIENT and fault.status < 500:
                raise
            problems.append(fault.message)
    raise LookupError("; ".join(dict.fromkeys(problems)))


def _from_pod(connection: Connection, run_id: str, node: str) -> str:
    path = f"/apis/v1alpha1/runs/{quote(run_id, '')}/nodes/{quote(node, '')}/log"
    text = connection.get_bytes(path).decode("utf-8", "replace")
    # An unknown node answers with success, and the error in the body.
    if text.startswith('{"error_message"'):
        raise LookupError(_error_message(text))
    return text


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
