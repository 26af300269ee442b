"""What the local store keeps of a run elsewhere, so that any later command finds it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError
from kalelike.run.kfp.target import Target
from kalelike.runtime.atomic import write_text

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class RemoteRun:
    """A run on a server, the document that it runs, and its parameters' values.

    ``workflow`` is empty until the server has told it. No secret is held:
    ``target`` names where they are.
    """

    run_id: str
    target: Target
    pipeline_id: str
    version_id: str
    ir: Mapping[str, Any]
    parameters: Mapping[str, Any]


def save_remote(folder: Path, remote: RemoteRun) -> None:
    """Write ``remote.json`` into a run's folder."""
    write_text(folder / "remote.json", json.dumps({"format": _FORMAT, **asdict(remote)}, indent=1))


def load_remote(folder: Path, run: str) -> RemoteRun:
    """Read it back; raises :class:`BackendError` when the run is not one on a server."""
    try:
        data = json.loads((folder / "remote.json").read_text("utf-8"))
        if data.pop("format") != _FORMAT:
            raise ValueError("it is of another version")
        return RemoteRun(**{**data, "target": Target(**data["target"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackendError(
            [
                diagnose(
                    "store-unusable",
                    f"run {run} is no run on a server, or its remote.json is damaged: {error}",
                    Location(str(folder)),
                    "find it by its own id on the server",
                )
            ]
        ) from error
