"""Ctrl-C, kill -9 at any instant: no process is left, nothing half written, and all is resumed."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from kalelike.store.integrity import check_artifact
from kalelike.store.objects import object_path
from kalelike.store.runs import RunStore
from tests.equivalence.harness import write_notebook
from tests.run.processes import events_of, nothing_is_left, processes_in, run, start, wait_until
from tests.run.running import Cells

BUSY: Cells = [
    ("step:first", "x = 1"),
    (
        "step:busy",
        "import subprocess, time\n"
        "child = subprocess.Popen(['sleep', '4321'])\n"
        "left = subprocess.run('sleep 4322 &', shell=True, start_new_session=True)\n"
        "open('ready', 'w').close()\n"
        "try:\n    time.sleep(100)\nfinally:\n    open('cleaned', 'w').close()\n"
        "y = x",
    ),
    ("step:last", "z = y"),
]  # fmt: skip


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    return write_notebook(tmp_path / "notebook.ipynb", BUSY)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all(busy: Path, kind: signal.Signals, method: str) -> None:
    if signal.getsignal(kind) == signal.SIG_IGN:
        pytest.skip(f"whoever started the tests ignores {kind.name}, and so do its children")
    process = start(busy, "--start-method", method)
    wait_until((busy.parent / "ready").exists)
    process.send_signal(kind)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    nothing_is_left(busy.parent)
    result = events_of(output)[-1]
    assert result["status"] == "interrupted"
    assert {item["step"]: item["status"] for item in result["steps"]} == {
        "first": "succeeded",
        "busy": "interrupted",
        "last": "skipped",
    }
    assert (busy.parent / "cleaned").exists(), "the step's own clean-up is run"
    assert leftovers(busy.parent) == []


def test_a_step_that_does_not_listen(tmp_path: Path) -> None:
    source = (
        "import signal, time\nold = signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "open('ready', 'w').close()\ntime.sleep(100)"
    )
    notebook = write_notebook(tmp_path / "notebook.ipynb", [("step:a", source)])
    process = start(notebook)
    wait_until((tmp_path / "ready").exists)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    nothing_is_left(tmp_path)


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    source = (
        "import signal, time\nold = signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "open('ready', 'w').close()\ntime.sleep(100)"
    )
    notebook = write_notebook(tmp_path / "notebook.ipynb", [("step:a", source)])
    process = start(notebook)
    wait_until((tmp_path / "ready").exists)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    process.communicate(timeout=60)
    assert time.monotonic() - started < 2.9
    nothing_is_left(tmp_path)


def test_ctrl_c_while_modules_are_imported(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "very_slow_module.py").write_text(
        "import pathlib, time\npathlib.Path('importing').touch()\ntime.sleep(100)\n"
    )
    notebook = write_notebook(tmp_path / "notebook.ipynb", [("step:a", "import very_slow_module")])
    path = f"{os.environ.get('PYTHONPATH', '')}{os.pathsep}{site}"
    process = start(notebook, env={"PYTHONPATH": path})
    wait_until((tmp_path / "importing").exists)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    nothing_is_left(tmp_path)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_the_engine_is_killed(busy: Path, method: str) -> None:
    process = start(busy, "--start-method", method)
    wait_until((busy.parent / "ready").exists)
    process.kill()
    process.communicate(timeout=60)
    nothing_is_left(busy.parent)
    store = RunStore(busy.parent / ".kalelike")
    assert store.find_run().status == "killed"
    store.close()


def test_a_step_is_killed(busy: Path) -> None:
    process = start(busy)
    wait_until((busy.parent / "ready").exists)
    (child,) = [pid for pid, command in processes_in(busy.parent).items() if "4321" in command]
    step = parent(child)
    os.kill(step, signal.SIGKILL)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    nothing_is_left(busy.parent)
    failed = next(e for e in events_of(output) if e.get("step") == "busy" and e.get("error"))
    assert failed["error"]["code"] == "KL803"
    assert "SIGKILL" in failed["error"]["message"]


def test_the_supervisor_is_killed(busy: Path) -> None:
    process = start(busy)
    wait_until((busy.parent / "ready").exists)
    (child,) = [pid for pid, command in processes_in(busy.parent).items() if "4321" in command]
    supervisor = parent(parent(child))
    assert parent(supervisor) == process.pid
    os.kill(supervisor, signal.SIGKILL)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    failed = next(e for e in events_of(output) if e.get("step") == "busy" and e.get("error"))
    assert "forked from" in failed["error"]["message"]
    nothing_is_left(busy.parent)


def test_engine_and_supervisor_are_killed(busy: Path) -> None:
    """A daemon that left its session has nobody who knows of it, until the next run."""
    process = start(busy)
    wait_until((busy.parent / "ready").exists)
    (child,) = [pid for pid, command in processes_in(busy.parent).items() if "4321" in command]
    supervisor = parent(parent(child))
    process.send_signal(signal.SIGSTOP)
    os.kill(supervisor, signal.SIGKILL)
    process.kill()
    process.communicate(timeout=60)
    assert any("4322" in command for command in processes_in(busy.parent).values())
    store = RunStore(busy.parent / ".kalelike")
    assert store.find_run().status == "killed"
    store.close()
    nothing_is_left(busy.parent)


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


# -- kill -9 at any instant ----------------------------------------------------------------

PIPELINE: Cells = [
    ("pipeline-parameters", "n = 3"),
    ("step:make", "rows = list(range(n))\nopen('rows.txt', 'w').write(str(rows))"),
    ("step:read", "text = open('rows.txt').read()\nlength = len(text)"),
    ("step:sum", "import numpy\ntotal = int(sum(rows))\nlarge = numpy.arange(100_000) + total"),
    ("step:end", "answer = total + length + int(large[-1])\nprint('answer', answer)"),
    ("pipeline-metrics", "print(answer)"),
]
ANSWER = 3 + 9 + 99_999 + 3

# Every process of the run counts its changes of files, and kills itself at the
# given one. Which process it is shows in its command and its parent.
SUICIDE = """
import os, signal, sys
role, at = os.environ["KILL_AT"].split(":")
state = {"count": 0, "pid": 0}
EVENTS = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.copyfile")

def which():
    command = open("/proc/self/cmdline").read()
    if "zygote" not in command:
        return "engine" if "kalelike" in command else "other"
    parent = open(f"/proc/{os.getppid()}/cmdline").read()
    return "step" if "zygote" in parent else "zygote"

def hook(event, args):
    writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
    if not writes and event not in EVENTS:
        return
    if state.get("inside"):
        return
    state["inside"] = True
    try:
        if state["pid"] != os.getpid():
            state.update(pid=os.getpid(), count=0, role=which())
        if state["role"] == role:
            state["count"] += 1
            if state["count"] == int(at):
                os.kill(os.getpid(), signal.SIGKILL)
    finally:
        state["inside"] = False

sys.addaudithook(hook)
"""
POINTS = [("engine", n) for n in (1, 2, 4, 7, 11, 16, 22)]
POINTS += [("step", n) for n in (1, 2, 3, 5, 8, 12, 17)]


@pytest.mark.parametrize(("role", "at"), POINTS)
def test_killed_anywhere_and_resumed(tmp_path: Path, role: str, at: int) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(SUICIDE)
    folder = tmp_path / "project"
    folder.mkdir()
    notebook = write_notebook(folder / "notebook.ipynb", PIPELINE)
    path = f"{hooks}{os.pathsep}{Path(__file__).parents[2]}"
    process = start(notebook, env={"PYTHONPATH": path, "KILL_AT": f"{role}:{at}"})
    output, errors = process.communicate(timeout=100)
    nothing_is_left(folder)
    assert process.returncode in (0, 1, -signal.SIGKILL), errors
    before = {
        item["step"]
        for item in events_of(output)
        if item["event"] == "StepFinished" and item["status"] == "succeeded"
    }
    events = run(notebook)
    result = events[-1]
    assert result["status"] == "succeeded", events
    assert result["metrics"] == {"answer": ANSWER}
    again = {item["step"] for item in result["steps"] if item["status"] == "cached"}
    assert before <= again, "what was told as done is not done again"
    assert leftovers(folder) == []
    check_store(folder / ".kalelike")


def leftovers(folder: Path) -> list[str]:
    """Return half-written files: of the project, and values that nobody will use."""
    parts = [str(path) for path in folder.rglob("*.part-*")]
    return parts + [str(path) for path in (folder / ".kalelike" / "runs").glob("*/*/values")]


def check_store(store: Path) -> None:
    """Insist that every stored object is whole and is what its name says."""
    for folder in (store / "objects").glob("*/*"):
        digest = folder.parent.name + folder.name
        assert object_path(store, digest) == folder
        assert json.loads((folder / "manifest.json").read_text())["digest"] == digest
        check_artifact(folder, digest)
