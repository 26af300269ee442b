"""What the API's answer says of every step: the user's steps, not the backend's nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from kalelike.run.kfp.nodes import Instance, NodeTree, child_ids
from kalelike.run.kfp.steps import KfpStep

Entry = Mapping[str, Any]


class Phase(StrEnum):
    """Where a step is; the last four are ends."""

    WAITING = "waiting"
    """What it needs is not there yet."""
    PENDING = "pending"
    """Its pod is asked for: driver, scheduling, image, and the fetching of its inputs."""
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    CACHED = "cached"
    FAILED = "failed"
    SKIPPED = "skipped"


ENDS = frozenset({Phase.SUCCEEDED, Phase.CACHED, Phase.FAILED, Phase.SKIPPED})


@dataclass(frozen=True, slots=True)
class InstanceState:
    """One execution of a step.

    ``asked``, ``started`` and ``ended`` are seconds since the epoch by the
    server's clock: when its turn came, when its container ran, when it ended.
    ``pods`` are the node ids whose logs are the step's, oldest first;
    ``driver`` the driver's. ``reason`` says why it was skipped.
    """

    phase: Phase
    asked: float | None = None
    started: float | None = None
    ended: float | None = None
    pods: tuple[str, ...] = ()
    driver: str = ""
    iteration: tuple[int, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StepState:
    """A step, its executions folded into one."""

    phase: Phase
    instances: tuple[InstanceState, ...] = ()

    @property
    def started(self) -> float | None:
        """When the first execution's container ran."""
        return min((item.started for item in self.instances if item.started), default=None)

    @property
    def asked(self) -> float | None:
        """When the step's turn came."""
        return min((item.asked for item in self.instances if item.asked), default=None)

    @property
    def ended(self) -> float | None:
        """When the last execution ended; None before."""
        if self.phase not in ENDS:
            return None
        return max((item.ended for item in self.instances if item.ended), default=None)

    @property
    def reason(self) -> str | None:
        """Why the step was skipped."""
        return next((item.reason for item in self.instances if item.reason), None)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment; ``error`` is the API's own text, mostly empty.

    ``cancelled`` tells whether somebody asked for its end: its last state is
    FAILED like any other's then. ``root_driver`` is the node id of the pod that a run begins with.
    """

    state: str
    workflow: str
    root_driver: str
    started: float | None
    ended: float | None
    error: str
    steps: Mapping[str, StepState]
    cancelled: bool = False

    @property
    def over(self) -> bool:
        """Tell whether the run has ended."""
        return self.state in RUN_ENDS


RUN_ENDS = frozenset({"SUCCEEDED", "FAILED", "CANCELED", "SKIPPED", "ERROR"})


def read_snapshot(run: Mapping[str, Any], steps: Sequence[KfpStep]) -> Snapshot:
    """Read a run as ``GET /apis/v2beta1/runs/ID`` answers it."""
    details = run.get("run_details") or {}
    entries = [item for item in details.get("task_details") or () if item.get("display_name")]
    tree = NodeTree(entries)
    reader = _Reader(entries, tree)
    return Snapshot(
        str(run.get("state") or "PENDING"),
        tree.workflow,
        tree.root_driver(),
        read_time(run.get("created_at")),
        read_time(run.get("finished_at")),
        _error(run),
        {step.name: _fold([reader.read(item) for item in tree.instances(step)]) for step in steps},
        any(
            item.get("state") in ("CANCELING", "CANCELED")
            for item in (run, *(run.get("state_history") or ()))
        ),
    )


def read_time(text: object) -> float | None:
    """Return an API time in seconds since the epoch; its years 1 and 1970 mean "not yet"."""
    if not isinstance(text, str) or text.startswith(("1970-01-01", "0001-01-01")):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def _error(run: Mapping[str, Any]) -> str:
    texts = [(run.get("error") or {}).get("message")]
    texts += [(item.get("error") or {}).get("message") for item in run.get("state_history") or ()]
    return next((str(text) for text in reversed(texts) if text), "")


def _fold(instances: list[InstanceState]) -> StepState:
    phases = {item.phase for item in instances}
    if not phases:
        return StepState(Phase.WAITING)
    if phases <= ENDS:
        order = (Phase.FAILED, Phase.SUCCEEDED, Phase.CACHED, Phase.SKIPPED)
    else:
        order = (Phase.RUNNING, Phase.PENDING, Phase.WAITING, Phase.SUCCEEDED)
        if phases & {Phase.SUCCEEDED, Phase.CACHED, Phase.FAILED}:
            # Between two rounds of a loop.
            order = (Phase.RUNNING, Phase.PENDING, Phase.SUCCEEDED, Phase.WAITING)
    phase = next((item for item in order if item in phases), Phase.WAITING)
    if phase in ENDS and not phases <= ENDS:
        phase = Phase.RUNNING
    return StepState(phase, tuple(instances))


class _Reader:
    """Finds the entries of nodes: by their children's ids, which entries do tell."""

    def __init__(self, entries: Iterable[Entry], tree: NodeTree) -> None:
        self._tree = tree
        self._named: dict[str, list[tuple[Entry, frozenset[str]]]] = {}
        for entry in entries:
            children = frozenset(child_ids(entry))
            self._named.setdefault(str(entry["display_name"]), []).append((entry, children))

    def read(self, instance: Instance) -> InstanceState:
        tree = self._tree
        driver = self._find(instance.driver, (instance.node,))
        asked = read_time(driver.get("start_time")) if driver else None
        known = InstanceState(
            Phase.WAITING if driver is None else Phase.PENDING,
            asked,
            driver=tree.id(tree.driver_pod(instance)),
            iteration=instance.iteration,
        )
        entry = self._find(instance.node, (f"{instance.node}.executor",))
        if entry is None:
            return self._not_started(instance, driver, known)
        state = entry.get("state")
        ended = read_time(entry.get("end_time"))
        if state == "SUCCEEDED" and self._is_cached(instance, entry):
            return _with(known, Phase.CACHED, asked or read_time(entry["start_time"]), ended)
        pods = tree.pods(instance)
        started, pod_ended = self._pod_times(pods, entry)
        ids = tuple(tree.id(pod) for pod in pods)
        if state == "SUCCEEDED":
            phase = Phase.SUCCEEDED
        elif state in ("FAILED", "ERROR", "CANCELED"):
            phase = Phase.FAILED
        else:
            phase = Phase.RUNNING if started else Phase.PENDING
        if phase not in ENDS:
            return _with(known, phase, started, None, ids)
        ended = pod_ended or ended
        started = started or read_time(entry.get("start_time"))
        # The server notes a state when it polls: a short step "starts" after its end.
        return _with(known, phase, min(started or 0.0, ended or 0.0) or None, ended, ids)

    def _not_started(
        self, instance: Instance, driver: Entry | None, known: InstanceState
    ) -> InstanceState:
        """Tell apart: its turn has not come, a condition said no, a need failed, no driver."""
        for node in instance.above:
            state = self._leaf_state(node)
            if state == "SKIPPED":
                return _skipped(known, "its condition was false")
        if driver is not None and driver.get("state") in ("FAILED", "ERROR"):
            ended = read_time(driver.get("end_time"))
            return _with(known, Phase.FAILED, known.asked, ended)
        leaf = self._leaf_state(instance.node)
        if leaf == "SKIPPED":
            return _skipped(known, "its condition was false")
        if leaf == "" or any(self._leaf_state(node) == "" for node in instance.above):
            return _skipped(known, "what it needs did not succeed")
        return known

    def _find(self, name: str, below: tuple[str, ...]) -> Entry | None:
        """Return the entry of a node that has children; ``below`` are possible ones."""
        wanted = {self._tree.id(item) for item in (*self._tree.attempts(name), *below)}
        for entry, children in self._named.get(_display(name), ()):
            if children & wanted:
                return entry
        return None

    def _leaf_state(self, name: str) -> str | None:
        """Return the state of a node that never ran: empty when left out, None for others.

        Such entries cannot be told apart when a loop repeats their name; what
        they say of each is the same.
        """
        if not self._tree.exists(name):
            return None
        states = {entry.get("state") or "" for entry, _ in self._named.get(_display(name), ())}
        if states & {"PENDING", "RUNNING"}:
            return None
        return "SKIPPED" if "SKIPPED" in states else "" if "" in states else None

    def _is_cached(self, instance: Instance, entry: Entry) -> bool:
        """Tell whether the executor was skipped: the driver found the step in the cache."""
        attempts = self._tree.attempts(instance.node)
        if attempts:
            return not self._tree.attempts(f"{attempts[-1]}.executor")
        if self._tree.attempts(f"{instance.node}.executor"):
            return False
        times = (entry.get("start_time"), entry.get("end_time"))
        return any(
            item.get("state") == "SKIPPED" and (item["start_time"], item["end_time"]) == times
            for item, _ in self._named.get("executor", ())
        )

    def _pod_times(self, pods: tuple[str, ...], entry: Entry) -> tuple[float | None, float | None]:
        """Return when the newest pod's container ran and ended, as far as is known.

        A pod's entry has no children to be known by; it begins when the node
        above it does.
        """
        if not pods:
            return None, None
        outer = pods[-1].removesuffix(")").rpartition("(")[0]
        above = self._find(outer, ()) if outer.endswith(".executor") else None
        start = (above or entry).get("start_time")
        for item, children in self._named.get(_display(pods[-1]), ()):
            if not children and (item.get("start_time") == start or pods[-1][-3:] != "(0)"):
                return _running_since(item), read_time(item.get("end_time"))
        return None, None


def _running_since(pod: Entry) -> float | None:
    for item in pod.get("state_history") or ():
        if item.get("state") == "RUNNING":
            return read_time(item.get("update_time"))
    return read_time(pod.get("start_time")) if pod.get("state") in ("SUCCEEDED", "FAILED") else None


def _display(name: str) -> str:
    """Return a node's last part: ``a(0).b(1:1)(0)`` gives ``b(1:1)(0)``."""
    return name.rpartition(".")[2]


def _with(
    known: InstanceState,
    phase: Phase,
    started: float | None,
    ended: float | None,
    pods: tuple[str, ...] = (),
) -> InstanceState:
    return InstanceState(
        phase, known.asked, started, ended, pods, known.driver, known.iteration, None
    )


def _skipped(known: InstanceState, reason: str) -> InstanceState:
    return InstanceState(Phase.SKIPPED, iteration=known.iteration, reason=reason)
