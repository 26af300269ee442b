"""Every example compiles, runs here, and gives the notebook's own results."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.equivalence.harness import compare

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "notebooks").glob("*.ipynb"))


def test_there_are_ten_examples() -> None:
    assert len(EXAMPLES) == 10


@pytest.mark.parametrize("notebook", EXAMPLES, ids=lambda path: path.stem)
def test_example_equals_its_notebook(notebook: Path, tmp_path: Path) -> None:
    verdict = compare(notebook, tmp_path)
    assert verdict.differences == ()
    assert verdict.result.metrics
