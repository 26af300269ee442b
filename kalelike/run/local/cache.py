"""What decides a step's result, as one hash, and what an earlier step with that hash gave."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from kalelike.run.backend import RunOptions
from kalelike.run.local.plan import Task
from kalelike.runtime.hidden_state import file_digest
from kalelike.store.runs import CacheEntry, RunStore


class StepCache:
    """Finds results of earlier runs in one store."""

    def __init__(self, store: RunStore, options: RunOptions) -> None:
        self._store = store
        self._options = options

    def key(self, task: Task, digests: Mapping[str, str]) -> str | None:
        """Hash all that decides what the step gives; None if it is not to be cached.

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
            "environment": self._options.environment_key,
            "cacheKey": task.cache_key,
            "files": self._data_files(task),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def find(self, key: str | None) -> CacheEntry | None:
        """Return what an earlier step with this key gave, if it is all there and wanted."""
        if key is None or not self._options.cache:
            return None
        return self._store.find_cached(key)

    def _data_files(self, task: Task) -> dict[str, str]:
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
