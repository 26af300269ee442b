"""The Kubernetes platform document: everything about a step's pod that the IR has no field for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kalelike.emit.document import Json
from kalelike.emit.timing import pod_deadline
from kalelike.graph.model import Step
from kalelike.notebook.model import StepName
from kalelike.notebook.options import (
    ConfigMapEnv,
    EmptyDir,
    EphemeralVolume,
    PipelineOptions,
    SecretEnv,
    SecurityContext,
    StepOptions,
    Toleration,
)

SHARED_MEMORY_PATH = "/dev/shm"  # noqa: S108
SHARED_MEMORY_VOLUME = "kalelike-shm"


def build_platform(
    steps: Iterable[Step], tasks: Mapping[StepName, str], options: PipelineOptions
) -> Json | None:
    """Return the platform document; None where no step and no setting needs one."""
    executors: Json = {}
    for step in steps:
        config = step_config(step.options)
        if config:
            executors[f"exec-{tasks[step.name]}"] = config
    kubernetes: Json = {}
    if executors:
        kubernetes["deploymentSpec"] = {"executors": executors}
    settings = _pipeline_config(options)
    if settings:
        kubernetes["pipelineConfig"] = settings
    return {"platforms": {"kubernetes": kubernetes}} if kubernetes else None


def step_config(options: StepOptions) -> Json:
    """Return the Kubernetes settings of one step (``KubernetesExecutorConfig``); often empty.

    64-bit integers stand as text, as protobuf writes them.
    """
    config: Json = {
        "secretAsEnv": _secret_env(options.secret_env),
        "secretAsVolume": [
            {
                "secretNameParameter": _constant(item.secret),
                "mountPath": item.mount_path,
                "optional": item.optional,
            }
            for item in options.secret_volumes
        ],
        "configMapAsEnv": _config_map_env(options.config_map_env),
        "configMapAsVolume": [
            {
                "configMapNameParameter": _constant(item.config_map),
                "mountPath": item.mount_path,
                "optional": item.optional,
            }
            for item in options.config_map_volumes
        ],
        "pvcMount": [
            {
                "mountPath": item.mount_path,
                "pvcNameParameter": _constant(item.claim),
                **({"subPath": item.sub_path} if item.sub_path else {}),
            }
            for item in options.claims
        ],
        "genericEphemeralVolume": list(map(_ephemeral, options.ephemeral_volumes)),
        "emptyDirMounts": list(map(_empty_dir, scratch_volumes(options))),
        "fieldPathAsEnv": [{"name": name, "fieldPath": path} for name, path in options.field_env],
        "podMetadata": _stated(labels=dict(options.labels), annotations=dict(options.annotations)),
        "tolerations": list(map(_toleration, options.tolerations)),
        "nodeSelector": _stated(labels=dict(options.node_selector)),
        "securityContext": _security(options.security_context or SecurityContext()),
        "imagePullPolicy": options.image_pull_policy,
        "imagePullSecret": [
            {"secretNameParameter": _constant(name)} for name in options.image_pull_secrets
        ],
    }
    deadline = pod_deadline(options)
    if deadline is not None:
        config["activeDeadlineSeconds"] = str(deadline)
    return {key: value for key, value in config.items() if value}


def scratch_volumes(options: StepOptions) -> tuple[EmptyDir, ...]:
    """Return the step's scratch directories, shared memory among them.

    The backend drops ``enabledSharedMemory`` without a word; a directory in
    memory at ``/dev/shm`` is what it stands for.
    """
    if options.shared_memory is None:
        return options.empty_dirs
    shared = EmptyDir(SHARED_MEMORY_VOLUME, SHARED_MEMORY_PATH, "Memory", options.shared_memory)
    return (*options.empty_dirs, shared)


def _pipeline_config(options: PipelineOptions) -> Json:
    config: Json = {
        "activeDeadlineSeconds": options.timeout_seconds,
        "resourceTtlOnCompletion": options.ttl_seconds,
    }
    if options.workspace_size:
        # Without the claim's access modes KFP makes no volume at all.
        claim: Json = {"accessModes": ["ReadWriteOnce"]}
        config["workspace"] = {
            "size": options.workspace_size,
            "kubernetes": {"pvcSpecPatch": claim},
        }
    return {key: value for key, value in config.items() if value}


def _constant(value: str) -> Json:
    return {"runtimeValue": {"constant": value}}


def _secret_env(items: tuple[SecretEnv, ...]) -> list[Json]:
    groups: dict[tuple[str, bool], list[Json]] = {}
    for item in items:
        pair: Json = {"secretKey": item.key, "envVar": item.env}
        groups.setdefault((item.secret, item.optional), []).append(pair)
    return [
        {"secretNameParameter": _constant(name), "keyToEnv": pairs, "optional": optional}
        for (name, optional), pairs in groups.items()
    ]


def _config_map_env(items: tuple[ConfigMapEnv, ...]) -> list[Json]:
    groups: dict[tuple[str, bool], list[Json]] = {}
    for item in items:
        pair: Json = {"configMapKey": item.key, "envVar": item.env}
        groups.setdefault((item.config_map, item.optional), []).append(pair)
    return [
        {"configMapNameParameter": _constant(name), "keyToEnv": pairs, "optional": optional}
        for (name, optional), pairs in groups.items()
    ]


def _ephemeral(item: EphemeralVolume) -> Json:
    volume: Json = {
        "volumeName": item.name,
        "mountPath": item.mount_path,
        "accessModes": list(item.access_modes),
        "size": item.size,
    }
    if item.storage_class:
        volume["storageClassName"] = item.storage_class
    else:
        volume["defaultStorageClass"] = True
    return volume


def _empty_dir(item: EmptyDir) -> Json:
    return _stated(
        volumeName=item.name, mountPath=item.mount_path, medium=item.medium, sizeLimit=item.size
    )


def _toleration(item: Toleration) -> Json:
    seconds = None if item.seconds is None else str(item.seconds)
    return _stated(
        key=item.key,
        operator=item.operator,
        value=item.value,
        effect=item.effect,
        tolerationSeconds=seconds,
    )


def _security(context: SecurityContext) -> Json:
    stated: Json = {}
    if context.run_as_user is not None:
        stated["runAsUser"] = str(context.run_as_user)
    if context.run_as_group is not None:
        stated["runAsGroup"] = str(context.run_as_group)
    if context.run_as_non_root is not None:
        stated["runAsNonRoot"] = context.run_as_non_root
    return stated


def _stated(**parts: object) -> Json:
    return {key: value for key, value in parts.items() if value}
