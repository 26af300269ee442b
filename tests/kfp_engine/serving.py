"""A real HTTP server for tests, whose answers can be cut, delayed, or replaced."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """``cut`` closes the connection after so many bytes of the answer."""

    body: object
    status: int = 200
    kind: str = "application/json"
    delay: float = 0.0
    cut: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def data(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body).encode()


class Api:
    """Answers requests; subclasses are servers. ``trouble`` is taken in order, before all else."""

    def __init__(self) -> None:
        self.trouble: list[Answer] = []
        self.requests: list[Request] = []

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def receive(self, request: Request) -> Answer:
        self.requests.append(request)
        if self.trouble and self.troubled(request):
            return self.trouble.pop(0)
        return self.answer(request)

    def troubled(self, request: Request) -> bool:
        return True


@contextlib.contextmanager
def serving(api: Api) -> Iterator[str]:
    """Serve on a free port of this machine; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(
                self.command,
                unquote(parts.path),
                {key: value[0] for key, value in parse_qs(parts.query).items()},
                dict(self.headers),
                self.rfile.read(length),
            )
            answer = api.receive(request)
            time.sleep(answer.delay)
            data = answer.data()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if answer.cut == 0:
                    self._hang_up()
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                self.send_header("Content-Length", str(len(data)))
                for key, value in answer.headers.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(data if answer.cut is None else data[: answer.cut])
                if answer.cut is not None:
                    self._hang_up()

        def _hang_up(self) -> None:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
