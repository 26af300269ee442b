"""Values of past runs, for people: by Python, and by ``kalelike show --value``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from kalelike.errors import BackendError
from kalelike.store import load
from tests.run.running import Cells, run_cells

CELLS: Cells = [
    ("functions", "class Model:\n    def __init__(self, x):\n        self.x = x"),
    (
        "step:make",
        "import numpy, pandas\nframe = pandas.DataFrame({'a': [1, 2]})\n"
        "large = numpy.zeros((300, 400))\nnumber = 0.5\nmodel = Model(3)",
    ),
    ("step:use", "n = len(frame) + large.sum() + number + model.x\nprint(n)"),
    ("step:last", "m = n"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loading")
    outcome = run_cells(folder, CELLS)
    assert outcome.result.status == "succeeded"
    return folder


def test_values(folder: Path) -> None:
    store = folder / ".kalelike"
    assert load("make.frame", store=store).equals(pandas.DataFrame({"a": [1, 2]}))
    assert load("make.number", store=store) == 0.5
    large = load("make.large", store=store)
    assert large.shape == (300, 400)
    assert mapped(large), "large arrays are not copied"
    large[0, 0] = 1  # a change is the reader's own
    assert load("make.large", store=store)[0, 0] == 0


def mapped(array: numpy.ndarray[Any, Any]) -> bool:
    import mmap

    base: Any = array
    while isinstance(base, numpy.ndarray):
        base = base.base
    return isinstance(base, memoryview) and isinstance(base.obj, mmap.mmap)


def test_an_instance_of_the_notebooks_class(folder: Path) -> None:
    class Model:
        pass

    found = load("make.model", store=folder / ".kalelike", namespace={"Model": Model})
    assert isinstance(found, Model)
    assert vars(found) == {"x": 3}


BAD: list[tuple[str, str | None, str, str]] = [
    ("make.frme", None, "KL814", "did you mean make.frame?"),
    ("made.frame", None, "KL814", "did you mean make.frame?"),
    ("make", None, "KL814", "it has: "),
    ("make.@random:numpy", None, "KL814", "it has: "),
    ("make.frame", "1999", "KL806", "kalelike runs"),
    ("make.model", None, "KL201", "run its cell"),
]


@pytest.mark.parametrize(("value", "run", "code", "hint"), BAD)
def test_what_cannot_be_had(
    folder: Path, value: str, run: str | None, code: str, hint: str
) -> None:
    with pytest.raises(BackendError) as caught:
        load(value, run, store=folder / ".kalelike", namespace={})
    (found,) = caught.value.diagnostics
    assert found.code.id == code
    assert hint in found.hint


def test_no_store_is_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as caught:
        load("a.b", store=tmp_path / ".kalelike")
    assert caught.value.diagnostics[0].code.id == "KL806"
    assert list(tmp_path.iterdir()) == []


def kalelike(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kalelike", *arguments]
    return subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_show(folder: Path) -> None:
    shown = kalelike(folder, "show").stdout
    for text in ("frame: DataFrame 2 × 1", "large: ndarray 300 × 400", "number: float 0.5",
                 "model: Model", "960.", "kB"):  # fmt: skip
        assert text in shown
    assert kalelike(folder, "show", "--value", "make.number").stdout == "0.5\n"
    assert kalelike(folder, "show", "--log", "use").stdout == "5.5\n"
    refused = kalelike(folder, "show", "--value", "make.nothing")
    assert refused.returncode == 2
    assert "KL814" in refused.stderr
    data = json.loads(kalelike(folder, "show", "--json").stdout)
    values = [value for item in data["steps"][0]["artifacts"] for value in item["values"]]
    assert {"name": "frame", "kind": "DataFrame", "text": "2 × 1"} in values


def test_looking_where_nothing_is(tmp_path: Path) -> None:
    assert kalelike(tmp_path, "runs").stdout == "no runs yet: kalelike run NOTEBOOK\n"
    refused = kalelike(tmp_path, "show")
    assert (refused.returncode, "KL806" in refused.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []
