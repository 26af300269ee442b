"""``kalelike pull`` from a bucket: a server of S3's protocol (``moto_server``, if there is one)."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kalelike.runtime.values import load_values
from tests.kfp_engine.test_commands import Place, place

__all__ = ["place"]
pytestmark = [pytest.mark.kfp, pytest.mark.slow]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    pytest.importorskip("s3fs")
    program = shutil.which("moto_server")
    if program is None:
        pytest.skip("no moto_server (pip install 'moto[s3]' flask flask-cors)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    import s3fs

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    system = s3fs.S3FileSystem(
        client_kwargs={"endpoint_url": endpoint}, skip_instance_cache=True, use_listings_cache=False
    )
    if not system.exists("mlpipeline"):
        system.mkdir("mlpipeline")
    return system


def move(place: Place, bucket: Any, run: str, step: str, scheme: str) -> None:
    """Put a step's outputs into the bucket, as the launcher does, and say so in its record."""
    path = place.folder / ".kalelike" / "runs" / run / step / "record.json"
    record = json.loads(path.read_text())
    for key, uri in record["uris"].items():
        source = Path(uri.removeprefix("file://"))
        target = f"mlpipeline/v2/artifacts/work/{run}/{step}/{key}"
        for file in [source] if source.is_file() else source.rglob("*"):
            if file.is_file():
                name = f"{target}/{file.relative_to(source)}" if file != source else target
                bucket.pipe(name, file.read_bytes())
        record["uris"][key] = f"{scheme}://{target}"
    path.write_text(json.dumps(record))


@pytest.mark.parametrize("scheme", ["minio", "s3"])
def test_values_and_pages(
    scheme: str, place: Place, bucket: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write(
        (["step:make"], "rows = list(range(50_000))\nprint('made')\n"),
        (["step:use"], "total = sum(rows)\n"),
    )
    assert place.run()[0] == 0
    run = place.latest()["run"]
    move(place, bucket, run, "make", scheme)
    monkeypatch.setenv("KALELIKE_S3_ENDPOINT", endpoint)
    code, printed = place.call("pull", run, "make.rows", "--json", *place.store())
    assert code == 0, printed
    assert load_values(Path(json.loads(printed)["path"]), {})["rows"] == list(range(50_000))
    code, printed = place.call("pull", run, "make.report", *place.store())
    assert code == 0, printed
    code, printed = place.call("show", run, "--value", "make.rows", *place.store())
    assert code == 0
    assert printed.startswith("[0, 1, 2")


def test_what_is_missing_is_said(
    place: Place, bucket: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write((["step:make"], "rows = [1]\n"), (["step:use"], "total = sum(rows)\n"))
    assert place.run()[0] == 0
    run = place.latest()["run"]
    move(place, bucket, run, "make", "minio")
    pull = ("pull", run, "make.rows", *place.store())
    code, printed = place.call(*pull)
    assert code == 2
    assert "KALELIKE_S3_ENDPOINT" in printed
    monkeypatch.setenv("KALELIKE_S3_ENDPOINT", "http://127.0.0.1:9")
    code, printed = place.call(*pull)
    assert (code, "KL924" in printed) == (2, True)
    monkeypatch.setenv("KALELIKE_S3_ENDPOINT", endpoint)
    bucket.rm("mlpipeline/v2", recursive=True)
    code, printed = place.call(*pull)
    assert (code, "KL924" in printed) == (2, True)
    assert "s3cret" not in printed
    assert not list((place.folder / ".kalelike").glob(".pull-*"))
