"""Failures stay within their branch, are told as the user's own cell, and are tried again."""

from __future__ import annotations

import time
from pathlib import Path

from kalelike.run.events import Notice, RunFinished, StepFinished, StepRetrying
from tests.run.running import run_cells


def test_independent_steps_go_on(tmp_path: Path) -> None:
    outcome = run_cells(
        tmp_path,
        [
            ("step:start", "x = 1"),
            ("step:bad", "y = x\n1 / 0\nopen('after', 'w')"),
            ("step:after_bad", "z = y"),
            ("step:last", "w = z"),
            ("step:good", "v = x + 1"),
        ],
    )
    assert outcome.result.status == "failed"
    assert outcome.status == {
        "start": "succeeded",
        "bad": "failed",
        "after_bad": "skipped",
        "last": "skipped",
        "good": "succeeded",
    }
    assert outcome.step("after_bad").reason == "bad did not succeed"
    assert not (tmp_path / "after").exists()


def test_the_error_is_the_users_own_cell(tmp_path: Path) -> None:
    outcome = run_cells(
        tmp_path,
        [
            ("functions", "def divide(a, b):\n    return a / b"),
            ("step:a", "n = 0"),
            ("step:b", "print('first')\n\n\nresult = divide(1, n)\nprint('never')"),
        ],
    )
    error = outcome.error("b")
    assert error["type"] == "ZeroDivisionError"
    assert error["code"] == "KL801"
    assert (error["cell"]["number"], error["line"]) == (1, 2)
    assert error["source_line"] == "return a / b"
    assert "cell [3]" in error["traceback"]
    assert "line 4" in error["traceback"]
    assert "kalelike" not in error["traceback"]
    assert outcome.text("b") == "first\n"


def test_fail_fast_stops_what_runs(tmp_path: Path) -> None:
    cells = [("step:slow", "import time\ntime.sleep(60)"), ("step:bad", "1 / 0"), ("step:c", "x=1")]
    started = time.monotonic()
    outcome = run_cells(tmp_path, cells, fail_fast=True, jobs=2)
    assert time.monotonic() - started < 40
    assert outcome.result.status == "failed"
    assert outcome.status == {"slow": "interrupted", "bad": "failed", "c": "skipped"}


def test_a_retry_is_a_fresh_process_with_the_same_inputs(tmp_path: Path) -> None:
    cells = [
        ("step:a", "items = [1]"),
        ("step:b retry:3:0s", "import os\nitems.append(2)\nprint(items, os.getpid())\n"
                              "with open('tries', 'a') as file:\n    file.write('x')\n"
                              "assert os.path.getsize('tries') > 2, 'not yet'"),
        ("step:c", "n = len(items)\nassert n == 2"),
    ]  # fmt: skip
    outcome = run_cells(tmp_path, cells)
    assert outcome.result.status == "succeeded", outcome.result
    assert outcome.attempts("b") == 3
    retries = [item for item in outcome.events if isinstance(item, StepRetrying)]
    assert [(item.attempt, item.attempts, item.error["message"]) for item in retries] == [
        (1, 4, "not yet"),
        (2, 4, "not yet"),
    ]
    lines = [line for line in outcome.log("b") if line.startswith("[1, 2]")]
    assert len(set(lines)) == 3


def test_retries_end(tmp_path: Path) -> None:
    outcome = run_cells(tmp_path, [("step:a retry:2:0s", "1 / 0")])
    assert outcome.status == {"a": "failed"}
    assert outcome.attempts("a") == 3
    assert outcome.error("a")["type"] == "ZeroDivisionError"


def test_an_attempt_that_is_killed_is_retried(tmp_path: Path) -> None:
    source = (
        "import os, subprocess\nfirst = not os.path.exists('tried')\nopen('tried', 'w').close()\n"
        "if first:\n"
        "    left = subprocess.Popen(['sleep', '1234'], start_new_session=True)\n"
        "    open('left', 'w').write(str(left.pid))\n"
        "    os.kill(os.getpid(), 9)"
    )
    outcome = run_cells(tmp_path, [("step:a retry:1:0s", source)])
    assert outcome.status == {"a": "succeeded"}
    assert outcome.attempts("a") == 2
    assert not Path(f"/proc/{(tmp_path / 'left').read_text()}").exists()


def test_a_time_limit_ends_the_step_with_all_that_it_started(tmp_path: Path) -> None:
    source = (
        "import subprocess, time\n"
        "child = subprocess.Popen(['sleep', '1235'])\n"
        "daemon = subprocess.Popen(['sleep', '1236'], start_new_session=True)\n"
        "print(child.pid, daemon.pid, flush=True)\ntime.sleep(100)"
    )
    outcome = run_cells(tmp_path, [("step:a timeout:3s", source), ("step:b", "x = 1")])
    assert outcome.status == {"a": "failed", "b": "succeeded"}
    error = outcome.error("a")
    assert (error["code"], error["type"]) == ("KL802", "Timeout")
    assert "limit of 3 s" in error["message"]
    for pid in outcome.log("a")[0].split():
        assert not Path(f"/proc/{pid}").exists()


def test_a_time_limit_is_of_each_attempt(tmp_path: Path) -> None:
    source = (
        "import os, time\nfirst = not os.path.exists('tried')\nopen('tried', 'w').close()\n"
        "if first:\n    time.sleep(100)"
    )
    outcome = run_cells(tmp_path, [("step:a timeout:4s retry:1:0s", source)])
    assert outcome.status == {"a": "succeeded"}
    retry = next(item for item in outcome.events if isinstance(item, StepRetrying))
    assert retry.error["code"] == "KL802"


def test_the_runs_time_limit(tmp_path: Path) -> None:
    cells = [("step:a", "import time\ntime.sleep(100)\nx = 1"), ("step:b", "y = x")]
    outcome = run_cells(tmp_path, cells, timeout=2.0)
    assert outcome.result.status == "failed"
    assert outcome.result.reason == "the run exceeded its time limit of 2 s"
    assert outcome.status == {"a": "interrupted", "b": "skipped"}
    assert isinstance(outcome.events[-1], RunFinished)


def test_what_this_machine_does_not_apply_is_told(tmp_path: Path) -> None:
    outcome = run_cells(tmp_path, [("step:a secret:db:token:TOKEN", "x = 1")])
    found = [item.diagnostic for item in outcome.events if isinstance(item, Notice)]
    assert [item["name"] for item in found] == ["not-on-this-machine"]
    assert "secretAsEnv" in found[0]["message"]


def test_every_step_is_told_once(tmp_path: Path) -> None:
    cells = [("step:a", "x = 1"), ("step:b", "1 / 0"), ("step:c", "y = x")]
    outcome = run_cells(tmp_path, cells)
    ended = [item.step for item in outcome.events if isinstance(item, StepFinished)]
    assert sorted(ended) == ["a", "b", "c"]


def test_a_memory_limit(tmp_path: Path) -> None:
    cells = [
        ("step:big limit:memory:400Mi", "import time\nx = bytearray(700_000_000)\ntime.sleep(60)"),
        ("step:small limit:memory:400Mi", "x = bytearray(20_000_000)\nn = len(x)"),
    ]
    outcome = run_cells(tmp_path, cells)
    assert outcome.status == {"big": "failed", "small": "succeeded"}
    error = outcome.error("big")
    assert (error["type"], error["code"]) == ("OutOfMemory", "KL803")
    assert "400 MiB" in error["message"]


def test_a_limit_of_cores(tmp_path: Path) -> None:
    cells = [("step:a limit:cpu:500m", "import os\nn = len(os.sched_getaffinity(0))\nprint(n)")]
    outcome = run_cells(tmp_path, cells)
    assert outcome.log("a") == ["1"]
    assert not [item for item in outcome.events if isinstance(item, Notice)]


def test_variables_of_a_step_are_there_before_anything_is_imported(tmp_path: Path) -> None:
    tags = "step:a env:OMP_NUM_THREADS:7 env:ODD:$(HOME){{x}}"
    source = "import os, sys\nprint(os.environ['OMP_NUM_THREADS'], os.environ['ODD'])"
    outcome = run_cells(tmp_path, [(tags, source)], imports=("numpy",))
    assert outcome.log("a") == ["7 $(HOME){{x}}"]
    assert outcome.result.status == "succeeded"
