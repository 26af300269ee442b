"""Hard patterns of real notebooks, by table: right, or refused at their cell and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.equivalence.warm import Oracle, warm_processes
from tests.hardening import TABLES
from tests.probes.checking import check_equal, check_refused
from tests.probes.probe import Probe

PROBES = [probe for table in TABLES for probe in table.PROBES]


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    with warm_processes(tmp_path_factory.mktemp("warm")) as made:
        yield made


def test_ids_are_unique() -> None:
    ids = [probe.id for probe in PROBES]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("probe", [p for p in PROBES if not p.refused], ids=lambda p: p.id)
def test_equals_its_notebook(probe: Probe, tmp_path: Path, oracle: Oracle) -> None:
    check_equal(probe, tmp_path, oracle)


@pytest.mark.parametrize("probe", [p for p in PROBES if p.refused], ids=lambda p: p.id)
def test_refused(probe: Probe, tmp_path: Path) -> None:
    check_refused(probe, tmp_path)
