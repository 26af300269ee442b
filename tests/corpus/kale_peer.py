"""What Kale 2.3 makes of a notebook with the same steps.

    python kale_peer.py NOTEBOOK KALE_PYTHON [TIMEOUT]

KALE_PYTHON is that of an environment with Kale 2.3 and the notebook's packages.
The steps that kalelike chose become Kale's tags, each after the one before it,
and Kale compiles. With TIMEOUT (seconds), what it has made is run by KFP's
local runner, each step in a process of its own, in one copy of the notebook's
folder; three things in its code are changed for that: nothing is installed,
the folder of passed values is a private one, and it is emptied before each
step, as it is in a fresh container. At the end of each step its values are
compared with those of the notebook's own run, as `kalelike verify` compares
them: those whose names the step's code has and two runs of the notebook agree
on. Displayed results are not compared: Kale keeps them as a page only.

Prints ``KALE`` and JSON: whether it compiled, the inputs that it gives each
step, and what came of the run.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import symtable
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from kalelike.compiler import compile_notebook
from kalelike.dataflow.partition import partition_notebook
from kalelike.notebook.model import Role
from kalelike.notebook.read import read_notebook
from kalelike.notebook.roles import is_tagged, tag_notebook
from kalelike.notebook.settings import read_settings
from kalelike.runtime.fingerprints import Outcome, Tolerance, compare_fingerprints
from kalelike.verify.notebook_side import observe_notebook
from kalelike.verify.observations import NotebookObservation
from kalelike.verify.subject import StepPlan, make_subject
from kalelike.verify.workspace import make_workspace
from tests.corpus.kale_probe import FOLDER

ROOT = Path(__file__).parents[2]
_INPUT = re.compile(r"(\w+?)_input_artifact")
_COMPONENT = re.compile(r"(^def \w+_step\(.*?\):\n)", re.MULTILINE | re.DOTALL)
_RAISED = re.compile(r"\[ERROR\]\s+((?:\w+\.)*\w*(?:Error|Exception|Exit): .*)$", re.MULTILINE)
_PROBE = "__import__('tests.corpus.kale_probe', fromlist=['look']).look({!r}, globals())"
_RUN = """\
import importlib.util, sys
from kfp import local
spec = importlib.util.spec_from_file_location("made", sys.argv[1])
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)
local.init(local.SubprocessRunner(use_venv=False), pipeline_root=sys.argv[2])
(pipeline,) = (
    item for name, item in vars(made).items()
    if type(item).__name__ == "GraphComponent"
)
pipeline()
"""
Told = dict[str, Any]


def main(path: str, python: str, timeout: str = "") -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_workspace(Path(path).resolve().parent, Path(scratch, "copy"))
        names = _tag(Path(path), folder / "kale_book.ipynb")
        told, script = _compile(folder, python, names)
        if script is not None and float(timeout or 0):
            told["run"] = _run(Path(path), script, python, names, Path(scratch), float(timeout))
    print("KALE " + json.dumps(told))


def _tag(path: Path, copy: Path) -> dict[str, str]:
    """Write the notebook with Kale's tags; return its step names by kalelike's."""
    notebook = read_notebook(str(path))
    data = json.loads(path.read_text("utf-8-sig"))
    plain = not is_tagged(notebook)
    tagged = partition_notebook(notebook, read_settings(notebook)) if plain else None
    tagged = tagged or tag_notebook(notebook)
    names = {
        str(item.name): f"s{number}_" + re.sub(r"[^a-z0-9]", "_", str(item.name)) if plain
        else str(item.name)
        for number, item in enumerate(tagged.steps, start=1)
    }  # fmt: skip
    order = list(names.values())
    last: dict[str, int] = {}
    for cell in tagged.cells:
        tags = ["imports"]
        if cell.role is Role.STEP:
            own = names[str(cell.step)]
            at = order.index(own)
            tags = [f"step:{own}", *([f"prev:{order[at - 1]}"] if at else [])]
            last[own] = cell.cell.index
        if plain:
            data["cells"][cell.cell.index]["metadata"]["tags"] = tags
    for own, index in sorted(last.items(), key=lambda item: -item[1]):
        probe = {"cell_type": "code", "metadata": {"tags": [f"step:{own}"]}, "outputs": [],
                 "execution_count": None, "source": _PROBE.format(own)}  # fmt: skip
        if "id" in data["cells"][index]:
            probe["id"] = f"probe{index}"
        data["cells"].insert(index + 1, probe)
    data["metadata"]["kubeflow_notebook"] = {
        "pipeline_name": "corpus", "experiment_name": "corpus", "pipeline_description": "",
        "volumes": [], "steps_defaults": [],
    }  # fmt: skip
    copy.write_text(json.dumps(data), "utf-8")
    return names


def _compile(folder: Path, python: str, names: Mapping[str, str]) -> tuple[Told, Path | None]:
    done = subprocess.run(
        [Path(python).with_name("kale"), "--nb", "kale_book.ipynb"],
        cwd=folder, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    script = next(iter((folder / ".kale").rglob("*.kale.py")), None)
    text = script.read_text("utf-8") if script is not None and done.returncode == 0 else ""
    if not text:
        return {"outcome": "fails", "told": _why(done.stdout + done.stderr)}, None
    inputs = {step: sorted(_inputs(text, own.replace("-", "_"))) for step, own in names.items()}
    return {"outcome": "compiled", "inputs": inputs}, script


def _inputs(script: str, function: str) -> set[str]:
    start = re.search(rf"^def {re.escape(function)}(?:_step)?\(", script, re.MULTILINE)
    if start is None:
        return set()
    head = script[start.start() : script.index(":\n", start.start())]
    return set(_INPUT.findall(head))


# -- the run --------------------------------------------------------------------------


def _run(
    path: Path, script: Path, python: str, names: Mapping[str, str], scratch: Path, timeout: float
) -> Told:
    subject = make_subject(path, compile_notebook(str(path), auto=True))
    runs = [
        observe_notebook(subject, _new(scratch / start), _quiet, start=start, hash_seed=0, side="")
        for start in ("one", "two")
    ]
    if runs[0].error is not None:
        return {"outcome": "fails", "told": "the notebook itself fails"}
    log = scratch / "log.txt"
    seen = _new(scratch / "seen")
    status = _execute(script, python, scratch, timeout, log, seen)
    if status is None:
        return {"outcome": "timeout"}
    equal = 0
    for step in subject.steps:
        own = names.get(step.name)
        if own is None:
            continue
        kept = seen / f"{own}.json"
        if not kept.exists():
            return {
                "outcome": "fails",
                "step": step.name,
                "told": _why(log.read_text("utf-8", "replace")),
            }
        for name, why in _compare(step, json.loads(kept.read_text("utf-8")), runs):
            if why:
                return {"outcome": "wrong", "step": step.name, "name": name, "told": why}
            equal += 1
    if status:
        return {"outcome": "fails", "told": _why(log.read_text("utf-8", "replace"))}
    return {"outcome": "right", "values": equal}


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _quiet(side: str, text: str) -> None:
    """Take progress, and say nothing."""


def _execute(
    script: Path, python: str, scratch: Path, timeout: float, log: Path, seen: Path
) -> int | None:
    """Run what Kale has made; None when the time is up."""
    marshal = scratch / "marshal"
    text = re.sub(r"packages_to_install=\[.*?\]", "packages_to_install=[]", script.read_text())
    text = text.replace("/tmp/marshal", str(marshal))
    wipe = f"    import os, shutil\n    shutil.rmtree({str(marshal)!r}, ignore_errors=True)\n"
    wipe += f"    os.makedirs({str(marshal)!r})\n"
    made = script.with_name("made.py")
    made.write_text(_COMPONENT.sub(lambda found: found.group(1) + wipe, text), "utf-8")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [python, "-P", "-c", _RUN, str(made), str(scratch / "root")],
            cwd=script.parents[1],
            env={**os.environ, FOLDER: str(seen), "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0",
                 "LOCAL_EXECUTION": "1"},
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None


def _why(log: str) -> str:
    """The last line of a log that names an exception, without terminal colours."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", log).strip()
    found = _RAISED.findall(text) or re.findall(r"^((?:\w+\.)*\w*Error: .*)$", text, re.MULTILINE)
    return str((found or text.splitlines() or ["nothing"])[-1])[:200]


def _names(source: str) -> set[str]:
    """Return the global names that a cell's code binds or reads, its functions' among them."""
    top = symtable.symtable(source, "cell", "exec")
    found = {item.get_name() for item in top.get_symbols()}
    inner = list(top.get_children())
    while inner:
        table = inner.pop()
        inner += table.get_children()
        found |= {item.get_name() for item in table.get_symbols() if item.is_global()}
    return found


def _compare(
    step: StepPlan, kept: Mapping[str, Any], runs: list[NotebookObservation]
) -> Iterator[tuple[str, str]]:
    """Give each name with how it differs, empty where it does not."""
    words = {word for cell in step.code.cells for word in _names(cell.source)}
    exact = Tolerance()
    for name in sorted(words):
        theirs, again = (run.look(name, step, "end") for run in runs)
        if theirs is None or again is None:
            continue
        if compare_fingerprints(theirs, again, exact).outcome is Outcome.DIFFERENT:
            continue
        if name not in kept:
            yield name, "the step does not have it"
            continue
        found = compare_fingerprints(kept[name], theirs, exact)
        if found.outcome is not Outcome.UNCOVERED:
            yield name, found.why if found.outcome is Outcome.DIFFERENT else ""


if __name__ == "__main__":
    main(*sys.argv[1:])
