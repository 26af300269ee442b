"""A Docker engine for the tests, and images on a base made of this machine's Python."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ImageNotFound

from kalelike.compiler import Compilation, name_images
from kalelike.image.docker_builder import DockerBuilder, connect
from kalelike.image.installed import Installed
from kalelike.image.pipeline import ImageOptions, plan_pipeline

ROOT = Path(__file__).parents[2]
Build = Callable[[Compilation], Compilation]


@pytest.fixture(scope="session")
def client() -> Any:
    """A client of the Docker engine, which is started where it can be."""
    script = ROOT / "scripts" / "docker_engine.sh"
    done = subprocess.run(["bash", script], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no Docker engine: {done.stderr.strip().splitlines()[-1]}")
    return connect()


@pytest.fixture(scope="session")
def builder(client: Any) -> DockerBuilder:
    import platform

    return DockerBuilder(Installed.here(), platform.machine(), print, client)


@pytest.fixture(scope="session")
def base(builder: DockerBuilder) -> str:
    """A base image that needs no registry."""
    return builder.base_from_host()


@pytest.fixture(scope="session")
def options(base: str) -> ImageOptions:
    """The options of images that need no registry."""
    return ImageOptions(base=base)


@pytest.fixture(scope="session")
def build(builder: DockerBuilder, options: ImageOptions) -> Build:
    """Builds a compiled notebook's images, and returns it with their names."""

    def made(compilation: Compilation) -> Compilation:
        plans = plan_pipeline(
            compilation.graph, compilation.codes, options, builder.find_base, Installed.here()
        )
        images = builder.build(plans.images, push=False)
        return name_images(compilation, {item.step: item.reference for item in images})

    return made


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry on this machine: Debian's own package."""
    script = ROOT / "scripts" / "docker_registry.sh"
    folder = tmp_path_factory.mktemp("registry")
    with subprocess.Popen(["bash", script, folder], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            pytest.skip("no registry: the package docker-registry is not installed")
        yield address
        process.terminate()


def remove(client: Any, *references: str) -> None:
    """Remove images of this machine, which may be gone already."""
    for reference in references:
        with contextlib.suppress(ImageNotFound):
            client.images.remove(reference, force=True)


def layers(client: Any, reference: str) -> list[str]:
    """The digests of an image's layers."""
    found: list[str] = client.api.inspect_image(reference)["RootFS"]["Layers"]
    return found


def kalelike(
    *arguments: str | Path, env: Mapping[str, str] | None = None, **how: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "kalelike", *map(str, arguments)],
        env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False, **how,
    )  # fmt: skip
