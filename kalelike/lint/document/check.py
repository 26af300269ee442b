"""The check of a document: text or data in, diagnostics with their places out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

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
    values = [document.value for document in documents]
    order = sort_documents(values)
    reports = [Report(number) for number in range(len(documents))]
    if order.pipeline is not None:
        _apply(values, order.pipeline, order.platform, reports)
    findings = [*order.findings, *(item for report in reports for item in report.findings)]
    located = [
        *_locate(findings, documents, source),
        *_complaints(documents, order.pipeline, source),
    ]
    return tuple(sorted(located, key=_position))


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


def _apply(
    values: Sequence[object], pipeline: int, platform: int | None, reports: Sequence[Report]
) -> None:
    report = reports[pipeline]
    # Without a platform document nothing is reported about one.
    platform_report = report if platform is None else reports[platform]
    decoded = decode(
        values[pipeline],
        report,
        None if platform is None else values[platform],
        platform_report,
    )
    apply_rules(decoded, report, platform_report)
    check_limits(decoded.pipeline, decoded.settings, report)


def _decode_quietly(ir: Json, platform: Json | None) -> Decoded:
    return decode(ir, Report(0), platform, Report(1))


def _name(findings: Iterable[Finding], source: str) -> tuple[Diagnostic, ...]:
    return tuple(
        _diagnostic(finding, Location(source, path=dotted(finding.path) or None))
        for finding in findings
    )


def _locate(
    findings: Iterable[Finding], documents: Sequence[Document], source: str
) -> Iterator[Diagnostic]:
    for finding in findings:
        line, column = documents[finding.document].position(finding.path)
        path = dotted(finding.path) or None
        yield _diagnostic(finding, Location(source, line=line, column=column, path=path))


def _complaints(
    documents: Sequence[Document], pipeline: int | None, source: str
) -> Iterator[Diagnostic]:
    """Yield what is wrong with the YAML itself, each at its very place."""
    for number, document in enumerate(documents):
        for item in document.complaints:
            if item.code == KEY_NOT_TEXT and number != pipeline:
                continue
            mark = item.node.start_mark
            path = dotted(item.path) or None
            place = Location(source, line=mark.line + 1, column=mark.column, path=path)
            yield diagnose(item.code, item.message, place, item.hint)


def _position(item: Diagnostic) -> tuple[int, int]:
    return item.location.line or 0, item.location.column or 0


def _diagnostic(finding: Finding, place: Location) -> Diagnostic:
    return diagnose(finding.code, finding.message, place, finding.hint, finding.severity)
