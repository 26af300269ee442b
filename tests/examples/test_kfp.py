"""Every example's YAML through KFP's own loader, compiler and local runner."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kalelike.compiler import compile_notebook, write_compilation
from kalelike.emit import from_yaml, to_yaml
from tests.examples.test_examples import EXAMPLES

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.kfp

_RECOMPILE = """
import sys, warnings
warnings.simplefilter("ignore")
from kfp import compiler, components
loaded = components.load_component_from_file(sys.argv[1])
compiler.Compiler().compile(loaded, sys.argv[2])
"""
_RUN = """
import sys, warnings
warnings.simplefilter("ignore")
from kfp import components, local
local.init(local.SubprocessRunner(use_venv=False), pipeline_root=sys.argv[2])
loaded = components.load_component_from_file(sys.argv[1])
loaded()
print("KFP-DONE")
"""


def python(code: str, *arguments: object, cwd: Path) -> str:
    """Run code with KFP in a fresh process and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


@pytest.mark.parametrize("notebook", EXAMPLES, ids=lambda path: path.stem)
def test_recompiles_to_the_same_document(notebook: Path, tmp_path: Path) -> None:
    compilation = compile_notebook(notebook)
    path = tmp_path / "pipeline.yaml"
    write_compilation(compilation, path, tmp_path / "code")
    python(_RECOMPILE, path, tmp_path / "again.yaml", cwd=tmp_path)
    ours = list(yaml.safe_load_all(path.read_text("utf-8")))
    theirs = list(yaml.safe_load_all((tmp_path / "again.yaml").read_text("utf-8")))
    assert ours == theirs


@pytest.mark.parametrize("notebook", EXAMPLES, ids=lambda path: path.stem)
def test_runs_under_kfps_local_runner(notebook: Path, tmp_path: Path) -> None:
    folder = tmp_path / "here"
    shutil.copytree(notebook.parent, folder, ignore=shutil.ignore_patterns(".kalelike"))
    compilation = compile_notebook(folder / notebook.name)
    path = tmp_path / "pipeline.yaml"
    write_compilation(compilation, path, folder / ".kalelike" / "code")
    printed = python(_RUN, path, tmp_path / "root", cwd=folder)
    assert "KFP-DONE" in printed
    assert printed.count('"status": "succeeded"') == len(compilation.graph.steps)


@pytest.mark.parametrize("notebook", EXAMPLES, ids=lambda path: path.stem)
def test_yaml_round_trip(notebook: Path) -> None:
    document = compile_notebook(notebook).document
    assert from_yaml(to_yaml(document)) == document


def test_inline_code_needs_nothing_beside_the_document(tmp_path: Path) -> None:
    notebook = next(path for path in EXAMPLES if path.stem == "two_models")
    compilation = compile_notebook(notebook, inline=True)
    path = tmp_path / "pipeline.yaml"
    path.write_text(to_yaml(compilation.document), "utf-8")
    assert "KFP-DONE" in python(_RUN, path, tmp_path / "root", cwd=tmp_path)
