"""Every example on a server that runs its steps: submitted, followed, equal to a local run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from kalelike.cli.main import main
from tests.kfp_engine.fake_kubeflow import FakeKubeflow
from tests.kfp_engine.serving import serving

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))
pytestmark = pytest.mark.kfp


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


CASES = [
    pytest.param(path, id=path.stem, marks=() if path.stem == "two_models" else pytest.mark.slow)
    for path in EXAMPLES
    if path.stem in ("two_models", "files_between_steps")
]


def break_first_step(path: Path) -> int:
    """Let a notebook's first step fail at the end of its first cell; returns the cell's index."""
    data = json.loads(path.read_text("utf-8"))
    for index, cell in enumerate(data["cells"]):
        if any(tag.startswith("step:") for tag in cell["metadata"].get("tags", ())):
            source = "".join(cell["source"]).rstrip("\n")
            cell["source"] = f"{source}\nraise ValueError('stopped here')\n"
            path.write_text(json.dumps(data), "utf-8")
            return index
    raise AssertionError("no step")


@pytest.mark.parametrize("notebook", CASES)
def test_example(
    notebook: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KALELIKE_POLL", "0.1")
    folder = tmp_path / "here"
    shutil.copytree(notebook.parent, folder, ignore=shutil.ignore_patterns(".kalelike"))
    path = str(folder / notebook.name)
    assert main(["run", path, "--json"]) == 0
    here = events(capsys)[-1]
    code = folder / ".kalelike" / "code"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "KALELIKE_CODE": str(code)}
    server = FakeKubeflow(tmp_path / "bucket", folder, env)
    with serving(server) as host:
        assert main(["compile", path, "-o", str(tmp_path / "p.yaml"), "--json"]) == 0
        assert main(["check", str(tmp_path / "p.yaml")]) == 0
        capsys.readouterr()
        arguments = ["run", path, "--engine", "kfp", "--host", host, "--json", "--image", "own:1"]
        assert main(arguments) == 0
        first = events(capsys)
        assert main(arguments) == 0
        again = events(capsys)
        server.wait()
    assert first[0]["new_version"] is True
    assert again[0]["new_version"] is False
    assert first[-1]["status"] == "succeeded"
    assert first[-1]["metrics"] == here["metrics"]
    finished = [item for item in again if item["event"] == "StepFinished"]
    assert {item["status"] for item in finished} == {"cached"}
    assert {item["source_run"] for item in finished} == {first[-1]["run"]}
    assert again[-1]["metrics"] == here["metrics"]


@pytest.mark.slow
@pytest.mark.parametrize("notebook", EXAMPLES, ids=lambda path: path.stem)
def test_the_cluster_computes_what_the_notebook_computes(
    notebook: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KALELIKE_POLL", "0.1")
    folder = tmp_path / "here"
    shutil.copytree(notebook.parent, folder, ignore=shutil.ignore_patterns(".kalelike"))
    path = str(folder / notebook.name)
    env = {"PATH": os.environ["PATH"], "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    server = FakeKubeflow(tmp_path / "bucket", tmp_path, env)
    with serving(server) as host:
        arguments = ["--engine", "kfp", "--host", host, "--json", "--inline"]
        code = main(["verify", path, *arguments])
        made = events(capsys)[-1]
        assert code == 0, made
        assert made["verdict"] == "equal"
        broken = break_first_step(Path(path))
        assert main(["run", path, *arguments]) == 1
        told = events(capsys)
        server.wait()
    ends = {item["step"]: item for item in told if item["event"] == "StepFinished"}
    (failed,) = [item for item in ends.values() if item["status"] == "failed"]
    assert failed["error"]["message"] == "stopped here"
    assert failed["error"]["cell"]["index"] == broken
