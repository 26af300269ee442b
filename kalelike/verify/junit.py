"""A verification as JUnit XML: a suite for each step, a case for each kind of comparison."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Tree

from kalelike.verify.findings import Finding, Kind, Outcome, Status, Verification

_TITLES = {
    Kind.FAILURE: "runs",
    Kind.VALUE: "values",
    Kind.METRIC: "metrics",
    Kind.DISPLAY: "displayed results",
    Kind.FILE: "files",
}


def to_junit(made: Verification) -> str:
    """Return the XML text. Differences are failures; what is uncovered or unstable is skipped."""
    root = Tree.Element("testsuites", name=f"kalelike verify {_clean(made.notebook)}")
    if made.outcome is Outcome.NOTEBOOK_FAILS:
        suite = Tree.SubElement(root, "testsuite", name="notebook")
        case = Tree.SubElement(suite, "testcase", name="runs", classname=_clean(made.notebook))
        error = made.error or {}
        message = _clean(f"{error.get('type')}: {error.get('message')}")
        Tree.SubElement(case, "error", message=message, type="notebook-fails").text = _clean(
            str(error.get("traceback", ""))
        )
        _count(suite)
    for step in made.steps:
        suite = Tree.SubElement(root, "testsuite", name=step.step, time=f"{step.seconds:.3f}")
        for kind in Kind:
            found = [item for item in made.findings if (item.step, item.kind) == (step.step, kind)]
            if found or step.equal.get(kind):
                _add_case(suite, made.notebook, step.step, kind, found)
        _count(suite)
    rest = [item for item in made.findings if item.step not in {s.step for s in made.steps}]
    if rest:
        suite = Tree.SubElement(root, "testsuite", name="whole notebook")
        _add_case(suite, made.notebook, "whole notebook", Kind.FILE, rest)
        _count(suite)
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    root.set("time", f"{made.seconds:.3f}")
    Tree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Tree.tostring(root, "unicode") + "\n"


def _add_case(
    suite: Tree.Element, notebook: str, step: str, kind: Kind, found: Sequence[Finding]
) -> None:
    case = Tree.SubElement(
        suite, "testcase", name=_TITLES[kind], classname=_clean(f"{notebook}.{step}"), time="0"
    )
    different = [item for item in found if item.status is Status.DIFFERENT]
    if different:
        text = "\n".join(map(_finding_text, different))
        failure = Tree.SubElement(
            case, "failure", message=_clean(finding_line(different[0])), type="different"
        )
        failure.text = _clean(text)
    elif found:
        Tree.SubElement(case, "skipped", message=_clean("; ".join(map(finding_line, found))))


def _finding_text(item: Finding) -> str:
    """Return a finding with the line to change and the remedy."""
    lines = [finding_line(item)]
    reason = item.reason
    if reason is not None and reason.line:
        lines.append(f"  --> {reason.cell}, line {reason.line}: {reason.source}")
    if reason is not None and reason.hint:
        lines.append(f"  hint: {reason.hint}")
    return "\n".join(lines)


def finding_line(item: Finding) -> str:
    """Return a finding as one line."""
    place = f"{item.cell} " if item.cell else ""
    name = f"{item.name}{item.where}" if item.kind is Kind.VALUE else item.name or item.where
    reason = f" ({item.reason.kind}: {item.reason.text})" if item.reason is not None else ""
    given = "given " if item.stage == "given" else ""
    head = f"{item.status.value} {item.kind.value}"
    return f"{head}: {place}{given}{name}: {item.why}{reason}".replace(" : ", ": ")


def _count(suite: Tree.Element) -> None:
    suite.set("tests", str(len(suite)))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(case.find(tag) is not None for case in suite)))


def _clean(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return "".join(
        char
        if char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd"
        or char >= "\U00010000"
        else "\ufffd"
        for char in text
    )  # fmt: skip
