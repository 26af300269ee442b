"""Golden files for all tests: compared always, rewritten only on request, never in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the golden files that differ (read the difference before committing it)",
    )
    parser.addoption(
        "--programs",
        type=int,
        help="generate so many programs for each property test, other ones every time",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--update-golden") and os.environ.get("CI"):
        raise pytest.UsageError("golden files are not rewritten in CI")


class Golden:
    """Compares texts with files; ``update`` rewrites the files instead."""

    def __init__(self, update: bool) -> None:
        self.update = update

    def check(self, text: str, path: Path) -> None:
        """Fail where the file holds another text."""
        if self.update and (not path.exists() or path.read_text("utf-8") != text):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="\n")
        assert path.exists(), f"{path} is missing: pytest --update-golden makes it"
        assert text == path.read_text("utf-8"), f"{path.name} differs: pytest --update-golden"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(request.config.getoption("--update-golden"))
