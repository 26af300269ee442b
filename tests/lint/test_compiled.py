"""What kalelike compiles passes its own check, and the check is fast enough for every compile."""

import json
import time
from pathlib import Path

import pytest

from kalelike.compiler import Compilation, check_cluster, compile_notebook
from kalelike.emit import to_yaml
from kalelike.lint.document import check_documents, check_text

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
