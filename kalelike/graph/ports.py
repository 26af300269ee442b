"""Which names of a step travel in one artifact, and of what type it is."""

from __future__ import annotations

from kalelike.dataflow.linking import Linker, StepFlow
from kalelike.dataflow.values import Obj, Value, reach
from kalelike.graph.model import ArtifactType, Output
from kalelike.graph.names import artifact_key

_NOT_DATA = frozenset({"function", "class", "instance", "estimator"})


def group_outputs(flow: StepFlow, linker: Linker) -> tuple[Output, ...]:
    """Group the names that later steps need from this one.

    Names that share an object which a later step changes move together, so
    that they still share it. Plain values that exactly the same steps need
    share an artifact too: it keeps the document small and costs nobody
    anything.
    """
    names = sorted(flow.needed)
    values = {name: linker.value_after(flow.name, name) for name in names}
    changed = {
        name: linker.changed_after(flow.name, values[name]) if not name.startswith("@") else set()
        for name in names
    }
    classes = {name: linker.classes_by_value(flow.name, values[name]) for name in names}
    groups = _connected(names, {name: changed[name] | classes[name] for name in names})
    groups = _merged(groups, flow, values)
    taken: set[str] = set()
    outputs = []
    for group in sorted(groups):
        kind = _type_of(group, values)
        later = tuple(name for name in group if changed[name])
        outputs.append(Output(artifact_key(_title(group), taken), group, kind, later))
    return tuple(outputs)


def _connected(names: list[str], changed: dict[str, set[Obj]]) -> list[tuple[str, ...]]:
    leader = {name: name for name in names}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    seen: dict[Obj, str] = {}
    for name in names:
        for item in changed[name]:
            if item in seen:
                leader[find(name)] = find(seen[item])
            else:
                seen[item] = name
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(find(name), []).append(name)
    return [tuple(group) for group in groups.values()]


def _merged(
    groups: list[tuple[str, ...]], flow: StepFlow, values: dict[str, Value]
) -> list[tuple[str, ...]]:
    kept: list[tuple[str, ...]] = []
    plain: dict[frozenset[str], list[str]] = {}
    for group in groups:
        typed = _type_of(group, values) is not ArtifactType.ARTIFACT
        if typed or any(name.startswith("@file:") for name in group):
            kept.append(group)
            continue
        users = frozenset(user for name in group for user in flow.needed[name])
        plain.setdefault(users, []).extend(group)
    kept.extend(tuple(sorted(group)) for group in plain.values())
    return kept


def _title(group: tuple[str, ...]) -> str:
    named = [name for name in group if not name.startswith("@")]
    return named[0] if named else group[0]


def _type_of(group: tuple[str, ...], values: dict[str, Value]) -> ArtifactType:
    kinds = {item.kind for name in group for item in reach(values[name]) if name[0] != "@"}
    direct = {item.kind for name in group for item in values[name]}
    if "estimator" in direct:
        return ArtifactType.MODEL
    if direct and direct <= {"frame", "array"} and not kinds & _NOT_DATA:
        return ArtifactType.DATASET
    return ArtifactType.ARTIFACT
