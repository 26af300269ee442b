"""Derive the schema table of ``kalelike.lint.document`` from KFP's own protobuf descriptors.

``python tests/lint/schema_generator.py`` rewrites the table; the test beside
it asserts that the checked-in table equals what this program makes.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[2] / "kalelike" / "lint" / "document" / "schema.json"

WELL_KNOWN = {
    "google.protobuf.Value": "Json",
    "google.protobuf.Struct": "JsonObject",
    "google.protobuf.Duration": "Duration",
}


def derive_schema() -> dict[str, Any]:
    """Return the table: ``{"enums": …, "messages": …}``, as ``schema.py`` documents it."""
    from kfp.kubernetes import kubernetes_executor_config_pb2 as platform
    from kfp.pipeline_spec import pipeline_spec_pb2 as spec

    roots = [
        spec.PipelineSpec.DESCRIPTOR,
        spec.PipelineDeploymentConfig.DESCRIPTOR,
        spec.PlatformSpec.DESCRIPTOR,
        spec.ExecutorInput.DESCRIPTOR,
        platform.KubernetesExecutorConfig.DESCRIPTOR,
    ]
    messages: dict[str, dict[str, str]] = {}
    enums: dict[str, dict[str, int]] = {}
    for root in roots:
        _add_message(root, messages, enums)
    return {"enums": dict(sorted(enums.items())), "messages": dict(sorted(messages.items()))}


def render(schema: dict[str, Any]) -> str:
    """Return the table's text, exactly as it is checked in."""
    return json.dumps(schema, indent=1) + "\n"


def _add_message(descriptor: Any, messages: dict[str, Any], enums: dict[str, Any]) -> None:
    name = _short_name(descriptor)
    if name in messages:
        return
    fields = messages[name] = {}
    for field in descriptor.fields:
        fields[field.json_name] = _describe(field)
        for kind in _types_of(field):
            if kind.full_name in WELL_KNOWN:
                continue
            if hasattr(kind, "values_by_name"):
                enums[_short_name(kind)] = {v.name: v.number for v in kind.values}
            else:
                _add_message(kind, messages, enums)


def _describe(field: Any) -> str:
    if _is_map(field):
        text = "map " + _type_name(field.message_type.fields_by_name["value"])
    else:
        text = ("list " if _is_repeated(field) else "") + _type_name(field)
    oneof = field.containing_oneof
    if oneof is not None and not oneof.name.startswith("_"):
        text += f" @{oneof.name}"
    if re.sub("([A-Z])", lambda m: "_" + m[1].lower(), field.json_name) != field.name:
        text += f" ={field.name}"
    return text


def _types_of(field: Any) -> Iterable[Any]:
    value = field.message_type.fields_by_name["value"] if _is_map(field) else field
    return [kind for kind in (value.message_type, value.enum_type) if kind is not None]


def _type_name(field: Any) -> str:
    if field.message_type is not None:
        return _short_name(field.message_type)
    if field.enum_type is not None:
        return "enum:" + _short_name(field.enum_type)
    names = {
        value: name.removeprefix("TYPE_").lower()
        for name, value in vars(type(field)).items()
        if name.startswith("TYPE_")
    }
    return names[field.type]


def _short_name(descriptor: Any) -> str:
    known = WELL_KNOWN.get(descriptor.full_name)
    return known or descriptor.full_name.split(".", 1)[1]


def _is_repeated(field: Any) -> bool:
    return bool(field.is_repeated)


def _is_map(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and kind.GetOptions().map_entry


if __name__ == "__main__":
    TABLE.write_text(render(derive_schema()), encoding="utf-8")
