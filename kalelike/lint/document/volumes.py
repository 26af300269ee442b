"""What a step mounts, and where the names of secrets, config maps and claims come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kalelike.lint.document.decoding import Message
from kalelike.lint.document.findings import Path, suggest
from kalelike.lint.document.model import Call, Pipeline
from kalelike.lint.document.settings import Settings, check_amount
from kalelike.lint.document.types import has_output_parameter, output_names
from kalelike.notebook.kubernetes_values import BadValueError, check_volume_name

_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")

# Where the name of what is mounted or read stands: field, its older spelling, what it names.
_NAMES: Mapping[str, tuple[str, str, str]] = {
    "secretAsVolume": ("secretNameParameter", "secretName", "secret"),
    "secretAsEnv": ("secretNameParameter", "secretName", "secret"),
    "imagePullSecret": ("secretNameParameter", "secretName", "secret"),
    "configMapAsVolume": ("configMapNameParameter", "configMapName", "config map"),
    "configMapAsEnv": ("configMapNameParameter", "configMapName", "config map"),
    "pvcMount": ("pvcNameParameter", "constant", "volume claim"),
}
# Fields whose value stands in their source for the driver to take from somewhere.
_SOURCES = frozenset(
    {"secretNameParameter", "configMapNameParameter", "pvcNameParameter"}
    | {"nodeSelectorJson", "tolerationJson", "nodeAffinityJson"}
)
_MOUNTS = ("secretAsVolume", "configMapAsVolume", "pvcMount")
_SCRATCH = ("genericEphemeralVolume", "emptyDirMounts")

# Volumes that KFP itself gives to every step's pod.
_KFP_VOLUMES = frozenset(
    {"kfp-launcher", "gcs-scratch", "s3-scratch", "minio-scratch", "dot-local-scratch"}
    | {"dot-cache-scratch", "dot-config-scratch", "kfp-workspace"}
)


def check_volumes(settings: Settings) -> None:
    """Check what one executor mounts: names, places and sizes."""
    _check_names(settings)
    places: dict[str, Path] = {}
    volumes: dict[str, str] = {}
    for group in (*_MOUNTS, *_SCRATCH):
        for number, item in enumerate(settings.message.get(group, ())):
            path = settings.at(group, number)
            _check_place(settings, item, path, places)
            _check_volume(settings, group, item, path, volumes)


def check_sources(settings: Settings, calls: tuple[Call, ...], pipeline: Pipeline) -> None:
    """Check the inputs and outputs of tasks that settings are taken from, for every caller."""
    for path, source in _sources(settings.message, settings.at()):
        for call in calls:
            if "componentInputParameter" in source:
                _check_outer(settings, call, source, path, pipeline)
            elif "taskOutputParameter" in source:
                _check_output(settings, call, source, path, pipeline)


def _check_names(settings: Settings) -> None:
    for group, (field, older, what) in _NAMES.items():
        for number, item in enumerate(settings.message.get(group, ())):
            given = item.get(field) or item.get(older)
            if group == "pvcMount":
                given = given or item.get("taskOutputParameter")
                given = given or item.get("componentInputParameter")
            if not given:
                settings.report.add(
                    "bad-platform-value",
                    settings.at(group, number),
                    f"the {what} has no name; the step fails when it starts",
                    f"give `{field}: {{runtimeValue: {{constant: …}}}}`",
                )


def _check_place(settings: Settings, item: Message, path: Path, places: dict[str, Path]) -> None:
    place = item.get("mountPath", "")
    if not place:
        settings.report.add(
            "bad-platform-value",
            path,
            "the volume has no `mountPath`; Kubernetes refuses the pod",
            "say where it is mounted: `mountPath: /…`",
        )
    elif places.setdefault(place.rstrip("/"), path) != path:
        settings.report.add(
            "bad-platform-value",
            (*path, "mountPath"),
            f"two volumes are mounted at {place}; Kubernetes refuses the pod",
            "mount one of them at another place",
        )


def _check_volume(
    settings: Settings, group: str, item: Message, path: Path, volumes: dict[str, str]
) -> None:
    if group in _SCRATCH:
        name, where = item.get("volumeName", ""), (*path, "volumeName")
        _check_scratch(settings, item, path)
    else:
        name, where = _constant_name(group, item, path)
    if name is None:
        return
    try:
        check_volume_name(name)
    except BadValueError:
        settings.report.add(
            "bad-platform-value",
            where if name else path,
            f"`{name}` cannot be the name of a volume, which KFP makes of it; Kubernetes refuses"
            " the pod",
            "use at most 63 small letters, digits and `-`",
        )
    taken = "one of KFP's own" if name in _KFP_VOLUMES else volumes.get(name)
    if taken is not None:
        settings.report.add(
            "bad-platform-value",
            where,
            f"two volumes of the step are called `{name}` ({taken}, {group}); Kubernetes refuses"
            " the pod",
            "mount it once" if taken == group else "rename one of them",
        )
    volumes[name] = group


def _constant_name(group: str, item: Message, path: Path) -> tuple[str | None, Path]:
    field, older, _ = _NAMES[group]
    constant = item.get(field, {}).get("runtimeValue", {}).get("constant")
    if isinstance(constant, str):
        return constant, (*path, field, "runtimeValue", "constant")
    name = item.get(older) if field not in item else None
    return name or None, (*path, older)


def _check_scratch(settings: Settings, item: Message, path: Path) -> None:
    for field in ("size", "sizeLimit"):
        if item.get(field):
            check_amount(settings, (*path, field), "the size of a volume", item[field])
    if "accessModes" in item or "defaultStorageClass" in item or "storageClassName" in item:
        if not item.get("size"):
            check_amount(settings, path, "the size of a volume", "")
        for number, mode in enumerate(item.get("accessModes", ())):
            place = (*path, "accessModes", number)
            settings.choose("bad-platform-value", place, "access mode", _ACCESS_MODES, mode)


def _sources(value: object, path: Path) -> Iterator[tuple[Path, Message]]:
    """Yield every input specification inside the settings."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in _SOURCES and isinstance(item, dict):
                yield (*path, key), item
            elif key == "pvcMount":
                for number, mount in enumerate(item):
                    if "pvcNameParameter" not in mount:
                        yield (*path, key, number), mount
                yield from _sources(item, (*path, key))
            else:
                yield from _sources(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _sources(item, (*path, number))


def _check_outer(
    settings: Settings, call: Call, source: Message, path: Path, pipeline: Pipeline
) -> None:
    name = source["componentInputParameter"]
    passed = pipeline.passed_parameters(call.dag)
    if name not in passed:
        settings.report.add(
            "unknown-component-input",
            (*path, "componentInputParameter"),
            f"`{name}` is no input of the DAG that task {call.name} stands in; the step fails when"
            " it starts",
            suggest(name, passed),
        )


def _check_output(
    settings: Settings, call: Call, source: Message, path: Path, pipeline: Pipeline
) -> None:
    output = source["taskOutputParameter"]
    name, key = output.get("producerTask", ""), output.get("outputParameterKey", "")
    tasks = pipeline.by_dag[call.dag.name]
    where = (*path, "taskOutputParameter")
    if name not in tasks or name not in call.dependencies:
        settings.report.add(
            "unknown-task",
            (*where, "producerTask"),
            f"task {call.name} takes a setting from `{name}`, "
            + ("which is no task beside it" if name not in tasks else "and does not wait for it")
            + "; the step fails when it starts",
            suggest(name, tasks)
            if name not in tasks
            else f"add {name} to the `dependentTasks` of {call.name}",
        )
    elif tasks[name].component is not None and not has_output_parameter(tasks[name], key):
        settings.report.add(
            "unknown-output",
            (*where, "outputParameterKey"),
            f"task {name} gives no output parameter `{key}`; the step fails when it starts",
            suggest(key, output_names(tasks[name], "parameters")),
        )
