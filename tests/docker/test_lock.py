"""Base images that a lock pins: by a registry's digest, or by their content."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from kalelike.cli.main import main
from tests.docker.conftest import kalelike, remove
from tests.image.notebooks import Cells, write_notebook

pytestmark = pytest.mark.docker

CELLS: Cells = [("step:a", "x = 1")]


def make(client: Any, base: str, name: str, mark: int) -> str:
    """Make an image like ``base`` under a name, and return its registry digest if it gets one."""
    text = io.BytesIO(f"FROM {base}\nLABEL mark={mark}\n".encode())
    client.images.build(fileobj=text, tag=name, rm=True)
    if "/" not in name.partition(":")[2]:
        return ""
    answers = list(client.images.push(name, stream=True, decode=True))
    return str(next(item["aux"]["Digest"] for item in answers if "aux" in item))


def build(notebook: Path, base: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    code = main(["build", str(notebook), "--base", base, "--json"])
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_the_locked_base_is_used_wherever_its_tag_points(
    client: Any, base: str, registry: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = write_notebook(tmp_path / "nb.ipynb", CELLS, {"name": f"p {tmp_path.name}"})
    name = f"{registry}/bases/python:1"
    first = make(client, base, name, 1)
    assert main(["lock", str(notebook), "--base", name]) == 0
    assert first in capsys.readouterr().out
    code, before = build(notebook, name, capsys)
    assert code == 0
    assert before["diagnostics"] == []

    # The tag moves, here and in the registry; then nothing of the first one is left here.
    assert make(client, base, name, 2) != first
    remove(client, before["images"][0]["image"], name, f"{registry}/bases/python@{first}")
    code, after = build(notebook, name, capsys)
    assert code == 0
    assert after["images"] == [{**before["images"][0], "made": True}]
    labels = client.api.inspect_image(after["images"][0]["image"])["Config"]["Labels"]
    assert labels["mark"] == "1"

    folder = tmp_path / "plan"
    assert main(["build", str(notebook), "--base", name, "--plan", str(folder)]) == 0
    (file,) = folder.glob("Dockerfile.*")
    assert file.read_text().startswith(f"FROM {registry}/bases/python@{first}\n")
    remove(client, after["images"][0]["image"], name, f"{registry}/bases/python@{first}")


def test_a_base_that_cannot_be_had_any_more(
    client: Any, base: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = write_notebook(tmp_path / "nb.ipynb", CELLS, {"name": f"p {tmp_path.name}"})
    name = f"kalelike-test/locked:{os.getpid()}"
    make(client, base, name, 1)
    assert main(["lock", str(notebook), "--base", name]) == 0
    capsys.readouterr()
    remove(client, name)
    make(client, base, name, 1)
    code, same = build(notebook, name, capsys)
    assert code == 0, "the same content, made at another time"
    make(client, base, name, 2)
    code, found = build(notebook, name, capsys)
    assert code == 2
    assert [item["code"] for item in found["diagnostics"]] == ["KL531"]
    remove(client, name, same["images"][0]["image"])


def test_packages_are_locked_without_a_daemon(tmp_path: Path) -> None:
    env = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    notebook = write_notebook(tmp_path / "nb.ipynb", CELLS)
    done = kalelike("lock", notebook, env=env)
    assert (done.returncode, done.stderr.count("KL532")) == (0, 1)
    done = kalelike("build", notebook, "--plan", tmp_path / "plan", env=env)
    assert (done.returncode, done.stderr.count("KL532")) == (0, 1)
