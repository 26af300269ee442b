"""Commands around a run on Kubeflow: failure, retries, detach, follow, logs, cancel, upload."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kalelike.cli.main import main
from kalelike.runtime.values import load_values
from tests.kfp_engine.fake_kubeflow import FakeKubeflow
from tests.kfp_engine.serving import Answer, Request, serving

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.kfp

Cells = list[tuple[list[str], str]]


def write_notebook(path: Path, cells: Cells) -> None:
    data = {
        "cells": [
            {"cell_type": "code", "id": f"c{at}", "source": source, "outputs": [],
             "execution_count": None, "metadata": {"tags": tags}}
            for at, (tags, source) in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3",
                                    "language": "python"}},
        "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    path.write_text(json.dumps(data))


class Place:
    """A notebook, a server that runs its steps, and the commands."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder / "here"
        self.folder.mkdir()
        self.path = self.folder / "work.ipynb"
        self.capsys = capsys
        self.host = ""
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "KALELIKE_CODE": str(self.folder / ".kalelike" / "code"),
            "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        }
        self.server = FakeKubeflow(folder / "bucket", self.folder, env)

    def write(self, *cells: tuple[list[str], str]) -> None:
        write_notebook(self.path, list(cells))
        assert main(["compile", str(self.path), "-o", str(self.folder / "work.yaml")]) == 0
        self.capsys.readouterr()

    def call(self, *arguments: str) -> tuple[int, str]:
        code = main(list(arguments))
        printed = self.capsys.readouterr()
        return code, printed.out + printed.err

    def run(self, *arguments: str) -> tuple[int, str]:
        return self.call("run", str(self.path), "--engine", "kfp", "--host", self.host,
                         "--image", "own:1", *arguments)  # fmt: skip

    def latest(self) -> dict[str, Any]:
        code, printed = self.call("show", str(self.path), "--json")
        assert code == 0
        found: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return found

    def store(self) -> list[str]:
        return ["--store", str(self.folder / ".kalelike")]


@pytest.fixture
def place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    monkeypatch.setenv("KALELIKE_POLL", "0.05")
    made = Place(tmp_path, capsys)
    with serving(made.server) as host:
        made.host = host
        yield made
        made.server.wait()


def test_a_failure_is_the_users_cell_and_line(place: Place) -> None:
    place.write(
        (["step:load"], "rows = [1, 2]\n"),
        (["step:bad"], "first = rows[0]\nlast = rows[7]\n"),
        (["step:other"], "twice = [2 * row for row in rows]\n"),
        (["step:after"], "print(last)\n"),
    )
    code, printed = place.run()
    assert code == 1
    assert "step bad, cell [2], line 2: KL801 IndexError: list index out of range" in printed
    assert "-->   2 | last = rows[7]" in printed
    run = place.latest()
    assert run["status"] == "failed"
    steps = {step["step"]: step for step in run["steps"]}
    assert [steps[name]["status"] for name in ("load", "bad", "other", "after")] == [
        "succeeded", "failed", "succeeded", "skipped",
    ]  # fmt: skip
    assert "rows[7]" in steps["bad"]["error"]["traceback"]


def test_retries_are_attempts_in_fresh_processes(place: Place) -> None:
    place.write(
        (
            ["step:flaky", "retry:3"],
            "import os, pathlib, signal\n"
            "seen = pathlib.Path('seen.txt')\n"
            "pids = seen.read_text().split() if seen.exists() else []\n"
            "seen.write_text(' '.join([*pids, str(os.getpid())]))\n"
            "print('try', len(pids) + 1)\n"
            "if len(pids) == 0:\n    raise OSError('the first time fails')\n"
            "if len(pids) == 1:\n    os.kill(os.getpid(), signal.SIGKILL)\n"
            "tries = len(set(pids)) + 1\n",
        ),
        (["pipeline-metrics"], "print(tries)\n"),
    )
    code, printed = place.run("--json")
    events = [json.loads(line) for line in printed.splitlines()]
    assert code == 0
    done = next(item for item in events if item["event"] == "StepFinished")
    assert done["attempts"] == 3
    assert done["metrics"] == {"tries": 3}
    lines = [item["line"] for item in events if item["event"] == "StepLog"]
    assert [line for line in lines if line.startswith("try")] == ["try 1", "try 2", "try 3"]
    assert any("attempt 1" in line for line in lines)
    assert any("attempt 2" in line for line in lines)


def test_a_killed_process_is_told_as_such(place: Place) -> None:
    place.write((["step:dies"], "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"))
    code, printed = place.run()
    assert code == 1
    assert "KL803" in printed
    assert "killed" in printed.lower()


def test_detach_show_follow_and_logs(place: Place) -> None:
    gate = place.folder / "go"
    place.write(
        (
            ["step:slow"],
            "import pathlib, time\nprint('begun')\n"
            f"while not pathlib.Path({str(gate)!r}).exists():\n    time.sleep(0.05)\n"
            "value = 5\n",
        ),
        (["step:last"], "other = value\n"),
        (["pipeline-metrics"], "print(other)\n"),
    )
    code, printed = place.run("--detach")
    assert code == 0
    assert "kalelike show" in printed
    run = place.latest()
    assert run["status"] == "running"
    deadline = time.time() + 60
    while "begun" not in (said := place.call("logs", run["run"], "slow", *place.store())[1]):
        assert time.time() < deadline, said
        time.sleep(0.2)
    assert "main.go" not in said
    gate.touch()
    code, printed = place.call("show", run["run"], "--follow", *place.store())
    assert code == 0
    assert "other  5" in printed
    assert place.latest()["status"] == "succeeded"
    assert "begun" in place.call("logs", run["run"], "slow", *place.store())[1]


def test_runs_asks_how_those_that_go_on_stand(place: Place) -> None:
    place.write((["step:one"], "x = 1\n"))
    assert place.run("--detach")[0] == 0
    for thread in place.server.threads:
        thread.join()
    code, printed = place.call("runs", "--json", *place.store())
    assert code == 0
    assert [run["status"] for run in json.loads(printed)["runs"]] == ["succeeded"]


def test_fingerprints_come_back_and_no_cache_runs_again(place: Place) -> None:
    place.write((["step:one"], "rows = [1, 2]\n"), (["step:two"], "total = sum(rows)\n"))
    assert place.run()[0] == 0
    run = place.latest()["run"]
    folder = place.folder / ".kalelike" / "runs" / run
    record = json.loads((folder / "one" / "record.json").read_text())
    assert record["fingerprints"]["end"]["rows"]
    code, printed = place.run("--no-cache", "--json")
    assert code == 0
    ends = [json.loads(line) for line in printed.splitlines()]
    assert {item["status"] for item in ends if item["event"] == "StepFinished"} == {"succeeded"}


def test_pull_brings_values_and_pages(place: Place) -> None:
    place.write(
        (["step:make"], "rows = list(range(50_000))\nprint('made')\n"),
        (["step:use"], "total = sum(rows)\n"),
    )
    assert place.run()[0] == 0
    run = place.latest()["run"]
    store = place.folder / ".kalelike"
    code, printed = place.call("show", run, "--value", "make.rows", *place.store())
    assert code == 2
    assert f"kalelike pull {run} make.rows" in printed
    code, printed = place.call("pull", run, "make.rows", "--json", *place.store())
    found = json.loads(printed)
    assert code == 0
    assert found["fetched"] is True
    assert load_values(Path(found["path"]), {})["rows"] == list(range(50_000))
    again = json.loads(place.call("pull", run, "make.rows", "--json", *place.store())[1])
    assert again["fetched"] is False
    for page in ("report", "notebook"):
        assert place.call("pull", run, f"make.{page}", *place.store())[0] == 0
    assert "made" in (store / "runs" / run / "make" / "report.html").read_text()
    code, printed = place.call("pull", run, "make.nothing", *place.store())
    assert code == 2
    assert "rows" in printed


def test_a_damaged_result_is_not_taken(place: Place) -> None:
    place.write((["step:make"], "rows = [1]\n"), (["step:use"], "total = sum(rows)\n"))
    assert place.run()[0] == 0
    run = place.latest()["run"]
    for path in place.server.root.rglob("values.pkl"):
        path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    code, printed = place.call("pull", run, "make.rows", *place.store())
    assert code == 2
    assert "KL924" in printed
    assert "damaged" in printed
    assert not list((place.folder / ".kalelike").glob(".pull-*"))


@pytest.mark.parametrize("multi_user", [False, True], ids=["one user", "several"])
def test_the_namespace_is_named_only_where_there_are_several(
    multi_user: bool, place: Place
) -> None:
    place.write((["step:one"], "x = 1\n"))
    place.server.multi_user = multi_user
    assert place.run("--namespace", "team-a")[0] == 0
    named = [r for r in place.server.requests if r.query.get("namespace") == "team-a"]
    assert bool(named) is multi_user


def test_cancel(place: Place) -> None:
    place.write(
        (["step:slow"], "import time\ntime.sleep(600)\n"),
        (["step:next", "prev:slow"], "x = 1\n"),
    )
    assert place.run("--detach")[0] == 0
    run = place.latest()["run"]
    assert place.call("cancel", run, *place.store())[0] == 0
    code, printed = place.call("show", run, "--follow", *place.store())
    assert code == 130
    assert "KL8" not in printed
    assert place.latest()["status"] == "interrupted"
    assert place.call("cancel", run, *place.store())[0] == 2


def test_ctrl_c_leaves_the_run_going(place: Place) -> None:
    place.write((["step:slow"], "import time\ntime.sleep(600)\n"))

    def interrupt() -> None:
        while not any(run.nodes for run in place.server.runs.values()):
            time.sleep(0.05)
        time.sleep(0.3)
        os.kill(os.getpid(), 2)

    thread = threading.Thread(target=interrupt)
    thread.start()
    code, printed = place.run()
    thread.join()
    assert code == 130
    assert "the run goes on" in printed
    assert "kalelike cancel" in printed
    assert not any(run.terminated for run in place.server.runs.values())


def test_timeout_ends_the_run_on_the_server(place: Place) -> None:
    place.write((["step:stuck"], "x = 1\n"))
    place.server.stuck.add("stuck")
    code, printed = place.run("--timeout", "1.5")
    assert code == 130
    assert "KL914" in printed
    assert all(run.terminated for run in place.server.runs.values())


def test_upload_makes_a_version_only_when_something_changed(place: Place) -> None:
    place.write((["step:one"], "x = 1\n"))
    arguments = ["upload", str(place.path), "--host", place.host, "--image", "own:1", "--json"]
    made = []
    for source in ("x = 1\n", "x = 1\n", "x = 2\n", "x = 1\n"):
        write_notebook(place.path, [(["step:one"], source)])
        code, printed = place.call(*arguments)
        assert code == 0
        made.append(json.loads(printed)["new_version"])
    assert made == [True, False, True, False]
    assert len(place.server.versions) == 2
    assert not place.server.runs


def test_the_launchers_own_words_are_not_the_users(place: Place) -> None:
    """KFP 2.17 shows what a step stated as JSON of several lines, after the record."""
    place.write(
        (["step:one"], "print('{\"mine\": 1}')\nprint()\nprint('end')\nx = 1\n"),
        (["step:two"], "y = x\n"),
    )
    code, printed = place.run("--json")
    assert code == 0
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [item["line"] for item in lines if item["event"] == "StepLog"] == ['{"mine": 1}', "end"]
    run = place.latest()["run"]
    for command in (["logs", run, "one"], ["show", run, "--log", "one"]):
        log = place.call(*command, *place.store())[1]
        assert log.splitlines() == ['{"mine": 1}', "", "end", ""]


def test_metrics_come_back_where_logs_are_not_archived(place: Place) -> None:
    place.server.archives = False
    place.write((["step:one"], "x = 1\n"), (["pipeline-metrics"], "print(x)\n"))
    code, printed = place.run("--json")
    assert code == 0
    assert json.loads(printed.splitlines()[-1])["metrics"] == {"x": 1}


def test_a_log_that_is_gone_is_said(place: Place) -> None:
    place.server.archives, place.server.pods_gone = False, True
    place.write((["step:one"], "x = 1\n"))
    code, printed = place.run()
    assert code == 0
    assert "KL917" in printed
    assert "archiveLogs" in printed


def test_a_line_that_the_server_cannot_read_costs_nothing(place: Place) -> None:
    place.server.pods_gone = True
    place.write(
        (["step:one"], "print('x' * 2_000_000)\nx = 1\n"), (["pipeline-metrics"], "print(x)\n")
    )
    code, printed = place.run("--json")
    assert code == 0
    assert json.loads(printed.splitlines()[-1])["metrics"] == {"x": 1}


def test_an_archive_that_breaks_off_is_read_the_other_way(place: Place) -> None:
    class Broken(type(place.server)):  # type: ignore[misc]
        def answer(self, request: Request) -> Answer:
            found: Answer = super().answer(request)
            if request.path.endswith(":read"):
                return Answer('{"data":"SGVsbG8', 200)
            return found

    place.server.__class__ = Broken
    place.server.pods_gone = True
    place.write((["step:one"], "x = 1\n"), (["pipeline-metrics"], "print(x)\n"))
    code, printed = place.run("--json")
    assert code == 0
    assert json.loads(printed.splitlines()[-1])["metrics"] == {"x": 1}


def test_a_gateways_page_is_no_log(place: Place) -> None:
    class Paged(type(place.server)):  # type: ignore[misc]
        pages = 6

        def answer(self, request: Request) -> Answer:
            found: Answer = super().answer(request)
            if "/nodes/" in request.path and self.pages:
                self.pages -= 1
                return Answer("<!DOCTYPE html><html>wait</html>", 200, "text/html")
            return found

    place.server.__class__ = Paged
    place.write((["step:one"], "x = 1\n"), (["pipeline-metrics"], "print(x)\n"))
    code, printed = place.run("--json")
    assert code == 0
    assert json.loads(printed.splitlines()[-1])["metrics"] == {"x": 1}


def test_account_and_experiment_are_the_runs(place: Place) -> None:
    place.write((["step:one"], "x = 1\n"))
    arguments = ["--service-account", "trainer", "--experiment", "nightly", "--detach"]
    assert place.run(*arguments)[0] == 0
    (run,) = place.server.runs.values()
    assert run.body["service_account"] == "trainer"
    assert run.body["experiment_id"] == place.server.experiments["nightly"]["experiment_id"]
