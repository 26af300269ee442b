"""The compiled document of every example, and of notebooks that state much, as YAML files.

``pytest tests/golden --update-golden`` rewrites them; read the difference before committing it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kalelike import __version__
from kalelike.compiler import Compilation, compile_notebook
from kalelike.emit import PipelineDocument, default_image, to_yaml
from tests.conftest import Golden
from tests.emit.compiling import compile_cells
from tests.golden.cases import CASES

HERE = Path(__file__).parent
EXAMPLES = sorted((HERE.parents[1] / "examples" / "notebooks").glob("*.ipynb"))
DOCUMENTS = HERE / "documents"


def stable(compilation: Compilation) -> str:
    """The document as text, less what differs between machines and releases.

    That is the version, the default image (of the running Python), and the
    hashes of code, which tests/graph is about. They are replaced before the
    text is laid out, since its line breaks follow from lengths.
    """
    document = compilation.document
    text = json.dumps([document.ir, document.platform])
    text = text.replace(f"kalelike-{__version__}", "kalelike-VERSION")
    text = text.replace(default_image(), "python:VERSION-slim")
    for code in compilation.codes:
        assert code.sha in text
        text = text.replace(code.sha, "HASH")
    return to_yaml(PipelineDocument(*json.loads(text)))


@pytest.mark.parametrize("notebook", EXAMPLES, ids=lambda path: path.stem)
def test_example(notebook: Path, golden: Golden) -> None:
    golden.check(stable(compile_notebook(notebook)), DOCUMENTS / f"{notebook.stem}.yaml")


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, golden: Golden, tmp_path: Path) -> None:
    cells, metadata = CASES[name]
    text = stable(compile_cells(tmp_path, cells, metadata))
    golden.check(text, DOCUMENTS / f"{name}.yaml")


def test_every_file_belongs_to_a_case() -> None:
    known = {*CASES, *(path.stem for path in EXAMPLES)}
    assert {path.stem for path in DOCUMENTS.glob("*")} == known


def test_a_document_does_not_depend_on_the_process(tmp_path: Path) -> None:
    """Hash seed, current folder and the notebook's place do not show."""
    example = next(path for path in EXAMPLES if path.stem == "two_models")
    texts = set()
    for seed in ("0", "1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "kalelike", "compile", str(example), "-o", "out.yaml"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(HERE.parents[1]), "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        texts.add((folder / "out.yaml").read_text("utf-8"))
    assert len(texts) == 1
    assert str(tmp_path) not in texts.pop()


def test_ci_cannot_write_one() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(HERE), "--update-golden", "--collect-only", "-q"],
        cwd=HERE.parents[1],
        env={**os.environ, "CI": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "not rewritten in CI" in done.stderr


def test_a_difference_fails_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with pytest.raises(AssertionError):
        Golden(update=False).check("new", path)
    path.write_text("old", "utf-8")
    with pytest.raises(AssertionError):
        Golden(update=False).check("new", path)
    assert path.read_text("utf-8") == "old"
    Golden(update=True).check("new", path)
    assert path.read_text("utf-8") == "new"
