"""All rules, applied to a pipeline and its platform document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kalelike.lint.document.containers import check_containers
from kalelike.lint.document.decoding import AT_UPLOAD, IN_EXECUTOR, Decoder, Message
from kalelike.lint.document.envelope import check_envelope, check_parameters
from kalelike.lint.document.expressions import check_expressions
from kalelike.lint.document.findings import Report
from kalelike.lint.document.inputs import check_inputs
from kalelike.lint.document.loops import check_importers, check_loops
from kalelike.lint.document.model import Pipeline, build_pipeline
from kalelike.lint.document.names import check_names
from kalelike.lint.document.outputs import check_outputs
from kalelike.lint.document.placeholders import check_placeholders
from kalelike.lint.document.platform import decode_platform
from kalelike.lint.document.references import check_references
from kalelike.lint.document.retries import check_retries
from kalelike.lint.document.settings import Settings, check_settings
from kalelike.lint.document.templates import check_templates
from kalelike.lint.document.volumes import check_sources, check_volumes


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded pipeline, and the platform settings by the label of their executor."""

    pipeline: Pipeline
    settings: Mapping[str, Message]


def decode(ir: object, report: Report, platform: object | None, platform_report: Report) -> Decoded:
    """Decode both documents; what cannot be read is reported and left out."""
    spec = Decoder(report, AT_UPLOAD).message("PipelineSpec", ir)
    base = ("deploymentSpec",)
    deployment = Decoder(report, IN_EXECUTOR, base).message(
        "PipelineDeploymentConfig", spec.get("deploymentSpec", {})
    )
    pipeline = build_pipeline(spec, deployment)
    if platform is None:
        return Decoded(pipeline, {})
    return Decoded(pipeline, decode_platform(platform, pipeline, platform_report))


def apply_rules(decoded: Decoded, report: Report, platform_report: Report) -> None:
    """Check everything but sizes (``limits``)."""
    pipeline, settings = decoded.pipeline, decoded.settings
    check_envelope(pipeline, report)
    check_parameters(pipeline, report)
    check_references(pipeline, report)
    check_names(pipeline, frozenset(settings), report)
    check_inputs(pipeline, report)
    check_loops(pipeline, report)
    check_importers(pipeline, report)
    check_outputs(pipeline, report)
    check_expressions(pipeline, report)
    check_placeholders(pipeline, report)
    check_templates(pipeline, settings, report, platform_report)
    check_containers(pipeline, report)
    check_retries(pipeline, report)
    _check_platform(decoded, platform_report)


def _check_platform(decoded: Decoded, report: Report) -> None:
    pipeline = decoded.pipeline
    callers: dict[str, list[str]] = {}
    for component in pipeline.reached:
        callers.setdefault(component.label, []).append(component.name)
    for label, message in decoded.settings.items():
        settings = Settings(label, message, report)
        check_settings(settings)
        check_volumes(settings)
        calls = [call for name in callers.get(label, ()) for call in pipeline.callers.get(name, ())]
        check_sources(settings, tuple(calls), pipeline)
