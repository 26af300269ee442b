"""Plans for other builders: what they make of them is what `kalelike build` makes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.docker.conftest import ROOT, kalelike, layers, remove
from tests.image.notebooks import Cells, write_notebook

pytestmark = [pytest.mark.docker, pytest.mark.slow]

CELLS: Cells = [("step:a", "import yaml\nx = yaml.safe_load('1')\nopen('rows.csv').read()")]
TREE = "kalelike"


@dataclass(frozen=True)
class Planned:
    """A step's image as `kalelike build` made it, and as a folder for others."""

    folder: Path
    dockerfile: Path
    reference: str


@pytest.fixture(scope="module")
def planned(client: Any, base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    place = tmp_path_factory.mktemp("planned")
    (place / "rows.csv").write_text("1\n")
    notebook = write_notebook(place / "nb.ipynb", CELLS, {"name": f"p {place.name}"})
    done = kalelike("build", notebook, "--base", base, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (image,) = json.loads(done.stdout)["images"]
    folder = place / "plan"
    done = kalelike("build", notebook, "--base", base, "--plan", folder, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (plan,) = json.loads(done.stdout)["images"]
    yield Planned(folder, Path(plan["dockerfile"]), image["image"])
    remove(client, image["image"])


Entry = tuple[bytes, int, int, int, float, str]


def tree(path: Path) -> dict[str, Entry]:
    """What an archive holds under our folder; the bill of materials names another base."""
    found: dict[str, Entry] = {}
    with tarfile.open(path) as archive:
        for item in archive:
            name = item.name.removeprefix("./").rstrip("/")
            if name.partition("/")[0] != TREE or name.endswith("sbom.cdx.json"):
                continue
            file = archive.extractfile(item) if item.isfile() else None
            digest = hashlib.sha256(file.read()).hexdigest() if file is not None else ""
            found[name] = (
                item.type, item.mode & 0o7777, item.uid, item.gid, item.mtime, digest
            )  # fmt: skip
    return found


def tree_in_docker(client: Any, reference: str, scratch: Path) -> dict[str, Entry]:
    made = client.api.create_container(reference, ["true"])
    try:
        with (scratch / "docker.tar").open("wb") as target:
            for chunk in client.api.export(made["Id"]):
                target.write(chunk)
    finally:
        client.api.remove_container(made["Id"])
    return tree(scratch / "docker.tar")


def test_docker_without_kalelike(planned: Planned, client: Any, tmp_path: Path) -> None:
    name = f"kalelike-test/plan:{os.getpid()}"
    subprocess.run(
        ["docker", "build", "-q", "-f", planned.dockerfile, "-t", name, planned.folder],
        check=True, capture_output=True, env={**os.environ, "DOCKER_BUILDKIT": "0"},
    )  # fmt: skip
    ours, theirs = layers(client, planned.reference), layers(client, name)
    assert len(ours) > 4
    assert ours[:-1] == theirs[:-1], "the last layer has the bill of materials"
    assert tree_in_docker(client, planned.reference, tmp_path) == tree_in_docker(
        client, name, tmp_path
    )
    first, second = (client.api.inspect_image(item)["Config"] for item in (planned.reference, name))
    for key in ("Env", "Labels", "User", "WorkingDir"):
        assert first[key] == second[key]
    remove(client, name)


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The command of buildah with a store of its own."""
    folder = tmp_path_factory.mktemp("buildah")
    script = ROOT / "scripts" / "buildah.sh"
    done = subprocess.run(["bash", script, folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no buildah: {done.stderr.strip().splitlines()[-1]}")
    command = ["buildah", "--root", f"{folder}/root", "--runroot", f"{folder}/run"]
    yield command
    subprocess.run([*command, "rmi", "--all", "--force"], check=False, capture_output=True)


def run(command: list[str], *arguments: str | Path) -> str:
    done = subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_buildah(
    planned: Planned, buildah: list[str], client: Any, base: str, tmp_path: Path
) -> None:
    subprocess.run(["docker", "save", "-o", tmp_path / "base.tar", base], check=True)
    run(buildah, "pull", "-q", f"docker-archive:{tmp_path}/base.tar")
    run(buildah, "bud", "--isolation", "chroot", "--pull-never", "-f",
        planned.dockerfile, "-t", "kalelike-test/plan", planned.folder)  # fmt: skip
    container = run(buildah, "from", "--pull-never", "kalelike-test/plan")
    place = run(buildah, "mount", container)
    with tarfile.open(tmp_path / "buildah.tar", "w") as archive:
        archive.add(Path(place, TREE), TREE)
    run(buildah, "rm", container)
    ours = tree_in_docker(client, planned.reference, tmp_path)
    assert len(ours) > 100
    assert tree(tmp_path / "buildah.tar") == ours

    theirs = json.loads(run(buildah, "inspect", "--type", "image", "kalelike-test/plan"))
    theirs, ours_too = theirs["OCIv1"]["config"], client.api.inspect_image(planned.reference)
    config = ours_too["Config"]
    assert theirs["User"] == config["User"] == "65532:65532"
    assert theirs["WorkingDir"] == config["WorkingDir"]
    assert sorted(theirs["Env"]) == sorted(config["Env"])
    labels = {key: value for key, value in theirs["Labels"].items() if "buildah" not in key}
    assert labels == config["Labels"]
