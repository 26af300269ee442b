"""The local files that a step reads and no step writes, found beside the notebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path


def data_paths(names: Iterable[str], folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield each name with its path in ``folder``; a name with ``*`` gives all that it matches.

    Names are relative to ``folder``; an absolute one, or one that leads out of it,
    is yielded as it is, for the caller to refuse.
    """
    for name in names:
        if "*" not in name or name.startswith("/") or ".." in name.split("/"):
            yield name, folder / name
            continue
        for path in sorted(folder.glob(name)):
            yield path.relative_to(folder).as_posix(), path
