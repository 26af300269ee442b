"""Documents with every option through KFP's own loader and compiler: the same comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kalelike.emit import to_yaml
from tests.emit.compiling import Cells, compile_cells
from tests.golden.cases import CASES

pytestmark = pytest.mark.kfp

_RECOMPILE = """
import sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from kfp import compiler, components
for path in map(Path, sys.argv[1:]):
    loaded = components.load_component_from_file(str(path))
    compiler.Compiler().compile(loaded, str(path.with_suffix(".again.yaml")))
"""

# Values that protobuf takes for nothing at all, and what is stated by a default.
EMPTY: dict[str, tuple[Cells, dict[str, Any]]] = {
    "empty": (
        [("pipeline-parameters", "a = ''\nb = 0\nc = False\nd = []\ne = {}\nf = 0.0"),
         ("step:one|env:A:|label:l:|annotation:n:|toleration:t=|run-as-user:0|retry:2",
          "x = a, b, c, d, e, f")],
        {"kalelike": {"defaults": {"resources": {"accelerator_type": "g.x/u"}}, "description": ""}},
    ),
}  # fmt: skip


def test_recompiles_to_the_same_documents(tmp_path: Path) -> None:
    paths = []
    for name, (cells, metadata) in (CASES | EMPTY).items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(to_yaml(compile_cells(tmp_path, cells, metadata).document), "utf-8")
        paths.append(path)
    done = subprocess.run(
        [sys.executable, "-c", _RECOMPILE, *map(str, paths)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    for path in paths:
        ours, theirs = (
            list(yaml.safe_load_all(item.read_text("utf-8")))
            for item in (path, path.with_suffix(".again.yaml"))
        )
        assert ours == theirs, path.name
