"""A step in R: a data frame goes there and comes back, here and in containers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docker.conftest import ROOT
from tests.docker.r_image import make_r_image
from tests.image.notebooks import Cells, write_notebook

pytestmark = [pytest.mark.docker, pytest.mark.slow]

# 0.1 + 0.2 has a last bit that a decimal of 15 digits would lose.
CELLS: Cells = [
    ("imports", "import pandas as pd"),
    (
        "step:make",
        "table = pd.DataFrame({'x': [1.5, float('nan'), 0.1 + 0.2], 'n': [1, 2, 3],\n"
        "                      's': ['a', 'b', 'ü'], 'ok': [True, False, True]})\n"
        "scale, words = 3, ['one', 'two']\nlimits = {'low': 0.1 + 0.2, 'high': None}",
    ),
    (
        "step:fit",
        "%%R -i table,scale,words -i limits -o result,total -o names,back\n"
        "result <- table\nresult$y <- result$n * scale\ntotal <- sum(result$y)\n"
        "names <- toupper(words)\nback <- limits\nprint(class(table$n))",
    ),
    ("step:fit", "%%R -i total -o twice\ntwice <- total * 2"),
    (
        "step:use",
        "pd.testing.assert_frame_equal(result[['x', 'n', 's', 'ok']], table)\n"
        "same = [result['y'].tolist() == [3, 6, 9], total == 18, twice == 36,\n"
        "        names == ['ONE', 'TWO'], back == limits]\nn_same = sum(same)",
    ),
    ("pipeline-metrics", "print(n_same)"),
]

Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def run() -> Run:
    """Runs a notebook with R and what runs it on the path, and returns the events."""
    site = ROOT / ".venv" / "kernels"
    script = ROOT / "scripts" / "r_kernel.sh"
    ready = subprocess.run(
        ["bash", script, site], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHON": sys.executable},
    )  # fmt: skip
    if ready.returncode != 0:
        pytest.skip(ready.stderr.strip())

    def made(notebook: Path, *options: str) -> list[dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-m", "kalelike", "run", notebook, "--json", *options],
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{site}"},
            capture_output=True, text=True, check=False, timeout=280,
        )  # fmt: skip
        return [json.loads(line) for line in done.stdout.splitlines()]

    return made


def finished(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["step"]: item for item in events if item["event"] == "StepFinished"}


def test_here(run: Run, tmp_path: Path) -> None:
    steps = finished(run(write_notebook(tmp_path / "nb.ipynb", CELLS)))
    assert {step["status"] for step in steps.values()} == {"succeeded"}, steps
    assert steps["use"]["metrics"] == {"n_same": 5}
    (page,) = (tmp_path / ".kalelike" / "runs").glob("*/fit/notebook.ipynb")
    assert "integer" in page.read_text() or "numeric" in page.read_text()


def test_in_containers(run: Run, client: Any, tmp_path: Path) -> None:
    cells = [*CELLS]
    cells[2] = (f"step:fit|image:{make_r_image(client)}", cells[2][1])
    notebook = write_notebook(tmp_path / "nb.ipynb", cells)
    steps = finished(run(notebook, "--engine", "docker", "--base-from-host"))
    assert {step["status"] for step in steps.values()} == {"succeeded"}, steps
    assert steps["use"]["metrics"] == {"n_same": 5}


def test_an_error_in_r_names_the_cell(run: Run, tmp_path: Path) -> None:
    cells: Cells = [("step:a", "x = 1"), ("step:b", "%%R -i x\nstop('no such luck')")]
    error = finished(run(write_notebook(tmp_path / "nb.ipynb", cells)))["b"]["error"]
    assert error["cell"]["number"] == 2
    assert "no such luck" in error["message"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("2**60", "2**53", id="large integer"),
        pytest.param("{1, 2}", "set", id="set"),
        pytest.param(
            "pd.DataFrame({'a': [1]}, index=['r'])", "index of x would be lost", id="index"
        ),
    ],
)
def test_what_r_would_change_is_refused(run: Run, tmp_path: Path, value: str, text: str) -> None:
    cells: Cells = [
        ("imports", "import pandas as pd"), ("step:a", f"x = {value}"), ("step:b", "%%R -i x\n1")
    ]  # fmt: skip
    error = finished(run(write_notebook(tmp_path / "nb.ipynb", cells)))["b"]["error"]
    assert error["code"] == "KL201"
    assert text in error["message"]


def test_a_kernel_that_is_not_there(run: Run, tmp_path: Path) -> None:
    cells: Cells = [("step:a|kernel:nowhere", "%%nowhere\n1")]
    error = finished(run(write_notebook(tmp_path / "nb.ipynb", cells)))["a"]["error"]
    assert error["code"] == "KL541"
    assert "nowhere" in error["message"]
