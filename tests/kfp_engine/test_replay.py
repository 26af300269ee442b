"""The runs recorded from KFP 2.17, replayed over HTTP, with all that a network does."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kalelike.diagnostics import Diagnostic
from kalelike.errors import BackendError
from kalelike.run.backend import RunResult
from kalelike.run.events import Event, StepFinished, StepStarted, StepWaits
from kalelike.run.kfp.engine import following
from kalelike.run.kfp.follow import ContactLostError, Pace
from kalelike.run.kfp.ledger import ENGINE
from kalelike.run.kfp.nodes import NodeTree, fnv1a
from kalelike.run.kfp.remote import RemoteRun, save_remote
from kalelike.run.kfp.states import read_snapshot
from kalelike.run.kfp.steps import read_steps
from kalelike.run.kfp.target import Target
from kalelike.store.runs import RunStore
from tests.kfp_engine.serving import Answer, Api, Request, serving

RECORDINGS = Path(__file__).parent / "recordings"
IR = next(yaml.safe_load_all((RECORDINGS / "document.yaml").read_text("utf-8")))
STEPS = read_steps(IR)
pytestmark = pytest.mark.kfp
FAST = Pace(poll=0.01, log=60, pending=60, patience=0.5, slowest=0.05)


def recorded(name: str) -> list[dict[str, Any]]:
    with gzip.open(RECORDINGS / f"run-{name}.jsonl.gz", "rt") as file:
        return [json.loads(line)["run"] for line in file]


class Replay(Api):
    """Answers with the recorded states of one run, one after the other."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.states = recorded(name)
        self.at = 0
        self.log = (RECORDINGS / "fail-node-log.txt").read_text("utf-8")
        self.terminated = False

    def troubled(self, request: Request) -> bool:
        return "/runs/" in request.path

    def answer(self, request: Request) -> Answer:
        if request.path.endswith("/healthz"):
            return Answer({"multi_user": False})
        if request.path.endswith("/log"):
            return Answer(self.log, kind="text/plain")
        if request.path.endswith(":terminate"):
            self.terminated = True
            return Answer({})
        found = self.states[min(self.at, len(self.states) - 1)]
        self.at += 1
        if self.terminated:
            found = {**found, "state": "FAILED", "finished_at": "2026-11-23T14:44:00Z"}
        return Answer(found)


class Followed:
    def __init__(
        self, api: Replay, folder: Path, pace: Pace = FAST, timeout: float | None = None
    ) -> None:
        self.events: list[Event] = []
        self.notes: list[Diagnostic] = []
        self.result: RunResult | None = None
        store = RunStore(folder)
        self.run = store.begin_run("form", "form.ipynb", ENGINE, {}, [s.name for s in STEPS])
        store.close()
        with serving(api) as host:
            remote = RemoteRun("the-run", Target(host=host), "p", "v", IR, {"rows": 7, "lr": 0.1})
            save_remote(folder / "runs" / self.run, remote)
            with following(folder, self.run, self.events.append, pace, timeout) as follower:
                self.notes = follower.notes
                self.result = follower.follow()
        store = RunStore(folder)
        self.row = store.find_run(self.run)
        store.close()

    def ends(self) -> dict[str, str]:
        return {e.step: e.status for e in self.events if isinstance(e, StepFinished)}


def test_the_recorded_node_id() -> None:
    assert fnv1a("form-flaky-64mvb(0).root(0).flaky(0).executor(0)") == 2536393793


@pytest.mark.parametrize("name", ["ok", "cached", "fail", "noimage"])
def test_every_node_name_that_is_computed_is_one_that_the_server_has(name: str) -> None:
    details = recorded(name)[-1]["run_details"]["task_details"]
    tree = NodeTree([item for item in details if item.get("display_name")])
    pods = [pod for step in STEPS for item in tree.instances(step) for pod in tree.pods(item)]
    assert len(pods) == len(set(pods)) > 0
    assert all(tree.exists(pod) for pod in pods)


ENDS = [
    ("ok", "succeeded", dict.fromkeys(("cleanup", "cv", "deploy", "load", "pick"), "succeeded")
     | {"train": "cached"}),
    ("cached", "succeeded", dict.fromkeys(("cv", "load", "train"), "cached")
     | dict.fromkeys(("cleanup", "deploy", "pick"), "succeeded")),
    ("fail", "failed", dict.fromkeys(("cv", "load", "pick"), "succeeded")
     | dict.fromkeys(("cleanup", "deploy"), "skipped") | {"train": "failed"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "status", "ends"), ENDS, ids=[row[0] for row in ENDS])
def test_ends(name: str, status: str, ends: dict[str, str], tmp_path: Path) -> None:
    followed = Followed(Replay(name), tmp_path)
    assert followed.result is not None
    assert followed.result.status == status
    assert followed.ends() == ends
    assert {step.name: step.status for step in followed.row.steps} == ends
    assert followed.row.status == status


def test_waiting_and_working_are_told_apart(tmp_path: Path) -> None:
    followed = Followed(Replay("ok"), tmp_path)
    load = next(e for e in followed.events if isinstance(e, StepFinished) and e.step == "load")
    assert 9 <= load.waited <= 11  # asked for at 14:38:33, ended at 14:38:43
    order = [
        type(e).__name__ for e in followed.events if getattr(e, "step", "") == "load"
        and isinstance(e, StepWaits | StepStarted | StepFinished)
    ]  # fmt: skip
    assert order == ["StepWaits", "StepStarted", "StepFinished"]


def test_a_loop_is_one_step_whose_rounds_are_read_each(tmp_path: Path) -> None:
    api = Replay("ok")
    Followed(api, tmp_path)
    logs = [r.path for r in api.requests if r.path.endswith("/log")]
    workflow = "form-plain-x2zkl"
    for number in (0, 1):
        node = (f"{workflow}(0).root(0).folds(0).iteration-iterations({number}:{number})(0)"
                ".iteration-item(0).cv(0).executor(0)")  # fmt: skip
        assert f"/apis/v1alpha1/runs/the-run/nodes/{workflow}-{fnv1a(node)}/log" in logs


def test_a_failure_without_a_record_shows_the_log(tmp_path: Path) -> None:
    followed = Followed(Replay("fail"), tmp_path)
    train = next(step for step in followed.row.steps if step.name == "train")
    assert train.error is not None
    assert "status 3" in train.error["message"]
    assert "STEP flaky" in train.error["traceback"]
    assert "launcher_v2.go" not in train.error["traceback"]


TROUBLE = [
    ("cut", [Answer("", cut=0)] * 3),
    ("cut within", [Answer(json.dumps({"run_id": "x" * 500}), cut=40)] * 2),
    ("busy", [Answer("upstream", 503, "text/plain"), Answer({"code": 14, "message": "x"}, 500)]),
    ("gateway", [Answer("<html><title>502 Bad Gateway</title></html>", 502, "text/html")] * 2),
    ("page", [Answer("<html><title>Wait</title></html>", 200, "text/html")] * 2),
    ("slow", [Answer({}, 429), Answer({"message": "slow"}, 504, delay=0.2)]),
]


@pytest.mark.parametrize(("name", "trouble"), TROUBLE, ids=[row[0] for row in TROUBLE])
def test_trouble_on_the_way_changes_nothing(
    name: str, trouble: list[Answer], tmp_path: Path
) -> None:
    api = Replay("ok")
    api.trouble = list(trouble)
    followed = Followed(api, tmp_path)
    assert not api.trouble
    assert followed.ends() == ENDS[0][2]


LOST = [
    ("gone", Answer({"code": 5, "message": "Run not found"}, 404), "KL912"),
    ("token expired", Answer({"code": 16, "message": "no"}, 401), "KL905"),
    ("forbidden", Answer({"code": 7, "message": "no"}, 403), "KL906"),
    ("log-in page", Answer("<html><form action=/login>", 200, "text/html"), "KL905"),
]


@pytest.mark.parametrize(("name", "answer", "code"), LOST, ids=[row[0] for row in LOST])
def test_what_does_not_pass_ends_the_following(
    name: str, answer: Answer, code: str, tmp_path: Path
) -> None:
    api = Replay("ok")
    api.trouble = [answer]
    with pytest.raises(BackendError) as caught:
        Followed(api, tmp_path)
    assert [item.code.id for item in caught.value.diagnostics] == [code]


def test_silence_for_too_long_leaves_the_run_going(tmp_path: Path) -> None:
    api = Replay("ok")
    api.trouble = [Answer("", cut=0)] * 1000
    with pytest.raises(ContactLostError):
        Followed(api, tmp_path)
    store = RunStore(tmp_path)
    assert store.find_run().status == "running"
    store.close()


def test_a_pod_that_waits_for_ever_is_told_and_ended_by_the_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    api = Replay("noimage")
    pace = Pace(poll=0.01, log=60, pending=0.05, patience=1, slowest=0.05)
    followed = Followed(api, tmp_path, pace, timeout=0.0001)
    assert api.terminated
    assert followed.result is not None
    assert followed.result.status == "interrupted"
    assert [note.code.id for note in followed.notes] == ["KL914"]


def test_a_pod_that_waits_names_image_and_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    api = Replay("noimage")
    api.states += [api.states[-1]] * 20 + recorded("fail")[-1:]
    pace = Pace(poll=0.01, log=60, pending=0.05, patience=1, slowest=0.05)
    reasons = [e.reason for e in Followed(api, tmp_path, pace).events if isinstance(e, StepWaits)]
    told = [reason for reason in reasons if "kubectl describe pod" in reason]
    assert told
    assert "live.local/kl:1" in told[0]


@pytest.fixture(scope="module")
def plain() -> list[dict[str, Any]]:
    """A run without the stock defaults: nodes are there once, as their names say."""
    run = recorded("ok")[-1]
    workflow = "form-plain-x2zkl"
    names = {
        f"{workflow}-{fnv1a(name)}": name
        for name in (
            f"{workflow}.root", f"{workflow}.root.load-driver", f"{workflow}.root.load",
            f"{workflow}.root.load.executor", f"{workflow}.root.train",
            f"{workflow}.root.train-driver",
            f"{workflow}.root.train.executor",
        )
    }  # fmt: skip
    ids = {name: node for node, name in names.items()}
    times = {"start_time": "2026-11-23T14:38:38Z", "end_time": "2026-11-23T14:38:46Z"}
    same = {"start_time": "2026-11-23T14:39:38Z", "end_time": "2026-11-23T14:39:38Z"}

    def entry(name: str, state: str, children: list[str], when: dict[str, str]) -> dict[str, Any]:
        found = {
            "display_name": name.rpartition(".")[2],
            "state": state,
            **when,
            "state_history": [{"state": state, "update_time": when["start_time"]}],
        }
        return {**found, "child_tasks": [{"pod_name": ids[child]} for child in children]}

    root = f"{workflow}.root"
    return [
        {
            **run,
            "run_details": {
                "task_details": [
                    entry(workflow, "RUNNING", [root], times),
                    entry(root, "RUNNING", [f"{root}.load-driver"], times),
                    entry(f"{root}.load-driver", "SUCCEEDED", [f"{root}.load"], times),
                    entry(f"{root}.load", "SUCCEEDED", [f"{root}.load.executor"], times),
                    entry(f"{root}.load.executor", "SUCCEEDED", [f"{root}.train-driver"], times),
                    entry(f"{root}.train-driver", "SUCCEEDED", [f"{root}.train"], same),
                    entry(f"{root}.train", "SUCCEEDED", [f"{root}.train.executor"], same),
                    entry(f"{root}.train.executor", "SKIPPED", [], same),
                ]
            },
        }
    ]


def test_without_the_stock_defaults(plain: list[dict[str, Any]]) -> None:
    snapshot = read_snapshot(plain[0], STEPS)
    assert str(snapshot.steps["load"].phase) == "succeeded"
    assert str(snapshot.steps["train"].phase) == "cached"
    assert str(snapshot.steps["pick"].phase) == "waiting"


def test_a_step_whose_condition_is_false(tmp_path: Path) -> None:
    """Argo gives a task whose ``when`` is false one node without children, state SKIPPED."""
    api = Replay("ok")
    inner = ("deploy", "deploy(0)", "deploy-driver", "deploy-driver(0)", "if-good(0)")
    for state in api.states:
        details = state.get("run_details")
        if details is None:
            continue
        kept = [item for item in details["task_details"] if item.get("display_name") not in inner]
        for item in kept:
            if item.get("display_name") == "if-good":
                item.update(state="SKIPPED", child_tasks=[], end_time=item["start_time"])
        details["task_details"] = kept
    followed = Followed(api, tmp_path)
    assert followed.ends() == {**ENDS[0][2], "deploy": "skipped"}
    (deploy,) = [e for e in followed.events if isinstance(e, StepFinished) and e.step == "deploy"]
    assert deploy.reason == "its condition was false"
    assert followed.result is not None
    assert followed.result.status == "succeeded"
