"""A Kubeflow Pipelines API that runs the steps of what it is given.

Its answers have the form of those recorded from KFP 2.17 (``recordings/``):
one entry per workflow node, drivers and executors included, each twice under
the stock defaults, node ids by FNV-1a, the launcher's lines around the step's
in the log. A step's log is its pod's by the pod's name; by the node's id it is
the archived one, which is there at the end, and which the API gives whole as
an artifact, and else without what it does not understand.
"""

from __future__ import annotations

import base64
import email.parser
import json
import signal
import sys
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.kfp_engine.fake_pods import ContainerPod, FakeRun, ProcessPod, Workflow, now
from tests.kfp_engine.serving import Answer, Api, Request


class FakeKubeflow(Api):
    """``defaults``: the stock workflow defaults, by which every node is there twice.

    ``python`` runs the steps, in ``work``, with ``env``, or with ``image`` a
    container of it. ``pace`` is how long a pod takes to start. ``stuck`` are
    tasks whose pods never do. ``archives`` tells whether logs are kept.
    """

    def __init__(
        self,
        root: Path,
        work: Path,
        env: Mapping[str, str],
        *,
        python: str = sys.executable,
        defaults: bool = True,
        pace: float = 0.02,
        token: str | None = None,
        user: int | None = None,
        image: str | None = None,
    ) -> None:
        super().__init__()
        self.root = root
        self.work = work
        self.env = dict(env)
        self.python = python
        self.defaults = defaults
        self.pace = pace
        self.token = token
        self.user = user
        self.image = image
        self.archives = True
        self.pods_gone = False
        self.multi_user = False
        self.stuck: set[str] = set()
        self.experiments: dict[str, dict[str, Any]] = {}
        self.pipelines: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, dict[str, Any]] = {}
        self.documents: dict[str, list[Any]] = {}
        self.runs: dict[str, FakeRun] = {}
        self.cache: dict[str, dict[str, str]] = {}
        self.lock = threading.RLock()
        self.threads: list[threading.Thread] = []

    def command(self, image: str, words: list[str], env: Mapping[str, str]) -> list[str]:
        """Return what starts a step here, where no image is used."""
        return [self.python if words[0] == "python3" else words[0], *words[1:]]

    # -- the API -------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer({"code": 16, "message": "Unauthenticated"}, 401)
        parts = request.path.strip("/").split("/")
        if parts[:2] == ["apis", "v1alpha1"] and parts[-1] == "log":
            return self._log(parts[3], parts[5])
        if parts[:2] != ["apis", "v2beta1"]:
            return Answer({"code": 5, "message": "Not Found"}, 404)
        if request.query.get("namespace") and not self.multi_user:
            return Answer({"code": 3, "message": "In single-user mode, no namespace"}, 400)
        name = parts[2].partition(":")[0]
        handler = getattr(self, f"_{name}", None)
        return handler(request, parts[3:]) if handler else Answer({"code": 5}, 404)

    def _healthz(self, request: Request, rest: list[str]) -> Answer:
        return Answer({"commit_sha": "x", "multi_user": self.multi_user})

    def _experiments(self, request: Request, rest: list[str]) -> Answer:
        if request.method == "POST":
            body = json.loads(request.body)
            if body.get("namespace") and not self.multi_user:
                return Answer({"code": 3, "message": "In single-user mode, no namespace"}, 400)
            made = {
                "experiment_id": str(uuid.uuid4()),
                "display_name": body["display_name"],
                "created_at": now(),
                "storage_state": "AVAILABLE",
            }
            self.experiments[made["display_name"]] = made
            return Answer(made)
        return Answer(_listed("experiments", self.experiments.values(), request))

    def _pipelines(self, request: Request, rest: list[str]) -> Answer:
        if rest[:1] == ["upload"]:
            return self._upload(request)
        if rest[:1] == ["upload_version"]:
            return self._upload_version(request)
        if len(rest) == 2:
            mine = [item for item in self.versions.values() if item["pipeline_id"] == rest[0]]
            return Answer(_listed("pipeline_versions", mine, request))
        return Answer(_listed("pipelines", self.pipelines.values(), request))

    def _upload(self, request: Request) -> Answer:
        name = request.query["name"]
        if any(item["display_name"] == name for item in self.pipelines.values()):
            return Answer({"error_message": "Failed to create a pipeline and a version"}, 409)
        made = {
            "pipeline_id": str(uuid.uuid4()),
            "display_name": name,
            "name": name,
            "description": request.query.get("description", ""),
            "created_at": now(),
        }
        self.pipelines[made["pipeline_id"]] = made
        self._add_version(request, made["pipeline_id"])
        return Answer(made)

    def _upload_version(self, request: Request) -> Answer:
        pipeline, name = request.query["pipelineid"], request.query["name"]
        for item in self.versions.values():
            if item["pipeline_id"] == pipeline and item["display_name"] == name:
                return Answer({"error_message": "Failed to create a pipeline version"}, 409)
        return Answer(self._add_version(request, pipeline))

    def _add_version(self, request: Request, pipeline: str) -> dict[str, Any]:
        made = {
            "pipeline_id": pipeline,
            "pipeline_version_id": str(uuid.uuid4()),
            "display_name": request.query["name"],
            "name": request.query["name"],
            "description": request.query.get("description", ""),
            "created_at": now(),
        }
        self.versions[made["pipeline_version_id"]] = made
        self.documents[made["pipeline_version_id"]] = list(yaml.safe_load_all(_file_of(request)))
        return made

    def _runs(self, request: Request, rest: list[str]) -> Answer:
        if request.method == "POST" and not rest:
            return self._create(json.loads(request.body))
        if not rest:
            found = [_without_details(self.show(run)) for run in self.runs.values()]
            return Answer(_listed("runs", found, request))
        run_id, _, verb = rest[0].partition(":")
        run = self.runs.get(run_id)
        if run is None:
            text = f"Failed to get a run: ResourceNotFoundError: Run {run_id} not found"
            return Answer({"code": 5, "message": text}, 404)
        if verb == "terminate":
            run.history.append("CANCELING")
            self._terminate(run)
            return Answer({})
        if rest[1:2] == ["nodes"]:
            log = run.logs.get(rest[2])
            if log is None or rest[2] not in run.ended or not self.archives:
                return Answer({"error_message": "artifact not found: <nil>"}, 404)
            return Answer({"data": base64.b64encode(log.encode()).decode()})
        return Answer(self.show(run))

    def new_pod(self, place: str) -> ProcessPod | ContainerPod:
        return ProcessPod(self, place) if self.image is None else ContainerPod(self, place)

    def _log(self, run_id: str, name: str) -> Answer:
        run = self.runs.get(run_id)
        node = run.pods.get(name) if run is not None else None
        if run is not None and node is not None and not self.pods_gone:
            return Answer(run.logs[node], kind="text/plain")
        if run is not None and name in run.ended and name in run.logs and self.archives:
            return Answer(_as_archived(run.logs[name]), kind="text/plain")
        text = '{"error_message":"Failed to read logs for run: not found","error_details":""}'
        return Answer(text, kind="text/plain")

    def _create(self, body: dict[str, Any]) -> Answer:
        version = body["pipeline_version_reference"]["pipeline_version_id"]
        ir = self.documents[version][0]
        declared = ir["root"].get("inputDefinitions", {}).get("parameters", {})
        given = body.get("runtime_config", {}).get("parameters", {})
        unknown = [name for name in given if name not in declared]
        if unknown:
            text = f"parameter(s) provided are not required by pipeline: {', '.join(unknown)}"
            return Answer({"code": 3, "message": f"Failed to create a new run: {text}"}, 400)
        values = {
            key: item["defaultValue"] for key, item in declared.items() if "defaultValue" in item
        }
        run = FakeRun(str(uuid.uuid4()), body, ir, {**values, **given})
        self.runs[run.id] = run
        thread = threading.Thread(target=self._execute, args=(run,))
        self.threads.append(thread)
        thread.start()
        return Answer(self.show(run))

    def show(self, run: FakeRun) -> dict[str, Any]:
        with self.lock:
            details = [
                {
                    "run_id": run.id,
                    "task_id": str(uuid.uuid4()),
                    "display_name": node.name.rpartition(".")[2],
                    "create_time": run.created,
                    "start_time": node.start,
                    "end_time": node.end,
                    "state_history": node.history,
                    **({"state": node.state} if node.state else {}),
                    **(
                        {"child_tasks": [{"pod_name": child} for child in node.children]}
                        if node.children
                        else {}
                    ),
                }
                for node in run.nodes.values()
            ]
            return {
                "run_id": run.id,
                "experiment_id": run.body["experiment_id"],
                "display_name": run.body["display_name"],
                "state": run.state,
                "created_at": run.created,
                "finished_at": run.finished,
                "runtime_config": run.body.get("runtime_config", {}),
                "state_history": [
                    {"update_time": run.created, "state": state}
                    for state in (*run.history, run.state)
                ],
                **({"run_details": {"task_details": details}} if details else {}),
            }

    # -- the workflow ----------------------------------------------------------------

    def _execute(self, run: FakeRun) -> None:
        workflow = f"{run.ir['pipelineInfo']['name']}-{uuid.uuid4().hex[:5]}"
        try:
            Workflow(self, run, workflow).execute()
        finally:
            run.finished = now()

    def _terminate(self, run: FakeRun) -> None:
        run.terminated = True
        for process, stop in zip(run.processes, run.stops, strict=True):
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                stop()

    def wait(self) -> None:
        for run in self.runs.values():
            self._terminate(run)
        for thread in self.threads:
            thread.join(30)


def _listed(key: str, items: Any, request: Request) -> dict[str, Any]:
    """Filter as the API does: by one predicate, equality of the display name."""
    found = list(items)
    if "filter" in request.query:
        for predicate in json.loads(request.query["filter"])["predicates"]:
            assert predicate["operation"] == 1
            found = [item for item in found if item[predicate["key"]] == predicate["stringValue"]]
    return {key: found, "total_size": len(found)} if found else {}


def _as_archived(log: str) -> str:
    """Return what KFP's ``CopyLogFromArchiveReader`` makes of a log."""
    found = []
    for line in log.splitlines():
        if len(line) > 2**20:
            error = "Failed to read logs for run: bufio.Scanner: token too long"
            return "".join(found) + json.dumps({"error_message": error, "error_details": error})
        try:
            data = json.loads(line)
        except ValueError:
            data = line
        if isinstance(data, dict):
            line = str(data.get("log", ""))
        if line or isinstance(data, dict):
            found.append(f"{line}\n")
    return "".join(found)


def _without_details(run: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in run.items() if key != "run_details"}


def _file_of(request: Request) -> str:
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = email.parser.BytesParser().parsebytes(head + request.body)
    for part in message.get_payload():
        if part.get_filename():
            return part.get_payload(decode=True).decode()
    raise AssertionError("no file in the upload")
