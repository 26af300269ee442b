"""Step options as tags spell them: ``limit:memory:2Gi``, ``retry:3:30s:2:1h``, …

Kale 2.3's tags are annotation, label, limit, secret, image, cache and report.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kalelike.notebook.kubernetes_values import MOST_TEXT, BadValueError, parse_duration
from kalelike.notebook.option_rules import check_options
from kalelike.notebook.options import (
    ClaimMount,
    ConfigMapEnv,
    ConfigMapVolume,
    EmptyDir,
    EphemeralVolume,
    Resources,
    Retry,
    SecretEnv,
    SecretVolume,
    SecurityContext,
    StepOptions,
    Toleration,
)

_SWITCH = {"enabled": True, "disabled": False}
_BOOLEAN = {"true": True, "false": False}
_EFFECT = re.compile(r"(?:(?P<key>[^=:]+)(?:=(?P<value>[^:]*))?)(?::(?P<effect>[^:]*))?"
                     r"(?::(?P<seconds>[^:]*))?")  # fmt: skip


@dataclass(frozen=True, slots=True)
class OptionTag:
    """A tag's word: the form of what follows it, and how that becomes options."""

    form: str
    parse: Callable[[str], StepOptions]


class _BadFormError(BadValueError):
    """The text has not the parts that the tag needs."""


def parse_option(word: str, text: str) -> StepOptions:
    """Return the options that the tag ``word:text`` states.

    ``word`` is one of :data:`OPTION_TAGS`. Raises :class:`BadValueError`.
    """
    if len(text) > MOST_TEXT:
        raise BadValueError(f"a tag has at most {MOST_TEXT} characters")
    try:
        options = OPTION_TAGS[word].parse(text)
    except _BadFormError:
        form = OPTION_TAGS[word].form
        raise BadValueError(f"it has to be of the form {word}:{form}") from None
    for _, message in check_options(options):
        raise BadValueError(message)
    return options


def _split(text: str, least: int, most: int) -> list[str | None]:
    """Split at colons; the last part keeps its own. Missing parts are None."""
    parts: list[str | None] = [part.strip() for part in text.split(":", most - 1)]
    if len(parts) < least or not all(parts[:least]):
        raise _BadFormError
    return parts + [None] * (most - len(parts))


def _whole(text: str | None, what: str) -> int:
    if text is None or not re.fullmatch(r"[0-9]{1,10}", text):
        raise BadValueError(f"{what} has to be a whole number, and not {text!r}")
    return int(text)


def _choice(text: str, choices: Mapping[str, bool]) -> bool:
    if text not in choices:
        raise BadValueError(f"{text!r} is neither {' nor '.join(choices)}")
    return choices[text]


def _limit(text: str) -> StepOptions:
    name, amount = _split(text, 2, 2)
    if name == "cpu":
        return StepOptions(resources=Resources(cpu_limit=amount))
    if name == "memory":
        return StepOptions(resources=Resources(memory_limit=amount))
    if name in ("ephemeral-storage", "storage"):
        raise BadValueError("Kubeflow Pipelines has no limit of storage: use cpu, memory, or a GPU")
    return StepOptions(resources=Resources(accelerator_type=name, accelerator_count=amount))


def _request(text: str) -> StepOptions:
    name, amount = _split(text, 2, 2)
    if name == "cpu":
        return StepOptions(resources=Resources(cpu_request=amount))
    if name == "memory":
        return StepOptions(resources=Resources(memory_request=amount))
    raise BadValueError(f"only cpu and memory have requests: write limit:{name}:{amount}")


def _secret(text: str) -> StepOptions:
    secret, key, env = _split(text, 3, 3)
    return StepOptions(secret_env=(SecretEnv(str(secret), str(key), str(env)),))


def _config_map(text: str) -> StepOptions:
    name, key, env = _split(text, 3, 3)
    return StepOptions(config_map_env=(ConfigMapEnv(str(name), str(key), str(env)),))


def _secret_volume(text: str) -> StepOptions:
    name, path = _split(text, 2, 2)
    return StepOptions(secret_volumes=(SecretVolume(str(name), str(path)),))


def _config_map_volume(text: str) -> StepOptions:
    name, path = _split(text, 2, 2)
    return StepOptions(config_map_volumes=(ConfigMapVolume(str(name), str(path)),))


def _volume(text: str) -> StepOptions:
    claim, path, sub_path = _split(text, 2, 3)
    return StepOptions(claims=(ClaimMount(str(claim), str(path), sub_path),))


def _ephemeral(text: str) -> StepOptions:
    name, path, size, storage = _split(text, 3, 4)
    volume = EphemeralVolume(str(name), str(path), str(size), storage_class=storage)
    return StepOptions(ephemeral_volumes=(volume,))


def _empty_dir(text: str) -> StepOptions:
    name, path, size, medium = _split(text, 2, 4)
    return StepOptions(empty_dirs=(EmptyDir(str(name), str(path), medium, size or None),))


def _toleration(text: str) -> StepOptions:
    match = _EFFECT.fullmatch(text)
    if match is None:
        raise _BadFormError
    key, value, effect, seconds = match.group("key", "value", "effect", "seconds")
    wait = None if seconds is None else _whole(seconds, "the time")
    operator = "Exists" if value is None else "Equal"
    # As kubectl spells taints; `*` stands for every key.
    item = Toleration(None if key == "*" else key, operator, value, effect or None, wait)
    return StepOptions(tolerations=(item,))


def _retry(text: str) -> StepOptions:
    count, backoff, factor, longest = _split(text, 1, 4)
    first = parse_duration(backoff) if backoff else 0
    return StepOptions(
        retry=Retry(
            _whole(count, "the number of retries"),
            first,
            _whole(factor, "the factor") if factor else 2,
            parse_duration(longest) if longest else max(3600, first),
        )
    )


def _run_as(field: str) -> Callable[[str], StepOptions]:
    def parse(text: str) -> StepOptions:
        value = text.strip()
        if field == "run_as_non_root":
            return StepOptions(
                security_context=SecurityContext(run_as_non_root=_choice(value, _BOOLEAN))
            )
        number = _whole(value, "the id")
        if field == "run_as_user":
            return StepOptions(security_context=SecurityContext(run_as_user=number))
        return StepOptions(security_context=SecurityContext(run_as_group=number))

    return parse


def _pair(text: str) -> tuple[tuple[str, str]]:
    key, colon, value = text.partition(":")
    if not key or not colon:
        raise _BadFormError
    return ((key.strip(), value),)


OPTION_TAGS: Mapping[str, OptionTag] = {
    "annotation": OptionTag("KEY:VALUE", lambda text: StepOptions(annotations=_pair(text))),
    "cache": OptionTag(
        "enabled|disabled", lambda text: StepOptions(cache=_choice(text.strip(), _SWITCH))
    ),
    "config-map": OptionTag("NAME:KEY:VARIABLE", _config_map),
    "config-map-volume": OptionTag("NAME:PATH", _config_map_volume),
    "display-name": OptionTag("TEXT", lambda text: StepOptions(display_name=text.strip())),
    "empty-dir": OptionTag("NAME:PATH[:SIZE[:Memory]]", _empty_dir),
    "env": OptionTag("NAME:VALUE", lambda text: StepOptions(env=_pair(text))),
    "ephemeral-volume": OptionTag("NAME:PATH:SIZE[:STORAGECLASS]", _ephemeral),
    "field-env": OptionTag("NAME:FIELD", lambda text: StepOptions(field_env=_pair(text))),
    "image": OptionTag("REFERENCE", lambda text: StepOptions(image=text.strip())),
    "kernel": OptionTag("NAME", lambda text: StepOptions(kernel=text.strip())),
    "label": OptionTag("KEY:VALUE", lambda text: StepOptions(labels=_pair(text))),
    "limit": OptionTag("RESOURCE:AMOUNT", _limit),
    "node-selector": OptionTag("KEY:VALUE", lambda text: StepOptions(node_selector=_pair(text))),
    "pull-policy": OptionTag(
        "Always|IfNotPresent|Never", lambda text: StepOptions(image_pull_policy=text.strip())
    ),
    "pull-secret": OptionTag("NAME", lambda text: StepOptions(image_pull_secrets=(text.strip(),))),
    "report": OptionTag(
        "enabled|disabled", lambda text: StepOptions(report=_choice(text.strip(), _SWITCH))
    ),
    "request": OptionTag("RESOURCE:AMOUNT", _request),
    "requirement": OptionTag("PACKAGE", lambda text: StepOptions(requirements=(text.strip(),))),
    "retry": OptionTag("COUNT[:BACKOFF[:FACTOR[:LONGEST]]]", _retry),
    "run-as-group": OptionTag("ID", _run_as("run_as_group")),
    "run-as-non-root": OptionTag("true|false", _run_as("run_as_non_root")),
    "run-as-user": OptionTag("ID", _run_as("run_as_user")),
    "secret": OptionTag("NAME:KEY:VARIABLE", _secret),
    "secret-volume": OptionTag("NAME:PATH", _secret_volume),
    "shared-memory": OptionTag("SIZE", lambda text: StepOptions(shared_memory=text.strip())),
    "timeout": OptionTag(
        "DURATION", lambda text: StepOptions(timeout_seconds=parse_duration(text.strip()))
    ),
    "toleration": OptionTag("KEY[=VALUE][:EFFECT[:SECONDS]]", _toleration),
    "volume": OptionTag("CLAIM:PATH[:SUBPATH]", _volume),
}
"""Every option tag by its word."""
