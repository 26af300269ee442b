"""What stands around a pipeline: its version, its name, and the parameters of a run."""

from __future__ import annotations

import re

from kalelike.lint.document.findings import Report
from kalelike.lint.document.model import ROOT, Pipeline, part
from kalelike.lint.document.types import kind_of, takes, type_of

SCHEMA_VERSION = "2.1.0"
"""The one version that KFP's API server reads."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
_LONGEST_NAME = 128


def check_envelope(pipeline: Pipeline, report: Report) -> None:
    """Check what KFP's API server looks at before it keeps a pipeline."""
    _check_version(pipeline, report)
    _check_name(pipeline, report)
    if ROOT not in pipeline.spec:
        report.add(
            "missing-field",
            (),
            "`root` is missing: KFP does not take the file for a pipeline",
            "add the pipeline's own DAG as `root`",
        )


def check_parameters(pipeline: Pipeline, report: Report) -> None:
    """Check the pipeline's own parameters, which a run gives values to."""
    for name, declaration in pipeline.root.parameters.items():
        place = (ROOT, "inputDefinitions", "parameters", name)
        kind = type_of(declaration)
        default = declaration.get("defaultValue")
        if not kind:
            report.add(
                "untyped-parameter",
                place,
                f"parameter `{name}` of the pipeline has no `parameterType`: KFP refuses every run"
                " that gives it a value",
                "add `parameterType` (STRING, NUMBER_INTEGER, …)",
            )
        elif default is not None and not takes(kind, default):
            report.add(
                "bad-constant",
                (*place, "defaultValue"),
                f"the default of parameter `{name}` is {kind_of(default)}, and {kind} is declared;"
                " a run without a value of its own fails",
                f"give a default of type {kind}",
            )
        elif default is None and not declaration.get("isOptional"):
            report.add(
                "required-parameter",
                place,
                f"parameter `{name}` has no default: every run has to give it a value",
            )


def _check_version(pipeline: Pipeline, report: Report) -> None:
    version = pipeline.spec.get("schemaVersion", "")
    if version == SCHEMA_VERSION:
        return
    stated = f"is {version}" if version else "is missing"
    report.add(
        "bad-schema-version",
        ("schemaVersion",) if version else (),
        f"the schema version {stated}, and KFP refuses every other than {SCHEMA_VERSION}",
        f"write `schemaVersion: {SCHEMA_VERSION}`"
        if version
        else f"add `schemaVersion: {SCHEMA_VERSION}`",
    )


def _check_name(pipeline: Pipeline, report: Report) -> None:
    name = str(part(pipeline.spec, "pipelineInfo").get("name", ""))
    if not name:
        report.add(
            "missing-field",
            ("pipelineInfo",) if "pipelineInfo" in pipeline.spec else (),
            "`pipelineInfo.name` is missing: KFP does not take the file for a pipeline",
            "add `pipelineInfo: {name: …}`",
        )
    elif not _NAME.fullmatch(name):
        repaired = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST_NAME]
        report.add(
            "bad-pipeline-name",
            ("pipelineInfo", "name"),
            f"`{name}` cannot be the name of a pipeline: KFP takes at most {_LONGEST_NAME} small"
            " letters, digits and `-`",
            f"call it `{repaired or 'pipeline'}`; `pipelineInfo.displayName` may keep the old name",
        )
