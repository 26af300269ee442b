"""Every example in containers gives its notebook's results, and so does KFP's own runner."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kalelike.compiler import compile_notebook, write_compilation
from kalelike.run.docker.launcher import CONTAINERS
from tests.docker.conftest import ROOT, Build
from tests.equivalence.harness import compare
from tests.examples.test_examples import EXAMPLES

pytestmark = [pytest.mark.docker, pytest.mark.slow]

# KFP's runner takes seconds for each step: all examples on demand, these always.
_ALWAYS = ("titanic", "files_between_steps")
_RUN = """
import os, sys, warnings
warnings.simplefilter("ignore")
from kfp import components, local
local.init(local.DockerRunner(user=f"{os.getuid()}:{os.getgid()}"), pipeline_root=sys.argv[2])
components.load_component_from_file(sys.argv[1])()
print("KFP-DONE")
"""


@pytest.mark.parametrize("notebook", EXAMPLES, ids=lambda path: path.stem)
def test_example_in_containers_equals_its_notebook(
    notebook: Path, build: Build, tmp_path: Path
) -> None:
    verdict = compare(notebook, tmp_path, kind=CONTAINERS, prepare=build)
    assert verdict.differences == ()
    assert verdict.compared
    assert verdict.result.metrics


@pytest.mark.parametrize("notebook", EXAMPLES, ids=lambda path: path.stem)
def test_example_under_kfps_docker_runner(notebook: Path, build: Build, tmp_path: Path) -> None:
    if notebook.stem not in _ALWAYS and not os.environ.get("KALELIKE_ALL_EXAMPLES"):
        pytest.skip("set KALELIKE_ALL_EXAMPLES=1 to run every example under KFP's runner")
    folder = tmp_path / "here"
    shutil.copytree(notebook.parent, folder, ignore=shutil.ignore_patterns(".kalelike"))
    compilation = build(compile_notebook(folder / notebook.name))
    write_compilation(compilation, tmp_path / "pipeline.yaml", tmp_path / "code")
    done = subprocess.run(
        [sys.executable, "-c", _RUN, tmp_path / "pipeline.yaml", tmp_path / "root"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=280, check=False,
    )  # fmt: skip
    assert "KFP-DONE" in done.stdout, (done.stdout + done.stderr)[-3000:]
    assert done.stdout.count('"status": "succeeded"') == len(compilation.graph.steps)
