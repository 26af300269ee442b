"""Notebooks that other compilers cannot read: syntax, parameters, metrics, tags, names."""

from __future__ import annotations

from tests.equivalence.harness import Verdict
from tests.probes.probe import Probe

PANDAS = ("imports", "import pandas as pd")


def _parameters(verdict: Verdict) -> dict[str, tuple[str, object]]:
    return {p.name: (p.kfp_type, p.default) for p in verdict.compilation.graph.parameters}


def _types_are(**expected: str) -> object:
    def check(verdict: Verdict) -> None:
        assert {name: kind for name, (kind, _) in _parameters(verdict).items()} == expected

    return check


def _metrics_are(**expected: float) -> object:
    def check(verdict: Verdict) -> None:
        assert verdict.result.metrics == expected

    return check


def _description(verdict: Verdict) -> None:
    assert verdict.compilation.graph.options.description == 'Bob\'s "pipeline" `id`'


def _cache_and_image(verdict: Verdict) -> None:
    (first, second) = verdict.compilation.graph.steps
    assert first.options.image == "python:3.11"
    assert first.options.cache is False
    assert second.options.cache is True


def _retries(verdict: Verdict) -> None:
    retry = verdict.compilation.graph.steps[0].options.retry
    assert retry is not None
    assert retry.max_retries == 3


PROBES = [
    Probe("c09", "%matplotlib inline among the imports", [
        ("imports", "%matplotlib inline\nimport math"),
        ("step:a", "x = math.sqrt(16)"), ("step:b", "print(x + 1)")]),
    Probe("c10", "!pip in a step", [
        ("step:a", "!echo installed\nx = 1"), ("step:b", "print(x)")]),
    Probe("c11", "%%time", [("step:a", "%%time\nx = [1, 2]"), ("step:b", "print(sum(x))")]),
    Probe("c12", "%time", [("step:a", "%time x = 3"), ("step:b", "print(x)")]),
    Probe("c72", "a line that begins with a percent sign", [
        ("step:a", "x = (17\n% 5)"), ("step:b", "print(x)")]),
    Probe("e51", "help on an object", [
        PANDAS, ("step:a", "df = pd.DataFrame({'v': [1, 2]})\ndf.head?"),
        ("step:b", "print(df.v.sum())")]),
    Probe("c46", "match inside a function", [
        ("functions", "def size(v):\n    match v:\n        case [x, *rest]:\n"
                      "            return 1 + len(rest)\n        case {'n': n}:\n"
                      "            return n\n        case _:\n            return 0"),
        ("step:a", "items = [[1, 2, 3], {'n': 7}, 5]"),
        ("step:b", "print([size(i) for i in items])")]),
    Probe("c31", "negative parameter", [
        ("pipeline-parameters", "shift = -1\nscale = -0.5"), ("step:a", "x = 10 + shift"),
        ("step:b", "print(x * scale)")],
        check=_types_are(shift="NUMBER_INTEGER", scale="NUMBER_DOUBLE")),
    Probe("c32", "list and dictionary parameters", [
        ("pipeline-parameters", "layers = [4, 8]\nnames = {'a': 1}"),
        ("step:a", "x = sum(layers)"), ("step:b", "print(x, names['a'], layers)")],
        check=_types_are(layers="LIST", names="STRUCT")),
    Probe("c33", "annotated parameter", [
        ("pipeline-parameters", "lr: float = .1\nn: int = 3\nb: bool = True"),
        ("step:a", "x = lr * n"), ("step:b", "print(x, b)")],
        check=_types_are(lr="NUMBER_DOUBLE", n="NUMBER_INTEGER", b="BOOLEAN")),
    Probe("c34", "parameters that differ in case only", [
        ("pipeline-parameters", "N = 3\nn = 4"), ("step:a", "x = N * 10 + n"),
        ("step:b", "print(x, N, n)")], check=_types_are(N="NUMBER_INTEGER", n="NUMBER_INTEGER")),
    Probe("c35", "text parameters of every kind", [
        ("pipeline-parameters", "empty = ''\nquoted = \"it's\"\ntext = 'a\\nb'\nnone = None"),
        ("step:a", "x = [empty, quoted, text, none]"), ("step:b", "print(x)")]),
    Probe("c40", "metric in an f-string", [
        ("step:a", "acc = 0.75"), ("pipeline-metrics", "print(f'accuracy: {acc:.2f}')")],
        check=_metrics_are(acc=0.75)),
    Probe("e50", "metric from a dictionary", [
        ("step:a", "m = {'acc': 0.5, 'n': 3}"),
        ("pipeline-metrics", "print(m['acc'])\nm['n']")],
        check=_metrics_are(acc=0.5, n=3)),
    Probe("c41", "another tool's tag", [
        ("step:a hide-input", "x = 1"), ("step:b remove_cell", "print(x)")]),
    Probe("c52", "quotes in the description", [
        ("step:a", "x = 1"), ("step:b", "print(x)")],
        metadata={"kubeflow_notebook": {
            "pipeline_name": "bob", "experiment_name": "e",
            "pipeline_description": "Bob's \"pipeline\" `id`"}},
        check=_description),
    Probe("c58", "names that KFP does not allow", [
        (PANDAS[0], PANDAS[1]), ("step:a", "_df = pd.DataFrame({'v': [1, 2]})\nλ = 0.5\nσ_1 = 2"),
        ("step:b", "print(_df.v.sum() * λ * σ_1)")]),
    Probe("c65", "defaults of steps as tags", [
        ("step:a cache:disabled", "x = 1"), ("step:b", "print(x)")],
        metadata={"kubeflow_notebook": {
            "pipeline_name": "p", "experiment_name": "e",
            "steps_defaults": ["image:python:3.11", "cache:enabled"]}},
        check=_cache_and_image),
    Probe("d05", "retries by tag", [
        ("step:a retry:3", "x = 1"), ("step:b", "print(x)")], check=_retries),
    Probe("d06", "a dash in a step's name", [
        ("step:load-data", "x = 1"), ("step:use-data prev:load-data", "print(x)")]),
]  # fmt: skip
