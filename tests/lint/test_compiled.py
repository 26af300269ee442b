"""What kalelike compiles passes its own check, and the check is fast enough for every compile."""

import json
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest

from kalelike.compiler import Compilation, check_cluster, compile_notebook
from kalelike.emit import emit_pipeline, to_yaml
from kalelike.graph.step_code import step_codes
from kalelike.lint.document import check_documents, check_text
from kalelike.notebook.options import (
    ClaimMount,
    ConfigMapEnv,
    ConfigMapVolume,
    EmptyDir,
    EphemeralVolume,
    Resources,
    Retry,
    SecretEnv,
    SecretVolume,
    SecurityContext,
    StepOptions,
    Toleration,
)

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "notebooks").glob("*.ipynb"))


def _chain(folder: Path, steps: int) -> Compilation:
    cells = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {"tags": [f"step:s{number}"]},
            "source": f"x{number} = {f'x{number - 1}' if number else 1} + 1",
            "outputs": [],
            "execution_count": None,
        }
        for number in range(steps)
    ]
    path = folder / "chain.ipynb"
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), "utf-8")
    return compile_notebook(path)


@pytest.mark.parametrize("inline", [False, True], ids=["image", "inline"])
@pytest.mark.parametrize("notebook", EXAMPLES, ids=lambda path: path.stem)
def test_example_passes(notebook: Path, inline: bool) -> None:
    document = compile_notebook(notebook, inline=inline).document
    assert check_documents(document.ir, document.platform, notebook.name) == ()
    assert check_text(to_yaml(document), "pipeline.yaml") == ()


def test_large_pipelines_are_told_before_submission(tmp_path: Path) -> None:
    assert check_cluster(_chain(tmp_path, 100)) == ()
    (many,) = check_cluster(_chain(tmp_path, 160))
    assert many.code.name == "too-many-steps"
    assert "1,048,576" in many.message
    codes = {item.code.name for item in check_cluster(_chain(tmp_path, 600))}
    assert codes == {"pipeline-too-large", "argument-too-large"}


def test_check_of_250_steps_is_a_small_part_of_a_compile(tmp_path: Path) -> None:
    document = _chain(tmp_path, 250).document
    times = []
    for _ in range(3):
        started = time.process_time()
        assert check_documents(document.ir, document.platform, "chain.ipynb") == ()
        times.append(time.process_time() - started)
    assert min(times) < 0.15


EVERY_OPTION = StepOptions(
    display_name="Train it",
    image="registry.example:5000/team/train:1.0",
    resources=Resources("500m", "2", "512Mi", "1Gi", "nvidia.com/gpu", "1"),
    env=(("GREETING", "{{x}} $(HOME) $$ {{$}}"),),
    field_env=(("POD_IP", "status.podIP"),),
    secret_env=(SecretEnv("db", "password", "DB_PASSWORD"),),
    secret_volumes=(SecretVolume("certificates", "/certificates"),),
    config_map_env=(ConfigMapEnv("settings", "key", "SETTING"),),
    config_map_volumes=(ConfigMapVolume("more-settings", "/settings", optional=True),),
    claims=(ClaimMount("datasets", "/data", "sub/folder"),),
    ephemeral_volumes=(EphemeralVolume("big", "/big", "5Gi"),),
    empty_dirs=(EmptyDir("scratch", "/scratch", None, "1Gi"),),
    shared_memory="1Gi",
    labels=(("team", "ml"),),
    annotations=(("example.com/note", "any text: here"),),
    tolerations=(Toleration("nvidia.com/gpu", "Exists", None, "NoExecute", 60),),
    node_selector=(("disk", "ssd"),),
    retry=Retry(3, 10, 2, 600),
    timeout_seconds=3600,
    cache=False,
    security_context=SecurityContext(1000, 1000, True),
    image_pull_policy="Always",
    image_pull_secrets=("registry",),
)


def test_every_option_passes(tmp_path: Path) -> None:
    assert all(
        getattr(EVERY_OPTION, item.name) != item.default
        for item in fields(StepOptions)
        if item.name not in {"kernel", "requirements", "report"}
    )
    graph = _chain(tmp_path, 3).graph
    options = replace(graph.options, timeout_seconds=86_400, ttl_seconds=3600, workspace_size="1Gi")
    steps = tuple(replace(step, options=EVERY_OPTION) for step in graph.steps)
    graph = replace(graph, steps=steps, options=options)
    codes = {item.step: item for item in step_codes(graph)}
    document = emit_pipeline(graph, codes)
    assert document.platform is not None
    assert check_documents(document.ir, document.platform, "chain.ipynb") == ()
    assert check_text(to_yaml(document), "pipeline.yaml") == ()
