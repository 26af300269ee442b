"""Text that other template engines touch on its way: Argo's ``{{…}}``, Kubernetes' ``$(…)``.

Argo substitutes in every text of the workflow, so in everything that stands
in the document: a tag that names a variable of its own is replaced or, where
it does not exist, refused; ``{{=…}}`` is evaluated; other tags pass
(``workflow/validate``, ``util/template``). Kubernetes replaces ``$$`` by
``$``, and ``$(NAME)`` where NAME is an environment variable of the container,
in command and arguments; the values of a step travel in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kalelike.lint.document.decoding import Message
from kalelike.lint.document.findings import Path, Report
from kalelike.lint.document.inputs import iter_constants
from kalelike.lint.document.model import Component, Pipeline

PLATFORM_EXECUTORS: Path = ("platforms", "kubernetes", "deploymentSpec", "executors")
"""Where the platform document keeps what belongs to an executor."""

_REFUSED = ("item.", "steps.", "inputs.", "pod.", "tasks.")
_PASSING = ("steps.name", "tasks.name")
_REPLACED = re.compile(
    r"(workflow\.(name|namespace|uid|mainEntrypoint|serviceAccountName|priority|status|failures"
    r"|duration|scheduledTime|creationTimestamp|parameters|labels|annotations|outputs)(\..*)?"
    r"|node\.name)",
    re.DOTALL,
)
_REFERENCE = re.compile(r"\$\(([^()\s]+)\)")
# What KFP's compiler gives every step beside the user's own variables.
_KFP_VARIABLES = frozenset({"KFP_POD_NAME", "KFP_POD_UID"})


def check_templates(
    pipeline: Pipeline, settings: Mapping[str, Message], report: Report, platform: Report
) -> None:
    """Check all text that reaches Argo and Kubernetes.

    ``settings`` are the platform document's decoded entries by executor label;
    what stands in them is reported to ``platform``.
    """
    for path, value, target in _parts(pipeline, settings, report, platform):
        for where, text in _walk(value, path):
            if "{{" in text:
                _check_tags(text, where, target)
    for component in pipeline.reached:
        if component.kind == "container":
            _check_container(component, settings.get(component.label, {}), report)
    for call in pipeline.calls:
        if call.component is not None:
            for place, constant in iter_constants(call):
                for where, text in _walk(constant, place):
                    _check_dollars(text, where, _KFP_VARIABLES, report)
    for component in pipeline.reached:
        for name, declaration in component.parameters.items():
            place = (*component.path, "inputDefinitions", "parameters", name, "defaultValue")
            for where, text in _walk(declaration.get("defaultValue"), place):
                _check_dollars(text, where, _KFP_VARIABLES, report)


def _parts(
    pipeline: Pipeline, settings: Mapping[str, Message], report: Report, platform: Report
) -> Iterator[tuple[Path, object, Report]]:
    labels: set[str] = set()
    for component in pipeline.reached:
        yield component.path, component.spec, report
        if component.label and component.label not in labels:
            labels.add(component.label)
            yield component.executor_path, component.executor, report
            if component.label in settings:
                path = (*PLATFORM_EXECUTORS, component.label)
                yield path, settings[component.label], platform


def _check_tags(text: str, place: Path, report: Report) -> None:
    """Judge every ``{{…}}`` of a text, found as Argo's engine finds them."""
    start = text.find("{{")
    while start >= 0:
        end = text.find("}}", start)
        if end < 0:
            report.add(
                "template-refused",
                place,
                "`{{` is opened and not closed: Argo's template engine cannot read the task",
                "write the text in another way, or encode it",
            )
            return
        _check_tag(text[start + 2 : end], place, report)
        start = text.find("{{", end + 2)


def _check_tag(tag: str, place: Path, report: Report) -> None:
    if tag.startswith("="):
        report.add(
            "template-replaced",
            place,
            f"`{_shown(tag)}` is an expression that Argo evaluates: its result arrives instead",
            "write the text in another way, or encode it",
        )
        return
    name = tag.strip()
    if _REPLACED.fullmatch(name):
        report.add(
            "template-replaced",
            place,
            f"`{_shown(tag)}` is replaced by Argo: its value arrives instead",
            "where the text itself is meant, encode it",
        )
    elif name.startswith((*_REFUSED, "workflow.")) and not name.startswith(_PASSING):
        report.add(
            "template-refused",
            place,
            f"`{_shown(tag)}` names a variable that Argo does not have here; it refuses the run",
            "write the text in another way, or encode it",
        )


def _shown(tag: str) -> str:
    text = "{{" + tag + "}}"
    return text if len(text) <= 60 else text[:58] + "…}}"


def _check_container(component: Component, settings: Message, report: Report) -> None:
    known = _KFP_VARIABLES | _variables(component.container, settings)
    for key in ("command", "args"):
        for number, text in enumerate(component.container.get(key, ())):
            if "$" in text:
                place = (*component.executor_path, "container", key, number)
                _check_dollars(text, place, known, report)


def _variables(container: Message, settings: Message) -> frozenset[str]:
    names = {str(item.get("name", "")) for item in container.get("env", ())}
    for group in ("secretAsEnv", "configMapAsEnv"):
        for source in settings.get(group, ()):
            names |= {str(item.get("envVar", "")) for item in source.get("keyToEnv", ())}
    names |= {str(item.get("name", "")) for item in settings.get("fieldPathAsEnv", ())}
    return frozenset(names)


def _check_dollars(text: str, place: Path, known: frozenset[str], report: Report) -> None:
    if "$$" in text:
        report.add(
            "dollar-replaced",
            place,
            "`$$` arrives as `$`: Kubernetes takes it for an escaped dollar",
            "write `$$$$` where two are meant, or encode the text",
        )
    for match in _REFERENCE.finditer(text):
        # Kubernetes leaves references to variables that the container does not have.
        if match[1] in known and not text[: match.start()].endswith("$"):
            report.add(
                "dollar-replaced",
                place,
                f"`{match[0]}` is replaced by the value of environment variable {match[1]}",
                f"where the text itself is meant, write `${match[0]}`",
            )


def _walk(value: object, place: Path) -> Iterator[tuple[Path, str]]:
    """Yield every text inside a value that could hold a template, without recursion."""
    waiting: list[tuple[Path, object]] = [(place, value)]
    while waiting:
        where, item = waiting.pop()
        if isinstance(item, str):
            if "{{" in item or "$" in item:
                yield where, item
        elif isinstance(item, Mapping):
            waiting.extend(((*where, str(key)), inner) for key, inner in item.items())
        elif isinstance(item, (list, tuple)):
            waiting.extend(((*where, n), inner) for n, inner in enumerate(item))
