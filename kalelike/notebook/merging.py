"""Lays one set of step options over another: defaults, then the metadata's table, then tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from kalelike.notebook.options import Resources, SecurityContext, StepOptions

NOTHING = StepOptions()
"""Options that state nothing."""

_PAIRS = frozenset({"env", "field_env", "labels", "annotations", "node_selector"})
_VARIABLES: dict[str, Callable[[Any], str]] = {
    "env": lambda item: item[0],
    "field_env": lambda item: item[0],
    "secret_env": lambda item: item.env,
    "config_map_env": lambda item: item.env,
}
_MOUNTS = frozenset(
    {"secret_volumes", "config_map_volumes", "claims", "ephemeral_volumes", "empty_dirs"}
)
_GROUPS = frozenset({"resources", "security_context"})


def merge_options(base: StepOptions, over: StepOptions) -> StepOptions:
    """Return ``base`` with everything that ``over`` states laid over it.

    Mappings are joined by key, resources and the security context by field.
    A variable or a mount place that ``over`` names leaves ``base`` whatever
    kind it had there. Other lists are joined without repetition.
    """
    if over == NOTHING:
        return base
    if base == NOTHING:
        return over
    named = set(_places(over))
    changes: dict[str, Any] = {}
    for field in fields(StepOptions):
        name = field.name
        old, new = getattr(base, name), getattr(over, name)
        if name in _VARIABLES or name in _MOUNTS:
            kept = tuple(item for item in old if _place(name, item) not in named)
            changes[name] = kept + new
        elif name in _PAIRS:
            changes[name] = tuple({**dict(old), **dict(new)}.items())
        elif name in _GROUPS:
            changes[name] = _merge_group(old, new)
        elif isinstance(old, tuple):
            changes[name] = tuple(dict.fromkeys(old + new))
        else:
            changes[name] = old if new is None else new
    return StepOptions(**changes)


def _merge_group(
    old: Resources | SecurityContext | None, new: Resources | SecurityContext | None
) -> Resources | SecurityContext | None:
    if old is None or new is None:
        return old if new is None else new
    stated = {
        field.name: value
        for field in fields(new)
        if (value := getattr(new, field.name)) is not None
    }
    return replace(old, **stated)


def stated_values(options: StepOptions) -> Iterator[tuple[str, object]]:
    """Yield a name and value for everything that can be stated only once in a step."""
    for field in fields(StepOptions):
        name, value = field.name, getattr(options, field.name)
        if value is None:
            continue
        if name in _VARIABLES or name in _MOUNTS:
            yield from ((_place(name, item), (name, item)) for item in value)
        elif name in _PAIRS:
            yield from ((f"{name} {key}", text) for key, text in value)
        elif name in _GROUPS:
            for part in fields(value):
                if getattr(value, part.name) is not None:
                    yield f"{name}.{part.name}", getattr(value, part.name)
        elif not isinstance(value, tuple):
            yield name, value


def finish_options(options: StepOptions) -> StepOptions:
    """Drop what only undid a default: zero accelerators, zero retries."""
    resources = options.resources
    if resources.accelerator_count == "0":
        resources = replace(resources, accelerator_type=None, accelerator_count=None)
        options = replace(options, resources=resources)
    if options.retry is not None and options.retry.max_retries == 0:
        options = replace(options, retry=None)
    return options


def _places(options: StepOptions) -> Iterator[str]:
    for name in (*_VARIABLES, *_MOUNTS):
        yield from (_place(name, item) for item in getattr(options, name))


def _place(field: str, item: Any) -> str:
    """Name the variable or the mount place that an item takes."""
    if field in _VARIABLES:
        return f"variable {_VARIABLES[field](item)}"
    return f"mount at {item.mount_path.rstrip('/')}"
