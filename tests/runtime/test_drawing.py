"""The first figure of a process is shown as a picture, as every later one is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = """
from kalelike.runtime.shell import StepShell
shell = StepShell()
shell.run("import matplotlib.pyplot as plt", "a", store=False)
for _ in range(2):
    run = shell.run("plt.plot([1, 2])\\nplt.show()", "b")
    print([sorted(item["data"]) for item in run.outputs if "data" in item])
"""


def test_first_figure_is_a_picture() -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    env.pop("MPLBACKEND", None)
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=env, capture_output=True, text=True, check=True
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("[[")]
    assert lines == ["[['image/png', 'text/plain']]"] * 2
