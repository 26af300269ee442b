"""One option of a step, from its tag or its entry in the metadata, checked and applied.

Quantities follow Kubernetes' grammar ("Resource Management for Pods and
Containers"), names its rules for labels and environment variables.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from kalelike.notebook.options import (
    ClaimMount,
    ConfigMapEnv,
    ConfigMapVolume,
    EmptyDir,
    EphemeralVolume,
    Pairs,
    Resources,
    Retry,
    SecretEnv,
    SecretVolume,
    SecurityContext,
    StepOptions,
    Toleration,
)

_QUANTITY = re.compile(r"\+?(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?")
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_SWITCH = {"enabled": True, "disabled": False, "true": True, "false": False, "on": True,
           "off": False}  # fmt: skip


class BadOption(ValueError):
    """The option's value cannot be used; the text says why and what is wanted."""


def apply_option(options: StepOptions, key: str, value: str) -> StepOptions:
    """Return ``options`` with one more option; raises :class:`BadOption`.

    ``key`` is one of :data:`OPTION_KEYS`, ``value`` the text after the first colon.
    """
    return OPTION_KEYS[key](options, value)


def duration(text: str) -> int:
    """Return seconds of ``90``, ``90s``, ``5m``, ``1h30m``, ``2d``; raises :class:`BadOption`."""
    match = _DURATION.fullmatch(text.strip())
    if not text.strip() or match is None or not any(match.groups()):
        raise BadOption(f"{text!r} is not a duration: write 90s, 5m, 1h or 2d")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _quantity(text: str) -> str:
    if not _QUANTITY.fullmatch(text):
        raise BadOption(f"{text!r} is not a Kubernetes quantity: write 500m, 2, 512Mi or 4Gi")
    return text


def _parts(value: str, least: int, most: int, form: str) -> list[str]:
    parts = value.split(":", most - 1)
    if len(parts) < least or not all(parts[:least]):
        raise BadOption(f"{value!r} is not of the form {form}")
    return parts


def _whole(text: str, what: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise BadOption(f"{what} has to be a whole number, not {text!r}")
    return int(text)


def _switch(text: str) -> bool:
    try:
        return _SWITCH[text.lower()]
    except KeyError:
        raise BadOption(f"{text!r} is neither enabled nor disabled") from None


def _env_name(text: str) -> str:
    if not _ENV.fullmatch(text):
        raise BadOption(f"{text!r} cannot be the name of an environment variable")
    return text


def _object_name(text: str) -> str:
    if not _NAME.fullmatch(text) or len(text) > 253:
        raise BadOption(f"{text!r} cannot be the name of a Kubernetes object")
    return text


def _absolute(text: str) -> str:
    if not text.startswith("/") or ".." in text.split("/"):
        raise BadOption(f"{text!r} is not an absolute path")
    return text


def _with_pair(pairs: Pairs, key: str, value: str) -> Pairs:
    return (*(item for item in pairs if item[0] != key), (key, value))


def _limit(options: StepOptions, value: str) -> StepOptions:
    kind, amount = _parts(value, 2, 2, "limit:RESOURCE:AMOUNT")
    resources = options.resources
    if kind == "cpu":
        resources = replace(resources, cpu_limit=_quantity(amount))
    elif kind == "memory":
        resources = replace(resources, memory_limit=_quantity(amount))
    elif kind in ("gpu", "accelerator"):
        resources = _accelerated(resources, "nvidia.com/gpu", amount)
    elif "/" in kind:
        resources = _accelerated(resources, kind, amount)
    else:
        raise BadOption(f"{kind!r} is no resource: cpu, memory, or one like nvidia.com/gpu")
    return replace(options, resources=resources)


def _accelerated(resources: Resources, kind: str, amount: str) -> Resources:
    count = str(_whole(amount, "the number of accelerators"))
    return replace(resources, accelerator_type=kind, accelerator_count=count)


def _request(options: StepOptions, value: str) -> StepOptions:
    kind, amount = _parts(value, 2, 2, "request:RESOURCE:AMOUNT")
    if kind == "cpu":
        return replace(options, resources=replace(options.resources, cpu_request=_quantity(amount)))
    if kind == "memory":
        return replace(
            options, resources=replace(options.resources, memory_request=_quantity(amount))
        )
    raise BadOption(f"only cpu and memory can be requested, not {kind!r}")


def _env(options: StepOptions, value: str) -> StepOptions:
    name, text = (*_parts(value, 1, 2, "env:NAME:VALUE"), "")[:2]
    return replace(options, env=_with_pair(options.env, _env_name(name), text))


def _field_env(options: StepOptions, value: str) -> StepOptions:
    name, path = _parts(value, 2, 2, "field-env:NAME:PATH")
    return replace(options, field_env=_with_pair(options.field_env, _env_name(name), path))


def _secret(options: StepOptions, value: str) -> StepOptions:
    name, key, env = _parts(value, 3, 3, "secret:NAME:KEY:ENV")
    item = SecretEnv(_object_name(name), key, _env_name(env))
    return replace(options, secret_env=(*options.secret_env, item))


def _secret_volume(options: StepOptions, value: str) -> StepOptions:
    name, path = _parts(value, 2, 2, "secret-volume:NAME:PATH")
    item = SecretVolume(_object_name(name), _absolute(path))
    return replace(options, secret_volumes=(*options.secret_volumes, item))


def _config_map(options: StepOptions, value: str) -> StepOptions:
    name, key, env = _parts(value, 3, 3, "config-map:NAME:KEY:ENV")
    item = ConfigMapEnv(_object_name(name), key, _env_name(env))
    return replace(options, config_map_env=(*options.config_map_env, item))


def _config_map_volume(options: StepOptions, value: str) -> StepOptions:
    name, path = _parts(value, 2, 2, "config-map-volume:NAME:PATH")
    item = ConfigMapVolume(_object_name(name), _absolute(path))
    return replace(options, config_map_volumes=(*options.config_map_volumes, item))


def _volume(options: StepOptions, value: str) -> StepOptions:
    parts = _parts(value, 2, 3, "volume:CLAIM:PATH[:SUBPATH]")
    sub_path = parts[2] if len(parts) > 2 else None
    item = ClaimMount(_object_name(parts[0]), _absolute(parts[1]), sub_path)
    return replace(options, claims=(*options.claims, item))


def _ephemeral(options: StepOptions, value: str) -> StepOptions:
    name, path, size = _parts(value, 3, 3, "ephemeral-volume:NAME:PATH:SIZE")
    item = EphemeralVolume(_object_name(name), _absolute(path), _quantity(size))
    return replace(options, ephemeral_volumes=(*options.ephemeral_volumes, item))


def _empty_dir(options: StepOptions, value: str) -> StepOptions:
    parts = _parts(value, 2, 3, "empty-dir:NAME:PATH[:SIZE]")
    size = _quantity(parts[2]) if len(parts) > 2 else None
    item = EmptyDir(_object_name(parts[0]), _absolute(parts[1]), size=size)
    return replace(options, empty_dirs=(*options.empty_dirs, item))


def _toleration(options: StepOptions, value: str) -> StepOptions:
    parts = _parts(value, 1, 2, "toleration:KEY[=VALUE][:EFFECT]")
    key, equals, text = parts[0].partition("=")
    effect = parts[1] if len(parts) > 1 else None
    if effect not in (None, "NoSchedule", "PreferNoSchedule", "NoExecute"):
        raise BadOption(f"{effect!r} is no effect: NoSchedule, PreferNoSchedule or NoExecute")
    item = Toleration(key, "Equal" if equals else "Exists", text if equals else None, effect)
    return replace(options, tolerations=(*options.tolerations, item))


def _retry(options: StepOptions, value: str) -> StepOptions:
    parts = _parts(value, 1, 4, "retry:COUNT[:BACKOFF[:FACTOR[:LONGEST]]]")
    retry = Retry(_whole(parts[0], "the number of retries"))
    if len(parts) > 1:
        retry = replace(retry, backoff_seconds=duration(parts[1]))
    if len(parts) > 2:
        retry = replace(retry, backoff_factor=_whole(parts[2], "the back-off's factor"))
    if len(parts) > 3:
        retry = replace(retry, backoff_max_seconds=duration(parts[3]))
    return replace(options, retry=retry)


def _timeout(options: StepOptions, value: str) -> StepOptions:
    seconds = duration(value)
    if seconds == 0:
        raise BadOption("a timeout has to be longer than nothing")
    return replace(options, timeout_seconds=seconds)


def _pull_policy(options: StepOptions, value: str) -> StepOptions:
    if value not in ("Always", "IfNotPresent", "Never"):
        raise BadOption(f"{value!r} is no pull policy: Always, IfNotPresent or Never")
    return replace(options, image_pull_policy=value)


def _image(options: StepOptions, value: str) -> StepOptions:
    if not value or any(letter.isspace() for letter in value):
        raise BadOption(f"{value!r} is not an image reference")
    return replace(options, image=value)


def _security(field: str) -> Callable[[StepOptions, str], StepOptions]:
    def apply(options: StepOptions, value: str) -> StepOptions:
        given = _switch(value) if field == "run_as_non_root" else _whole(value, "an id")
        context = options.security_context or SecurityContext()
        return replace(options, security_context=replace(context, **{field: given}))

    return apply


def _pair(field: str, form: str) -> Callable[[StepOptions, str], StepOptions]:
    def apply(options: StepOptions, value: str) -> StepOptions:
        key, text = (*_parts(value, 1, 2, form), "")[:2]
        pairs: Pairs = getattr(options, field)
        return replace(options, **{field: _with_pair(pairs, key, text)})

    return apply


def _text(field: str) -> Callable[[StepOptions, str], StepOptions]:
    def apply(options: StepOptions, value: str) -> StepOptions:
        if not value:
            raise BadOption("a value is missing")
        return replace(options, **{field: value})

    return apply


def _listed(field: str) -> Callable[[StepOptions, str], StepOptions]:
    def apply(options: StepOptions, value: str) -> StepOptions:
        if not value:
            raise BadOption("a value is missing")
        return replace(options, **{field: (*getattr(options, field), value)})

    return apply


def _flag(field: str) -> Callable[[StepOptions, str], StepOptions]:
    return lambda options, value: replace(options, **{field: _switch(value)})


def _shared_memory(options: StepOptions, value: str) -> StepOptions:
    return replace(options, shared_memory=_quantity(value))


OPTION_KEYS: dict[str, Callable[[StepOptions, str], StepOptions]] = {
    "image": _image,
    "kernel": _text("kernel"),
    "requirement": _listed("requirements"),
    "display-name": _text("display_name"),
    "limit": _limit,
    "request": _request,
    "env": _env,
    "field-env": _field_env,
    "secret": _secret,
    "secret-volume": _secret_volume,
    "config-map": _config_map,
    "config-map-volume": _config_map_volume,
    "volume": _volume,
    "ephemeral-volume": _ephemeral,
    "empty-dir": _empty_dir,
    "shared-memory": _shared_memory,
    "label": _pair("labels", "label:KEY:VALUE"),
    "annotation": _pair("annotations", "annotation:KEY:VALUE"),
    "node-selector": _pair("node_selector", "node-selector:KEY:VALUE"),
    "toleration": _toleration,
    "retry": _retry,
    "timeout": _timeout,
    "cache": _flag("cache"),
    "report": _flag("report"),
    "run-as-user": _security("run_as_user"),
    "run-as-group": _security("run_as_group"),
    "run-as-non-root": _security("run_as_non_root"),
    "pull-policy": _pull_policy,
    "pull-secret": _listed("image_pull_secrets"),
}
"""How each option of a step is applied, by its tag's word."""
