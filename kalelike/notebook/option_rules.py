"""What each field of the options may hold, in one table, for tags, metadata and schema alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from kalelike.notebook import kubernetes_values as values
from kalelike.notebook.kubernetes_values import BadValueError
from kalelike.notebook.options import StepOptions, Toleration

Check = Callable[[Any], None]

_EFFECTS = values.one_of("NoSchedule", "PreferNoSchedule", "NoExecute")
_ACCESS_MODES = values.one_of("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")

RULES: Mapping[str, Mapping[str, Check]] = {
    "Resources": {
        "cpu_request": values.check_cpu,
        "cpu_limit": values.check_cpu,
        "memory_request": values.check_memory,
        "memory_limit": values.check_memory,
        "accelerator_type": values.check_accelerator,
        "accelerator_count": values.check_count,
    },
    "SecretEnv": {
        "secret": values.check_object_name,
        "key": values.check_data_key,
        "env": values.check_env_name,
    },
    "SecretVolume": {"secret": values.check_object_name, "mount_path": values.check_mount_path},
    "ConfigMapEnv": {
        "config_map": values.check_object_name,
        "key": values.check_data_key,
        "env": values.check_env_name,
    },
    "ConfigMapVolume": {
        "config_map": values.check_object_name,
        "mount_path": values.check_mount_path,
    },
    "ClaimMount": {
        "claim": values.check_object_name,
        "mount_path": values.check_mount_path,
        "sub_path": values.check_sub_path,
    },
    "EphemeralVolume": {
        "name": values.check_volume_name,
        "mount_path": values.check_mount_path,
        "size": values.check_memory,
        "access_modes": _ACCESS_MODES,
        "storage_class": values.check_object_name,
    },
    "EmptyDir": {
        "name": values.check_volume_name,
        "mount_path": values.check_mount_path,
        "medium": values.one_of("Memory"),
        "size": values.check_memory,
    },
    "Toleration": {
        "key": values.check_key,
        "operator": values.one_of("Exists", "Equal"),
        "value": values.check_label_value,
        "effect": _EFFECTS,
        "seconds": values.check_wait,
    },
    "Retry": {
        "max_retries": values.check_retries,
        "backoff_seconds": values.check_wait,
        "backoff_factor": values.check_factor,
        "backoff_max_seconds": values.check_seconds,
    },
    "SecurityContext": {"run_as_user": values.check_user, "run_as_group": values.check_user},
    "StepOptions": {
        "display_name": values.check_line,
        "image": values.check_image,
        "kernel": values.check_kernel,
        "requirements": values.check_requirement,
        "shared_memory": values.check_memory,
        "timeout_seconds": values.check_seconds,
        "image_pull_policy": values.one_of("Always", "IfNotPresent", "Never"),
        "image_pull_secrets": values.check_object_name,
    },
    "PipelineOptions": {
        "name": values.check_line,
        "description": values.check_text,
        "experiment": values.check_line,
        "base_image": values.check_image,
        "timeout_seconds": values.check_seconds,
        "ttl_seconds": values.check_seconds,
        "kfp_host": values.check_line,
        "output_path": values.check_line,
        "workspace_size": values.check_memory,
    },
}
"""The check of each field, by class. Of a tuple, each item is checked."""

PAIR_RULES: Mapping[str, tuple[Check, Check]] = {
    "env": (values.check_env_name, values.check_text),
    "field_env": (values.check_env_name, values.check_field_path),
    "labels": (values.check_key, values.check_label_value),
    "annotations": (values.check_key, values.check_text),
    "node_selector": (values.check_key, values.check_label_value),
}
"""The checks of keys and values of each field of ``StepOptions`` that is a mapping."""


def is_mapping(kind: type, field: str) -> bool:
    """Tell whether a field of a class of options is a mapping."""
    return kind is StepOptions and field in PAIR_RULES


def setting_name(field: str) -> str:
    """Return the setting that states a field: times are named without their unit."""
    return field.removesuffix("_seconds")


def check_options(options: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and what is wrong for every value that cannot stand; None is not stated."""
    rules = RULES[type(options).__name__]
    for field in fields(options):  # type: ignore[arg-type]
        value = getattr(options, field.name)
        name = setting_name(field.name)
        where = f"{path}.{name}" if path else name
        if is_mapping(type(options), field.name):
            yield from _check_pairs(field.name, value, where)
        elif is_dataclass(value):
            yield from check_options(value, where)
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if is_dataclass(item):
                    yield from check_options(item, f"{where}[{index}]")
                elif field.name in rules:
                    yield from _apply(rules[field.name], item, f"{where}[{index}]")
        elif value is not None and field.name in rules:
            yield from _apply(rules[field.name], value, where)
    yield from ((path, message) for message in _check_whole(options))


def _check_pairs(
    name: str, pairs: tuple[tuple[str, str], ...], path: str
) -> Iterator[tuple[str, str]]:
    check_key, check_value = PAIR_RULES[name]
    for key, value in pairs:
        yield from _apply(check_key, key, f"{path}.{key}")
        yield from _apply(check_value, value, f"{path}.{key}")


def _apply(check: Check, value: object, path: str) -> Iterator[tuple[str, str]]:
    try:
        check(value)
    except BadValueError as error:
        yield path, str(error)


def _check_whole(options: object) -> Iterator[str]:
    """Yield what is wrong between fields."""
    if isinstance(options, Toleration):
        if options.seconds is not None and options.effect != "NoExecute":
            yield "seconds go with the effect NoExecute only"
        if options.operator == "Exists" and options.value is not None:
            yield "a toleration with a value has the operator Equal"
        if options.key is None and options.operator != "Exists":
            yield "a toleration without a key has the operator Exists"


def check_together(options: StepOptions) -> Iterator[str]:
    """Yield what is wrong between the options of one step, all of them merged."""
    resources = options.resources
    for name in ("cpu", "memory"):
        request, limit = (getattr(resources, f"{name}_{kind}") for kind in ("request", "limit"))
        if request and limit and _exceeds(request, limit):
            yield f"the {name} request {request} exceeds the limit {limit}"
    if resources.accelerator_count and not resources.accelerator_type:
        yield f"{resources.accelerator_count} accelerators of no type are asked for"
    context = options.security_context
    if context is not None and context.run_as_non_root and context.run_as_user == 0:
        yield "the security context asks for user 0 (root) and for no root"
    retry = options.retry
    if retry is not None and retry.backoff_seconds > retry.backoff_max_seconds:
        yield (
            f"the first back-off ({retry.backoff_seconds} s) exceeds the longest "
            f"({retry.backoff_max_seconds} s)"
        )


def _exceeds(request: str, limit: str) -> bool:
    try:
        return values.quantity_value(request) > values.quantity_value(limit)
    except BadValueError:
        return False
