"""A Docker engine for the tests, and images on a base made of this machine's Python."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
def options(builder: DockerBuilder) -> ImageOptions:
    """The options of images that need no registry."""
    return ImageOptions(base=builder.base_from_host())


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
