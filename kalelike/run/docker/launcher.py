"""Containers of steps: started, followed by a thread each, and removed when their end is known.

A container removes itself nowhere here: Docker's own ``auto_remove`` lets the
exit code vanish with it, and a failure then looks like a success.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError, BuildError
from kalelike.run.backend import RunOptions
from kalelike.run.local.launcher import Ended, Launch, Launcher, LauncherKind
from kalelike.run.local.plan import Plan, Task

_OWNER = "io.kalelike.owner"
_COMMAND = ("python3", "-m", "kalelike.runtime")
_RESTART_WAIT = 60.0


@dataclass(slots=True)
class _Container:
    """A step's container and the thread that follows it."""

    id: str
    thread: threading.Thread


class ContainerLauncher:
    """Starts a container for each step; see :class:`kalelike.run.local.launcher.Launcher`."""

    def __init__(self, options: RunOptions) -> None:
        self._options = options
        self._api = _client()
        self._user = _user(self._api)
        self._numbers = count(1)
        self._running: dict[int, _Container] = {}
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._remove_orphans()

    def check_images(self, plan: Plan) -> None:
        """Raise ``BackendError`` where the daemon has not the image of every step."""
        from docker.errors import ImageNotFound

        for task in plan.tasks:
            with _docker_errors():
                try:
                    self._api.inspect_image(task.image)
                except ImageNotFound as error:
                    raise _no_image(task) from error

    def start(self, launch: Launch) -> int:
        """See :class:`kalelike.run.local.launcher.Launcher`."""
        from docker.errors import ImageNotFound

        with _docker_errors():
            try:
                made = self._api.create_container(**self._settings(launch))["Id"]
            except ImageNotFound as error:
                raise _no_image(launch.task) from error
            try:
                self._api.start(made)
            except BaseException:
                self._remove(self._api, made)
                raise
        number = next(self._numbers)
        follower = _Follower(number, made, launch.log, self._ended)
        thread = threading.Thread(target=follower.run, name=f"container-{number}", daemon=True)
        self._running[number] = _Container(made, thread)
        thread.start()
        return number

    def _settings(self, launch: Launch) -> dict[str, Any]:
        from docker.types import DeviceRequest, LogConfig, Mount

        task = launch.task
        limits = task.limits
        places = {launch.folder: False, self._options.store / "objects": True,
                  self._options.code_dir: True}  # fmt: skip
        mounts = [
            Mount(str(place), str(place), type="bind", read_only=read_only)
            for place, read_only in places.items()
            if place.is_dir()
        ]
        devices = [DeviceRequest(count=limits.accelerators, capabilities=[["gpu"]])]
        host = self._api.create_host_config(
            mounts=mounts,
            mem_limit=limits.memory,
            memswap_limit=limits.memory,
            nano_cpus=int(limits.cpu * 1e9) if limits.cpu is not None else None,
            cap_drop=["ALL"],
            log_config=LogConfig(type=LogConfig.types.JSON),
            security_opt=["no-new-privileges"],
            device_requests=devices if limits.accelerators else None,
        )
        given = {name: os.environ[name] for name in task.variables if name in os.environ}
        return {
            "image": task.image,
            "entrypoint": list(_COMMAND),
            "command": list(launch.arguments),
            "environment": {**given, **launch.env},
            "user": self._user,
            "labels": {_OWNER: f"{os.getpid()} {self._options.store}"},
            "host_config": host,
        }

    def ended(self, seconds: float) -> list[Ended]:
        """See :class:`kalelike.run.local.launcher.Launcher`."""
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self._ended.get(timeout=seconds))
            while True:
                found.append(self._ended.get_nowait())
        for item in found:
            self._running.pop(item.number, None)
        return found

    def signal(self, number: int, kind: signal.Signals) -> None:
        """See :class:`kalelike.run.local.launcher.Launcher`."""
        container = self._running.get(number)
        if container is not None:
            with _harmless():
                self._api.kill(container.id, int(kind))

    def close(self) -> None:
        """See :class:`kalelike.run.local.launcher.Launcher`."""
        for container in self._running.values():
            self._remove(self._api, container.id)
        for container in self._running.values():
            container.thread.join(timeout=10)
        self._running.clear()
        self._api.close()

    @staticmethod
    def _remove(api: Any, container: str) -> None:
        with _harmless():
            api.remove_container(container, v=True, force=True)

    def _remove_orphans(self) -> None:
        """Remove containers of earlier runs in this store that were killed with no chance to."""
        with _harmless():
            for item in self._api.containers(all=True, filters={"label": _OWNER}):
                pid, _, store = item["Labels"][_OWNER].partition(" ")
                if store == str(self._options.store) and not _is_alive(int(pid)):
                    self._remove(self._api, item["Id"])


class _Follower:
    """Writes one container's log as it comes, and tells how the container ended."""

    def __init__(
        self, number: int, container: str, log: Path, ended: queue.SimpleQueue[Ended]
    ) -> None:
        self._number = number
        self._id = container
        self._log = log
        self._queue = ended
        self._written = 0
        self._lost_daemon = False

    def run(self) -> None:
        """Follow to the end; the last thing that happens is the report."""
        deadline = time.monotonic() + _RESTART_WAIT
        report = Ended(self._number, 1, "lost", "the Docker daemon went away and did not come back")
        while time.monotonic() < deadline:
            try:
                report = self._follow()
                break
            except _connection_errors():
                # The daemon restarts or is gone; with live-restore the container goes on.
                self._lost_daemon = True
                time.sleep(0.5)
            except _docker_exception() as error:
                note = f"the step's container cannot be followed: {error}"
                report = Ended(self._number, 1, "lost", note)
                break
        self._queue.put(report)

    def _follow(self) -> Ended:
        api = _client(timeout=None)
        try:
            self._copy_log(api)
            status = int(api.wait(self._id)["StatusCode"])
            state = api.inspect_container(self._id)["State"]
            if state.get("Running"):
                raise ConnectionError
            ContainerLauncher._remove(api, self._id)
        finally:
            api.close()
        return self._report(status, state)

    def _copy_log(self, api: Any) -> None:
        """Append what the log has beyond what is written already."""
        skipped = 0
        with self._log.open("ab") as target:
            for chunk in api.logs(self._id, stdout=True, stderr=True, stream=True, follow=True):
                fresh = chunk[max(0, self._written - skipped) :]
                skipped += len(chunk)
                target.write(fresh)
                target.flush()
                self._written += len(fresh)

    def _report(self, status: int, state: dict[str, Any]) -> Ended:
        if state.get("OOMKilled"):
            return Ended(self._number, status, "memory")
        if self._lost_daemon and status != 0:
            note = "the Docker daemon stopped while the step ran, and ended its container"
            return Ended(self._number, status, "lost", note)
        if 128 < status <= 128 + signal.NSIG:
            status = 128 - status
        return Ended(self._number, status)


def _client(timeout: float | None = 120) -> Any:
    with _docker_errors():
        import docker

        return docker.from_env(timeout=timeout).api


def _user(api: Any) -> str:
    """Return who the steps run as, so that what they write is this user's own.

    A rootless daemon shows this user to its containers as root.
    """
    with _docker_errors():
        options = api.info().get("SecurityOptions") or []
    if any("rootless" in item for item in options):
        return "0:0"
    return f"{os.getuid()}:{os.getgid()}"


@contextlib.contextmanager
def _docker_errors() -> Iterator[None]:
    from kalelike.image.docker_errors import docker_errors

    try:
        with docker_errors():
            yield
    except BuildError as error:
        raise BackendError(error.diagnostics) from error


@contextlib.contextmanager
def _harmless() -> Iterator[None]:
    """What ended already, or a daemon that is gone, is no error here."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    with contextlib.suppress(DockerException, RequestException):
        yield


def _connection_errors() -> tuple[type[BaseException], ...]:
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    return (RequestException, HTTPError, ConnectionError, BackendError)


def _docker_exception() -> type[BaseException]:
    from docker.errors import DockerException

    kind: type[BaseException] = DockerException
    return kind


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _no_image(task: Task) -> BackendError:
    message = f"step {task.step}: there is no image {task.image or 'named'} here"
    hint = "run the notebook itself, which builds it, or `kalelike build` it first"
    return BackendError([diagnose("image-not-here", message, Location(task.step), hint)])


def _make(plan: Plan, options: RunOptions) -> Launcher:
    from kalelike.image.extras import need

    need("docker")
    where = os.environ.get("DOCKER_HOST", "")
    if where and not where.startswith(("unix:", "npipe:")):
        message = f"the Docker daemon at {where} does not see this machine's files"
        hint = "use the daemon of this machine, or run on Kubeflow (--engine kfp)"
        raise BackendError([diagnose("daemon-elsewhere", message, Location("DOCKER_HOST"), hint)])
    launcher = ContainerLauncher(options)
    try:
        launcher.check_images(plan)
    except BaseException:
        launcher.close()
        raise
    return launcher


CONTAINERS = LauncherKind(
    "docker",
    frozenset(
        {"resourceMemoryLimit", "memoryLimit", "resourceCpuLimit", "cpuLimit", "accelerator"}
    ),
    _make,
)
"""Steps as containers of the Docker daemon."""
