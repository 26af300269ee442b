"""Steps in containers: how they end, what they may use, and what is left of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kalelike.compiler import Compilation, write_codes
from kalelike.errors import BackendError
from kalelike.run.backend import RunOptions, RunResult
from kalelike.run.docker.launcher import CONTAINERS
from kalelike.run.events import Event, StepLog
from kalelike.run.local.engine import run_pipeline
from kalelike.run.local.launcher import Launcher, LauncherKind
from kalelike.run.local.plan import Plan
from tests.docker.conftest import Build
from tests.image.notebooks import Cells, compiled

pytestmark = pytest.mark.docker


def run(
    compilation: Compilation, folder: Path, *, jobs: int = 2, events: list[Event] | None = None,
    kind: LauncherKind = CONTAINERS,
) -> RunResult:  # fmt: skip
    store = folder / ".kalelike"
    write_codes(compilation, store / "code")
    options = RunOptions(
        store, folder, store / "code", pipeline="p", notebook="nb.ipynb", jobs=jobs, by_image=True
    )
    document = compilation.document
    tell = (lambda event: None) if events is None else events.append
    return run_pipeline(document.ir, document.platform, {}, options, tell, kind)


def built(build: Build, folder: Path, cells: Cells) -> Compilation:
    return build(compiled(folder, cells))


def containers(client: Any, folder: Path) -> list[Any]:
    found = client.containers.list(all=True, filters={"label": "io.kalelike.owner"})
    return [item for item in found if str(folder) in item.labels["io.kalelike.owner"]]


def test_values_files_and_logs(build: Build, client: Any, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.csv").write_text("1,2\n")
    (tmp_path / "helper.py").write_text("def double(x):\n    return 2 * x\n")
    cells: Cells = [
        ("step:read", "text = open('data/t.csv').read()\nopen('made.txt', 'w').write(text)"),
        ("step:use", "import helper\nx = helper.double(len(open('made.txt').read()))\nprint(x)"),
        ("pipeline-metrics", "print(x)"),
    ]
    events: list[Event] = []
    result = run(built(build, tmp_path, cells), tmp_path, events=events)
    assert result.status == "succeeded", result
    assert result.metrics == {"x": 8}
    assert "8" in [item.line for item in events if isinstance(item, StepLog)]
    assert not (tmp_path / "made.txt").exists()
    assert containers(client, tmp_path) == []
    owners = {path.stat().st_uid for path in (tmp_path / ".kalelike").rglob("*")}
    assert owners == {os.getuid()}
    again = run(built(build, tmp_path, cells), tmp_path)
    assert {step.status for step in again.steps} == {"cached"}


@pytest.mark.parametrize(
    ("source", "kind", "text"),
    [
        pytest.param("1 / 0", "ZeroDivisionError", "division by zero", id="exception"),
        pytest.param("import os\nos._exit(3)", "Exited", "status 3", id="exit code"),
        pytest.param(
            "import ctypes\nctypes.string_at(0)", "Killed", "SIGSEGV", id="crash",
        ),
        pytest.param("x = bytearray(300 * 2**20)", "OutOfMemory", "256 MiB", id="memory"),
    ],
)  # fmt: skip
def test_failures(
    build: Build, client: Any, tmp_path: Path, source: str, kind: str, text: str
) -> None:
    result = run(built(build, tmp_path, [("step:a|limit:memory:256Mi", source)]), tmp_path)
    error = result.steps[0].error
    assert result.status == "failed"
    assert error is not None
    assert error["type"] == kind
    assert text in error["message"]
    assert containers(client, tmp_path) == []


def test_limits_and_privileges_reach_the_container(
    build: Build, client: Any, tmp_path: Path
) -> None:
    seen: list[dict[str, Any]] = []

    def make(plan: Plan, options: RunOptions) -> Launcher:
        launcher = CONTAINERS.make(plan, options)
        start = launcher.start

        def watched(launch: Any) -> int:
            number = start(launch)
            seen.extend(item.attrs for item in containers(client, tmp_path))
            return number

        launcher.start = watched  # type: ignore[method-assign]
        return launcher

    cells: Cells = [
        ("step:a|limit:memory:512Mi|limit:cpu:500m", "import os, time\nx = os.getuid()\n"
         "time.sleep(1)\nprint(os.listdir('/proc/self/fd') is None)"),
    ]  # fmt: skip
    kind = LauncherKind("docker", CONTAINERS.applies, make)
    assert run(built(build, tmp_path, cells), tmp_path, kind=kind).status == "succeeded"
    host, config = seen[0]["HostConfig"], seen[0]["Config"]
    assert host["Memory"] == host["MemorySwap"] == 512 * 2**20
    assert host["NanoCpus"] == 500_000_000
    assert host["CapDrop"] == ["ALL"]
    assert host["AutoRemove"] is False
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert config["User"] == f"{os.getuid()}:{os.getgid()}"


def test_a_killed_container_is_told_as_such(build: Build, client: Any, tmp_path: Path) -> None:
    def make(plan: Plan, options: RunOptions) -> Launcher:
        launcher = CONTAINERS.make(plan, options)
        start = launcher.start

        def killed(launch: Any) -> int:
            number = start(launch)
            launcher.signal(number, signal.SIGKILL)
            return number

        launcher.start = killed  # type: ignore[method-assign]
        return launcher

    kind = LauncherKind("docker", CONTAINERS.applies, make)
    cells: Cells = [("step:a", "import time\ntime.sleep(60)")]
    result = run(built(build, tmp_path, cells), tmp_path, kind=kind)
    assert result.steps[0].error is not None
    assert result.steps[0].error["message"] == "the step's process was ended by SIGKILL"


def test_a_removed_container_is_told_as_lost(build: Build, client: Any, tmp_path: Path) -> None:
    def make(plan: Plan, options: RunOptions) -> Launcher:
        launcher = CONTAINERS.make(plan, options)
        start = launcher.start

        def removed(launch: Any) -> int:
            number = start(launch)
            for item in containers(client, tmp_path):
                item.remove(force=True)
            return number

        launcher.start = removed  # type: ignore[method-assign]
        return launcher

    kind = LauncherKind("docker", CONTAINERS.applies, make)
    cells: Cells = [("step:a", "import time\ntime.sleep(60)")]
    result = run(built(build, tmp_path, cells), tmp_path, kind=kind)
    assert result.status == "failed"
    assert result.steps[0].error is not None
    assert result.steps[0].error["code"] in ("KL831", "KL803")


def test_steps_run_at_the_same_time(build: Build, tmp_path: Path) -> None:
    source = "import time\nbegin = time.time()\ntime.sleep(3)\nend = time.time()"
    cells: Cells = [
        ("step:a", source),
        ("step:b", source.replace("begin", "begin2").replace("end", "end2")),
        ("pipeline-metrics", "print(begin2 < end)\nprint(begin < end2)"),
    ]
    result = run(built(build, tmp_path, cells), tmp_path)
    assert result.status == "succeeded", result
    assert set(result.metrics.values()) == {1}


def test_the_variables_of_secrets_come_from_this_process(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_TOKEN", "s3cret")
    monkeypatch.setenv("OTHER", "not for the step")
    cells: Cells = [
        (
            "step:a|secret:mine:key:THE_TOKEN|env:PLAIN:given",
            "import os\nfound = [os.environ.get(n) for n in ('THE_TOKEN', 'OTHER', 'PLAIN')]\n"
            "n = found == ['s3cret', None, 'given']",
        ),
        ("pipeline-metrics", "print(n)"),
    ]
    result = run(built(build, tmp_path, cells), tmp_path)
    assert result.metrics == {"n": 1}, result


def test_an_image_that_is_not_there(tmp_path: Path, client: Any) -> None:
    compilation = compiled(tmp_path, [("step:a|image:never-made:1", "x = 1")])
    with pytest.raises(BackendError) as caught:
        run(compilation, tmp_path)
    assert caught.value.diagnostics[0].code.name == "image-not-here"


def test_interrupt_leaves_nothing(build: Build, client: Any, tmp_path: Path) -> None:
    compilation = built(build, tmp_path, [("step:a", "import time\ntime.sleep(120)")])
    command = [sys.executable, "-m", "kalelike", "run", str(tmp_path / "nb.ipynb"), "--json",
               "--engine", "docker", "--base-from-host"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert compilation.codes
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "StepStarted":
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert containers(client, tmp_path) == []


def test_what_a_killed_run_left_is_removed_by_the_next(
    build: Build, client: Any, tmp_path: Path
) -> None:
    built(build, tmp_path, [("step:a", "import time\ntime.sleep(120)")])
    command = [sys.executable, "-m", "kalelike", "run", str(tmp_path / "nb.ipynb"), "--json",
               "--engine", "docker", "--base-from-host"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "StepStarted":
            break
    process.kill()
    process.communicate(timeout=60)
    assert len(containers(client, tmp_path)) == 1
    assert run(built(build, tmp_path, [("step:b", "y = 1")]), tmp_path).status == "succeeded"
    deadline = time.monotonic() + 10
    while containers(client, tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert containers(client, tmp_path) == []
