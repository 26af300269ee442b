"""Checks a probe: compiled, run, compared; or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalelike.compiler import compile_notebook
from kalelike.diagnostics import Severity
from kalelike.errors import CompileError
from tests.equivalence.harness import compare, write_notebook
from tests.equivalence.warm import Oracle
from tests.probes.probe import Probe


def write_probe(probe: Probe, folder: Path) -> Path:
    """Write a probe's notebook and files into a folder of their own."""
    source = folder / "source"
    source.mkdir()
    for name, text in probe.files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, "utf-8")
    return write_notebook(source / "nb.ipynb", probe.cells, dict(probe.metadata))


def check_equal(probe: Probe, folder: Path, oracle: Oracle | None) -> None:
    """Assert that the pipeline does what the notebook does, and says what it must."""
    verdict = compare(write_probe(probe, folder), folder, may_fail=bool(probe.fails), oracle=oracle)
    assert verdict.differences == (), verdict.differences
    assert verdict.compared > 0
    failed = [step.step for step in verdict.result.steps if step.status == "failed"]
    assert failed == ([probe.fails] if probe.fails else [])
    told = {item.code.name for item in verdict.compilation.diagnostics}
    assert told.issuperset(probe.told)
    if probe.check is not None:
        probe.check(verdict)


def check_refused(probe: Probe, folder: Path) -> None:
    """Assert that exactly the expected errors stop the compile, each with a remedy."""
    with pytest.raises(CompileError) as caught:
        compile_notebook(write_probe(probe, folder))
    errors = [d for d in caught.value.diagnostics if d.severity is Severity.ERROR]
    found = [(d.code.name, d.location.number or 0, d.location.line or 0) for d in errors]
    assert tuple(found) == probe.refused
    assert all(item.hint for item in errors)
