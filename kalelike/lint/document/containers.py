"""Containers: image, command, resources and variables, and whose interface they are taken for.

Nothing of this is looked at before a run; the driver or Kubernetes meets it
when the step starts. Rules from ``initPodSpecPatch`` (``driver.go``) and
``hashComponentContainer`` (``argo.go``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kalelike.lint.document.findings import Path, Report, suggest
from kalelike.lint.document.model import Component, Pipeline, part
from kalelike.lint.document.placeholders import has_input, named_input
from kalelike.lint.document.quantities import parse_quantity, split_reason
from kalelike.lint.document.settings import ENV_NAME
from kalelike.notebook.kubernetes_values import BadValueError, check_env_name, check_image

_IN_A_RUN = "the step fails when it starts"
_AMOUNTS = (
    ("resourceCpuRequest", "resourceCpuLimit", "cpuRequest", "cpuLimit"),
    ("resourceMemoryRequest", "resourceMemoryLimit", "memoryRequest", "memoryLimit"),
)
_INTERFACE = ("inputDefinitions", "outputDefinitions", "taskConfigPassthroughs")


def check_containers(pipeline: Pipeline, report: Report) -> None:
    """Check every reached container, and that equal containers have equal interfaces."""
    owners: dict[str, Component] = {}
    for component in pipeline.reached:
        if component.kind != "container":
            continue
        path = (*component.executor_path, "container")
        _check_image(component, path, report)
        _check_resources(component, path, report)
        _check_fields(component, path, pipeline, report)
        _check_env(component, path, report)
        text = json.dumps(component.container, sort_keys=True, default=str)
        _check_interface(component, owners.setdefault(text, component), report)


def _check_image(component: Component, path: Path, report: Report) -> None:
    container = component.container
    image = container.get("image", "")
    if not image:
        report.add(
            "bad-container",
            (*path, "image") if "image" in container else path,
            f"executor {component.label} has no image: its pod never starts",
            "name an image",
        )
    elif named_input(image) is None:
        try:
            check_image(image)
        except BadValueError as error:
            reason, remedy = split_reason(error)
            report.add("bad-container", (*path, "image"), f"{reason}: its pod never starts", remedy)
    if not (container.get("command") or container.get("args") or component.runs_in_driver):
        report.add(
            "bad-container",
            path,
            f"executor {component.label} has no command: KFP runs none of the image's own, and"
            f" {_IN_A_RUN}",
            "give `command: […]`",
        )


def _check_resources(component: Component, path: Path, report: Report) -> None:
    resources = part(component.container, "resources")
    if not resources:
        return
    path = (*path, "resources")
    for request, limit, old_request, old_limit in _AMOUNTS:
        low = _amount(resources, request, path, report) or resources.get(old_request)
        high = _amount(resources, limit, path, report) or resources.get(old_limit)
        if low and high and low > high and (request in resources) == (limit in resources):
            report.add(
                "bad-quantity",
                (*path, request if request in resources else old_request),
                f"executor {component.label} requests more than its limit: Kubernetes refuses the"
                " pod",
                "raise the limit, or lower the request",
            )
    accelerator = part(resources, "accelerator")
    if accelerator:
        _check_accelerator(component, accelerator, (*path, "accelerator"), report)


def _amount(resources: Mapping[str, Any], name: str, path: Path, report: Report) -> float | None:
    text = resources.get(name)
    if not text or named_input(text) is not None:
        return None
    try:
        return parse_quantity(text)
    except BadValueError as error:
        reason, remedy = split_reason(error)
        report.add("bad-quantity", (*path, name), f"{reason}; {_IN_A_RUN}", remedy)
        return None


def _check_accelerator(
    component: Component, accelerator: Mapping[str, Any], path: Path, report: Report
) -> None:
    kind = accelerator.get("resourceType") or accelerator.get("type")
    count = accelerator.get("resourceCount") or accelerator.get("count")
    if not kind or not count:
        report.add(
            "dropped-option",
            path,
            f"the accelerator of executor {component.label} has no"
            f" {'type' if not kind else 'count'}; KFP drops it without a word",
            "give `resourceType` and `resourceCount`",
        )
    _amount(accelerator, "resourceCount", path, report)


def _check_fields(component: Component, path: Path, pipeline: Pipeline, report: Report) -> None:
    """Check that the inputs exist that image and resources are taken from."""
    callers = pipeline.callers.get(component.name, ())
    resources = part(component.container, "resources")
    fields = [((*path, "image"), component.container.get("image", ""))]
    fields += [((*path, "resources", key), value) for key, value in resources.items()]
    accelerator = part(resources, "accelerator")
    fields += [
        ((*path, "resources", "accelerator", key), value) for key, value in accelerator.items()
    ]
    for place, text in fields:
        name = named_input(text) if isinstance(text, str) else None
        if name is not None and not has_input(component, callers, name):
            report.add(
                "bad-placeholder",
                place,
                f"`{text}` names `{name}`, which is no input parameter of component"
                f" {component.name}; {_IN_A_RUN}",
                suggest(name, component.parameters),
            )


def _check_env(component: Component, path: Path, report: Report) -> None:
    for number, variable in enumerate(component.container.get("env", ())):
        try:
            check_env_name(variable.get("name", ""))
        except BadValueError as error:
            place = (*path, "env", number)
            report.add(
                "bad-env-name",
                (*place, "name") if "name" in variable else place,
                f"{split_reason(error)[0] or error}; Kubernetes refuses the pod",
                ENV_NAME,
            )


def _check_interface(component: Component, first: Component, report: Report) -> None:
    if component is first:
        return
    mine, others = ([one.spec.get(key) for key in _INTERFACE] for one in (component, first))
    if mine != others:
        report.add(
            "shared-interface",
            component.path,
            f"components {first.name} and {component.name} run the same image, command and"
            " arguments with different inputs or outputs; KFP keeps one interface for both",
            "add the step's name to the arguments of each",
        )
