"""An image that has Python and pip, and nothing else, made of this machine's Python."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from kalelike.image.docker_builder import DockerBuilder
from kalelike.image.installed import Installed

ROOT = Path(__file__).parents[2]
IMAGE = "kalelike/plain-python:test"


def make_plain_image() -> str:
    """Return the image's name; skips the test where there is no Docker engine."""
    script = ROOT / "scripts" / "docker_engine.sh"
    done = subprocess.run(["bash", script], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no Docker engine: {done.stderr.strip().splitlines()[-1]}")
    builder = DockerBuilder(Installed.here(), platform.machine(), lambda _: None)
    base = builder.base_from_host()
    # The environment of the tests need not have pip; a fresh one has.
    packages = sysconfig.get_path("purelib", vars={"base": sys.base_prefix})
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "environment"
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        found = next(environment.glob("lib/python*/site-packages/pip"))
        context = Path(folder) / "context"
        shutil.copytree(found, context / "pip", ignore=shutil.ignore_patterns("__pycache__"))
        (context / "Dockerfile").write_text(f"FROM {base}\nCOPY pip {packages}/pip\n")
        subprocess.run(
            ["docker", "build", "-q", "-t", IMAGE, context], check=True, capture_output=True
        )
    return IMAGE
