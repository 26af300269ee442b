"""Notebooks that run right elsewhere and whose pipeline is not what was asked for."""

from __future__ import annotations

from typing import Any

from tests.equivalence.harness import Verdict
from tests.probes.probe import Probe, edges


def _orders(*pairs: tuple[str, str]) -> Any:
    def check(verdict: Verdict) -> None:
        found = {(a, b) for a, b, _ in edges(verdict)}
        assert found.issuperset(pairs)
        tasks = verdict.compilation.document.ir["root"]["dag"]["tasks"]
        for first, second in pairs:
            assert f"{first}" in tasks[second]["dependentTasks"]

    return check


def _edges_are(*expected: tuple[str, str, str]) -> Any:
    def check(verdict: Verdict) -> None:
        assert edges(verdict) == set(expected)

    return check


def _container(verdict: Verdict, step: str) -> dict[str, Any]:
    executors = verdict.compilation.document.ir["deploymentSpec"]["executors"]
    return executors[f"exec-{step}"]["container"]  # type: ignore[no-any-return]


def _resources(verdict: Verdict) -> None:
    resources = _container(verdict, "a")["resources"]
    assert resources["resourceCpuLimit"] == "2"
    assert resources["resourceMemoryLimit"] == "4Gi"


def _own_gpu(verdict: Verdict) -> None:
    resources = _container(verdict, "a")["resources"]
    assert resources["accelerator"]["resourceCount"] == "4"


def _annotation(verdict: Verdict) -> None:
    (step, *_) = verdict.compilation.graph.steps
    assert dict(step.options.annotations) == {"home": "http://x.y:80/z"}


def _parameters_by_step(verdict: Verdict) -> None:
    found = {step.name: step.parameters for step in verdict.compilation.graph.steps}
    assert found == {"a": ("p",), "b": ("q",), "c": ()}


def _frame_written_once(verdict: Verdict) -> None:
    owners = [s.name for s in verdict.compilation.graph.steps for o in s.outputs if "df" in o.names]
    assert owners == ["load"]


PROBES = [
    Probe("c38", "prev on a step that only has side effects", [
        ("step:a", "print('made')"), ("step:b", "x = 1"), ("step:c prev:a prev:b", "print(x)")],
        check=_orders(("a", "c"), ("b", "c"))),
    Probe("p04", "a join that reads the data of one branch only", [
        ("step:a", "u = 1"), ("step:b", "v = u"), ("step:c", "w = u"),
        ("step:d prev:b prev:c", "print(v)")],
        check=_orders(("b", "d"), ("c", "d"))),
    Probe("p05", "independent roots stay independent", [
        ("step:a", "u = 1"), ("step:b", "v = 2"), ("step:c", "print(u + v)")],
        check=_edges_are(("a", "c", "u"), ("b", "c", "v"))),
    Probe("c42", "a library imported in a step", [
        ("step:a", "import statistics\nx = statistics.mean([1, 3])"),
        ("step:b", "print(statistics.stdev([1, x]))")], cold=True),
    Probe("c56", "a helper module beside the notebook", [
        ("imports", "from my_helpers import double\nimport my_helpers"),
        ("step:a", "x = double(4)"), ("step:b", "print(my_helpers.double(x), my_helpers.UNIT)")],
        files={"my_helpers.py": "UNIT = 'm'\ndef double(v):\n    return v * 2\n"}),
    Probe("c69", "an optional import", [
        ("imports", "try:\n    import cudf as frames\n    GPU = True\nexcept ImportError:\n"
                    "    import pandas as frames\n    GPU = False"),
        ("step:a", "df = frames.DataFrame({'v': [1, 2]})"),
        ("step:b", "print(df.v.sum(), GPU, frames.__name__)")]),
    Probe("c64", "limits of processor and memory", [
        ("step:a limit:cpu:2 limit:memory:4Gi", "x = 1"), ("step:b", "print(x)")],
        check=_resources),
    Probe("c66", "a step's own GPU limit wins over the default", [
        ("step:a limit:nvidia.com/gpu:4", "x = 1"), ("step:b", "print(x)")],
        metadata={"kubeflow_notebook": {
            "pipeline_name": "p", "experiment_name": "e",
            "steps_defaults": ["limit:nvidia.com/gpu:1"]}},
        check=_own_gpu),
    Probe("c67", "Katib settings", [
        ("step:a", "x = 1"), ("step:b", "print(x)")],
        metadata={"kubeflow_notebook": {
            "pipeline_name": "p", "experiment_name": "e", "katib_run": True,
            "katib_metadata": {"parameters": [], "objective": {}, "algorithm": {}}}},
        told=("bad-setting",)),
    Probe("d04", "an annotation that holds colons", [
        ("step:a annotation:home:http://x.y:80/z", "x = 1"), ("step:b", "print(x)")],
        check=_annotation),
    Probe("d01", "a frame that is only read is written once", [
        ("imports", "import pandas as pd"), ("step:load", "df = pd.DataFrame({'v': [1, 2]})"),
        ("step:u", "a = df.v.sum()"), ("step:v", "b = df.v.mean()"),
        ("step:w", "print(a, b, len(df))")], check=_frame_written_once),
    Probe("d08", "each step gets the parameters that it reads", [
        ("pipeline-parameters", "p = 1\nq = 2\nunused = 3"), ("step:a", "x = p"),
        ("step:b", "y = x + q"), ("step:c", "print(x, y)")], check=_parameters_by_step),
]  # fmt: skip
