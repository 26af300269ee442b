"""The documents of whole notebooks: components, tasks, arguments, sizes."""

from __future__ import annotations

import base64
import json
import random
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from kalelike.compiler import check_cluster, compile_notebook
from kalelike.diagnostics import Severity
from kalelike.emit import default_image, from_yaml, to_yaml
from kalelike.emit.inline import LARGEST_INLINE
from kalelike.errors import CompileError
from tests.emit.compiling import compile_cells, documents

CHAIN = [
    ("pipeline-parameters", "rate = 0.5\nrows = 3"),
    ("step:load", "data = [rate] * rows"),
    ("step:use-it", "total = sum(data)\nprint(total)"),
    ("step:alone|prev:load", "other = 1"),
    ("pipeline-metrics", "print(total)"),
]


def test_components_state_their_interface(tmp_path: Path) -> None:
    ir, _ = documents(compile_cells(tmp_path, CHAIN))
    load, use = ir["components"]["comp-load"], ir["components"]["comp-use-it"]
    assert load["executorLabel"] == "exec-load"
    assert load["inputDefinitions"] == {
        "parameters": {
            "rate": {"parameterType": "NUMBER_DOUBLE"},
            "rows": {"parameterType": "NUMBER_INTEGER"},
        }
    }
    kinds = {
        key: item["artifactType"]["schemaTitle"]
        for key, item in use["outputDefinitions"]["artifacts"].items()
    }
    assert kinds == {"metrics": "system.Metrics", "report": "system.HTML",
                     "notebook": "system.Artifact"}  # fmt: skip
    assert list(use["inputDefinitions"]["artifacts"]) == ["data"]


def test_tasks_are_wired_by_data_and_by_order(tmp_path: Path) -> None:
    ir, _ = documents(compile_cells(tmp_path, CHAIN))
    tasks = ir["root"]["dag"]["tasks"]
    assert tasks["load"] == {
        "taskInfo": {"name": "load"},
        "componentRef": {"name": "comp-load"},
        "cachingOptions": {"enableCache": True},
        "inputs": {
            "parameters": {
                "rate": {"componentInputParameter": "rate"},
                "rows": {"componentInputParameter": "rows"},
            }
        },
    }
    assert tasks["use-it"]["dependentTasks"] == ["load"]
    assert tasks["use-it"]["inputs"]["artifacts"] == {
        "data": {"taskOutputArtifact": {"producerTask": "load", "outputArtifactKey": "data"}}
    }
    assert tasks["alone"]["dependentTasks"] == ["load"]
    assert "inputs" not in tasks["alone"]


def test_the_root_has_the_parameters_with_their_defaults(tmp_path: Path) -> None:
    ir, _ = documents(compile_cells(tmp_path, CHAIN))
    assert ir["root"]["inputDefinitions"]["parameters"] == {
        "rate": {"parameterType": "NUMBER_DOUBLE", "defaultValue": 0.5, "isOptional": True},
        "rows": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3, "isOptional": True},
    }


def test_step_and_hash_are_in_the_arguments_and_no_source_is(tmp_path: Path) -> None:
    compilation = compile_cells(tmp_path, CHAIN)
    ir, platform = documents(compilation)
    assert platform == {}
    containers = [item["container"] for item in ir["deploymentSpec"]["executors"].values()]
    for code, container in zip(compilation.codes, containers, strict=True):
        assert container["command"] == ["python3", "-m", "kalelike.runtime"]
        assert container["args"] == [
            code.step, code.sha, "{{$}}", "--runner=kfp.dsl.executor_main",
        ]  # fmt: skip
        assert container["image"] == default_image()
    assert len({json.dumps(item) for item in containers}) == len(containers)
    assert "sum(data)" not in to_yaml(compilation.document)


def test_the_workspace_is_mounted_into_every_step(tmp_path: Path) -> None:
    own = {"kalelike": {"workspace_size": "5Gi"}}
    ir, platform = documents(compile_cells(tmp_path, CHAIN, own))
    claim = {"pvcSpecPatch": {"accessModes": ["ReadWriteOnce"]}}
    assert platform["pipelineConfig"] == {"workspace": {"size": "5Gi", "kubernetes": claim}}
    for task in ir["root"]["dag"]["tasks"].values():
        assert task["inputs"]["parameters"]["kfp-workspace"] == {
            "runtimeValue": {"constant": "{{$.workspace_path}}"}
        }


def steps(count: int, tag: str = "") -> list[tuple[str, str]]:
    cells = [("step:s0" + tag, "v0 = 1")]
    cells += [(f"step:s{i}{tag}", f"v{i} = v{i - 1} + 1") for i in range(1, count)]
    return cells


def test_a_step_takes_at_most_2_kb(tmp_path: Path) -> None:
    small, large = (
        len(json.dumps(compile_cells(tmp_path, steps(count)).document.ir)) for count in (10, 30)
    )
    assert (large - small) / 20 < 2048


def test_a_long_step_takes_no_more_than_a_short_one(tmp_path: Path) -> None:
    short = len(json.dumps(compile_cells(tmp_path, [("step:a", "x = 1")]).document.ir))
    source = "\n".join(f"x{i} = {i}" for i in range(2000))
    long = compile_cells(tmp_path, [("step:a", source)])
    assert len(json.dumps(long.document.ir)) == short


# -- code inside the document -------------------------------------------------


def test_inline_code_stands_once_and_is_the_code_document(tmp_path: Path) -> None:
    compilation = compile_cells(tmp_path, CHAIN, inline=True)
    ir, _ = documents(compilation)
    text = to_yaml(compilation.document)
    for code in compilation.codes:
        executor = ir["deploymentSpec"]["executors"][f"exec-{code.step}"]
        packed = executor["container"]["args"][-1].removeprefix("--code=")
        assert zlib.decompress(base64.b64decode(packed)).decode() == code.text
        assert text.count(packed) == 1


def test_code_too_large_to_be_inline_is_refused_with_its_size(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(100_000).hex()
    cells = [("step:a", f"x = '{noise}'")]
    compile_cells(tmp_path, cells)
    with pytest.raises(CompileError) as caught:
        compile_cells(tmp_path, cells, inline=True)
    (item,) = caught.value.diagnostics
    assert item.code.name == "inline-too-large"
    assert f"{LARGEST_INLINE:,}" in item.message
    assert item.location.index == 0


# -- limits of a cluster -------------------------------------------------------


def limits(*arguments: Any, **options: bool) -> dict[str, Any]:
    found = check_cluster(compile_cells(*arguments, **options))
    return {item.code.name: item for item in found}


def test_few_steps_are_within_every_limit(tmp_path: Path) -> None:
    assert limits(tmp_path, CHAIN) == {}
    assert limits(tmp_path, steps(149)) == {}


def test_150_steps_are_warned_of_with_the_computed_size(tmp_path: Path) -> None:
    found = limits(tmp_path, steps(150))
    item = found.pop("too-many-steps")
    assert found == {}
    assert item.severity is Severity.WARNING
    assert "150 steps" in item.message
    assert "1,048,576" in item.message


def test_a_workflow_beyond_1_mib_is_refused_with_the_computed_size(tmp_path: Path) -> None:
    found = limits(tmp_path, steps(600))
    assert found["pipeline-too-large"].severity is Severity.ERROR
    assert "1,048,576" in found["pipeline-too-large"].message


def test_no_limit_holds_for_a_local_run(tmp_path: Path) -> None:
    assert len(compile_cells(tmp_path, steps(600)).graph.steps) == 600


def test_large_parameters_are_told_at_their_line(tmp_path: Path) -> None:
    cells = [("pipeline-parameters", f"a = 1\nb = '{'x' * 9990}'"), ("step:a", "y = a, b")]
    item = limits(tmp_path, cells)["parameters-too-large"]
    assert item.severity is Severity.WARNING
    assert "10,000" in item.message
    assert (item.location.index, item.location.line) == (0, 2)


def test_an_argument_beyond_128_kib_is_refused_at_its_step(tmp_path: Path) -> None:
    cells = [("pipeline-parameters", f"b = '{'x' * 140_000}'"), ("step:a", "y = b")]
    item = limits(tmp_path, cells)["argument-too-large"]
    assert item.severity is Severity.ERROR
    assert "131,071" in item.message


# -- the text -------------------------------------------------------------------


def test_the_text_is_the_same_for_the_same_notebook(tmp_path: Path) -> None:
    one = to_yaml(compile_cells(tmp_path, CHAIN).document)
    assert one == to_yaml(compile_notebook(tmp_path / "nb.ipynb").document)
    assert list(yaml.safe_load_all(one)) == [from_yaml(one).ir]


NASTY = ("it's", 'say "x"', "two\nlines", "a\r\nb", "--- x", "# no comment", "a: b", "é数🎉",
         "\u2028", "{{workflow.name}}", "{{=1+1}}", "$(HOME)", "$$", "{{$.inputs.parameters['x']}}",
         "C:\\new\\table", "", " ", "null", "1.0", "yes", "kl64-x", "%", "\x07", "\ud800",
         "*/", "<script>", "'; rm -rf /", "{", "{x}", "${x}", "`x`")  # fmt: skip


def strings(value: object) -> list[str]:
    """Every text in a document, keys included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for item in pair for text in strings(item)]
    return [text for item in value for text in strings(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_no_text_of_a_user_meets_a_template_language(text: str, tmp_path: Path) -> None:
    source = f"p = {text!a}\nq = {[ascii(text)]}\nr = {{'k': {text!a}}}"
    cells = [("pipeline-parameters", source), ("step:a", "x = p, q, r")]
    own: dict[str, Any] = {"defaults": {"env": {"VAR": text}}}
    if text.strip() and text.isprintable() and "{{" not in text and "$" not in text:
        own |= {"name": text, "description": text}
    if "\0" in text or "\ud800" in text:
        own = {}
    compilation = compile_cells(tmp_path, cells, {"kalelike": own})
    ours = [item for item in strings(compilation.document.ir) if item != "{{$}}"]
    for item in ours:
        assert "{{" not in item
        assert "$(" not in item
        assert "$$" not in item
    text_of_document = to_yaml(compilation.document)
    assert from_yaml(text_of_document) == compilation.document
    body = [line for line in text_of_document.splitlines() if not line.startswith("#")]
    assert list(yaml.safe_load_all("\n".join(body))) == list(yaml.safe_load_all(text_of_document))


REFUSED = [
    ("annotations", {"defaults": {"annotations": {"a": "{{workflow.name}}"}}}, "bad-option"),
    ("display name", {"defaults": {"display_name": "cost $$"}}, "bad-option"),
    ("sub path", {"defaults": {"claims": [
        {"claim": "a", "mount_path": "/a", "sub_path": "$(HOME)"}]}}, "bad-option"),
    ("description", {"description": "{{=1+1}}"}, "bad-setting"),
    ("name", {"name": "{{x}}"}, "bad-setting"),
]  # fmt: skip


@pytest.mark.parametrize(("own", "code"), [row[1:] for row in REFUSED],
                         ids=[row[0] for row in REFUSED])  # fmt: skip
def test_what_cannot_travel_encoded_is_refused(
    own: dict[str, Any], code: str, tmp_path: Path
) -> None:
    with pytest.raises(CompileError) as caught:
        compile_cells(tmp_path, [("step:a", "x = 1")], {"kalelike": own})
    assert [item.code.name for item in caught.value.diagnostics] == [code]


CLASHES = [
    ("one variable twice", {"secret_env": [{"secret": "a", "key": "k", "env": "A"},
                                           {"secret": "b", "key": "k", "env": "A"}]}),
    ("variable of two kinds", {"env": {"A": "1"}, "field_env": {"A": "metadata.name"}}),
    ("one place twice", {"claims": [{"claim": "a", "mount_path": "/d"},
                                    {"claim": "b", "mount_path": "/d/"}]}),
    ("one volume name, two things", {"claims": [{"claim": "a", "mount_path": "/a"}],
                                     "empty_dirs": [{"name": "a", "mount_path": "/b"}]}),
    ("one claim at two places", {"claims": [{"claim": "a", "mount_path": "/a"},
                                            {"claim": "a", "mount_path": "/b"}]}),
    ("one scratch folder at two places", {"empty_dirs": [{"name": "a", "mount_path": "/a"},
                                                         {"name": "a", "mount_path": "/b"}]}),
    ("shared memory twice", {"shared_memory": "1Gi",
                             "empty_dirs": [{"name": "a", "mount_path": "/dev/shm"}]}),
    ("KFP's own volume", {"empty_dirs": [{"name": "kfp-launcher", "mount_path": "/a"}]}),
]  # fmt: skip


@pytest.mark.parametrize("defaults", [row[1] for row in CLASHES], ids=[row[0] for row in CLASHES])
def test_clashes_are_refused(defaults: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(CompileError) as caught:
        compile_cells(tmp_path, [("step:a", "x = 1")], {"kalelike": {"defaults": defaults}})
    assert {item.code.name for item in caught.value.diagnostics} == {"bad-option"}
