"""Whatever stands in a notebook, the compiler compiles it or tells; and it does so one way only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalelike.compiler import compile_notebook
from kalelike.errors import CompileError
from tests.property.documents import documents
from tests.property.garbling import garbled, write_garbled
from tests.property.generator.drawing import HypothesisDraw
from tests.property.generator.programs import generate

_PROGRAMS = 40


@st.composite
def garbled_notebooks(draw: st.DrawFn) -> dict[str, Any]:
    source = HypothesisDraw(draw)
    return garbled(source, generate(source, most=8).cells)


@pytest.fixture(scope="module")
def counts() -> Iterator[Counter[str]]:
    found: Counter[str] = Counter()
    yield found
    print("\ngarbled:", dict(found.most_common(12)))


@given(notebook=garbled_notebooks())
def test_garbled_notebooks_are_compiled_or_refused(
    notebook: dict[str, Any], tmp_path_factory: pytest.TempPathFactory, counts: Counter[str]
) -> None:
    """Never another exception, and no refusal without a reason."""
    path = write_garbled(tmp_path_factory.getbasetemp() / "garbled.ipynb", notebook)
    for auto in (False, True):
        told = refusal(path, auto=auto)
        counts.update(told if told is not None else ["compiled"])
        assert told is None or told


def refusal(path: Path, *, auto: bool) -> list[str] | None:
    """Return the codes with which the compiler refuses a notebook; None where it compiles it."""
    try:
        compile_notebook(path, auto=auto, inline=True)
    except CompileError as error:
        return [item.code.name for item in error.diagnostics]
    return None


def test_one_document_whatever_the_hash_seed() -> None:
    """Sets have another order in every process; the document has not."""
    first, second = (_in_process(seed) for seed in ("1", "2"))
    assert first == second
    assert len(first.split()) == _PROGRAMS


def test_one_document_however_often() -> None:
    assert documents(0, 5) == documents(0, 5)


def _in_process(hash_seed: str) -> str:
    command = [sys.executable, "-m", "tests.property.documents", "0", str(_PROGRAMS)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, env=environment, cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout
