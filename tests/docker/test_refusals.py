"""What stands in the way of images, met as a user meets it; what was there before stays."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.docker.conftest import ROOT, kalelike, remove
from tests.image.notebooks import write_notebook

pytestmark = pytest.mark.docker

NOBODY = 65534


@dataclass
class Place:
    """A notebook whose images and document were made once; tests spoil the next time."""

    folder: Path
    client: Any
    base: str

    @property
    def repository(self) -> str:
        return f"kalelike/p-{self.folder.name.replace('_', '-')}"

    def write(self, source: str) -> Path:
        cells = [("step:a", "x = 1"), ("step:b", source)]
        return write_notebook(self.folder / "nb.ipynb", cells, {"name": f"p {self.folder.name}"})

    def compile(self, *arguments: str | Path, env: dict[str, str] | None = None, **how: Any) -> str:
        """Compile with images and return what is said; None of the arguments names the base."""
        given = () if "--base" in arguments else ("--base", self.base)
        done = kalelike(
            "compile", self.folder / "nb.ipynb", "--build", "-o", self.folder / "p.yaml",
            *given, *arguments, env=env, **how,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return f"{done.returncode} {done.stderr}"

    def state(self) -> tuple[bytes, list[str]]:
        names = [tag for item in self.client.images.list(self.repository) for tag in item.tags]
        return (self.folder / "p.yaml").read_bytes(), sorted(names)


@pytest.fixture(scope="module")
def made(client: Any, base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("refusals"), client, base)
    place.write("y = x")
    assert place.compile().startswith("0 ")
    state = place.state()
    assert len(state[1]) == 2
    yield place
    remove(client, *place.state()[1])


@pytest.fixture
def place(made: Place) -> Iterator[Place]:
    """The place with another cell than was built; its state has to be the same afterwards."""
    before = made.state()
    made.write("y = x + 1")
    yield made
    assert made.state() == before


def test_no_daemon(place: Place, tmp_path: Path) -> None:
    said = place.compile(env={"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    assert said.startswith("2 docker: error KL520")
    assert "DOCKER_HOST" in said


def test_no_permission(place: Place) -> None:
    """Another user may read all, and still not write to the daemon's socket."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can run a command as another user")
    capability = "+dac_read_search"
    done = subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
         f"--inh-caps={capability}", f"--ambient-caps={capability}", sys.executable, "-m",
         "kalelike", "build", place.folder / "nb.ipynb", "--base", place.base],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("docker: error KL521")
    assert "group `docker`" in done.stderr


# -- packages ----------------------------------------------------------------------------


@pytest.fixture
def lonely(place: Place, tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has installed what the package index has no wheel of."""
    site, index = tmp_path / "site", tmp_path / "index"
    (site / "lonelydist-1.0.dist-info").mkdir(parents=True)
    (site / "lonelydist.py").write_text("x = 1\n")
    folder = site / "lonelydist-1.0.dist-info"
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: lonelydist\nVersion: 1.0\n")
    (folder / "RECORD").write_text("lonelydist.py,,\n")
    index.mkdir()
    place.write("import lonelydist\ny = x + lonelydist.x")
    return {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{site}", "PIP_FIND_LINKS": str(index),
        "PIP_NO_INDEX": "1", "PIP_RETRIES": "1",
    }  # fmt: skip


def test_a_package_that_the_index_does_not_have(place: Place, lonely: dict[str, str]) -> None:
    said = place.compile(env=lonely)
    assert said.startswith("2 ")
    assert "pip: error KL506" in said
    assert "lonelydist==1.0" in said


def test_an_index_out_of_reach(place: Place, lonely: dict[str, str]) -> None:
    secret = {"PIP_NO_INDEX": "", "PIP_INDEX_URL": "http://user:s3cret@127.0.0.1:9/simple"}
    said = place.compile(env={**lonely, **secret, "PIP_EXTRA_INDEX_URL": ""})
    assert "pip: error KL507" in said
    assert "s3cret" not in said


def test_a_package_without_a_wheel(place: Place, lonely: dict[str, str]) -> None:
    files = {
        "pyproject.toml": "[project]\nname = 'lonelydist'\nversion = '1.0'\n[build-system]\n"
        "requires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n",
        "backend.py": "def build_wheel(*_, **__):\n    raise SystemExit('no compiler here')\n",
        "PKG-INFO": "Metadata-Version: 2.1\nName: lonelydist\nVersion: 1.0\n",
    }
    with tarfile.open(Path(lonely["PIP_FIND_LINKS"], "lonelydist-1.0.tar.gz"), "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"lonelydist-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    said = place.compile(env=lonely)
    assert "pip: error KL508" in said
    assert "lonelydist-1.0.tar.gz has no wheel" in said
    assert "failed: no compiler here" in said


# -- the base ------------------------------------------------------------------------------


def test_a_base_without_python(place: Place, client: Any) -> None:
    data = io.BytesIO()
    tarfile.open(fileobj=data, mode="w").close()
    name = f"kalelike-test/empty:{os.getpid()}"
    repository, _, tag = name.partition(":")
    client.api.import_image_from_data(data.getvalue(), repository=repository, tag=tag)
    assert "docker: error KL524" in place.compile("--base", name)
    remove(client, name)


def test_a_base_for_another_machine(place: Place) -> None:
    said = place.compile("--platform", "linux/arm64")
    assert "docker: error KL525" in said
    assert "arm64" in said


def test_a_base_that_cannot_be_pulled(place: Place) -> None:
    assert "docker: error KL523" in place.compile("--base", "localhost:1/nothing/here:1")


# -- the registry --------------------------------------------------------------------------


@contextmanager
def refusing_registry(status: int, user: str | None) -> Iterator[str]:
    """A registry that lets in who logs in as ``user``, if anybody, and then takes nothing."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "")
            wanted = base64.b64encode(f"{user}:pass".encode()).decode()
            known = user is not None and given == f"Basic {wanted}"
            code = 200 if known and self.path == "/v2/" else 401 if not known else status
            body = b'{"errors":[{"code":"DENIED","message":"requested access is denied"}]}'
            self.send_response(code)
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            if code == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="here"')
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815 - the server's own names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("user", [None, "someone"], ids=["not logged in", "not allowed"])
def test_a_registry_that_refuses(
    place: Place, client: Any, tmp_path: Path, user: str | None
) -> None:
    with refusing_registry(403, user) as address:
        known = base64.b64encode(b"someone:pass").decode()
        config = f'{{"auths": {{"{address}": {{"auth": "{known}"}}}}}}' if user else "{}"
        (tmp_path / "config.json").write_text(config)
        said = place.compile(
            "--push", "--registry", f"{address}/team", env={"DOCKER_CONFIG": str(tmp_path)}
        )
        assert said.startswith("2 ")
        assert "docker: error KL527" in said
        assert "docker login" in said
        assert known not in said
        repository = f"{address}/team/{place.repository.partition('/')[2]}"
        remove(client, *(tag for item in client.images.list(repository) for tag in item.tags))


# -- the disk ------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A folder with room for little: a file system of its own in memory."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if os.getuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        for _ in range(20):
            if subprocess.run(["umount", folder], check=False, capture_output=True).returncode == 0:
                break
            time.sleep(0.5)


def test_no_space_for_what_is_sent_to_the_daemon(place: Place, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", "64k") as folder:
        said = place.compile(env={"TMPDIR": str(folder)})
        assert said.startswith("2 ")
        assert "disk: error KL522" in said
        assert "TMPDIR" in said
        assert list(folder.iterdir()) == []


def test_no_space_for_wheels(place: Place, tmp_path: Path) -> None:
    """An earlier plan stays as it was; nothing half made is left to be taken for whole."""
    plan = tmp_path / "plan"
    done = kalelike("build", place.folder / "nb.ipynb", "--plan", plan)
    assert done.returncode == 0
    before = {item: item.stat().st_mtime_ns for item in plan.rglob("*")}
    place.write("y = x + 2")
    with small_disk(tmp_path / "small", "2m") as folder:
        done = kalelike(
            "build", place.folder / "nb.ipynb", "--plan", plan,
            env={"KALELIKE_CACHE": str(folder / "cache")},
        )  # fmt: skip
        assert done.returncode == 2
        assert "error KL522" in done.stderr
        assert [item for item in folder.rglob("*") if item.is_file()] == []
    assert {item: item.stat().st_mtime_ns for item in plan.rglob("*")} == before


def test_a_cache_that_cannot_be_made(place: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place.write("import yaml\ny = x")
    done = kalelike(
        "build", place.folder / "nb.ipynb", "--plan", tmp_path / "plan",
        env={"KALELIKE_CACHE": str(tmp_path / "file" / "cache")},
    )  # fmt: skip
    assert done.returncode == 2
    assert "disk: error KL533" in done.stderr
    assert not (tmp_path / "plan").exists()


@contextmanager
def small_daemon(folder: Path, data: Path) -> Iterator[str]:
    """A second daemon whose images lie in ``data``; gives its address.

    It has a network of its own: the first one's bridge would be taken for a remnant and removed.
    """
    address = f"unix://{folder}/sock"
    command = ["unshare", "--net", "dockerd", "--data-root", data, "--exec-root",
               folder / "exec", "--pidfile", folder / "pid", "--host", address,
               "--iptables=false"]  # fmt: skip
    with (folder / "log").open("wb") as log, subprocess.Popen(
        command, stdout=log, stderr=log, start_new_session=True
    ) as daemon:  # fmt: skip
        try:
            for _ in range(60):
                time.sleep(0.5)
                if subprocess.run(
                    ["docker", "--host", address, "info"], check=False, capture_output=True
                ).returncode == 0:  # fmt: skip
                    break
                if daemon.poll() is not None:
                    pytest.skip(f"no second daemon: {(folder / 'log').read_text()[-200:]}")
            yield address
        finally:
            daemon.terminate()
            daemon.wait(60)


@pytest.mark.slow
def test_no_space_at_the_daemon(place: Place, tmp_path: Path) -> None:
    """The first images fail at their packages; with more room the same command goes on."""
    if os.getuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("only root can start a second daemon")
    with small_disk(tmp_path / "data", "150m") as data, small_daemon(tmp_path, data) as address:
        env = {"DOCKER_HOST": address}
        command = ("build", place.folder / "nb.ipynb", "--base-from-host")
        done = kalelike(*command, env=env)
        assert done.returncode == 2, done.stderr
        assert "docker: error KL522" in done.stderr
        with contextlib.closing(docker.DockerClient(address)) as small:
            tags = [tag for item in small.images.list() for tag in item.tags]
            assert [tag.partition(":")[0] for tag in tags] == ["kalelike/base-from-host"]
            assert small.containers.list(all=True) == []
        subprocess.run(["mount", "-o", "remount,size=600m", data], check=True)
        assert kalelike(*command, env=env).returncode == 0
