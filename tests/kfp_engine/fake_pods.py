"""The workflow behind a run of the fake Kubeflow: nodes in Argo's order, and steps in pods.

A step is called as KFP's launcher calls it: command and arguments with
``{{$}}`` filled, inputs fetched from the bucket, the log written to an output
of the launcher's own, outputs put into the bucket as contents alone (no file
modes, no empty folders), and what the step stated shown in the log.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kalelike.run.kfp.nodes import fnv1a

if TYPE_CHECKING:
    from tests.kfp_engine.fake_kubeflow import FakeKubeflow

_NEVER = "0001-01-01T00:00:00Z"
_MOUNTS = ("minio", "s3", "gcs", "tmp")


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
    """``pods`` has node ids by pod names, ``ended`` the nodes whose logs are archived."""

    id: str
    body: dict[str, Any]
    ir: dict[str, Any]
    values: dict[str, Any]
    state: str = "PENDING"
    created: str = field(default_factory=now)
    finished: str = "1970-01-01T00:00:00Z"
    nodes: dict[str, Node] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    pods: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    terminated: bool = False
    history: list[str] = field(default_factory=list)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    stops: list[Callable[[], None]] = field(default_factory=list)


class Workflow:
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
        self.run.ended.add(self.id(inner))
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

    def _container(self, name: str, task: dict[str, Any], node: str) -> bool:
        component, container = self._component(task)
        values, inputs = self._inputs(task)
        place = f"{self.run.ir['pipelineInfo']['name']}/{self.run.id}/{name}/{uuid.uuid4().hex}"
        kinds = component.get("outputDefinitions", {}).get("artifacts", {})
        template = "retry-" if "retryPolicy" in task else ""
        workflow, _, number = node.rpartition("-")
        self.run.pods[f"{workflow}-{template}system-container-impl-{number}"] = node
        pod = self.server.new_pod(place)
        outputs = {key: pod.uri(key) for key in (*kinds, "executor-logs")}
        titles = {key: kinds.get(key, _LOGS)["artifactType"]["schemaTitle"] for key in outputs}
        executor_input = {
            "inputs": {
                "artifacts": {
                    key: _artifact(key, uri, "system.Artifact") for key, uri in inputs.items()
                },
                "parameterValues": values,
            },
            "outputs": {
                "artifacts": {
                    key: _artifact(key, uri, titles[key]) for key, uri in outputs.items()
                },
                "outputFile": pod.output_file,
            },
        }
        words = [*container["command"], *container["args"]]
        words = [json.dumps(executor_input) if word == "{{$}}" else word for word in words]
        environ = {item["name"]: item.get("value", "") for item in container.get("env", ())}
        self.run.logs[node] = (
            "I1123 14:42:20.790813      14 main.go:139] Setting log level to: '1'\n"
            "I1123 14:42:20.792180      14 cache.go:89] Connecting to cache endpoint\n"
        )
        pod.fetch(inputs.values())
        log = pod.path(outputs["executor-logs"])
        process = pod.start(str(container["image"]), words, environ)
        self.run.processes.append(process)
        self.run.stops.append(pod.stop)
        assert process.stdout is not None
        with process.stdout, log.open("wb") as copy:
            for line in process.stdout:
                copy.write(line)
                self.run.logs[node] += line.decode("utf-8", "replace")
        status = process.wait()
        assert log.exists(), f"{name} removed the launcher's log"
        if status:
            how = f"exit status {status}"
            if status < 0:
                how = f"signal: {_GO_SIGNALS.get(-status, 'aborted')}"
            self.run.logs[node] += (
                f"E1123 14:42:20.967926      14 launcher_v2.go:449] Component failed to execute"
                f" successfully: {how}\n"
                f"F1123 14:42:20.992963      14 main.go:130] failed to execute component: {how}\n"
            )
            return False
        self.run.logs[node] += (
            "I1123 14:42:20.967900      14 launcher_v2.go:1230] ExecutorOutput:"
            f" {pod.stated()}\n"
            "I1123 14:42:20.967968      14 launcher_v2.go:867] Executing uploadOutputArtifacts\n"
        )
        for key, uri in outputs.items():
            assert pod.path(uri).exists(), f"{name} did not write {key}"
        pod.keep(outputs.values())
        self.run.outputs[name] = outputs
        return True


_GO_SIGNALS = {signal.SIGKILL: "killed", signal.SIGTERM: "terminated"}
_LOGS = {"artifactType": {"schemaTitle": "system.Artifact"}}


class ProcessPod:
    """A step as a process of this machine; artifacts stay where it wrote them."""

    def __init__(self, server: FakeKubeflow, place: str) -> None:
        self.server = server
        self.folder = server.root / place
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o777)
        # The launcher does not make this folder.
        self.output_file = str(self.folder / "kfp_outputs" / "output_metadata.json")

    def uri(self, key: str) -> str:
        return f"file://{self.folder}/{key}"

    def path(self, uri: str) -> Path:
        return Path(uri.removeprefix("file://"))

    def stated(self) -> str:
        return _indented(Path(self.output_file))

    def fetch(self, uris: Any) -> None:
        del uris

    def start(
        self, image: str, words: list[str], environ: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        user = self.server.user
        return subprocess.Popen(
            self.server.command(image, words, environ),
            cwd=self.server.work,
            env={**self.server.env, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **({} if user is None else {"user": user, "extra_groups": []}),
        )

    def stop(self) -> None:
        """Its process is all that there is."""

    def keep(self, uris: Any) -> None:
        for uri in uris:
            _forget_modes(self.path(uri))


class ContainerPod:
    """A step in a container, with what KFP 2.17 allows it and nothing more.

    Any user, no capability, no new privileges, a root that cannot be written;
    ``/minio`` and its like are empty folders that everybody may write.
    """

    output_file = "/tmp/kfp_outputs/output_metadata.json"

    def __init__(self, server: FakeKubeflow, place: str) -> None:
        self.server = server
        self.place = place
        self.name = f"kalelike-pod-{uuid.uuid4().hex}"
        self.folder = server.root / "pods" / self.name
        for name in _MOUNTS:
            (self.folder / name).mkdir(parents=True)
            (self.folder / name).chmod(0o777)
        self.path(self.uri("x")).parent.mkdir(parents=True)
        for path in (self.folder / "minio").rglob("*"):
            path.chmod(0o777)

    def uri(self, key: str) -> str:
        return f"minio://mlpipeline/v2/artifacts/{self.place}/{key}"

    def path(self, uri: str) -> Path:
        return self.folder / "minio" / uri.removeprefix("minio://")

    def bucket(self, uri: str) -> Path:
        return self.server.root / uri.removeprefix("minio://")

    def stated(self) -> str:
        return _indented(self.folder / self.output_file.lstrip("/"))

    def fetch(self, uris: Any) -> None:
        for uri in uris:
            _copy(self.bucket(uri), self.path(uri))

    def start(
        self, image: str, words: list[str], environ: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        del image
        variables = {**self.server.env, **environ}
        mounts = [f"{self.folder / name}:/{name}" for name in _MOUNTS]
        mounts.append("/etc/ssl/certs:/etc/ssl/certs:ro")
        return subprocess.Popen(
            [
                "docker", "run", "--rm", "--name", self.name, "--network", "host",
                "--user", str(self.server.user),
                "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only",
                *(part for mount in mounts for part in ("--volume", mount)),
                *(part for key in variables for part in ("--env", key)),
                "--entrypoint", words[0], str(self.server.image), *words[1:],
            ],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip

    def stop(self) -> None:
        subprocess.run(["docker", "rm", "-f", self.name], capture_output=True, check=False)

    def keep(self, uris: Any) -> None:
        for uri in uris:
            _copy(self.path(uri), self.bucket(uri))
        shutil.rmtree(self.folder)


def _copy(source: Path, target: Path) -> None:
    """Copy as the launcher does: contents only."""
    files = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
    for path in files:
        place = target / path.relative_to(source) if path != source else target
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
        place.chmod(0o644)


def _forget_modes(path: Path) -> None:
    if path.is_file():
        path.chmod(0o644)
        return
    for inner in sorted(path.rglob("*"), reverse=True):
        if inner.is_file():
            inner.chmod(0o644)
        elif inner.is_dir() and not any(inner.iterdir()):
            inner.rmdir()


def _indented(path: Path) -> str:
    return json.dumps(json.loads(path.read_text("utf-8")), indent=2) if path.exists() else "{}"


def _artifact(name: str, uri: str, kind: str) -> dict[str, Any]:
    item = {"name": name, "uri": uri, "type": {"schemaTitle": kind}, "metadata": {}}
    return {"artifacts": [item]}


def _needs(task: dict[str, Any]) -> set[str]:
    names = set(task.get("dependentTasks", ()))
    for item in task.get("inputs", {}).get("artifacts", {}).values():
        names.add(item["taskOutputArtifact"]["producerTask"])
    return names
