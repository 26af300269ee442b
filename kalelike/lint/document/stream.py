"""Which document of a file is the pipeline, which its platform document, and which is neither.

As KFP's API server sorts them (``NewV2SpecTemplate``): it looks at each
document by itself, takes one pipeline and one platform document in any order,
refuses a second of either, and passes over everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kalelike.lint.document.findings import Finding

_PIPELINE_KEYS = frozenset(
    {"pipelineInfo", "pipeline_info", "root", "components", "deploymentSpec", "deployment_spec"}
    | {"schemaVersion", "schema_version", "sdkVersion", "sdk_version"}
)
_HINT = "give a pipeline that KFP's SDK or kalelike compiled"


@dataclass(frozen=True, slots=True)
class Sorted:
    """The positions of pipeline and platform document in the stream; None where there is none."""

    pipeline: int | None
    platform: int | None
    findings: tuple[Finding, ...]


def sort_documents(values: Sequence[object]) -> Sorted:
    """Find the pipeline and the platform document among the documents of a file."""
    kinds = [_kind(value) for value in values]
    pipeline = _first(kinds, ("pipeline", "part of a pipeline"))
    if pipeline is None:
        return Sorted(None, None, (_missing(values),))
    platform = _first(kinds, ("platform", "other platform"))
    findings: list[Finding] = []
    for number, kind in enumerate(kinds):
        if number in (pipeline, platform):
            continue
        if kind in ("pipeline", "platform"):
            findings.append(_repeated(kind, number))
        else:
            findings.append(_dropped(values[number], number))
    return Sorted(pipeline, platform, tuple(findings))


def _first(kinds: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Return the first document of the first kind that is there."""
    return next((kinds.index(kind) for kind in wanted if kind in kinds), None)


def _kind(value: object) -> str:
    """Tell what KFP takes a document for; it passes over what is not complete."""
    if not isinstance(value, Mapping):
        return "other"
    if value.keys() & _PIPELINE_KEYS:
        named = "pipelineInfo" in value or "pipeline_info" in value
        return "pipeline" if named and "root" in value else "part of a pipeline"
    if "platforms" in value:
        platforms = value["platforms"]
        known = isinstance(platforms, Mapping) and "kubernetes" in platforms
        return "platform" if known else "other platform"
    return "other"


def _repeated(kind: str, number: int) -> Finding:
    title = "pipeline" if kind == "pipeline" else "platform document"
    return Finding(
        "repeated-document",
        number,
        (),
        f"this is a second {title}; KFP refuses the whole file",
        "keep one of the two",
    )


def _dropped(value: object, number: int) -> Finding:
    if not isinstance(value, Mapping):
        message = "this document is no mapping; KFP refuses the whole file"
        return Finding("not-a-pipeline", number, (), message, "remove the document")
    return Finding(
        "dropped-document",
        number,
        (),
        "this document is neither a pipeline nor a platform document (`platforms: …`); KFP drops"
        " it without a word",
        "remove it, or correct its first keys",
    )


def _missing(values: Sequence[object]) -> Finding:
    found = next(_other_formats(values), None)
    if found is not None:
        return found
    for number, value in enumerate(values):
        if "platform" in _kind(value):
            message = "there is a platform document, and no pipeline that it belongs to"
            return Finding(
                "not-a-pipeline", number, (), message, "put the pipeline before it, in one file"
            )
    keys = sorted(map(str, values[0])) if isinstance(values[0], Mapping) else []
    stands = f" (its keys: {', '.join(keys[:6])})" if keys else ", not even a mapping"
    return Finding("not-a-pipeline", 0, (), f"the file is no KFP v2 pipeline{stands}", _HINT)


def _other_formats(values: Sequence[object]) -> Iterator[Finding]:
    for number, value in enumerate(values):
        if not isinstance(value, Mapping):
            continue
        kind, version = str(value.get("kind")), str(value.get("apiVersion"))
        what, hint = "", ""
        if kind == "Workflow" and version.startswith("argoproj.io"):
            what = "an Argo Workflow, the format of KFP v1"
            hint = "compile the pipeline with KFP's SDK 2 or newer"
        elif version.startswith("pipelines.kubeflow.org"):
            what = f"a Kubernetes manifest of kind {kind} around a pipeline"
            hint = "compile without `kubernetes_manifest_format`, or give its `pipelineSpec`"
        elif "implementation" in value:
            what = "a component of KFP v1 (component.yaml)"
            hint = "load it in a pipeline, and compile that with KFP's SDK 2 or newer"
        elif "nbformat" in value:
            what = "a notebook"
            hint = "compile it first: `kalelike compile`"
        if what:
            yield Finding("not-a-pipeline", number, (), f"this is {what}", hint)
