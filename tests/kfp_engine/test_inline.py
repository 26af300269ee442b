"""Pipelines that bring everything along, on a Python that has nothing but pip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kalelike.cli.main import main
from tests.kfp_engine.fake_kubeflow import FakeKubeflow
from tests.kfp_engine.plain_image import make_plain_image
from tests.kfp_engine.serving import serving

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "examples" / "notebooks"
pytestmark = [pytest.mark.kfp, pytest.mark.slow]


@pytest.fixture(scope="module")
def world() -> Iterator[Path]:
    """A folder that every user may enter, as pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="kalelike-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def interpreter() -> str | None:
    """A Python of this version that a stranger may run; None where there is none."""
    version = "{}.{}".format(*sys.version_info)
    for path in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        real = Path(path).resolve()
        if real.exists() and all(item.stat().st_mode & 0o001 for item in (real, *real.parents)):
            return path
    return None


@pytest.fixture(scope="module")
def plain_python(world: Path) -> str:
    """A fresh environment: pip, and nothing else."""
    folder = world / "plain"
    base = interpreter() or sys.executable
    subprocess.run([base, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python3"
    reached = subprocess.run(
        [python, "-m", "pip", "download", "--no-deps", "-q", "-d", str(folder), "comm"],
        capture_output=True, check=False,
    )  # fmt: skip
    if reached.returncode:
        pytest.skip("no package index can be reached from here")
    return str(python)


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


CELLS = [
    ("imports", "import comm\nimport random\nfrom helper import double\n"),
    ("pipeline-parameters", "times = 3\n"),
    ("step:load", "rows = [int(line) for line in open('data/numbers.txt')]\nrandom.seed(4)\n"),
    (
        "step:work",
        "made = [double(row) * times + random.random() for row in rows]\n"
        "with open('made.txt', 'w') as file:\n    print(sum(made), file=file)\n",
    ),
    ("step:judge", "total = float(open('made.txt').read())\nknown = comm.__version__ > '0'\n"),
    ("pipeline-metrics", "print(total)\n"),
]


def write_notebook(folder: Path) -> Path:
    """A notebook with a data file, a helper module, a package, and a file between steps."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "numbers.txt").write_text("1\n2\n5\n")
    (folder / "helper.py").write_text("def double(value):\n    return 2 * value\n")
    cells = [
        {
            "cell_type": "code",
            "id": f"c{at}",
            "source": source,
            "outputs": [],
            "execution_count": None,
            "metadata": {"tags": [tag]},
        }
        for at, (tag, source) in enumerate(CELLS)
    ]
    path = folder / "carried.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(
        json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5})
    )
    return path


def test_plain_image_any_user(
    plain_python: str,
    world: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No home, a working directory that cannot be written, nobody's user, nothing installed."""
    monkeypatch.setenv("KALELIKE_POLL", "0.1")
    path = str(write_notebook(tmp_path / "here"))
    assert main(["run", path, "--json"]) == 0
    here = events(capsys)[-1]
    empty, bucket = world / "empty", world / "bucket"
    empty.mkdir(mode=0o555)
    bucket.mkdir()
    bucket.chmod(0o755)
    env = index_settings()
    env["PATH"] = "/usr/bin:/bin"
    user = 54321 if os.getuid() == 0 and interpreter() else None
    server = FakeKubeflow(bucket, empty, env, python=plain_python, user=user)
    arguments = ["run", path, "--engine", "kfp", "--inline", "--json", "-p", "times=3"]
    with serving(server) as host:
        assert main([*arguments, "--host", host]) == 0
        first = events(capsys)
        assert main([*arguments, "--host", host]) == 0
        again = events(capsys)
        server.wait()
    assert first[-1]["metrics"] == here["metrics"]
    assert first[-1]["metrics"]
    ends = {item["step"]: item["status"] for item in again if item["event"] == "StepFinished"}
    assert ends == dict.fromkeys(("kalelike-setup", "load", "work", "judge"), "cached")


def index_settings() -> dict[str, str]:
    return {
        key: value
        for key, value in os.environ.items()
        if key.startswith(("PIP_", "SSL_", "REQUESTS_")) or key.lower().endswith("_proxy")
    }


@pytest.mark.docker
@pytest.mark.timeout(900)
def test_a_container_without_any_right(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As KFP 2.17 starts it: no capability, no passwd entry, root read-only, contents copied."""
    image = make_plain_image()
    monkeypatch.setenv("KALELIKE_POLL", "0.2")
    env = {key: value for key, value in index_settings().items() if key != "PIP_FIND_LINKS"}
    path = str(write_notebook(tmp_path / "here"))
    server = FakeKubeflow(world / "containers", world, env, user=12345, image=image)
    arguments = [path, "--engine", "kfp", "--inline", "--json"]
    with serving(server) as host:
        code = main(["verify", *arguments, "--host", host])
        server.wait()
    told = capsys.readouterr()
    assert code == 0, told.out
    made = json.loads(told.out.splitlines()[-1])
    assert made["verdict"] == "equal"
    assert sum(step["equal"].get("metric", 0) for step in made["steps"]) == 1


def test_an_image_with_all_packages_needs_no_index(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster that reaches nothing: the packages are in the image already."""
    monkeypatch.setenv("KALELIKE_POLL", "0.1")
    path = str(write_notebook(tmp_path / "here"))
    env = {"PATH": "/usr/bin:/bin", "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    server = FakeKubeflow(tmp_path / "bucket", tmp_path, env)
    with serving(server) as host:
        assert main(["run", path, "--engine", "kfp", "--inline", "--json", "--host", host]) == 0
        server.wait()
    lines = [item["line"] for item in events(capsys) if item["event"] == "StepLog"]
    told = next(line for line in lines if "packages" in str(line))
    assert str(told).split()[3] == str(told).split()[5], told


def test_an_index_out_of_reach_is_said_as_such(
    plain_python: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KALELIKE_POLL", "0.1")
    path = str(write_notebook(tmp_path / "here"))
    env = {"PATH": "/usr/bin:/bin", "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
           "PIP_RETRIES": "1"}  # fmt: skip
    server = FakeKubeflow(tmp_path / "bucket", tmp_path, env, python=plain_python)
    with serving(server) as host:
        assert main(["run", path, "--engine", "kfp", "--inline", "--host", host]) == 1
        printed = capsys.readouterr().out
        assert main(["verify", path, "--engine", "kfp", "--inline", "--host", host]) == 2
        assert "did not run on the cluster" in "".join(capsys.readouterr())
        server.wait()
    assert "KL921" in printed
    assert "index cannot be reached from the pod" in printed
    assert "Connection refused" in printed
    assert "--index-url" in printed


def test_the_document_runs_here_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_notebook(tmp_path / "here")
    document = path.parent / "carried.yaml"
    assert main(["compile", str(path), "--inline", "-o", str(document), "--json"]) == 0
    assert main(["check", str(document), "--json"]) == 0
    capsys.readouterr()
    assert main(["run", str(document), "--json"]) == 0
    assert events(capsys)[-1]["metrics"]


def test_the_docker_engine_says_that_it_does_not_run_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_notebook(tmp_path / "here")
    document = path.parent / "carried.yaml"
    assert main(["compile", str(path), "--inline", "-o", str(document), "--json"]) == 0
    assert main(["run", str(document), "--engine", "docker", "--json"]) == 2
    (error,) = json.loads(capsys.readouterr().out.splitlines()[-1])["diagnostics"]
    assert error["code"] == "KL920"
    assert "--inline" in error["message"]


def test_kfps_own_runner_runs_it(tmp_path: Path) -> None:
    from tests.examples.test_kfp import _RUN, python

    path = write_notebook(tmp_path / "here")
    document = tmp_path / "carried.yaml"
    assert main(["compile", str(path), "--inline", "-o", str(document)]) == 0
    assert "KFP-DONE" in python(_RUN, document, tmp_path / "root", cwd=path.parent)
