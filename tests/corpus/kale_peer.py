"""What Kale 2.3 makes of a notebook with the same steps.

    python kale_peer.py NOTEBOOK KALE

KALE is the ``kale`` command. The steps that kalelike chose become Kale's tags,
each after the one before it; Kale compiles, and nothing is run. Prints
``KALE`` and JSON: whether it compiled, and the inputs that it gives each step.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from kalelike.dataflow.partition import partition_notebook
from kalelike.notebook.model import Role
from kalelike.notebook.read import read_notebook
from kalelike.notebook.roles import is_tagged, tag_notebook
from kalelike.notebook.settings import read_settings

_INPUT = re.compile(r"(\w+?)_input_artifact")
_FUNCTION = re.compile(r"^def (\w+)_step\(|^def (\w+)\(", re.MULTILINE)


def main(path: str, kale: str) -> None:
    notebook = read_notebook(path)
    data = json.loads(Path(path).read_text("utf-8-sig"))
    names: dict[str, str] = {}
    if not is_tagged(notebook):
        tagged = partition_notebook(notebook, read_settings(notebook))
        for number, item in enumerate(tagged.steps, start=1):
            names[str(item.name)] = f"s{number}_" + re.sub(r"[^a-z0-9]", "_", str(item.name))
        order = list(names.values())
        for cell in tagged.cells:
            tags = ["imports"]
            if cell.role is Role.STEP:
                own = names[str(cell.step)]
                at = order.index(own)
                tags = [f"step:{own}", *([f"prev:{order[at - 1]}"] if at else [])]
            data["cells"][cell.cell.index]["metadata"]["tags"] = tags
    else:
        names = {str(item.name): str(item.name) for item in tag_notebook(notebook).steps}
    data["metadata"]["kubeflow_notebook"] = {
        "pipeline_name": "corpus", "experiment_name": "corpus", "pipeline_description": "",
        "volumes": [], "steps_defaults": [],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "book.ipynb")
        copy.write_text(json.dumps(data), "utf-8")
        done = subprocess.run(
            [kale, "--nb", str(copy)], cwd=scratch, capture_output=True, text=True, timeout=200,
            check=False,
        )  # fmt: skip
        scripts = [item for item in Path(scratch).rglob("*.py") if item.stat().st_size]
        text = scripts[0].read_text("utf-8") if scripts and done.returncode == 0 else ""
    told: dict[str, Any] = {"outcome": "compiled" if text else "fails"}
    if text:
        told["inputs"] = {
            step: sorted(_inputs(text, name.replace("-", "_"))) for step, name in names.items()
        }
    else:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        told["told"] = (lines or ["nothing"])[-1][:200]
    print("KALE " + json.dumps(told))


def _inputs(script: str, function: str) -> set[str]:
    start = re.search(rf"^def {re.escape(function)}(?:_step)?\(", script, re.MULTILINE)
    if start is None:
        return set()
    head = script[start.start() : script.index(":\n", start.start())]
    return set(_INPUT.findall(head))


if __name__ == "__main__":
    main(*sys.argv[1:3])
