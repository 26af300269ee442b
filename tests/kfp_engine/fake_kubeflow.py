"""A Kubeflow Pipelines API that runs the steps of what it is given.

Its answers have the form of those recorded from KFP 2.17 (``recordings/``):
one entry per workflow node, drivers and executors included, each twice under
the stock defaults, node ids by FNV-1a, the launcher's lines around the step's
in the log. The steps are called as the launcher calls them: command and
arguments with ``{{$}}`` filled, outputs at given paths, nothing else.
"""

from __future__ import annotations

import base64
import email.parser
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kalelike.run.kfp.nodes import fnv1a
from tests.kfp_engine.serving import Answer, Api, Request

_NEVER = "0001-01-01T00:00:00Z"


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@dataclass
class Node:
    name: str
    state: str | None
    start: str
    end: str = _NEVER
    history: list[dict[str, Any]] = field(default_factory=list)
    children: list[str] = field(default_factory=list)


@dataclass
class FakeRun:
    id: str
    body: dict[str, Any]
    ir: dict[str, Any]
    values: dict[str, Any]
    state: str = "PENDING"
    created: str = field(default_factory=now)
    finished: str = "1970-01-01T00:00:00Z"
    nodes: dict[str, Node] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    terminated: bool = False
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)


class FakeKubeflow(Api):
    """``defaults``: the stock workflow defaults, by which every node is there twice.

    ``python`` runs the steps, in ``work``, with ``env``. ``pace`` is how long
    a pod takes to start. ``stuck`` are tasks whose pods never do.
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
            self._terminate(run)
            return Answer({})
        if rest[1:2] == ["nodes"]:
            log = run.logs.get(rest[2])
            if log is None:
                return Answer({"error_message": "artifact not found"})
            return Answer({"data": base64.b64encode(log.encode()).decode()})
        return Answer(self.show(run))

    def _log(self, run_id: str, node: str) -> Answer:
        log = self.runs[run_id].logs.get(node) if run_id in self.runs else None
        if log is None:
            return Answer(
                '{"error_message":"Failed to retrieve logs: not found"}', kind="text/plain"
            )
        return Answer(log, kind="text/plain")

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
                "state_history": [{"update_time": run.created, "state": run.state}],
                **({"run_details": {"task_details": details}} if details else {}),
            }

    # -- the workflow ----------------------------------------------------------------

    def _execute(self, run: FakeRun) -> None:
        workflow = f"{run.ir['pipelineInfo']['name']}-{uuid.uuid4().hex[:5]}"
        pods = _Pods(self, run, workflow)
        try:
            pods.execute()
        finally:
            run.finished = now()

    def _terminate(self, run: FakeRun) -> None:
        run.terminated = True
        for process in run.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)

    def wait(self) -> None:
        for run in self.runs.values():
            self._terminate(run)
        for thread in self.threads:
            thread.join(30)


class _Pods:
    def __init__(self, server: FakeKubeflow, run: FakeRun, workflow: str) -> None:
        self.server = server
        self.run = run
        self.workflow = workflow
        self.suffix = "(0)" if server.defaults else ""

    def id(self, name: str) -> str:
        return f"{self.workflow}-{fnv1a(name)}"

    def open(self, name: str, parent: str | None, state: str = "RUNNING") -> str:
        """Begin a node, and its first attempt under the defaults; return the inner name."""
        with self.server.lock:
            for item in dict.fromkeys((name, name + self.suffix)):
                moment = now()
                self.run.nodes[item] = Node(
                    item, state, moment, history=[{"update_time": moment, "state": state}]
                )
                if parent is not None:
                    self.run.nodes[parent].children.append(self.id(item))
                parent = item
        return name + self.suffix

    def close(self, name: str, state: str) -> None:
        with self.server.lock:
            for item in dict.fromkeys((name, name + self.suffix)):
                node = self.run.nodes[item]
                node.state, node.end = state, now()
                node.history.append({"update_time": now(), "state": state})

    def pod(self, name: str, parent: str, work: Any) -> bool:
        """Run a pod: pending, running, ended; True when it succeeded."""
        inner = self.open(name, parent)
        node = self.run.nodes[inner]
        with self.server.lock:
            node.state, node.history = "PENDING", [{"update_time": now(), "state": "PENDING"}]
        time.sleep(self.server.pace)
        while name.rpartition(".executor")[0].rpartition(".")[2].rstrip("(0)") in self.server.stuck:
            if self.run.terminated:
                break
            time.sleep(0.02)
        with self.server.lock:
            node.state = "RUNNING"
            node.history.append({"update_time": now(), "state": "RUNNING"})
        try:
            good = not self.run.terminated and work(self.id(inner))
        except Exception as error:
            self.run.logs[self.id(inner)] = f"F1123 14:42:20.992963 14 main.go:130] {error!r}\n"
            good = False
        self.close(name, "SUCCEEDED" if good else "FAILED")
        return bool(good)

    def execute(self) -> None:
        run = self.run
        time.sleep(self.server.pace)
        top = self.open(self.workflow, None)
        run.state = "RUNNING"
        self.pod(f"{top}.root-driver", top, lambda _: True)
        root = self.open(f"{top}.root", top)
        tasks = run.ir["root"]["dag"]["tasks"]
        done: dict[str, str] = {}
        lock = threading.Condition()
        threads = []

        def one(name: str) -> None:
            needs = _needs(tasks[name])
            with lock:
                lock.wait_for(lambda: needs <= done.keys())
                good = all(done[need] == "SUCCEEDED" for need in needs) and not run.terminated
            status = self._task(name, root) if good else self._omit(name, root)
            with lock:
                done[name] = status
                lock.notify_all()

        for name in tasks:
            threads.append(threading.Thread(target=one, args=(name,)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        state = "FAILED" if set(done.values()) - {"SUCCEEDED"} else "SUCCEEDED"
        self.close(f"{top}.root", state)
        self.close(self.workflow, state)
        run.finished = now()
        run.state = state

    def _omit(self, name: str, root: str) -> str:
        moment = now()
        with self.server.lock:
            for task in (f"{name}-driver", name):
                node = f"{root}.{task}"
                self.run.nodes[node] = Node(node, None, moment, moment, [{"update_time": moment}])
                self.run.nodes[root].children.append(self.id(node))
        return "OMITTED"

    def _task(self, name: str, root: str) -> str:
        task = self.run.ir["root"]["dag"]["tasks"][name]
        if not self.pod(f"{root}.{name}-driver", root, lambda _: True):
            return "FAILED"
        key = self._fingerprint(name, task)
        node = self.open(f"{root}.{name}", root)
        cached = (
            self.server.cache.get(key)
            if task.get("cachingOptions", {}).get("enableCache")
            else None
        )
        if cached is not None:
            self.run.outputs[name] = cached
            with self.server.lock:
                skipped, moment = f"{node}.executor", now()
                self.run.nodes[skipped] = Node(
                    skipped,
                    "SKIPPED",
                    moment,
                    moment,
                    [{"update_time": moment, "state": "SKIPPED"}],
                )
                self.run.nodes[node].children.append(self.id(skipped))
            self.close(f"{root}.{name}", "SUCCEEDED")
            return "SUCCEEDED"
        good = self.pod(f"{node}.executor", node, lambda pod: self._container(name, task, pod))
        self.close(f"{root}.{name}", "SUCCEEDED" if good else "FAILED")
        if good:
            self.server.cache[key] = self.run.outputs[name]
        return "SUCCEEDED" if good else "FAILED"

    def _component(self, task: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        component = self.run.ir["components"][task["componentRef"]["name"]]
        executor = self.run.ir["deploymentSpec"]["executors"][component["executorLabel"]]
        return component, executor["container"]

    def _inputs(self, task: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        values = {}
        for key, item in task.get("inputs", {}).get("parameters", {}).items():
            values[key] = self.run.values[item["componentInputParameter"]]
        uris = {
            key: self.run.outputs[item["taskOutputArtifact"]["producerTask"]][
                item["taskOutputArtifact"]["outputArtifactKey"]
            ]
            for key, item in task.get("inputs", {}).get("artifacts", {}).items()
        }
        return values, uris

    def _fingerprint(self, name: str, task: dict[str, Any]) -> str:
        component, container = self._component(task)
        parts = [
            container["image"],
            container["command"],
            container["args"],
            self._inputs(task),
            component.get("outputDefinitions"),
        ]
        return json.dumps(parts, sort_keys=True)

    def _container(self, name: str, task: dict[str, Any], pod: str) -> bool:
        component, container = self._component(task)
        values, uris = self._inputs(task)
        folder = self.server.root / self.run.ir["pipelineInfo"]["name"] / self.run.id / name
        folder = folder / uuid.uuid4().hex
        folder.mkdir(parents=True)
        folder.chmod(0o777)
        kinds = component.get("outputDefinitions", {}).get("artifacts", {})
        outputs = {key: f"file://{folder}/{key}" for key in kinds}
        executor_input = {
            "inputs": {
                "artifacts": {
                    key: _artifact(key, uri, "system.Artifact") for key, uri in uris.items()
                },
                "parameterValues": values,
            },
            "outputs": {
                "artifacts": {
                    key: _artifact(key, uri, kinds[key]["artifactType"]["schemaTitle"])
                    for key, uri in outputs.items()
                },
                "outputFile": str(folder / "output_metadata.json"),
            },
        }
        words = [*container["command"], *container["args"]]
        words = [json.dumps(executor_input) if word == "{{$}}" else word for word in words]
        own = {item["name"]: item.get("value", "") for item in container.get("env", ())}
        environ = {**self.server.env, **own}
        words = self.server.command(container["image"], words, own)
        process = subprocess.Popen(
            words,
            cwd=self.server.work,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **({} if self.server.user is None else {"user": self.server.user, "extra_groups": []}),
        )
        self.run.processes.append(process)
        head = (
            "I1123 14:42:20.790813      14 main.go:139] Setting log level to: '1'\n"
            "I1123 14:42:20.792180      14 cache.go:89] Connecting to cache endpoint\n"
        )
        self.run.logs[pod] = head
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.run.logs[pod] += line.decode("utf-8", "replace")
        status = process.wait()
        if status:
            how = (
                f"exit status {status}" if status > 0 else f"signal: {signal.Signals(-status).name}"
            )
            self.run.logs[pod] += (
                f"E1123 14:42:20.967926      14 launcher_v2.go:449] Component failed to execute"
                f" successfully: {how}\n"
                f"F1123 14:42:20.992963      14 main.go:130] failed to execute component: {how}\n"
            )
            return False
        self.run.logs[pod] += (
            "I1123 14:42:20.967968      14 launcher_v2.go:867] Executing uploadOutputArtifacts\n"
        )
        for key, uri in outputs.items():
            assert os.path.exists(uri.removeprefix("file://")), f"{name} did not write {key}"
        self.run.outputs[name] = outputs
        return True


def _artifact(name: str, uri: str, kind: str) -> dict[str, Any]:
    item = {"name": name, "uri": uri, "type": {"schemaTitle": kind}, "metadata": {}}
    return {"artifacts": [item]}


def _needs(task: dict[str, Any]) -> set[str]:
    names = set(task.get("dependentTasks", ()))
    for item in task.get("inputs", {}).get("artifacts", {}).values():
        names.add(item["taskOutputArtifact"]["producerTask"])
    return names


def _listed(key: str, items: Any, request: Request) -> dict[str, Any]:
    """Filter as the API does: by one predicate, equality of the display name."""
    found = list(items)
    if "filter" in request.query:
        for predicate in json.loads(request.query["filter"])["predicates"]:
            assert predicate["operation"] == 1
            found = [item for item in found if item[predicate["key"]] == predicate["stringValue"]]
    return {key: found, "total_size": len(found)} if found else {}


def _without_details(run: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in run.items() if key != "run_details"}


def _file_of(request: Request) -> str:
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = email.parser.BytesParser().parsebytes(head + request.body)
    for part in message.get_payload():
        if part.get_filename():
            return part.get_payload(decode=True).decode()
    raise AssertionError("no file in the upload")
