"""Steps that do what code may do to its process: each is run, or its failure is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.run.running import Outcome, run_cells

WELL: dict[str, str] = {
    "huge": "print('x' * 3_000_000)\nprint('end')",
    "lines": "for i in range(20000):\n    print('line', i)",
    "binary": "import os\nos.write(1, bytes(range(256)) * 3)\nprint('end')",
    "closed": "import sys\nsys.stdout.close()\nx = 1",
    "closed_descriptors": "import os\nos.close(1)\nos.close(2)\nprint('nobody hears')",
    "forks": "import os\npid = os.fork()\nif pid == 0:\n    os._exit(0)\nos.waitpid(pid, 0)",
    "fork_falls_out": "import os\npid = os.fork()\nprint('both')\nif pid:\n    os.waitpid(pid, 0)",
    "pool": "import multiprocessing\ndef square(x):\n    return x * x\n"
            "with multiprocessing.Pool(2) as pool:\n    print(pool.map(square, [1, 2, 3]))",
    "spawned": "import math, multiprocessing\nspawn = multiprocessing.get_context('spawn')\n"
               "with spawn.Pool(1) as pool:\n    print(pool.map(math.sqrt, [4.0]))",
    "joblib": "from joblib import Parallel, delayed\ndef square(x):\n    return x * x\n"
              "print(Parallel(n_jobs=2)(delayed(square)(i) for i in range(4)))",
    "thread": "import threading\nt = threading.Thread(target=print, args=('in a thread',))\n"
              "t.start()\nt.join()",
    "thread_left": "import threading, time\n"
                   "threading.Thread(target=time.sleep, args=(100,)).start()",
    "awaits": "import asyncio\nawait asyncio.sleep(0)\n"
              "print(await asyncio.gather(asyncio.sleep(0, 3), asyncio.sleep(0, 4)))",
    "task": "import asyncio\nasync def five():\n    return 5\n"
            "print(await asyncio.create_task(five()))",
    "child_process": "import subprocess\nprint('before')\n"
                     "done = subprocess.run(['echo', 'from a child'])\nprint('after')",
    "shell": "!echo from the shell\nwords = !echo caught\nprint(words)",
    "surrogate": "print('\\ud800')",
    "replaced_stdout": "import io, sys\nsys.stdout = io.StringIO()\nprint('swallowed')",
    "left_open": "left = open('left.txt', 'w')\nn = left.write('whole')",
    "finalizer": "import tempfile\nkept = tempfile.TemporaryDirectory()\nprint(kept.name)",
    "changes_folder": "import os\nos.makedirs('inner', exist_ok=True)\nos.chdir('inner')",
}  # fmt: skip

ILL: dict[str, tuple[str, str, str, int | None]] = {
    "exit_zero": ("import os\nos._exit(0)", "Exited", "with status 0", None),
    "exit_three": ("import os\nos._exit(3)", "Exited", "with status 3", None),
    "sys_exit": ("import sys\nsys.exit(0)", "SystemExit", "0", 2),
    "exit_call": ("x = 1\nexit(3)", "SystemExit", "3", 2),
    "quits": ("quit()", "SystemExit", "ended its kernel", 1),
    "system_exit": ("raise SystemExit('bye')", "SystemExit", "bye", 1),
    "keyboard": ("raise KeyboardInterrupt", "KeyboardInterrupt", "", 1),
    "generator_exit": ("raise GeneratorExit", "GeneratorExit", "", 1),
    "recursion": ("def f(n):\n    return f(n + 1)\nf(0)", "RecursionError", "maximum", 2),
    "crash": ("import ctypes\nctypes.string_at(0)", "Killed", "SIGSEGV", None),
    "terminates": ("import os\nos.kill(os.getpid(), 15)", "Killed", "SIGTERM", None),
    "asks": ("name = input('name? ')", "EOFError", "", 1),
    "chained": (
        "try:\n    1 / 0\nexcept Exception as e:\n    raise ValueError('second') from e",
        "ValueError", "second", 4,
    ),
    "odd_exception": (
        "class Odd(Exception):\n    def __str__(self):\n        raise RuntimeError('no text')\n"
        "raise Odd()",
        "RuntimeError", "no text", 3,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """All of them in one pipeline of independent steps."""
    cells = [(f"step:{name}", source) for name, source in WELL.items()]
    cells += [(f"step:{name}", source) for name, (source, *_) in ILL.items()]
    return run_cells(tmp_path_factory.mktemp("steps"), cells, jobs=3)


@pytest.mark.parametrize("name", WELL)
def test_step_succeeds(outcome: Outcome, name: str) -> None:
    step = outcome.step(name)
    assert step.status == "succeeded", step.error


@pytest.mark.parametrize("name", ILL)
def test_step_fails_and_says_how(outcome: Outcome, name: str) -> None:
    _, kind, message, line = ILL[name]
    error = outcome.error(name)
    assert (error["type"], error["line"]) == (kind, line)
    assert message in error["message"]
    if line is not None:
        assert error["cell"]["id"] == f"c{len(WELL) + list(ILL).index(name)}"
        assert f"line {line}, in" in error["traceback"]
    else:
        assert error["hint"] or kind == "Killed"


def test_outputs_are_kept_in_order(outcome: Outcome) -> None:
    assert outcome.text("child_process") == "before\nfrom a child\nafter\n"
    assert outcome.text("shell").splitlines() == ["from the shell", "['caught']"]
    assert outcome.text("lines").startswith("line 0\nline 1\n")
    assert outcome.text("fork_falls_out").count("both") == 2


def test_a_huge_output_is_whole_in_the_log_and_cut_in_the_notebook(outcome: Outcome) -> None:
    assert sum(map(len, outcome.log("huge"))) == 3_000_003
    assert "all are in the log" in outcome.text("huge")
    assert len(outcome.log("lines")) == 20_000


def test_a_step_ends_as_an_interpreter_does(outcome: Outcome) -> None:
    folder = outcome.row.steps[0].folder
    assert folder is not None
    here = folder.parents[3]
    assert (here / "left.txt").read_text() == "whole"
    assert not Path(outcome.log("finalizer")[0]).exists()


def test_a_process_that_lives_on_is_not_waited_for(outcome: Outcome) -> None:
    assert outcome.step("thread_left").seconds < 60
