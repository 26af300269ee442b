"""Files that are no pipeline: each is told apart, and nothing hostile is followed."""

import time

import pytest

from kalelike.lint.document import LARGEST_UPLOAD, check_text

from .rows import FULL_FEATURE

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

UNREADABLE = {
    "empty": ("", "not-a-pipeline", "empty"),
    "comments-alone": ("# nothing\n---\n", "not-a-pipeline", "empty"),
    "text": ("just a sentence", "not-a-pipeline", "no KFP v2 pipeline"),
    "list": ("- a\n- b\n", "not-a-pipeline", "no KFP v2 pipeline"),
    "other-keys": ("name: x\nsteps: []\n", "not-a-pipeline", "name, steps"),
    "workflow": (
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {}\n",
        "not-a-pipeline",
        "Argo Workflow",
    ),
    "component": (
        "name: x\nimplementation: {container: {image: a}}\n",
        "not-a-pipeline",
        "component of KFP v1",
    ),
    "manifest": (
        "apiVersion: pipelines.kubeflow.org/v2beta1\nkind: PipelineVersion\nspec: {}\n",
        "not-a-pipeline",
        "Kubernetes manifest",
    ),
    "notebook": ('{"cells": [], "nbformat": 4, "metadata": {}}', "not-a-pipeline", "notebook"),
    "platform-alone": ("platforms: {kubernetes: {}}\n", "not-a-pipeline", "no pipeline"),
    "not-yaml": ("a: [1, 2\nb: }\n", "not-yaml", "not YAML"),
    "tabs": ("a:\n\tb: 1\n", "not-yaml", "not YAML"),
    "control-character": ("a: \x00\n", "not-yaml", "not YAML"),
    "surrogate": ("a: \ud800\n", "not-yaml", "surrogate"),
    "unknown-alias": ("a: *b\n", "not-yaml", "not YAML"),
    "self-alias": ("root: &a {b: *a}\n", "document-unsafe", "contains itself"),
    "alias-bomb": (BOMB, "document-unsafe", "aliases"),
    "deep": ("root: " + "[" * 300 + "]" * 300, "document-unsafe", "nested"),
    "very-deep": ("[" * 100_000 + "]" * 100_000, "document-unsafe", "nested"),
    "too-large": ("#" + "x" * LARGEST_UPLOAD, "document-too-large", "bytes"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_file_is_told(name: str) -> None:
    text, code, words = UNREADABLE[name]
    started = time.process_time()
    found = check_text(text, "x.yaml")
    assert [item.code.name for item in found] == [code]
    assert words in found[0].message
    assert found[0].hint
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system [touch /tmp/kalelike-was-here]", "!custom {a: 1}"]
)
def test_tags_are_never_followed(tag: str) -> None:
    found = check_text(f"{FULL_FEATURE.replace('constant: fast', f'constant: {tag}')}", "x.yaml")
    assert {item.code.name for item in found} <= {"bad-constant"}


def test_json_is_yaml() -> None:
    import json

    import yaml

    documents = list(yaml.safe_load_all(FULL_FEATURE))
    assert check_text(json.dumps(documents[0]), "x.json") == ()
    found = check_text(json.dumps({**documents[0], "schemaVersion": "2.0.0"}, indent=1), "x.json")
    assert [item.code.name for item in found] == ["bad-schema-version"]


def test_anchors_and_merges_are_read_as_written() -> None:
    cv, pick = 'args: [cv, "{{$}}"]', 'args: [pick, "{{$}}"]'
    text = FULL_FEATURE.replace(
        "    exec-cv:\n      container:\n        image: registry.example/team/proj:1\n",
        "    exec-cv:\n      container: &base\n        image: registry.example/team/proj:1\n",
    ).replace(
        "    exec-pick:\n      container:\n        image: registry.example/team/proj:1\n"
        "        command: [python, -m, steps]\n",
        "    exec-pick:\n      container:\n        <<: *base\n",
    )
    assert cv in text
    assert pick in text
    assert "<<: *base" in text
    assert check_text(text, "x.yaml") == ()


def test_findings_stand_in_the_order_of_the_file() -> None:
    text = FULL_FEATURE.replace("schemaVersion: 2.1.0", "schemaVersion: 2.0.0", 1)
    text = text.replace("outputParameterKey: count\n", "outputParameterKey: counts\n")
    text = text.replace("team: ml", "team: m l")
    lines = [item.location.line or 0 for item in check_text(text, "x.yaml")]
    assert len(lines) == 3
    assert lines == sorted(lines)


def test_the_parser_in_python_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert check_text(FULL_FEATURE, "x.yaml") == ()
    text = FULL_FEATURE.replace("name: comp-pick", "name: comp-pik")
    monkeypatch.undo()
    wanted = check_text(text, "x.yaml")
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert wanted
    assert check_text(text, "x.yaml") == wanted
    deep = check_text("[" * 5000 + "]" * 5000, "x.yaml")
    assert [item.code.name for item in deep] == ["document-unsafe"]


def test_many_values_are_no_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    from kalelike.lint.document import reading

    monkeypatch.setattr(reading, "_MOST_VALUES", 100)
    assert check_text(FULL_FEATURE, "x.yaml") == ()
    found = check_text(BOMB, "x.yaml")
    assert [item.code.name for item in found] == ["document-unsafe"]


@pytest.mark.parametrize("kind", ["dependentTasks: [z{0}]", "x{0}: 1", "taskInfo: {{}}"])
def test_many_findings_take_linear_time(kind: str) -> None:
    tasks = "".join(
        f"      t{n}: {{componentRef: {{name: c}}, {kind.format(n)}}}\n" for n in range(4000)
    )
    text = (
        "pipelineInfo: {name: x}\nschemaVersion: 2.1.0\ncomponents: {c: {executorLabel: e}}\n"
        f"root:\n  dag:\n    tasks:\n{tasks}"
    )
    started = time.process_time()
    assert len(check_text(text, "x.yaml")) >= 4000
    assert time.process_time() - started < 10
