"""Every probe is right, or refused with a code at its cell and line; none is silently wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.equivalence.warm import Oracle, warm_processes
from tests.probes import compiling, documents, failing, peers, right, wrong
from tests.probes.checking import check_equal, check_refused
from tests.probes.probe import Probe

TABLES = (compiling, documents, failing, peers, right, wrong)
PROBES = [probe for table in TABLES for probe in table.PROBES]
RUN = [probe for probe in PROBES if not probe.refused]
REFUSED = [probe for probe in PROBES if probe.refused]


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    with warm_processes(tmp_path_factory.mktemp("warm")) as made:
        yield made


def test_ids_are_unique() -> None:
    ids = [probe.id for probe in PROBES]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("probe", [p for p in RUN if not p.cold], ids=lambda p: p.id)
def test_equals_its_notebook(probe: Probe, tmp_path: Path, oracle: Oracle) -> None:
    check_equal(probe, tmp_path, oracle)


@pytest.mark.slow
@pytest.mark.parametrize("probe", [p for p in RUN if p.cold], ids=lambda p: p.id)
def test_equals_its_notebook_from_cold(probe: Probe, tmp_path: Path) -> None:
    check_equal(probe, tmp_path, None)


@pytest.mark.parametrize("probe", REFUSED, ids=lambda p: p.id)
def test_refused(probe: Probe, tmp_path: Path) -> None:
    check_refused(probe, tmp_path)
