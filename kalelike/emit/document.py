"""The compiled pipeline as data."""

from __future__ import annotations

from dataclasses import dataclass

Json = dict[str, object]
"""A JSON object. What protobuf leaves out (empty, false, zero) is left out here too."""


@dataclass(frozen=True, slots=True)
class PipelineDocument:
    """A KFP v2 pipeline: the IR, and the Kubernetes platform document if there is one.

    Both are in protobuf's canonical JSON form, so that KFP's own compiler
    gives the same documents back.
    """

    ir: Json
    platform: Json | None = None
