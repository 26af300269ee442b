"""The check of a document: text or data in, diagnostics with their places out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.errors import CompileError
from kalelike.lint.document.findings import Finding, Report, dotted
from kalelike.lint.document.limits import check_limits, check_workflow
from kalelike.lint.document.reading import KEY_NOT_TEXT, Document, read_documents
from kalelike.lint.document.rules import Decoded, apply_rules, decode
from kalelike.lint.document.stream import sort_documents
from kalelike.lint.document.workflow import measure_workflow

Json = Mapping[str, object]

UNREADABLE = frozenset({"not-yaml", "not-a-pipeline", "document-too-large", "document-unsafe"})
"""Names of the codes of files that are no pipeline document at all."""

CLUSTER_LIMITS = frozenset(
    {"too-many-steps", "pipeline-too-large", "parameters-too-large", "argument-too-large"}
)
"""Names of the codes of sizes, which hold for a cluster and for no other engine."""


def check_text(text: str, source: str) -> tuple[Diagnostic, ...]:
    """Return what KFP's backend would refuse, lose or change of a document.

    ``text`` is the YAML (or JSON) of anybody's KFP v2 pipeline, with its
    platform document if there is one; ``source`` names it in messages. Cluster
    limits are included. The diagnostics are in the order of the file. Never
    raises for bad text.
    """
    try:
        documents = read_documents(text, source)
    except CompileError as error:
        return tuple(error.diagnostics)
    sorted_ = sort_documents([document.value for document in documents])
    reports = [Report(number) for number in range(len(documents))]
    if sorted_.pipeline is not None:
        nowhere = Report(-1)
        platform = sorted_.platform
        report = reports[sorted_.pipeline]
        platform_report = nowhere if platform is None else reports[platform]
        decoded = decode(
            documents[sorted_.pipeline].value,
            report,
            None if platform is None else documents[platform].value,
            platform_report,
        )
        apply_rules(decoded, report, platform_report)
        check_limits(decoded.pipeline, decoded.settings, report)
    findings = [*sorted_.findings, *(item for report in reports for item in report.findings)]
    for number, document in enumerate(documents):
        findings.extend(
            Finding(item.code, number, item.path, item.message, item.hint)
            for item in document.complaints
            if item.code != KEY_NOT_TEXT or number == sorted_.pipeline
        )
    return _locate(findings, documents, source)


def check_documents(ir: Json, platform: Json | None, source: str) -> tuple[Diagnostic, ...]:
    """Return what KFP's backend would refuse, lose or change of a document that is data.

    Cluster limits are left out (see :func:`check_workflow_size`), since they
    hold for no run on this machine. Locations have a path and no line.
    """
    report, platform_report = Report(0), Report(1)
    decoded = decode(ir, report, platform, platform_report)
    apply_rules(decoded, report, platform_report)
    return _name((*report.findings, *platform_report.findings), source)


def check_workflow_size(ir: Json, platform: Json | None, source: str) -> tuple[Diagnostic, ...]:
    """Return whether a document has more steps than a cluster can run, with the computed figure."""
    decoded = _decode_quietly(ir, platform)
    report = Report(0)
    check_workflow(decoded.pipeline, decoded.settings, report)
    return _name(report.findings, source)


def estimate_workflow_size(ir: Json, platform: Json | None) -> int:
    """Return the bytes that the Argo Workflow of a document takes at the end of a run."""
    decoded = _decode_quietly(ir, platform)
    return measure_workflow(decoded.pipeline, decoded.settings).finished


def _decode_quietly(ir: Json, platform: Json | None) -> Decoded:
    return decode(ir, Report(0), platform, Report(1))


def _name(findings: Iterable[Finding], source: str) -> tuple[Diagnostic, ...]:
    return tuple(
        _diagnostic(finding, Location(source, path=dotted(finding.path) or None))
        for finding in findings
    )


def _locate(
    findings: Sequence[Finding], documents: Sequence[Document], source: str
) -> tuple[Diagnostic, ...]:
    placed = []
    for finding in findings:
        line, column = documents[finding.document].position(finding.path)
        place = Location(source, line=line, column=column, path=dotted(finding.path) or None)
        placed.append(_diagnostic(finding, place))
    return tuple(sorted(placed, key=_position))


def _position(item: Diagnostic) -> tuple[int, int]:
    return item.location.line or 0, item.location.column or 0


def _diagnostic(finding: Finding, place: Location) -> Diagnostic:
    return diagnose(finding.code, finding.message, place, finding.hint, finding.severity)
