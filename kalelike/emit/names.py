"""Names of pipelines, tasks and components that Argo and Kubernetes can carry."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from kalelike.notebook.model import StepName

_LONGEST_TASK = 63
_LONGEST_PIPELINE = 100
_OTHER = re.compile(r"[^a-z0-9]+")
_DRIVER = "-driver"


def task_name(step: StepName | str) -> str:
    """Return the name of a step's task: lower-case ASCII letters, digits and ``-``.

    Argo refuses ``_``, ``.``, a leading digit and long names. Letters that
    cannot stand are shown by code point, so that the name stays stable.
    Two steps may get one name here; ``task_names`` tells them apart.
    """
    spelt = "".join(
        letter if letter.isascii() else f"-u{ord(letter):04x}-" for letter in step.lower()
    )
    name = _OTHER.sub("-", spelt).strip("-")
    if not name[:1].isalpha():
        name = f"step-{name}".rstrip("-")
    return name if len(name) <= _LONGEST_TASK else f"{name[: _LONGEST_TASK - 7]}-{_digest(step)}"


def task_names(steps: Iterable[StepName]) -> dict[StepName, str]:
    """Return each step's task name, unlike all others.

    Steps whose name can stand as it is keep it; of the rest, one that would
    collide gets a hash of its own name, so that it does not depend on the
    order of steps. Argo gives a task ``a`` a companion ``a-driver``: a step of
    that name is told apart too.
    """
    order = tuple(steps)
    names: dict[StepName, str] = {}
    taken: set[str] = set()
    for step in sorted(order, key=lambda item: task_name(item) != item):
        name = task_name(step)
        if name in taken:
            name = f"{name[: _LONGEST_TASK - 7]}-{_digest(step)}"
        names[step] = name
        taken.add(name)
    for step, name in names.items():
        if name.endswith(_DRIVER) and name.removesuffix(_DRIVER) in taken:
            names[step] = f"{name}-step"
    return {step: names[step] for step in order}


def pipeline_key(name: str) -> str:
    """Return the pipeline's name as KFP and Kubernetes can carry it."""
    key = _OTHER.sub("-", name.lower()).strip("-")[:_LONGEST_PIPELINE].rstrip("-")
    return key or f"pipeline-{_digest(name)}"


def component_names(tasks: Iterable[str], pipeline: str) -> dict[str, str]:
    """Return each task's component name, by task name.

    KFP's loader takes a component with the pipeline's own name for the whole
    pipeline, so a step that is called like its pipeline gets another.
    """
    return {
        task: f"comp-{task}" if task != pipeline else f"comp-{task}-{_digest(task)}"
        for task in tasks
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
