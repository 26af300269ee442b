"""Steps forked from a parent that has done the imports are as steps in fresh processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kalelike.cli.warm_imports import warm_imports
from tests.run.running import run_cells

METHODS = ("fork", "spawn")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules that are installed, as far as a notebook can tell."""
    folder = tmp_path / "site"
    folder.mkdir()
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)
    return folder


@pytest.mark.parametrize("method", METHODS)
def test_what_an_import_prints_is_shown_by_each_step(
    tmp_path: Path, site: Path, method: str
) -> None:
    (site / "says_hello.py").write_text("print('hello')\nimport sys\nvalue = 1\n")
    cells = [("imports", "import says_hello, numpy"), ("step:a", "x = says_hello.value"),
             ("step:b", "y = says_hello.value")]  # fmt: skip
    outcome = run_cells(tmp_path, cells, start_method=method, imports=("numpy", "says_hello"))
    assert outcome.result.status == "succeeded", outcome.result
    assert outcome.log("a") == outcome.log("b") == ["hello"]


@pytest.mark.parametrize("method", METHODS)
def test_random_numbers_differ_between_steps(tmp_path: Path, method: str) -> None:
    source = "import random, numpy\nprint(random.random(), numpy.random.rand())"
    cells = [(f"step:{name}", source) for name in ("a", "b")]
    outcome = run_cells(tmp_path, cells, start_method=method, imports=("numpy", "random"))
    (a,), (b,) = outcome.log("a"), outcome.log("b")
    assert not set(a.split()) & set(b.split())


@pytest.mark.parametrize("method", METHODS)
def test_a_module_that_crashes_ends_its_own_step_only(
    tmp_path: Path, site: Path, method: str
) -> None:
    (site / "crashes.py").write_text("import os\nos.kill(os.getpid(), 11)\n")
    cells = [("step:a", "import crashes"), ("step:b", "x = 1")]
    outcome = run_cells(tmp_path, cells, start_method=method, imports=("crashes",), jobs=2)
    assert outcome.status == {"a": "failed", "b": "succeeded"}
    assert outcome.error("a")["code"] == "KL803"


@pytest.mark.parametrize("method", METHODS)
def test_a_module_that_fails_is_the_steps_to_report(
    tmp_path: Path, site: Path, method: str
) -> None:
    (site / "fails.py").write_text("raise ValueError('no such thing')\n")
    cells = [("step:a", "x = 1\nimport fails"), ("step:b", "y = 1")]
    outcome = run_cells(tmp_path, cells, start_method=method, imports=("fails",))
    assert outcome.status == {"a": "failed", "b": "succeeded"}
    assert (outcome.error("a")["message"], outcome.error("a")["line"]) == ("no such thing", 2)


COLD = [
    "import os\nos.environ['KERAS_BACKEND'] = 'jax'",
    "import os\nos.environ.setdefault('A', '1')",
    "%env OMP_NUM_THREADS=1",
    "import sys\nsys.path.insert(0, 'src')",
    "import sys\nsys.path[:0] = ['src']",
]
WARM = [
    "import os\nhome = os.environ['HOME']\nsame = os.environ.get('A') == 'b'",
    "import sys\nsys.path.append('src')",
]


@pytest.mark.parametrize("source", COLD)
def test_what_an_import_may_depend_on_keeps_the_parent_cold(tmp_path: Path, source: str) -> None:
    assert warm_imports([source, "import numpy"], tmp_path) == ()


@pytest.mark.parametrize("source", WARM)
def test_what_only_looks_does_not(tmp_path: Path, source: str) -> None:
    assert "numpy" in warm_imports([source, "import numpy"], tmp_path)


def test_helpers_are_the_steps_own(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("")
    assert warm_imports(["import helper, json\nfrom numpy import (\n  array)"], tmp_path) == (
        "json",
        "numpy",
    )
