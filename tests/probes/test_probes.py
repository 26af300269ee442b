"""Every probe is right, or refused with a code at its cell and line; none is silently wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kalelike.compiler import compile_notebook
from kalelike.diagnostics import Severity
from kalelike.errors import CompileError
from tests.equivalence.harness import compare, write_notebook
from tests.equivalence.warm import Oracle, warm_processes
from tests.probes import compiling, documents, failing, peers, right, wrong
from tests.probes.probe import Probe

TABLES = (compiling, documents, failing, peers, right, wrong)
PROBES = [probe for table in TABLES for probe in table.PROBES]
RUN = [probe for probe in PROBES if not probe.refused]
REFUSED = [probe for probe in PROBES if probe.refused]


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    with warm_processes(tmp_path_factory.mktemp("warm")) as made:
        yield made


def _write(probe: Probe, folder: Path) -> Path:
    source = folder / "source"
    source.mkdir()
    for name, text in probe.files.items():
        (source / name).write_text(text, "utf-8")
    return write_notebook(source / "nb.ipynb", probe.cells, dict(probe.metadata))


def test_ids_are_unique() -> None:
    ids = [probe.id for probe in PROBES]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("probe", [p for p in RUN if not p.cold], ids=lambda p: p.id)
def test_equals_its_notebook(probe: Probe, tmp_path: Path, oracle: Oracle) -> None:
    _check(probe, tmp_path, oracle)


def _check(probe: Probe, folder: Path, oracle: Oracle | None) -> None:
    verdict = compare(_write(probe, folder), folder, may_fail=bool(probe.fails), oracle=oracle)
    assert verdict.differences == ()
    assert verdict.compared > 0
    failed = [step.step for step in verdict.result.steps if step.status == "failed"]
    assert failed == ([probe.fails] if probe.fails else [])
    told = {item.code.name for item in verdict.compilation.diagnostics}
    assert told.issuperset(probe.told)
    if probe.check is not None:
        probe.check(verdict)


@pytest.mark.slow
@pytest.mark.parametrize("probe", [p for p in RUN if p.cold], ids=lambda p: p.id)
def test_equals_its_notebook_from_cold(probe: Probe, tmp_path: Path) -> None:
    _check(probe, tmp_path, None)


@pytest.mark.parametrize("probe", REFUSED, ids=lambda p: p.id)
def test_refused(probe: Probe, tmp_path: Path) -> None:
    with pytest.raises(CompileError) as caught:
        compile_notebook(_write(probe, tmp_path))
    errors = [d for d in caught.value.diagnostics if d.severity is Severity.ERROR]
    found = [(d.code.name, d.location.number or 0, d.location.line or 0) for d in errors]
    assert tuple(found) == probe.refused
    assert all(item.hint for item in errors)
