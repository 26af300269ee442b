"""Which server, which namespace, and by which credentials: references, resolved late."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError


@dataclass(frozen=True, slots=True)
class Target:
    """A server as ``kfp.Client`` takes it. Secrets are named, not held.

    ``host`` None means the cluster that this process itself runs in, or with
    ``kube_context`` the one of that kubectl context. ``token_env`` and
    ``cookie_env`` name environment variables, ``token_file`` a file.
    ``service_account_token`` uses the token that Kubernetes projects into a pod.
    """

    host: str | None = None
    namespace: str | None = None
    token_env: str | None = None
    token_file: str | None = None
    cookie_env: str | None = None
    ca_cert: str | None = None
    verify_tls: bool | None = None
    kube_context: str | None = None
    proxy: str | None = None
    service_account_token: bool = False

    def client_arguments(self, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the arguments of ``kfp.Client``; raises :class:`BackendError` for what is missing.

        Everything that kfp reads from the environment itself is left to it. Its
        ``namespace`` is Kubeflow's own, not the user's, and stays as it is.
        """
        environ = os.environ if environ is None else environ
        host = self.host or environ.get("KF_PIPELINES_ENDPOINT")
        if not host and not self.kube_context and not environ.get("KUBERNETES_SERVICE_HOST"):
            raise _missing(
                "no-host",
                "no Kubeflow server is named",
                "give --host http://ADDRESS, KALELIKE_HOST, or `host` in a context of"
                " kalelike.toml",
            )
        arguments: dict[str, Any] = {
            "host": host,
            "existing_token": self._token(environ),
            "cookies": _variable(self.cookie_env, "cookie", environ),
            "ssl_ca_cert": self.ca_cert,
            "verify_ssl": self.verify_tls,
            "kube_context": self.kube_context,
            "proxy": self.proxy,
        }
        if self.service_account_token:
            from kfp.client import ServiceAccountTokenVolumeCredentials

            arguments["credentials"] = ServiceAccountTokenVolumeCredentials()
        return {key: value for key, value in arguments.items() if value is not None}

    def _token(self, environ: Mapping[str, str]) -> str | None:
        if self.token_file:
            try:
                return Path(self.token_file).expanduser().read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or str(error)
                raise _missing(
                    "kfp-not-authenticated",
                    f"the token file {self.token_file} cannot be read: {why}",
                    "correct `token-file` in the context",
                ) from error
        return _variable(self.token_env, "token", environ)


def _variable(name: str | None, what: str, environ: Mapping[str, str]) -> str | None:
    if name is None:
        return None
    value = environ.get(name)
    if not value:
        raise _missing(
            "kfp-not-authenticated",
            f"the {what} is to be in the environment variable {name}, which is not set",
            f"set {name}, or correct the context",
        )
    return value


def _missing(code: str, message: str, hint: str) -> BackendError:
    return BackendError([diagnose(code, message, Location("kfp"), hint)])
