"""Stored values for people: what they are, without loading them, and the values themselves."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BackendError
from kalelike.runtime.faults import StepError
from kalelike.store.objects import object_path
from kalelike.store.rows import ArtifactRow, RunRow
from kalelike.store.runs import RunStore

_FILE, _RANDOM, _SETTINGS = "@file:", "@random:", "@settings:"


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A stored value: ``kind`` is its Python type, ``text`` what it looks like, shortly."""

    name: str
    kind: str
    text: str


def describe_values(store: Path, artifact: ArtifactRow) -> list[ValueRow]:
    """Return what an artifact holds, from its manifest: nothing is unpickled.

    Hidden state is named in words; an artifact that is gone gives its names only.
    """
    from kalelike.runtime.values import read_manifest

    try:
        described = read_manifest(object_path(store, artifact.digest)).names
    except (StepError, ValueError):
        described = {}
    return [_describe(name, described.get(name, {})) for name in artifact.names]


def _describe(name: str, item: Mapping[str, object]) -> ValueRow:
    if name.startswith(_FILE):
        return ValueRow(name.removeprefix(_FILE), "file", "")
    if name == "@random:keras-names":
        return ValueRow("names given by Keras", "state", "")
    if name.startswith(_RANDOM):
        return ValueRow(f"random numbers ({name.removeprefix(_RANDOM)})", "state", "")
    if name.startswith(_SETTINGS):
        return ValueRow(f"settings ({name.removeprefix(_SETTINGS)})", "state", "")
    kind = str(item.get("type", ""))
    shape, length, text = item.get("shape"), item.get("length"), item.get("repr")
    if item.get("absent"):
        return ValueRow(name, "", "not bound")
    if isinstance(shape, list):
        return ValueRow(name, kind, " × ".join(f"{size:,}" for size in shape) or "a number")
    if text is not None:
        return ValueRow(name, kind, str(text))
    return ValueRow(name, kind, f"of {length:,}" if isinstance(length, int) else "")


def load(
    value: str,
    run: str | None = None,
    *,
    store: str | Path = ".kalelike",
    namespace: dict[str, Any] | None = None,
) -> Any:
    """Return a value that a step of a run gave: ``load("train.model")``.

    ``value`` is ``STEP.NAME``. ``run`` is a run's id, or its beginning; the
    newest run without one. ``store`` is the store's folder. Instances of the
    notebook's own classes need these to be defined in ``namespace``, which is
    ``__main__``'s by default: run their cell first. Large arrays are mapped
    into memory, not read. Raises :class:`kalelike.errors.BackendError`: KL806
    for an unknown run, KL814 for an unknown value, KL811 for one that was
    changed since it was stored, KL201 for one that cannot be loaded here.
    """
    folder = Path(store)
    rows = RunStore(folder, reading=True)
    try:
        found = rows.find_run(run)
        name, artifact = _find(found, value)
        if not rows.is_intact(artifact.digest):
            message = f"{value} of run {found.id} is gone, or was changed since it was stored"
            hint = "run the notebook again: it is made anew"
            raise BackendError([diagnose("damaged-object", message, Location(str(folder)), hint)])
    finally:
        rows.close()
    if namespace is None:
        namespace = sys.modules["__main__"].__dict__
    return _load(object_path(folder, artifact.digest), name, namespace, found.notebook)


class _Definitions(dict[str, Any]):
    """A namespace in which every missing class is an empty one."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        super().__init__(known)
        self.made: set[type] = set()

    def __missing__(self, name: str) -> type:
        made = self[name] = type(name, (), {"__module__": "__main__"})
        self.made.add(made)
        return made


def _load(folder: Path, name: str, namespace: dict[str, Any], notebook: str) -> Any:
    """Load a value; other values of its artifact may need what is not defined here."""
    from kalelike.runtime.pickling import mentions
    from kalelike.runtime.values import load_values

    try:
        try:
            return load_values(folder, namespace)[name]
        except StepError:
            definitions = _Definitions(namespace)
            value = load_values(folder, definitions)[name]
            missing = mentions(value, definitions.made)
            if missing is None:
                return value
            raise
    except StepError as error:
        hint = error.hint or "define it first: run its cell, or pass the namespace that has it"
        place = Location(notebook)
        raise BackendError([diagnose("cannot-cross", error.message, place, hint)]) from error


def _find(run: RunRow, value: str) -> tuple[str, ArtifactRow]:
    step, _, name = value.partition(".")
    known = {}
    for row in run.steps:
        for artifact in row.artifacts:
            known.update({f"{row.name}.{item}": (item, artifact) for item in artifact.names})
    if value in known and not name.startswith("@"):
        return known[value]
    visible = [item for item in known if "@" not in item]
    close = get_close_matches(value, visible, n=1)
    own = [item for item in visible if item.startswith(f"{step}.")]
    hint = f"did you mean {close[0]}?" if close else f"it has: {', '.join(own or visible)}"
    message = f"run {run.id} has no value {value}"
    raise BackendError([diagnose("no-such-value", message, Location(run.id), hint)])
