"""Every option of a step and of a pipeline stands in the document, or is refused: none is dropped.

The tests go through the fields of the classes, so that a field without an
emission fails here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from kalelike.cli.compile_command import default_output
from kalelike.errors import CompileError
from kalelike.notebook.model import StepName
from kalelike.notebook.option_tags import OPTION_TAGS
from kalelike.notebook.options import PipelineOptions, SecretEnv, StepOptions
from kalelike.notebook.roles import tag_notebook
from kalelike.notebook.settings import read_settings
from tests.emit.compiling import compile_cells, documents
from tests.emit.every_option import (
    EVERY_OPTION,
    EVERY_PIPELINE_OPTION,
    EVERY_PIPELINE_SETTING,
    EVERY_SETTING,
    EVERY_TAG,
)
from tests.notebook.notebooks import make_notebook

CELLS = [("step:one", "x = 1"), ("step:two", "y = x + 1")]
Documents = tuple[dict[str, Any], dict[str, Any]]
Find = Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], object]


def container(ir: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = ir["deploymentSpec"]["executors"]["exec-one"]["container"]
    return found


def constant(value: str) -> dict[str, Any]:
    return {"runtimeValue": {"constant": value}}


# Where each field stands: a function of the IR, the step's Kubernetes settings and its code
# document, and what it has to give.
STEP_FIELDS: dict[str, tuple[Find, object]] = {
    "display_name": (lambda ir, pod, code: ir["root"]["dag"]["tasks"]["one"]["taskInfo"],
                     {"name": "Shown Name"}),
    "image": (lambda ir, pod, code: container(ir)["image"], "registry.example/step:1"),
    "resources": (lambda ir, pod, code: container(ir)["resources"], {
        "resourceCpuRequest": "101m", "resourceCpuLimit": "102m",
        "resourceMemoryRequest": "103Mi", "resourceMemoryLimit": "104Mi",
        "accelerator": {"resourceType": "nvidia.com/gpu", "resourceCount": "5"}}),
    "env": (lambda ir, pod, code: container(ir)["env"],
            [{"name": "PLAIN", "value": "plain-value"}]),
    "field_env": (lambda ir, pod, code: pod["fieldPathAsEnv"],
                  [{"name": "POD", "fieldPath": "metadata.name"}]),
    "secret_env": (lambda ir, pod, code: pod["secretAsEnv"], [{
        "secretNameParameter": constant("secret-a"), "optional": True,
        "keyToEnv": [{"secretKey": "secret-key", "envVar": "SECRET_VAR"}]}]),
    "secret_volumes": (lambda ir, pod, code: pod["secretAsVolume"], [{
        "secretNameParameter": constant("secret-b"), "mountPath": "/secret-b", "optional": True}]),
    "config_map_env": (lambda ir, pod, code: pod["configMapAsEnv"], [{
        "configMapNameParameter": constant("map-a"), "optional": True,
        "keyToEnv": [{"configMapKey": "map-key", "envVar": "MAP_VAR"}]}]),
    "config_map_volumes": (lambda ir, pod, code: pod["configMapAsVolume"], [{
        "configMapNameParameter": constant("map-b"), "mountPath": "/map-b", "optional": True}]),
    "claims": (lambda ir, pod, code: pod["pvcMount"], [{
        "pvcNameParameter": constant("claim-a"), "mountPath": "/claim-a", "subPath": "below"}]),
    "ephemeral_volumes": (lambda ir, pod, code: pod["genericEphemeralVolume"], [{
        "volumeName": "ephemeral-a", "mountPath": "/ephemeral-a", "size": "106Gi",
        "accessModes": ["ReadWriteMany"], "storageClassName": "fast"}]),
    "empty_dirs": (lambda ir, pod, code: pod["emptyDirMounts"][0], {
        "volumeName": "empty-a", "mountPath": "/empty-a", "medium": "Memory",
        "sizeLimit": "107Mi"}),
    "shared_memory": (lambda ir, pod, code: pod["emptyDirMounts"][-1], {
        "volumeName": "kalelike-shm", "mountPath": "/dev/shm", "medium": "Memory",
        "sizeLimit": "108Mi"}),
    "labels": (lambda ir, pod, code: pod["podMetadata"]["labels"], {"label-a": "label-value"}),
    "annotations": (lambda ir, pod, code: pod["podMetadata"]["annotations"],
                    {"note-a": "note value"}),
    "tolerations": (lambda ir, pod, code: pod["tolerations"], [{
        "key": "taint-a", "operator": "Equal", "value": "taint-value", "effect": "NoExecute",
        "tolerationSeconds": "109"}]),
    "node_selector": (lambda ir, pod, code: pod["nodeSelector"],
                      {"labels": {"node-a": "node-value"}}),
    # The attempts are made by the entry point; the policy beside is for lost pods. Its bound is
    # that of (12 pods) + (their waits) + (an hour).
    "retry": (lambda ir, pod, code: (
        code["retry"], ir["root"]["dag"]["tasks"]["one"]["retryPolicy"]["maxRetryCount"],
        ir["root"]["dag"]["tasks"]["one"]["retryPolicy"]["backoffDuration"],
        ir["root"]["dag"]["tasks"]["one"]["retryPolicy"]["backoffFactor"]),
        ({"max_retries": 11, "backoff_seconds": 112, "backoff_factor": 13,
          "backoff_max_seconds": 1114}, 11, "112s", 13)),
    # Twelve attempts, a wait of 112 s and ten of 1,114 s.
    "timeout_seconds": (lambda ir, pod, code: pod["activeDeadlineSeconds"],
                        str(12 * 2115 + 112 + 10 * 1114)),
    "cache": (lambda ir, pod, code: ir["root"]["dag"]["tasks"]["one"]["cachingOptions"], {}),
    "report": (lambda ir, pod, code: (
        code["report"], "report" in ir["components"]["comp-one"]["outputDefinitions"]["artifacts"]),
        (False, False)),
    "security_context": (lambda ir, pod, code: pod["securityContext"], {
        "runAsUser": "1116", "runAsGroup": "1117", "runAsNonRoot": True}),
    "image_pull_policy": (lambda ir, pod, code: pod["imagePullPolicy"], "IfNotPresent"),
    "image_pull_secrets": (lambda ir, pod, code: pod["imagePullSecret"],
                           [{"secretNameParameter": constant("pull-a")}]),
}  # fmt: skip

# Fields that are for others than the document; tests of their own below.
ELSEWHERE = {"kernel", "requirements"}


def test_every_field_of_a_step_is_looked_for() -> None:
    assert {field.name for field in fields(StepOptions)} == set(STEP_FIELDS) | ELSEWHERE
    plain = StepOptions()
    for field in fields(StepOptions):
        assert getattr(EVERY_OPTION, field.name) != getattr(plain, field.name), field.name


def test_every_nested_field_states_something() -> None:
    def check(value: object) -> None:
        if isinstance(value, tuple):
            for item in value:
                check(item)
        elif hasattr(value, "__dataclass_fields__"):
            for field in fields(value):  # type: ignore[arg-type]
                item = getattr(value, field.name)
                assert item != field.default, f"{type(value).__name__}.{field.name}"
                check(item)

    check(EVERY_OPTION)


def test_tags_state_every_field() -> None:
    assert {tag.partition(":")[0] for tag in EVERY_TAG} == set(OPTION_TAGS)
    notebook = make_notebook([("|".join(("step:one", *EVERY_TAG)), "x = 1")])
    (step,) = tag_notebook(notebook).steps
    # What tags have no word for: optional secrets and config maps, and access modes.
    given = replace(
        EVERY_OPTION,
        secret_env=(SecretEnv("secret-a", "secret-key", "SECRET_VAR"),),
        secret_volumes=tuple(replace(item, optional=False) for item in EVERY_OPTION.secret_volumes),
        config_map_env=tuple(replace(item, optional=False) for item in EVERY_OPTION.config_map_env),
        config_map_volumes=tuple(
            replace(item, optional=False) for item in EVERY_OPTION.config_map_volumes
        ),
        ephemeral_volumes=tuple(
            replace(item, access_modes=("ReadWriteOnce",))
            for item in EVERY_OPTION.ephemeral_volumes
        ),
    )
    assert step.options == given


@pytest.mark.parametrize("place", ["defaults", "steps"])
def test_metadata_states_every_field(place: str) -> None:
    setting = EVERY_SETTING if place == "defaults" else {"one": EVERY_SETTING}
    notebook = make_notebook([("step:one", "x = 1")], {"kalelike": {place: setting}})
    (step,) = tag_notebook(notebook).steps
    assert step.options == EVERY_OPTION


def stated(spelling: str, tmp_path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Compile a step that states every option; return the IR, its pod's settings and its code."""
    own: dict[str, Any] = {}
    cells = list(CELLS)
    if spelling == "tags":
        cells[0] = ("|".join(("step:one", *EVERY_TAG)), CELLS[0][1])
    else:
        own = {spelling: EVERY_SETTING if spelling == "defaults" else {"one": EVERY_SETTING}}
    compilation = compile_cells(tmp_path, cells, {"kalelike": own})
    ir, kubernetes = documents(compilation)
    code = json.loads(compilation.codes[0].text)
    return ir, kubernetes["deploymentSpec"]["executors"]["exec-one"], code


WITHOUT_TAGS = {"secret_env", "secret_volumes", "config_map_env", "config_map_volumes",
                "ephemeral_volumes"}  # fmt: skip


@pytest.mark.parametrize("spelling", ["tags", "steps", "defaults"])
def test_every_field_stands_in_the_document(spelling: str, tmp_path: Path) -> None:
    ir, pod, code = stated(spelling, tmp_path)
    for name, (find, value) in STEP_FIELDS.items():
        if spelling == "tags" and name in WITHOUT_TAGS:
            assert find(ir, pod, code), name
        else:
            assert find(ir, pod, code) == value, name


def test_defaults_hold_for_every_step(tmp_path: Path) -> None:
    compilation = compile_cells(tmp_path, CELLS, {"kalelike": {"defaults": EVERY_SETTING}})
    executors = documents(compilation)[1]["deploymentSpec"]["executors"]
    assert executors["exec-one"] == executors["exec-two"]


def test_a_cell_for_another_kernel_has_to_name_its_values(tmp_path: Path) -> None:
    with pytest.raises(CompileError) as caught:
        compile_cells(tmp_path, [("step:one|kernel:ir", "x = 1")])
    assert [item.code.name for item in caught.value.diagnostics] == ["kernel-without-magic"]
    assert compile_cells(tmp_path, [("step:one|kernel:ir", "%%R -o x\nx <- 1")])


def test_a_file_that_another_language_names_is_told(tmp_path: Path) -> None:
    def told(body: str) -> list[str]:
        compilation = compile_cells(tmp_path, [("step:one", f"%%R -o x\n{body}")])
        return [item.code.name for item in compilation.diagnostics]

    assert told("x <- read.csv('rows.csv')") == ["kernel-names-file"]
    assert told('write.csv(x, "out/rows.csv")') == ["kernel-names-file"]
    assert told("x <- paste('Mr. Smith', 1.5, 'a.', 'y ~ x.1 + 2')") == []


def test_requirements_change_a_steps_hash_and_are_told(tmp_path: Path) -> None:
    plain = compile_cells(tmp_path, CELLS)
    with_more = compile_cells(
        tmp_path, [("step:one|requirement:left-pad>=1", CELLS[0][1]), CELLS[1]]
    )
    assert plain.codes[0].sha != with_more.codes[0].sha
    assert plain.codes[1].sha == with_more.codes[1].sha
    (note,) = [item for item in with_more.diagnostics if "left-pad>=1" in item.message]
    assert note.code.name == "image-has-to-hold"


PIPELINE_FIELDS: dict[str, tuple[Callable[[dict[str, Any], dict[str, Any]], object], object]] = {
    "name": (lambda ir, kubernetes: ir["pipelineInfo"]["displayName"], "Whole Pipeline"),
    "description": (lambda ir, kubernetes: ir["pipelineInfo"]["description"], "What it is for"),
    "base_image": (lambda ir, kubernetes: container(ir)["image"], "registry.example/base:2"),
    "step_defaults": (lambda ir, kubernetes: kubernetes["deploymentSpec"]["executors"]["exec-two"],
                      {"podMetadata": {"labels": {"default-label": "default-value"}}}),
    "step_overrides": (lambda ir, kubernetes: kubernetes["deploymentSpec"]["executors"]["exec-one"],
                       {"podMetadata": {"labels": {"default-label": "default-value",
                                                   "override-label": "override-value"}}}),
    "timeout_seconds": (
        lambda ir, kubernetes: kubernetes["pipelineConfig"]["activeDeadlineSeconds"],
                        3118),
    "ttl_seconds": (lambda ir, kubernetes: kubernetes["pipelineConfig"]["resourceTtlOnCompletion"],
                    3119),
    "workspace_size": (lambda ir, kubernetes: kubernetes["pipelineConfig"]["workspace"]["size"],
                       "120Gi"),
}  # fmt: skip

# What a document has no place for: the commands take these from the graph's options.
FOR_COMMANDS = {"experiment", "kfp_host", "output_path"}


def test_every_field_of_a_pipeline_is_looked_for() -> None:
    assert {field.name for field in fields(PipelineOptions)} == set(PIPELINE_FIELDS) | FOR_COMMANDS
    for field in fields(PipelineOptions):
        assert getattr(EVERY_PIPELINE_OPTION, field.name) != field.default, field.name
    settings = read_settings(make_notebook([], {"kalelike": EVERY_PIPELINE_SETTING}))
    assert settings.diagnostics == ()
    assert settings.options == EVERY_PIPELINE_OPTION


def test_every_field_of_a_pipeline_stands_in_the_document(tmp_path: Path) -> None:
    compilation = compile_cells(tmp_path, CELLS, {"kalelike": EVERY_PIPELINE_SETTING})
    ir, kubernetes = documents(compilation)
    for name, (find, value) in PIPELINE_FIELDS.items():
        assert find(ir, kubernetes) == value, name
    options = compilation.graph.options
    for name in FOR_COMMANDS:
        assert getattr(options, name) == getattr(EVERY_PIPELINE_OPTION, name)
    assert default_output(compilation, "nb.ipynb") == "out.yaml"


def test_steps_that_auto_chooses_take_their_settings(tmp_path: Path) -> None:
    cells = [("", "x = 1\nz = [x]"), ("", "y = x + 1\nprint(y, z)")]
    plain = compile_cells(tmp_path, cells, auto=True)
    name = plain.graph.steps[0].name
    settings = {"kalelike": {"defaults": {"timeout": 77}, "steps": {name: {"image": "own:1"}}}}
    steps = {
        step.name: step for step in compile_cells(tmp_path, cells, settings, auto=True).graph.steps
    }
    assert steps[StepName(name)].options == StepOptions(image="own:1", timeout_seconds=77)
    with pytest.raises(CompileError) as caught:
        compile_cells(tmp_path, cells, {"kalelike": {"steps": {"nothing": {}}}}, auto=True)
    assert [item.code.name for item in caught.value.diagnostics] == ["unknown-step"]


def test_an_accelerator_without_a_number_is_one(tmp_path: Path) -> None:
    defaults = {"resources": {"accelerator_type": "nvidia.com/gpu"}}
    ir, _ = documents(compile_cells(tmp_path, CELLS, {"kalelike": {"defaults": defaults}}))
    assert container(ir)["resources"] == {
        "accelerator": {"resourceType": "nvidia.com/gpu", "resourceCount": "1"}
    }
