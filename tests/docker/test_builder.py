"""Images by the Docker daemon: what is made, made again, shared, pushed and refused."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from kalelike.errors import BuildError
from kalelike.image.docker_builder import DockerBuilder
from kalelike.image.installed import Installed
from kalelike.image.pipeline import ImageOptions, plan_pipeline
from kalelike.image.plan import ImagePlan
from tests.docker.conftest import layers, remove
from tests.image.notebooks import Cells, compiled

pytestmark = pytest.mark.docker

CELLS: Cells = [
    ("step:a", "import yaml\nx = yaml.safe_load('1')"),
    ("step:b", "import tomli_w\ny = x + 1"),
]


def plan(
    folder: Path, options: ImageOptions, builder: DockerBuilder, cells: Cells = CELLS
) -> tuple[ImagePlan, ...]:
    compilation = compiled(folder, cells, {"name": f"p {folder.name}"})
    return plan_pipeline(
        compilation.graph, compilation.codes, options, builder.find_base, Installed.here()
    ).images


def refused(caught: pytest.ExceptionInfo[BuildError]) -> str:
    return caught.value.diagnostics[0].code.name


def test_unchanged_images_are_not_made_again(
    builder: DockerBuilder, options: ImageOptions, client: Any, tmp_path: Path
) -> None:
    plans = plan(tmp_path, options, builder)
    first = builder.build(plans, push=False)
    assert [item.made for item in first] == [True, True]
    assert [item.made for item in builder.build(plans, push=False)] == [False, False]
    edited: Cells = [CELLS[0], ("step:b", "import tomli_w\ny = x + 2")]
    again = builder.build(plan(tmp_path, options, builder, edited), push=False)
    assert [item.made for item in again] == [False, True]
    before, after = layers(client, first[1].reference), layers(client, again[1].reference)
    assert before[:-1] == after[:-1]
    assert before[-1] != after[-1]
    below = layers(client, first[0].reference)
    assert before[: len(below) - 2] == below[:-2]
    remove(client, *(item.reference for item in (*first, again[1])))


def test_two_builds_of_one_plan_have_the_same_layers(
    builder: DockerBuilder, options: ImageOptions, client: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    twin = f"kalelike-test/twin:{os.getpid()}"
    text = io.BytesIO(f"FROM {options.base}\nLABEL twin=1\n".encode())
    client.images.build(fileobj=text, tag=twin, rm=True)
    (first, _) = builder.build(plan(tmp_path, options, builder), push=False)
    monkeypatch.setenv("KALELIKE_CACHE", str(tmp_path / "cache"))
    (second, _) = builder.build(plan(tmp_path, ImageOptions(base=twin), builder), push=False)
    assert first.reference != second.reference
    assert first.made
    assert second.made
    ours, theirs = layers(client, first.reference), layers(client, second.reference)
    # The bill of materials names the base, so the last layer differs here.
    assert ours[:-1] == theirs[:-1]
    assert len(ours) > 4
    remove(client, first.reference, second.reference, twin)


def test_what_is_in_an_image(
    builder: DockerBuilder, options: ImageOptions, client: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("HTTPS_PROXY_PASSWORD_FOR_TEST", "pr0xy-s3cret")
    (image, _) = plan(tmp_path, options, builder)
    builder.build([image], push=False)
    config = client.api.inspect_image(image.reference)["Config"]
    assert config["User"] == "65532:65532"
    assert config["Labels"]["io.kalelike.step"] == "a"
    assert config["Labels"]["org.opencontainers.image.title"] == f"p {tmp_path.name}: a"
    made = client.api.create_container(image.reference, ["true"])
    try:
        stream, _ = client.api.get_archive(made["Id"], "/kalelike")
        data = b"".join(stream)
    finally:
        client.api.remove_container(made["Id"])
    check_content(data)
    remove(client, image.reference)


def check_content(data: bytes) -> None:
    archive = tarfile.TarFile(fileobj=io.BytesIO(data))
    bill = archive.extractfile("kalelike/sbom.cdx.json")
    assert bill is not None
    found = {item["name"]: item for item in json.load(bill)["components"]}
    assert found["pyyaml"]["purl"].startswith("pkg:pypi/pyyaml@")
    assert found["pyyaml"]["hashes"][0]["alg"] == "SHA-256"
    home = str(Path.home()).encode()
    for member in archive:
        file = archive.extractfile(member) if member.isfile() else None
        content = file.read() if file is not None else b""
        assert b"BEGIN CERTIFICATE" not in content or "certifi" in member.name
        assert b"pr0xy-s3cret" not in content
        if not member.name.startswith("kalelike/site/") or member.name.endswith("RECORD"):
            assert home + b"/.cache" not in content


def test_a_read_only_root_with_a_temporary_folder_is_enough(
    builder: DockerBuilder, options: ImageOptions, client: Any, tmp_path: Path
) -> None:
    cells: Cells = [("step:a", "open('here.txt', 'w').write('x')\nimport matplotlib.pyplot")]
    (image,) = plan(tmp_path, options, builder, cells)
    builder.build([image], push=False)
    code = image.layers[-1].files[0].path.rpartition("/")[2].removesuffix(".json")
    step, _, sha = code.rpartition("-")
    printed = client.containers.run(
        image.reference, ["python3", "-m", "kalelike.runtime", step, sha, '{"inputs": {}}'],
        read_only=True, tmpfs={"/tmp": ""}, cap_drop=["ALL"], user="12345:0", remove=True,
        network_disabled=True,
    )  # fmt: skip
    assert b'"status": "succeeded"' in printed
    remove(client, image.reference)


# -- what goes wrong --------------------------------------------------------------------


def test_a_base_with_another_python(
    builder: DockerBuilder, options: ImageOptions, client: Any, tmp_path: Path
) -> None:
    text = f"FROM {options.base}\nENV PATH=/other:/usr/bin\nADD other.tar /\n"
    inner, outer = io.BytesIO(), io.BytesIO()
    script = b"#!/bin/sh\necho '[3, 2]'\n"
    for target, name, data, mode in (
        (inner, "other/python3", script, 0o755),
        (outer, "Dockerfile", text.encode(), 0o644),
    ):
        with tarfile.open(fileobj=target, mode="w") as archive:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), mode
            archive.addfile(entry, io.BytesIO(data))
            if target is outer:
                entry = tarfile.TarInfo("other.tar")
                entry.size = len(inner.getvalue())
                archive.addfile(entry, io.BytesIO(inner.getvalue()))
    outer.seek(0)
    client.images.build(fileobj=outer, custom_context=True, tag="kalelike-test/other:1", rm=True)
    plans = plan(tmp_path, ImageOptions(base="kalelike-test/other:1"), builder)
    with pytest.raises(BuildError) as caught:
        builder.build(plans, push=False)
    assert refused(caught) == "base-without-python"
    assert "has Python 3.2" in caught.value.diagnostics[0].message
    remove(client, "kalelike-test/other:1")


# -- the registry ----------------------------------------------------------------------------


def test_push(
    builder: DockerBuilder, options: ImageOptions, client: Any, registry: str, tmp_path: Path
) -> None:
    wanted = ImageOptions(registry=f"{registry}/team", base=options.base)
    plans = plan(tmp_path, wanted, builder)
    pushed = builder.build(plans, push=True)
    assert all(item.digest.startswith("sha256:") for item in pushed)
    assert pushed[0].reference == f"{plans[0].repository}@{pushed[0].digest}"
    remove(client, *(item.reference for item in plans))
    again = builder.build(plans, push=True)
    assert [(item.made, item.digest) for item in again] == [(False, item.digest) for item in pushed]


def test_compile_names_pushed_images_by_digest(
    options: ImageOptions, client: Any, registry: str, tmp_path: Path
) -> None:
    compiled(tmp_path, CELLS, {"name": f"p {tmp_path.name}"})
    command = [sys.executable, "-m", "kalelike", "compile", str(tmp_path / "nb.ipynb"), "--build",
               "--push", "--registry", registry, "--base", str(options.base), "-o",
               str(tmp_path / "p.yaml")]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    text = (tmp_path / "p.yaml").read_text()
    assert text.count(f"{registry}/") == text.count("@sha256:") == 2
