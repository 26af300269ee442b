"""What a step's entry point is told: where its inputs lie and its outputs go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kalelike.run.local.plan import Task
from kalelike.store.objects import object_path

REPORTS = {"report": "report.html", "notebook": "notebook.ipynb", "metrics": "metrics.json"}
"""Outputs that are files of the step's folder, and not values."""
_VALUES = "values"


def entry_arguments(
    task: Task, folder: Path, store: Path, digests: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the entry point's arguments, with the executor input in place of ``{{$}}``.

    ``folder`` is the step's own in the run; ``digests`` are those of the
    input artifacts in ``store``, by input key.
    """
    text = json.dumps(_executor_input(task, folder, store, digests))
    return tuple(text if item == "{{$}}" else item for item in task.arguments)


def value_place(folder: Path, key: str) -> Path:
    """Return where a step writes the value artifact ``key``."""
    return folder / _VALUES / key


def values_folder(folder: Path) -> Path:
    """Return the folder of a step's value artifacts before they are committed."""
    return folder / _VALUES


def _executor_input(
    task: Task, folder: Path, store: Path, digests: Mapping[str, str]
) -> dict[str, Any]:
    given = {
        key: _artifact(task.inputs[key][1], object_path(store, digest), "system.Artifact")
        for key, digest in digests.items()
    }
    outputs = {
        key: _artifact(
            key, folder / REPORTS[key] if key in REPORTS else value_place(folder, key), kind
        )
        for key, kind in task.outputs.items()
    }
    return {
        "inputs": {"artifacts": given, "parameterValues": dict(task.parameters)},
        "outputs": {"artifacts": outputs, "outputFile": str(folder / "executor_output.json")},
    }


def _artifact(name: str, path: Path, kind: str) -> dict[str, Any]:
    stated = {"name": name, "uri": str(path), "type": {"schemaTitle": kind}, "metadata": {}}
    return {"artifacts": [stated]}
