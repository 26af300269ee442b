"""The Kubernetes platform document: what of it belongs to the pipeline, and the run's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kalelike.diagnostics import Severity
from kalelike.lint.document.decoding import AT_RUN, IN_PLATFORM, Decoder, Message
from kalelike.lint.document.findings import Path, Report, suggest
from kalelike.lint.document.model import Pipeline, part
from kalelike.lint.document.quantities import parse_quantity, split_reason
from kalelike.lint.document.templates import PLATFORM_EXECUTORS
from kalelike.notebook.kubernetes_values import BadValueError

_CONFIG: Path = ("platforms", "kubernetes", "pipelineConfig")
_CLAIM_FIELDS = frozenset({"accessModes", "storageClassName"})


def decode_platform(value: object, pipeline: Pipeline, report: Report) -> Mapping[str, Message]:
    """Decode a platform document; return the settings by the label of their executor.

    Whatever cannot be read at its top loses the whole document, whatever
    cannot be read of one executor refuses the run.
    """
    document = Decoder(report, IN_PLATFORM).message("PlatformSpec", value)
    if report.findings:
        return {}
    if "kubernetes" not in part(document, "platforms"):
        report.add(
            "dropped-platform",
            ("platforms",),
            "there is no platform `kubernetes`; KFP drops the document without a word",
            "call the platform `kubernetes`",
        )
        return {}
    kubernetes = part(document, "platforms", "kubernetes")
    _check_config(part(kubernetes, "pipelineConfig"), report)
    settings: dict[str, Message] = {}
    for label, entry in part(kubernetes, "deploymentSpec", "executors").items():
        if label in pipeline.executors:
            path = (*PLATFORM_EXECUTORS, label)
            settings[label] = Decoder(report, AT_RUN, path).message(
                "KubernetesExecutorConfig", entry
            )
        else:
            report.add(
                "unknown-platform-executor",
                (*PLATFORM_EXECUTORS, label),
                f"no executor of the pipeline is called `{label}`: these settings are dropped"
                " without a word",
                suggest(label, pipeline.executors),
            )
    return settings


def _check_config(config: Mapping[str, Any], report: Report) -> None:
    if "workspace" not in config:
        return
    path = (*_CONFIG, "workspace")
    workspace = part(config, "workspace")
    if "kubernetes" not in workspace:
        report.add(
            "dropped-option",
            path,
            "the workspace has no `kubernetes` part: KFP makes no volume, and whoever mounts it"
            " waits for good",
            "add `kubernetes: {pvcSpecPatch: {accessModes: [ReadWriteOnce]}}`",
        )
        return
    _check_size(workspace, path, report)
    _check_claim(
        part(workspace, "kubernetes", "pvcSpecPatch"), (*path, "kubernetes", "pvcSpecPatch"), report
    )


def _check_size(workspace: Mapping[str, Any], path: Path, report: Report) -> None:
    size = workspace.get("size", "")
    try:
        parse_quantity(size)
    except BadValueError as error:
        reason, remedy = split_reason(error)
        report.add(
            "bad-quantity",
            (*path, "size") if size else path,
            f"the size of the workspace: {reason}; KFP refuses to create a run",
            remedy,
        )


def _check_claim(patch: Mapping[str, Any], path: Path, report: Report) -> None:
    for key in patch:
        if key not in _CLAIM_FIELDS:
            report.add(
                "unknown-field",
                (*path, key),
                f"the workspace's claim cannot be given `{key}`; KFP refuses to create a run",
                suggest(key, _CLAIM_FIELDS),
            )
    modes = patch.get("accessModes")
    if modes and not (isinstance(modes, list) and all(isinstance(mode, str) for mode in modes)):
        report.add(
            "bad-field-value",
            (*path, "accessModes"),
            "the access modes of the workspace are no list of texts; KFP refuses to create a run",
            "write `accessModes: [ReadWriteOnce]`",
        )
    elif not modes:
        report.add(
            "bad-platform-value",
            path,
            "the workspace's claim has no access modes; where the administrator has set no default,"
            " KFP refuses to create a run",
            "add `accessModes: [ReadWriteOnce]`",
            Severity.WARNING,
        )
    if patch.get("storageClassName") == "":
        report.add(
            "bad-platform-value",
            (*path, "storageClassName"),
            "the storage class of the workspace is empty; KFP refuses to create a run",
            "leave it out for the cluster's default",
        )
