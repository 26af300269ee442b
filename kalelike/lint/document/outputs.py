"""What a DAG says its outputs are: each must be an output of one of its tasks.

Looked up by the driver when somebody takes the output (``GetProducerTask``).
"""

from __future__ import annotations

from collections.abc import Iterator

from kalelike.lint.document.decoding import Message
from kalelike.lint.document.findings import Path, Report, suggest
from kalelike.lint.document.model import Component, Pipeline, part
from kalelike.lint.document.types import (
    has_output_artifact,
    has_output_parameter,
    output_names,
)


def check_outputs(pipeline: Pipeline, report: Report) -> None:
    """Check the ``dag.outputs`` of the root and of every reached DAG."""
    for dag in pipeline.reached:
        for selector, key, group, path in _selectors(dag):
            _check_selector(dag, selector, key, group, path, pipeline, report)


def _selectors(dag: Component) -> Iterator[tuple[Message, str, str, Path]]:
    base = (*dag.path, "dag", "outputs")
    for name, spec in part(dag.spec, "dag", "outputs", "artifacts").items():
        for number, selector in enumerate(spec.get("artifactSelectors", ())):
            path = (*base, "artifacts", name, "artifactSelectors", number)
            yield selector, "outputArtifactKey", "artifacts", path
    for name, spec in part(dag.spec, "dag", "outputs", "parameters").items():
        path = (*base, "parameters", name)
        if "valueFromParameter" in spec:
            where = (*path, "valueFromParameter")
            yield spec["valueFromParameter"], "outputParameterKey", "parameters", where
        one_of = part(spec, "valueFromOneof").get("parameterSelectors", ())
        for number, selector in enumerate(one_of):
            where = (*path, "valueFromOneof", "parameterSelectors", number)
            yield selector, "outputParameterKey", "parameters", where


def _check_selector(
    dag: Component,
    selector: Message,
    key_field: str,
    group: str,
    path: Path,
    pipeline: Pipeline,
    report: Report,
) -> None:
    tasks = pipeline.by_dag.get(dag.name, {})
    name = selector.get("producerSubtask", "")
    producer = tasks.get(name)
    if producer is None:
        report.add(
            "bad-dag-output",
            (*path, "producerSubtask"),
            f"the output is taken from `{name}`, which is no task of this DAG; whoever takes it"
            " fails in the middle of a run",
            suggest(name, tasks),
        )
        return
    key = selector.get(key_field, "")
    has = has_output_parameter if group == "parameters" else has_output_artifact
    if producer.component is not None and not has(producer, key):
        report.add(
            "bad-dag-output",
            (*path, key_field),
            f"task {name} gives no output {group[:-1]} `{key}`; whoever takes this output fails in"
            " the middle of a run",
            suggest(key, output_names(producer, group)),
        )
