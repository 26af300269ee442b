"""What can go wrong between here and the server, told apart by what helps."""

from __future__ import annotations

import json
import re
from enum import Enum

from kalelike.diagnostics import Diagnostic, Location, diagnose

_MOST = 500


class Fault(Enum):
    """A kind of fault: the diagnostic's name, and what to do about it."""

    UNREACHABLE = (
        "kfp-unreachable",
        "check host and port, and that a port-forward still runs"
        " (kubectl port-forward -n kubeflow svc/ml-pipeline 8888:8888)",
    )
    BUSY = ("kfp-unavailable", "try again; the server's own log says more")
    TLS = (
        "kfp-tls-failed",
        "name the certificate authority's file as `ca-cert` in the context, or write http://"
        " where the server speaks no TLS",
    )
    UNAUTHENTICATED = (
        "kfp-not-authenticated",
        "name a token or cookie in the context (token-env, token-file, cookie-env);"
        " an old one may have expired",
    )
    FORBIDDEN = (
        "kfp-forbidden",
        "ask for the role `kubeflow-edit` in the namespace, or name another with --namespace",
    )
    OLD = ("kfp-too-old", "Kubeflow Pipelines 2.0 or newer is needed")
    NOT_KFP = (
        "not-kubeflow",
        "--host has to be the address of the Pipelines API, with a path if the gateway has one"
        " (for example https://kubeflow.example.com/pipeline)",
    )
    MISSING = ("kfp-not-found", "it may have been deleted")
    EXISTS = ("kfp-refused", "choose another name")
    REFUSED = ("kfp-refused", "`kalelike check` on the compiled pipeline may say more")


TRANSIENT = frozenset({Fault.UNREACHABLE, Fault.BUSY, Fault.NOT_KFP})
"""Faults that can pass while a run is followed: a gateway that restarts sends pages, too."""


class ApiError(Exception):
    """A request failed; ``message`` is one line, ``status`` the HTTP status (0: none)."""

    def __init__(self, kind: Fault, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = " ".join(message.split())[:_MOST]
        self.status = status

    def diagnostic(self, what: str, host: str, hint: str = "") -> Diagnostic:
        """Return the diagnostic of this fault; ``what`` could not be done at ``host``."""
        name, advice = self.kind.value
        text = f"{what}: {self.message}" if what else self.message
        return diagnose(name, text, Location(host), hint or advice)

    @classmethod
    def of_body(cls, body: bytes) -> ApiError:
        """Return the fault of a successful answer that is not the API's."""
        text = body[:4096].decode("utf-8", "replace")
        if re.search(r"<form|log.?in|sign.?in|oauth|dex", text, re.IGNORECASE):
            return cls(Fault.UNAUTHENTICATED, "a log-in page answered in the API's place")
        if "<html" in text.lower() or "<!doctype" in text.lower():
            return cls(Fault.NOT_KFP, f"a web page answered in the API's place{_title(text)}")
        return cls(Fault.NOT_KFP, "the answer is not JSON")

    @classmethod
    def of_exception(cls, error: Exception) -> ApiError:
        """Return the fault behind an exception of kfp's client or of urllib3."""
        status = getattr(error, "status", None)
        if isinstance(status, int) and status:
            return cls._of_status(status, getattr(error, "body", None), str(error))
        text = _innermost(error)
        lower = text.lower()
        if "certificate" in lower or "ssl" in lower or "tls" in lower:
            return cls(Fault.TLS, text)
        name = type(error).__module__.partition(".")[0]
        if name in ("urllib3", "requests", "http", "socket") or isinstance(error, OSError):
            return cls(Fault.UNREACHABLE, text)
        return cls(Fault.REFUSED, f"{type(error).__name__}: {text}")

    @classmethod
    def _of_status(cls, status: int, body: object, text: str) -> ApiError:
        kinds = {
            301: Fault.NOT_KFP, 302: Fault.UNAUTHENTICATED, 303: Fault.UNAUTHENTICATED,
            400: Fault.REFUSED, 401: Fault.UNAUTHENTICATED, 403: Fault.FORBIDDEN,
            404: Fault.MISSING, 405: Fault.NOT_KFP, 409: Fault.EXISTS, 429: Fault.BUSY,
            502: Fault.BUSY, 503: Fault.BUSY, 504: Fault.BUSY,
        }  # fmt: skip
        kind = kinds.get(status, Fault.REFUSED if status < 500 else Fault.BUSY)
        raw = body if isinstance(body, bytes) else str(body or "").encode()
        message = _message(raw.decode("utf-8", "replace")) or text.partition("\n")[0]
        return cls(kind, f"HTTP {status}: {message}", status)


def _message(body: str) -> str:
    """Return the API's own words: gRPC's ``message``, or the upload server's."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return f"a web page{_title(body)}" if "<html" in body.lower() else body[:_MOST]
    if not isinstance(data, dict):
        return body[:_MOST]
    return str(data.get("message") or data.get("error_message") or data.get("error") or body)


def _title(page: str) -> str:
    match = re.search(r"<title[^>]*>([^<]{1,80})", page, re.IGNORECASE)
    return f" ({match.group(1).strip()})" if match else ""


def _innermost(error: BaseException) -> str:
    """Return the reason under urllib3's layers, without its objects' addresses."""
    reason: object = error
    while isinstance(reason, BaseException):
        inner = getattr(reason, "reason", None)
        if not isinstance(inner, BaseException | str) or inner == "":
            break
        reason = inner
    text = str(reason)
    return re.sub(r"<?\w[\w.]*(\(host=[^)]*\)| object at 0x[0-9a-f]+)>?:?\s*", "", text).strip()
