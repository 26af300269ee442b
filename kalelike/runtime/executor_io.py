"""KFP's executor input and output: where a step's inputs lie and its outputs go.

The executor input is the JSON that KFP puts in place of ``{{$}}``
(``pipeline_spec.ExecutorInput``); the executor output is what its launcher
reads back from ``outputs.outputFile`` (``pipeline_spec.ExecutorOutput``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kalelike.runtime.atomic import strict_json, write_text
from kalelike.runtime.faults import BadCallError

_LAUNCHERS_OWN = "executor-logs"
"""An output that KFP's launcher adds, and fills itself while the step runs."""

# Where KFP's launcher mounts remote stores, by URI scheme.
_MOUNTS = {"gs://": "/gcs/", "s3://": "/s3/", "minio://": "/minio/", "file://": ""}


@dataclass(frozen=True, slots=True)
class OutputPlace:
    """Where an output artifact goes: its local path, and KFP's own name and URI for it."""

    path: Path
    name: str
    uri: str


@dataclass(frozen=True, slots=True)
class ExecutorInput:
    """A step's executor input: input folders, parameter values and output places, by key."""

    artifacts: Mapping[str, Path]
    parameters: Mapping[str, object]
    outputs: Mapping[str, OutputPlace]
    output_file: Path | None = None
    raw: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> ExecutorInput:
        """Read the executor input; raises ``BadCallError`` when it does not fit."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadCallError(f"the executor input is not JSON: {error}") from None
        try:
            return cls._from_mapping(data)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise BadCallError(f"the executor input does not fit: {error!r}") from None

    @classmethod
    def _from_mapping(cls, data: Mapping[str, dict[str, dict[str, object]]]) -> ExecutorInput:
        inputs = data.get("inputs") or {}
        outputs = data.get("outputs") or {}
        given = inputs.get("parameterValues") or {}
        output_file = outputs.get("outputFile")
        return cls(
            {key: local_path(str(first["uri"])) for key, first in _firsts(inputs)},
            dict(given),
            {
                key: OutputPlace(
                    local_path(str(first["uri"])), str(first.get("name", key)), str(first["uri"])
                )
                for key, first in _firsts(outputs)
                if key != _LAUNCHERS_OWN
            },
            Path(str(output_file)) if output_file else None,
            data,
        )


def _firsts(part: Mapping[str, object]) -> list[tuple[str, Mapping[str, object]]]:
    artifacts = part.get("artifacts") or {}
    assert isinstance(artifacts, Mapping)
    return [(key, item["artifacts"][0]) for key, item in artifacts.items() if item["artifacts"]]


def local_path(uri: str) -> Path:
    """Return the local path at which KFP's launcher shows the artifact at ``uri``."""
    for scheme, mount in _MOUNTS.items():
        if uri.startswith(scheme):
            return Path(mount + uri[len(scheme) :])
    if uri.startswith("oci://"):
        return Path("/oci") / uri[6:].replace("/", "_") / "models"
    return Path(uri)


def write_executor_output(
    executor_input: ExecutorInput, metadata: Mapping[str, Mapping[str, object]]
) -> None:
    """Write the executor output: metadata of output artifacts, by key.

    Every number is one that strict JSON holds: the launcher fails a step over
    NaN in this file.
    """
    if executor_input.output_file is None:
        return
    artifacts = {
        key: {
            "artifacts": [
                {
                    "name": executor_input.outputs[key].name,
                    "uri": executor_input.outputs[key].uri,
                    "metadata": dict(values),
                }
            ]
        }
        for key, values in metadata.items()
        if key in executor_input.outputs
    }
    write_text(executor_input.output_file, strict_json({"artifacts": artifacts}))
