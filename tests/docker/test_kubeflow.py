"""A notebook on Kubeflow with a registry: its images are built, pushed, pulled and run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kalelike.cli.main import main
from tests.docker.conftest import remove
from tests.image.notebooks import Cells, write_notebook
from tests.kfp_engine.fake_kubeflow import FakeKubeflow
from tests.kfp_engine.serving import serving

pytestmark = [pytest.mark.docker, pytest.mark.kfp, pytest.mark.slow]

CELLS: Cells = [
    ("step:load", "import yaml\nrows = yaml.safe_load('[1, 2, 3]')"),
    ("step:total", "total = sum(rows)\nprint('total is', total)"),
]


class ContainerKubeflow(FakeKubeflow):
    """Runs every step in a container of the image that its document names."""

    def command(self, image: str, words: list[str], env: Mapping[str, str]) -> list[str]:
        given = [part for name in env for part in ("--env", name)]
        return [
            "docker", "run", "--rm", "--user", "12345:0", "--volume", f"{self.root}:{self.root}",
            "--cap-drop", "ALL", *given, "--entrypoint", words[0], image, *words[1:],
        ]  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ContainerKubeflow]:
    made = ContainerKubeflow(tmp_path / "bucket", tmp_path, os.environ)
    made.root.mkdir()
    yield made
    made.wait()


def images_of(server: FakeKubeflow) -> list[str]:
    """The images of the document that was uploaded last."""
    ir = list(server.documents.values())[-1][0]
    found = ir["deploymentSpec"]["executors"].values()
    return [item["container"]["image"] for item in found]


def test_images_are_built_pushed_and_run(
    server: ContainerKubeflow, client: Any, base: str, registry: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = write_notebook(tmp_path / "nb.ipynb", CELLS, {"name": f"p {tmp_path.name}"})
    (tmp_path / "kalelike.toml").write_text(f'registry = "{registry}/team"\n')
    with serving(server) as host:
        call = ["run", str(path), "--engine", "kfp", "--host", host, "--base", base, "--no-cache"]
        assert main(call) == 0
        first = capsys.readouterr()
        assert first.err.count("pushing") == 2
        named = images_of(server)
        assert all(item.startswith(f"{registry}/team/") for item in named)
        assert all("@sha256:" in item for item in named)
        assert "total is 6" in "".join(server.runs[next(iter(server.runs))].logs.values())

        # Nothing is made again, even where this machine has none of the images.
        remove(client, *named)
        assert main([*call, "--json"]) == 0
        again = capsys.readouterr()
        assert "building" not in again.err
        assert "pushing" not in again.err
        events = [json.loads(line) for line in again.out.splitlines()]
        submitted = next(item for item in events if item.get("event") == "Submitted")
        assert submitted["new_version"] is False

        write_notebook(path, [CELLS[0], ("step:total", "total = sum(rows) + 1")],
                       {"name": f"p {tmp_path.name}"})  # fmt: skip
        assert main(call) == 0
        assert capsys.readouterr().err.count("pushing") == 1
        assert [item in named for item in sorted(images_of(server))].count(True) == 1
    remove(client, *named, *images_of(server))


def test_a_registry_out_of_reach_submits_nothing(
    server: ContainerKubeflow, base: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_notebook(tmp_path / "nb.ipynb", CELLS, {"name": f"p {tmp_path.name}"})
    with serving(server) as host:
        call = ["run", str(path), "--engine", "kfp", "--host", host, "--base", base]
        assert main([*call, "--registry", "localhost:1/team"]) == 2
        assert "KL527" in capsys.readouterr().err
        assert main([*call, "--registry", "https://localhost/team"]) == 2
        assert "KL528" in capsys.readouterr().err
    assert not server.runs
    assert not server.documents
