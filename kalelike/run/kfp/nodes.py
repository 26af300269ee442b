"""The nodes of the Argo workflow behind a run: their names, computed ids, and which exist.

The API tells neither a node's id nor its place in the tree, only the ids of
its children. But ids follow from names (``WORKFLOW-H``, with H the 32-bit
FNV-1a hash of the node's full name, Argo's ``NodeID``), and names follow from
the document, so the tree is found by asking which computed ids occur.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kalelike.run.kfp.steps import KfpStep, Task

# Loops of more rounds are followed by their first so many.
_MOST_ROUNDS = 1000
_MOST_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class Instance:
    """One execution of a step: the only one, or a loop's.

    ``node`` is the full name of the step's task node; ``driver`` of its
    driver's; ``above`` are the nodes of the conditions and loops around it,
    outermost first. ``iteration`` holds the index in each loop around it.
    """

    node: str
    driver: str
    above: tuple[str, ...]
    iteration: tuple[int, ...]


class NodeTree:
    """Which nodes of one run's workflow exist, as far as the answer tells."""

    def __init__(self, entries: Iterable[Mapping[str, Any]]) -> None:
        self._seen: set[str] = set()
        for entry in entries:
            self._seen.update(child_ids(entry))
        first = next(iter(self._seen), "")
        self.workflow = first.rpartition("-")[0]

    def id(self, name: str) -> str:
        """Return the id of the node with this full name."""
        return f"{self.workflow}-{fnv1a(name)}"

    def exists(self, name: str) -> bool:
        """Tell whether any node has this one as a child."""
        return self.id(name) in self._seen

    def attempts(self, name: str) -> tuple[str, ...]:
        """Return the attempts of a node that is retried, in order; none of one that is not."""
        found = []
        for number in range(_MOST_ATTEMPTS):
            attempt = f"{name}({number})"
            if not self.exists(attempt):
                break
            found.append(attempt)
        return tuple(found)

    def instances(self, step: KfpStep) -> tuple[Instance, ...]:
        """Return the executions of a step that there are, or will be by what is known now."""
        if not self.workflow:
            return ()
        top = self._last(self.workflow)
        return tuple(self._descend(self._last(f"{top}.root"), step.path, (), ()))

    def pods(self, instance: Instance) -> tuple[str, ...]:
        """Return the names of the pod nodes that ran the user's code, oldest first."""
        found: list[str] = []
        for node in self.attempts(instance.node) or (instance.node,):
            executor = f"{node}.executor"
            tries = self.attempts(executor)
            if tries:
                found.extend(tries)
            elif self.exists(executor):
                found.append(executor)
        return tuple(found)

    def driver_pod(self, instance: Instance) -> str:
        """Return the name of the driver's newest pod node."""
        return self._last(instance.driver)

    def root_driver(self) -> str:
        """Return the id of the pod node that resolves the run's parameters; empty without one."""
        if not self.workflow:
            return ""
        return self.id(self._last(f"{self._last(self.workflow)}.root-driver"))

    def _last(self, name: str) -> str:
        attempts = self.attempts(name)
        return attempts[-1] if attempts else name

    def _descend(
        self,
        parent: str,
        path: tuple[Task, ...],
        above: tuple[str, ...],
        iteration: tuple[int, ...],
    ) -> Iterator[Instance]:
        task, rest = path[0], path[1:]
        node = f"{parent}.{task.name}"
        if not rest and not task.loop:
            yield Instance(node, f"{node}-driver", above, iteration)
            return
        inner = self._last(node)
        if not task.loop:
            yield from self._descend(inner, rest, (*above, node), iteration)
            return
        for index in range(_MOST_ROUNDS):
            round_name = f"{inner}.iteration-iterations({index}:{index})"
            if not self.exists(round_name):
                return
            item = f"{self._last(round_name)}.iteration-item"
            around = (*above, node, item)
            if rest:
                yield from self._descend(self._last(item), rest, around, (*iteration, index))
            else:
                yield Instance(item, f"{item}-driver", (*above, node), (*iteration, index))


def child_ids(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the node ids of an entry's children (the API calls them ``pod_name``)."""
    return tuple(str(item["pod_name"]) for item in entry.get("child_tasks") or () if item)


def fnv1a(text: str) -> int:
    """Return the 32-bit FNV-1a hash of a text's UTF-8 bytes."""
    value = 0x811C9DC5
    for byte in text.encode("utf-8"):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value
