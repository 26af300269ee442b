"""Why a pod waits, as a cluster tells it that a kubeconfig names: a real HTTP API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kalelike.run.kfp.steps import KfpStep
from kalelike.run.kfp.target import Target
from kalelike.run.kfp.waiting import waiting_reason, workflow_message
from tests.kfp_engine.serving import Answer, Api, Request, serving

STEP = KfpStep("train", "sha", (), "own:1")
pytestmark = pytest.mark.kfp


class Kubernetes(Api):
    """Has pods, events and one workflow, and answers as the API server does."""

    def __init__(self) -> None:
        super().__init__()
        self.pods: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.workflow: dict[str, Any] = {}

    def answer(self, request: Request) -> Answer:
        kind = request.path.rpartition("/")[2]
        if "argoproj.io" in request.path:
            return Answer(self.workflow)
        if kind == "pods":
            assert request.query["labelSelector"] == "workflows.argoproj.io/workflow=work-abcde"
            return Answer({"kind": "PodList", "apiVersion": "v1", "items": self.pods})
        name = request.query["fieldSelector"].split(",")[0].partition("=")[2]
        items = [item for item in self.events if item["involvedObject"]["name"] == name]
        return Answer({"kind": "EventList", "apiVersion": "v1", "items": items})


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kubernetes]:
    api = Kubernetes()
    with serving(api) as host:
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "k", "cluster": {"server": host}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        }  # fmt: skip
        path = tmp_path / "config"
        path.write_text(json.dumps(config))
        monkeypatch.setenv("KUBECONFIG", str(path))
        yield api


def pod(number: int, **status: Any) -> dict[str, Any]:
    name = f"work-abcde-system-container-impl-{number}"
    return {"metadata": {"name": name}, "status": {"phase": "Pending", **status}}


def held(reason: str, message: str) -> dict[str, Any]:
    waiting = {"waiting": {"reason": reason, "message": message}}
    return {
        "containerStatuses": [
            {"name": "main", "image": "own:1", "imageID": "", "ready": False, "restartCount": 0,
             "state": waiting}
        ]
    }  # fmt: skip


def event(number: int, reason: str, message: str) -> dict[str, Any]:
    name = f"work-abcde-system-container-impl-{number}"
    return {"metadata": {"name": "e"}, "involvedObject": {"name": name}, "reason": reason,
            "message": message, "type": "Warning"}  # fmt: skip


STATES = [
    ("ImagePullBackOff", held("ImagePullBackOff", "Back-off pulling image"), "pull secret"),
    ("ErrImagePull", held("ErrImagePull", "not found"), "pull secret"),
    (
        "CreateContainerConfigError",
        held("CreateContainerConfigError", 'secret "keys" not found'),
        'secret "keys" not found',
    ),
    (
        "Unschedulable",
        {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                         "message": "0/1 nodes: 1 Insufficient cpu"}]},
        "Insufficient cpu",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "status", "told"), STATES, ids=[row[0] for row in STATES])
def test_a_pods_state(name: str, status: dict[str, Any], told: str, cluster: Kubernetes) -> None:
    cluster.pods = [pod(7, **status)]
    reason = waiting_reason(Target(host="h"), "work-abcde", STEP, ["work-abcde-7"])
    assert reason.startswith(f"{name}: ")
    assert told in reason
    assert "\n" not in reason


EVENTS = [
    ("FailedMount", 'MountVolume.SetUp failed: secret "keys" not found'),
    ("FailedAttachVolume", "Multi-Attach error for volume"),
    ("FailedScheduling", "0/1 nodes are available: persistentvolumeclaim not found"),
]


@pytest.mark.parametrize(("name", "message"), EVENTS, ids=[row[0] for row in EVENTS])
def test_an_event_where_the_state_tells_nothing(
    name: str, message: str, cluster: Kubernetes
) -> None:
    cluster.pods = [pod(7, **held("ContainerCreating", ""))]
    cluster.events = [event(7, "BackOff", "x"), event(7, name, message), event(8, "Failed", "y")]
    reason = waiting_reason(Target(host="h"), "work-abcde", STEP, ["work-abcde-7"])
    assert reason.startswith(f"{name}: ")
    assert message in reason


def test_another_steps_pod_is_not_this_ones(cluster: Kubernetes) -> None:
    cluster.pods = [pod(8, **held("ErrImagePull", "not found"))]
    reason = waiting_reason(Target(host="h"), "work-abcde", STEP, ["work-abcde-7"])
    assert "still waits for its pod" in reason


@pytest.mark.parametrize("answer", [Answer({"kind": "Status"}, 403), Answer("", cut=0)])
def test_a_cluster_that_does_not_tell(answer: Answer, cluster: Kubernetes) -> None:
    cluster.trouble = [answer]
    reason = waiting_reason(Target(host="h"), "work-abcde", STEP, ["work-abcde-7"])
    assert "kubectl describe pod -n kubeflow" in reason


def test_what_argo_says_of_a_workflow(cluster: Kubernetes) -> None:
    message = 'pods "x" is forbidden: error looking up service account kubeflow/pipeline-runner'
    cluster.workflow = {
        "status": {
            "message": "child failed",
            "nodes": {"a": {"phase": "Succeeded"}, "b": {"phase": "Error", "message": message}},
        }
    }
    assert workflow_message(Target(host="h"), "work-abcde") == message
