"""The way to a Kubeflow Pipelines API: ``kfp.Client``'s authentication, and errors as one line.

Heavy: ``kfp`` takes more than half a second to import, so this module is only
loaded by commands that talk to a server.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError
from kalelike.run.kfp.faults import ApiError, Fault
from kalelike.run.kfp.target import Target

_TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and to wait for bytes; kfp itself would wait for ever."""


class Connection:
    """One server, reached as ``kfp.Client`` reaches it.

    Every method raises :class:`ApiError` for what the network or the server
    does; its kind says whether trying again can help.
    """

    def __init__(self, target: Target) -> None:
        """Load kfp and make its client; only ``check`` talks to the server.

        Raises :class:`BackendError` when kfp is not installed or no server is
        named, and :class:`ApiError`.
        """
        self.target = target
        with _quiet():
            self.client: Any = _make_client(target)
        self._api: Any = self.client._run_api.api_client
        self.host: str = self._api.configuration.host
        self.multi_user = False
        _limit_waiting(self._api.rest_client)

    def check(self) -> Mapping[str, Any]:
        """Ask for the server's health; raises ``ApiError`` for anything but a KFP v2 API."""
        try:
            found = self.get("/apis/v2beta1/healthz")
        except ApiError as fault:
            if fault.kind is Fault.MISSING and self._is_old():
                raise ApiError(Fault.OLD, "it has only the API of KFP v1") from fault
            if fault.kind is Fault.MISSING:
                raise ApiError(Fault.NOT_KFP, "it knows no /apis/v2beta1/healthz") from fault
            raise
        self.multi_user = found.get("multi_user") is True
        return found

    @property
    def namespace(self) -> str | None:
        """The namespace to name in requests: a server for one user refuses any."""
        return self.target.namespace if self.multi_user else None

    def _is_old(self) -> bool:
        try:
            self.get("/apis/v1beta1/healthz")
        except ApiError:
            return False
        return True

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return the JSON object at a path."""
        body = self.get_bytes(path, **query)
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            raise ApiError.of_body(body) from None
        if not isinstance(data, dict):
            raise ApiError(Fault.NOT_KFP, "its answer is not a JSON object")
        return data

    def get_bytes(self, path: str, **query: str) -> bytes:
        """Return what stands at a path, as it is sent."""
        headers = dict(self._api.default_headers)
        if self._api.cookie:
            headers["Cookie"] = self._api.cookie
        parameters = list(query.items())
        with self.errors():
            self._api.update_params_for_auth(headers, parameters, ["Bearer"])
            response = self._api.rest_client.GET(
                self.host + path, query_params=parameters, headers=headers
            )
        data: bytes = response.data
        return data

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn whatever ``kfp.Client`` raises into an :class:`ApiError`; its prints are dropped."""
        with _quiet():
            try:
                yield
            except (ApiError, KeyboardInterrupt, SystemExit):
                raise
            except Exception as error:
                raise ApiError.of_exception(error) from error


def _make_client(target: Target) -> Any:
    try:
        import kfp
        import kfp_server_api
    except ImportError as error:
        raise BackendError(
            [
                diagnose(
                    "kfp-not-installed",
                    f"the Kubeflow Pipelines client cannot be loaded: {error}",
                    Location("kfp"),
                    "pip install 'kalelike[kfp]'",
                )
            ]
        ) from error

    class Client(kfp.Client):  # type: ignore[misc]
        """As kfp's, but it neither retries for 25 s nor waits for ever while it is made."""

        def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
            del sleep_duration
            try:
                return self._healthz_api.healthz_service_get_healthz(_request_timeout=_TIMEOUT)
            except kfp_server_api.ApiException as error:
                if not error.status:
                    raise
                return SimpleNamespace(multi_user=False)  # ``check`` tells what answered.

    arguments = target.client_arguments()
    try:
        return Client(**arguments)
    except Exception as error:
        raise ApiError.of_exception(error) from error


def _limit_waiting(rest: Any) -> None:
    """Give every request of this client a time limit: kfp's own methods pass none."""
    request = rest.request

    def limited(*arguments: Any, **options: Any) -> Any:
        if not options.get("_request_timeout"):
            options["_request_timeout"] = _TIMEOUT
        return request(*arguments, **options)

    rest.request = limited


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Drop what kfp prints, logs and warns: its links, and its FutureWarning at every start."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
