"""Reads and checks the list of public notebooks that the corpus is made of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

MANIFEST = Path(__file__).with_name("manifest.json")


@dataclass(frozen=True, slots=True)
class Entry:
    """A notebook of a public repository at a commit; nothing of it is kept here.

    ``data`` are files that it reads from its repository, ``packages`` the
    top-level modules that it imports. It runs with the packages of
    ``requirements-ENVIRONMENT.txt``; only ``first_cells`` of its cells are run
    if the next one fails by itself, None for all.
    """

    repository: str
    commit: str
    licence: str
    path: str
    data: tuple[str, ...]
    packages: tuple[str, ...]
    environment: str
    first_cells: int | None

    @property
    def key(self) -> str:
        """What names the entry in results."""
        return f"{self.repository}/{self.path}"

    def place(self, checkouts: Path) -> Path:
        """Return where the notebook is in a folder of clones named as their repositories."""
        return checkouts / self.repository.partition("/")[2] / self.path


def read_manifest(path: Path = MANIFEST) -> tuple[Entry, ...]:
    """Return all entries, in the manifest's order."""
    data = json.loads(path.read_text("utf-8"))
    return tuple(
        Entry(
            item["repository"],
            item["commit"],
            item["licence"],
            book["path"],
            tuple(book["data"]),
            tuple(book["packages"]),
            book["environment"],
            book.get("first_cells"),
        )
        for item in data["repositories"]
        for book in item["notebooks"]
    )
