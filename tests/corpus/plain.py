"""Runs a notebook top to bottom in IPython's shell and tells whether it fails, and how."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from kalelike.notebook.read import read_notebook
from kalelike.runtime.shell import StepShell, ensure_event_loop
from kalelike.verify.workspace import make_workspace


def main(path: str) -> None:
    notebook = read_notebook(path)
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_workspace(Path(path).resolve().parent, Path(scratch))
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        ensure_event_loop()
        shell = StepShell()
        for cell in notebook.cells:
            if cell.kind != "code" or not cell.source.strip():
                continue
            error = shell.run(cell.source, f"cell [{cell.number}]").error
            if error is not None:
                text = " ".join(str(error).split())[:200]
                sys.__stdout__.write(
                    f"\nFAILS cell [{cell.number}] {type(error).__name__}: {text}\n"
                )
                return


if __name__ == "__main__":
    main(sys.argv[1])
    sys.stdout.flush()
    os._exit(0)
