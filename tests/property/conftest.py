"""How many programs the property tests generate."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings

CI_PROGRAMS = 200


def pytest_configure(config: pytest.Config) -> None:
    """In CI the same programs every time; on request others, as many as were asked for.

    Hypothesis finds the failing program; it is made small by ``reducing.py``,
    which knows notebooks, instead of by Hypothesis.
    """
    count = config.getoption("--programs", default=None)
    settings.register_profile(
        "programs",
        max_examples=count or CI_PROGRAMS,
        derandomize=count is None,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        verbosity=Verbosity.quiet,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("programs")


@pytest.fixture(scope="package", autouse=True)
def _warm() -> None:
    from tests.property.executor import warm_up

    warm_up()


@pytest.fixture(autouse=True)
def _no_limit(request: pytest.FixtureRequest) -> None:
    """Give thousands of programs more than one test's usual time."""
    if request.config.getoption("--programs", default=None):
        request.node.add_marker(pytest.mark.timeout(0))
