"""Documents as they are sent: what a run asks for beside what the notebook says."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from kalelike.emit import PipelineDocument
from kalelike.emit.setup import MAKE_COMMAND


def with_environment(document: PipelineDocument, variables: Mapping[str, str]) -> PipelineDocument:
    """Return the document with variables set in every step; a step's own ones stay."""
    ir: Any = copy.deepcopy(document.ir)
    for executor in ir["deploymentSpec"]["executors"].values():
        container = executor.get("container")
        if container is None or _is_setup(container):
            continue
        own = {item["name"] for item in container.get("env", ())}
        container["env"] = [
            *container.get("env", ()),
            *({"name": key, "value": value} for key, value in variables.items() if key not in own),
        ]
    return PipelineDocument(ir, document.platform)


def without_cache(document: PipelineDocument) -> PipelineDocument:
    """Return the document with every step run again; packages that are installed stay."""
    ir: Any = copy.deepcopy(document.ir)
    executors = ir["deploymentSpec"]["executors"]
    for task in ir["root"]["dag"]["tasks"].values():
        component = ir["components"][task["componentRef"]["name"]]
        container = executors.get(component.get("executorLabel"), {}).get("container")
        if container is None or not _is_setup(container):
            # False is protobuf's default, and stands as nothing at all.
            task["cachingOptions"] = {}
    return PipelineDocument(ir, document.platform)


def _is_setup(container: Mapping[str, Any]) -> bool:
    return tuple(container.get("command", ())) == MAKE_COMMAND
