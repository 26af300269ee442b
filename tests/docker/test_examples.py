"""Every example in containers gives its notebook's results, and so does KFP's own runner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kalelike.compiler import write_compilation
from kalelike.run.docker.launcher import CONTAINERS
from tests.docker.conftest import ROOT, Build
from tests.equivalence.harness import compare
from tests.examples.test_examples import EXAMPLES

pytestmark = [pytest.mark.docker, pytest.mark.kfp, pytest.mark.slow]

# For every step the runner has the SDK inspect each image of the machine in turn, and fails where
# another test has removed one meanwhile; what the list itself tells of them is enough for it.
_RUN = """
import os, sys, warnings
warnings.simplefilter("ignore")
from docker.models.images import ImageCollection
from kfp import components, local
def listed(self):
    found = self.client.api.images()
    found = [{**item, "RepoDigests": item["RepoDigests"] or []} for item in found]
    return [self.prepare_model(item) for item in found]
ImageCollection.list = listed
local.init(local.DockerRunner(user=f"{os.getuid()}:{os.getgid()}"), pipeline_root=sys.argv[2])
components.load_component_from_file(sys.argv[1])()
print("KFP-DONE")
"""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("notebook", EXAMPLES, ids=lambda path: path.stem)
def test_example_in_containers_equals_its_notebook(
    notebook: Path, build: Build, tmp_path: Path
) -> None:
    verdict = compare(notebook, tmp_path, kind=CONTAINERS, prepare=build)
    assert verdict.differences == ()
    assert verdict.compared
    assert verdict.result.metrics

    # The same images and document under KFP's runner, which takes one step at a time.
    write_compilation(verdict.compilation, tmp_path / "pipeline.yaml", tmp_path / "code")
    done = subprocess.run(
        [sys.executable, "-c", _RUN, tmp_path / "pipeline.yaml", tmp_path / "root"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    assert "KFP-DONE" in done.stdout, (done.stdout + done.stderr)[-3000:]
    assert done.stdout.count('"status": "succeeded"') == len(verdict.compilation.graph.steps)
    assert metrics_under(tmp_path / "root") == verdict.result.metrics


def metrics_under(root: Path) -> dict[str, object]:
    """Return the metrics that the steps left for KFP, by name."""
    found: dict[str, object] = {}
    for path in root.rglob("executor_output.json"):
        artifacts = json.loads(path.read_text())["artifacts"]
        for item in artifacts.get("metrics", {}).get("artifacts", ()):
            found |= item["metadata"]
    return found
