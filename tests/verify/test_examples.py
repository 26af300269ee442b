"""Every example is equal to its pipeline by the product's own proof, nothing left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalelike.cli.warm_imports import warm_imports
from kalelike.compiler import compile_notebook
from kalelike.runtime.fingerprints import Tolerance
from kalelike.verify.findings import Outcome
from kalelike.verify.local_side import LocalSide
from kalelike.verify.subject import make_subject
from kalelike.verify.verifying import HASH_SEED, START, VerifyOptions, verify
from tests.verify.running import quiet

FOLDER = Path(__file__).parents[2] / "examples" / "notebooks"
EXAMPLES = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_proved(path: Path) -> None:
    compilation = compile_notebook(path)
    sources = [cell.source for step in compilation.graph.steps for cell in step.cells]
    imports = warm_imports(sources, path.parent)
    side = LocalSide(START, HASH_SEED, start_method="fork", imports=imports)
    subject = make_subject(path, compilation)
    made = verify(subject, side, VerifyOptions(Tolerance()), quiet)
    assert made.outcome is Outcome.EQUAL
    assert made.findings == ()
