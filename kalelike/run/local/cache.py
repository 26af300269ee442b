"""What decides a step's result, and what an earlier step with the same gave.

The key covers what is known in advance: code, inputs, parameters, environment,
and the files that the code names. What a step was seen to read beyond that
(``observed``) is kept with the result, and looked at again before it is used.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalelike.run.backend import RunOptions
from kalelike.run.local.plan import Task
from kalelike.runtime.audit import FILE_NAME, digest_of_listing, digest_of_text, stamp_of
from kalelike.runtime.hidden_state import file_digest
from kalelike.store.rows import CacheEntry
from kalelike.store.runs import RunStore

# Above so many files a step's result counts on their stamps: hashing an image
# collection anew would cost more than the step.
_MOST_HASHED = 1000


@dataclass(frozen=True, slots=True)
class Observed:
    """What a step was seen to read and write.

    ``content`` is for the cache; None when the result must not be kept, as
    ``unstable`` then says: the file that the step read and that is no longer
    what it was. ``reads`` and ``writes`` are absolute paths.
    """

    content: Mapping[str, Any] | None = None
    unstable: str = ""
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()


class StepCache:
    """Finds results of earlier runs in one store."""

    def __init__(self, store: RunStore, options: RunOptions) -> None:
        self._store = store
        self._options = options
        self.damaged: list[str] = []
        """Names of values that were found changed since they were stored."""

    def key(self, task: Task, digests: Mapping[str, str]) -> str | None:
        """Hash all that is known to decide what the step gives; None if it is not to be cached.

        ``digests`` are those of its input artifacts, by input key.
        """
        if not task.cache:
            return None
        content = {
            "sha": task.sha,
            "inputs": digests,
            "parameters": task.parameters,
            "outputs": task.outputs,
            "env": task.env,
            "environment": task.image if self._options.by_image else self._options.environment_key,
            "cacheKey": task.cache_key,
            "files": self._named_files(task),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def find(self, task: Task, key: str | None) -> CacheEntry | None:
        """Return what an earlier step with this key gave, if it is all there and wanted."""
        if key is None or not self._options.cache:
            return None
        for entry in self._store.find_cached(key):
            if self._is_whole(entry) and self._still_holds(entry.observed, task):
                return entry
        return None

    def _is_whole(self, entry: CacheEntry) -> bool:
        for item in entry.outputs.values():
            intact = self._store.is_intact(item["digest"])
            if intact is False:
                self.damaged += item["names"]
            if not intact:
                return False
        return True

    def observed(self, folder: Path) -> Observed:
        """Read what the step that ran in ``folder`` was seen to do."""
        try:
            data = json.loads((folder / FILE_NAME).read_text("utf-8"))
        except (OSError, ValueError):
            return Observed({})
        reads, writes = frozenset(data["reads"]), frozenset(data["writes"])
        files = {}
        describe = self._describer(len(data["reads"]))
        for path, stamp in data["reads"].items():
            found = describe(path)
            if found is None or stamp_of(path) != stamp:
                return Observed(None, path, reads, writes)
            files[self._relative(path)] = found
        folders = {self._relative(path): digest for path, digest in data["folders"].items()}
        content = {"files": files, "folders": folders, "variables": data["variables"]}
        content = {kind: items for kind, items in content.items() if items}
        return Observed(content, "", reads, writes)

    def _still_holds(self, observed: Mapping[str, Any], task: Task) -> bool:
        files = observed.get("files", {})
        describe = self._describer(len(files))
        environment = {**os.environ, **dict(task.env)}
        return (
            all(
                digest_of_text(environment.get(name)) == digest
                for name, digest in observed.get("variables", {}).items()
            )
            and all(
                digest_of_listing(self._absolute(path)) == digest
                for path, digest in observed.get("folders", {}).items()
            )
            and all(describe(self._absolute(path)) == found for path, found in files.items())
        )

    def _describer(self, count: int) -> Callable[[str], str | None]:
        return self._hash if count <= _MOST_HASHED else stamp_of

    def _hash(self, path: str) -> str | None:
        try:
            return self._store.file_hash(Path(path), file_digest)
        except OSError:
            return None

    def _relative(self, path: str) -> str:
        """Let the cache hold when the project's folder is moved."""
        here = str(self._options.notebook_dir)
        return "." if path == here else path.removeprefix(f"{here}{os.sep}")

    def _absolute(self, path: str) -> str:
        return str(self._options.notebook_dir / path)

    def _named_files(self, task: Task) -> dict[str, str]:
        """Return the hashes of the files that the step's code names, and that are there."""
        path = self._options.code_dir / f"{task.step}-{task.sha}.json"
        try:
            names = json.loads(path.read_text("utf-8")).get("data_files", [])
        except (OSError, ValueError):
            return {}
        found = {}
        for name in names:
            file = self._options.notebook_dir / name
            if file.is_file():
                found[name] = self._store.file_hash(file.resolve(), file_digest)
        return found
