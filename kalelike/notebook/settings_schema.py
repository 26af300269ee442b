"""The JSON Schema of a notebook's settings, made from the classes of options.

``settings.schema.json`` beside this file holds it for forms and other tools;
a test keeps the two equal. The schema is never stricter than the reader, which
also checks what a schema cannot say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin

from kalelike.notebook import kubernetes_values as values
from kalelike.notebook.decoding import is_time, plain_type, required_settings, setting_fields
from kalelike.notebook.kale_settings import KALE_KEY, KALE_KEYS
from kalelike.notebook.option_rules import RULES, is_mapping
from kalelike.notebook.options import PipelineOptions, Resources, StepOptions
from kalelike.notebook.settings import OWN_KEY

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_DURATION = r"^(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s?)?$"
_TEXT: Schema = {"type": "string"}
_AMOUNT: Schema = {"type": ["string", "number"]}
_TAGS: Schema = {
    "type": "array",
    "items": {"type": "string"},
    "description": "The options as cell tags spell them, such as `limit:memory:4Gi`.",
}
_LIMITS: Mapping[object, Schema] = {
    values.check_retries: {"minimum": 0, "maximum": 1000},
    values.check_factor: {"minimum": 1, "maximum": 1000},
    values.check_user: {"minimum": 0, "maximum": 2**31 - 1},
    values.check_seconds: {"minimum": 1, "maximum": values.LONGEST_SECONDS},
    values.check_wait: {"minimum": 0, "maximum": values.LONGEST_SECONDS},
    values.check_text: {"maxLength": values.MOST_TEXT},
    values.check_line: {"minLength": 1, "maxLength": values.MOST_LINE},
}

HELP: Mapping[str, Mapping[str, str]] = {
    "PipelineOptions": {
        "name": "The pipeline's name; without it, the notebook's file name.",
        "description": "What the pipeline does, as Kubeflow's pages show it.",
        "experiment": "The experiment that runs belong to.",
        "base_image": "The container image of every step that states none.",
        "timeout": "Time limit of a whole run on Kubeflow.",
        "ttl": "How long Kubeflow keeps a finished run's pods.",
        "kfp_host": "The address of the Kubeflow Pipelines server.",
        "output_path": "The file that a compile writes.",
        "workspace_size": "Size of a volume that the steps of a run share, such as 10Gi.",
    },
    "StepOptions": {
        "display_name": "The step's name in Kubeflow's pages.",
        "image": "The step's container image.",
        "kernel": "The kernel of the step's cells; only Python is supported.",
        "requirements": "Packages for the step's image beside those that its imports need.",
        "resources": "CPU, memory and accelerators.",
        "env": "Environment variables.",
        "field_env": "Environment variables from the pod's fields, such as metadata.name.",
        "secret_env": "Environment variables from secrets.",
        "secret_volumes": "Secrets mounted as files.",
        "config_map_env": "Environment variables from config maps.",
        "config_map_volumes": "Config maps mounted as files.",
        "claims": "Existing persistent volume claims to mount.",
        "ephemeral_volumes": "Volumes made for the step and deleted with it.",
        "empty_dirs": "Scratch folders.",
        "shared_memory": "Size of /dev/shm, such as 1Gi.",
        "labels": "Labels of the step's pod.",
        "annotations": "Annotations of the step's pod.",
        "tolerations": "Taints of nodes that the step tolerates.",
        "node_selector": "Labels that the step's node has to have.",
        "retry": "Further attempts after a failure.",
        "timeout": "Time limit of one attempt.",
        "cache": "Whether an earlier result of the same step may be used again.",
        "report": "Whether the step writes its cells' results as a page and a notebook.",
        "security_context": "Who the step's container runs as.",
        "image_pull_policy": "When the image is pulled.",
        "image_pull_secrets": "Secrets for pulling the image.",
    },
    "Resources": {
        "cpu_request": "CPU that has to be free, such as 500m or 2.",
        "cpu_limit": "Most CPU.",
        "memory_request": "Memory that has to be free, such as 512Mi or 4Gi.",
        "memory_limit": "Most memory.",
        "accelerator_type": "The accelerator's resource, such as nvidia.com/gpu.",
        "accelerator_count": "How many accelerators; 0 undoes a default.",
    },
    "SecretEnv": {
        "secret": "The secret's name.",
        "key": "The key in the secret.",
        "env": "The variable's name.",
        "optional": "Whether the step starts without it, too.",
    },
    "SecretVolume": {
        "secret": "The secret's name.",
        "mount_path": "Where it is mounted.",
        "optional": "Whether the step starts without it, too.",
    },
    "ConfigMapEnv": {
        "config_map": "The config map's name.",
        "key": "The key in the config map.",
        "env": "The variable's name.",
        "optional": "Whether the step starts without it, too.",
    },
    "ConfigMapVolume": {
        "config_map": "The config map's name.",
        "mount_path": "Where it is mounted.",
        "optional": "Whether the step starts without it, too.",
    },
    "ClaimMount": {
        "claim": "The claim's name.",
        "mount_path": "Where it is mounted.",
        "sub_path": "The folder inside the volume.",
    },
    "EphemeralVolume": {
        "name": "The volume's name.",
        "mount_path": "Where it is mounted.",
        "size": "Its size, such as 10Gi.",
        "access_modes": "How nodes may use it.",
        "storage_class": "Its storage class; without it, the cluster's default.",
    },
    "EmptyDir": {
        "name": "The volume's name.",
        "mount_path": "Where it is mounted.",
        "medium": "Memory, or nothing for the node's disk.",
        "size": "The most that it holds.",
    },
    "Toleration": {
        "key": "The taint's key; without it, every taint.",
        "operator": "Exists, or Equal with a value.",
        "value": "The taint's value.",
        "effect": "The taint's effect; without it, every effect.",
        "seconds": "How long NoExecute is tolerated.",
    },
    "Retry": {
        "max_retries": "How many further attempts; 0 undoes a default.",
        "backoff": "The wait before the second attempt.",
        "backoff_factor": "What each wait is multiplied by for the next.",
        "backoff_max": "The longest wait.",
    },
    "SecurityContext": {
        "run_as_user": "The user's number.",
        "run_as_group": "The group's number.",
        "run_as_non_root": "Whether root is refused.",
    },
}
"""What each setting means, by class and setting."""


def settings_schema() -> Schema:
    """Return the schema of a notebook's ``metadata`` object, as far as it is about settings."""
    definitions: dict[str, Schema] = {}
    own = _object(PipelineOptions, definitions)
    step = {"anyOf": [_reference(StepOptions, definitions), _TAGS]}
    own["properties"]["defaults"] = {
        **step,
        "description": "Options of every step; a step's own are laid over them.",
    }
    own["properties"]["steps"] = {
        "type": "object",
        "additionalProperties": step,
        "description": "Options of single steps, by name; tags are laid over them.",
    }
    own["required"] = []
    return {
        "$schema": DIALECT,
        "title": "Settings of a notebook for kalelike, in its metadata",
        "type": "object",
        "properties": {OWN_KEY: _tidy(own), KALE_KEY: _kale()},
        "$defs": {name: definitions[name] for name in sorted(definitions)},
    }


def _object(kind: type, definitions: dict[str, Schema]) -> Schema:
    """Return the schema of a class of options; ``definitions`` gets those that it holds."""
    properties = {
        key: {
            **_field(kind, field, hint, definitions),
            "description": HELP[kind.__name__][key],
            **_default(kind, field),
        }
        for key, (field, hint) in setting_fields(kind).items()
    }
    return {
        "type": "object",
        "properties": properties,
        "required": required_settings(kind),
        "additionalProperties": False,
    }


def _reference(kind: type, definitions: dict[str, Schema]) -> Schema:
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = _tidy(_object(kind, definitions))
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _tidy(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "required" or value}


def _field(kind: type, field: str, hint: Any, definitions: dict[str, Schema]) -> Schema:
    rule = RULES[kind.__name__].get(field)
    if is_mapping(kind, field):
        return {"type": "object", "additionalProperties": _AMOUNT}
    if get_origin(hint) is tuple:
        item: type = get_args(hint)[0]
        structured = is_dataclass(item)
        items = _reference(item, definitions) if structured else {**_TEXT, **_limit(rule)}
        return {"type": "array", "items": items}
    plain: type = plain_type(hint)
    structured = is_dataclass(plain)
    if structured:
        return _reference(plain, definitions)
    if is_time(field):
        number = {"type": "integer", **_limit(rule)}
        return {"anyOf": [number, {"type": "string", "pattern": _DURATION}]}
    if plain is bool:
        return {"type": "boolean"}
    if plain is int:
        return {"type": "integer", **_limit(rule)}
    return {**(_AMOUNT if kind is Resources else _TEXT), **_limit(rule)}


def _limit(rule: object) -> Schema:
    known = getattr(rule, "known", None)
    return {"enum": list(known)} if known else dict(_LIMITS.get(rule, {}))


def _default(kind: Any, name: str) -> Schema:
    """State a default that is a plain value; None and empty mean "not stated"."""
    default = next(field.default for field in fields(kind) if field.name == name)
    plain = isinstance(default, bool | int) or (isinstance(default, str) and default)
    return {"default": default} if plain else {}


def _kale() -> Schema:
    texts: Schema = {"type": ["string", "null"]}
    switch: Schema = {"type": ["boolean", "null"]}
    types: dict[str, Schema] = dict.fromkeys(KALE_KEYS, texts)
    types |= dict.fromkeys(("autosnapshot", "enable_caching", "katib_run"), switch)
    types |= {
        "snapshot_volumes": switch,
        "experiment": {"type": ["object", "string", "null"]},
        "katib_metadata": {"type": ["object", "null"]},
        "marshal_volume": {"type": ["boolean", "string", "null"]},
        "security_context": {"type": ["object", "null"]},
        "steps_defaults": {"type": ["array", "object", "null"], "items": _TEXT},
        "timeout": {"type": ["integer", "string", "null"]},
        "volumes": {"type": ["array", "null"], "items": {"type": "object"}},
    }
    return {
        "type": "object",
        "description": f"Kale's settings as they stand; read where there are none under {OWN_KEY}.",
        "properties": types,
        "additionalProperties": False,
    }
