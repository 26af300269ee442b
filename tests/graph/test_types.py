"""The KFP type of what a step gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalelike.compiler import analyse
from tests.equivalence.harness import write_notebook

TYPES = [
    ("frame", "pd.read_csv('v.csv')", "system.Dataset"),
    ("column", "frame['a']", "system.Dataset"),
    ("rows", "frame[frame.a > 1]", "system.Dataset"),
    ("numbers", "frame.to_numpy()", "system.Dataset"),
    ("axis", "frame.index", "system.Dataset"),
    ("label", "frame.index[0]", "system.Artifact"),
    ("last label", "frame.columns[-1]", "system.Artifact"),
    ("labels", "frame.index[:2]", "system.Dataset"),
    ("model", "LinearRegression().fit(frame, frame['a'])", "system.Model"),
    ("number", "float(frame['a'].mean())", "system.Artifact"),
    ("list", "[1, 2]", "system.Artifact"),
]


@pytest.mark.parametrize(("source", "kind"), [row[1:] for row in TYPES], ids=[r[0] for r in TYPES])
def test_type(tmp_path: Path, source: str, kind: str) -> None:
    setup = "import pandas as pd\nfrom sklearn.linear_model import LinearRegression"
    make = f"frame = pd.read_csv('v.csv')\nvalue = {source}"
    cells = [("imports", setup), ("step:make", make), ("step:use", "print(value)")]
    graph = analyse(write_notebook(tmp_path / "notebook.ipynb", cells))
    (output,) = (item for item in graph.steps[0].outputs if "value" in item.names)
    assert output.type.value == kind
