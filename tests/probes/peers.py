"""What another comparison found: typos, secrets of syntax, values that nothing can carry."""

from __future__ import annotations

from typing import Any

from tests.equivalence.harness import Verdict
from tests.probes.probe import Probe


def _not_in_code(verdict: Verdict) -> None:
    """The parameter's text is nobody's code: no file was made."""
    assert verdict.compilation.graph.parameters[0].default.startswith("'")
    assert not list(verdict.folder("a").parents[2].rglob("hacked"))


def _kale_names(verdict: Verdict) -> None:
    names = [step.name for step in verdict.compilation.graph.steps]
    assert names == ["a", "b"]
    assert verdict.compilation.graph.options.base_image == "python:3.11"


KALE_1: dict[str, Any] = {
    "kubeflow_notebook": {
        "pipeline_name": "old", "experiment_name": "e", "docker_image": "python:3.11",
        "autosnapshot": False,
    }
}  # fmt: skip

PROBES = [
    Probe("p06", "a typo", [("step:a", "value = 1"), ("step:b", "y = 1\nprint(valeu)")],
          refused=(("undefined-name", 2, 2),)),
    Probe("p07", "a generator crosses", [
        ("step:a", "squares = (i * i for i in range(3))"), ("step:b", "print(sum(squares))")],
        refused=(("cannot-cross", 2, 1),)),
    Probe("p08", "a lock crosses", [
        ("imports", "import threading"), ("step:a", "lock = threading.Lock()"),
        ("step:b", "with lock:\n    print(1)")], refused=(("cannot-cross", 3, 1),)),
    Probe("p09", "an open file crosses", [
        ("step:a", "log = open('o.log', 'w')"), ("step:b", "log.write('x')")],
        refused=(("cannot-cross", 2, 1),)),
    Probe("p10", "a parameter that would be code", [
        ("pipeline-parameters", "name = \"'; open('hacked', 'w').close(); '\""),
        ("step:a", "x = len(name)"), ("step:b", "print(x, name)")], check=_not_in_code),
    Probe("p11", "a syntax error", [("step:a", "x = 1"), ("step:b", "y = 2\nz = (1,\n")],
          refused=(("syntax-error", 2, 2),)),
    Probe("p12", "spellings of Kale's first version", [
        ("block:a", "x = 1"), ("block:b prev:a", "print(x)")], metadata=KALE_1,
        told=("old-spelling",), check=_kale_names),
]  # fmt: skip
