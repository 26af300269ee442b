"""Step and pipeline options in which every field states something of its own.

``EVERY_TAG`` and ``EVERY_SETTING`` are the same options as tags and as
metadata spell them. Values are unlike each other, so that each can be found.
"""

from __future__ import annotations

from typing import Any

from kalelike.notebook.options import (
    ClaimMount,
    ConfigMapEnv,
    ConfigMapVolume,
    EmptyDir,
    EphemeralVolume,
    PipelineOptions,
    Resources,
    Retry,
    SecretEnv,
    SecretVolume,
    SecurityContext,
    StepOptions,
    Toleration,
)

EVERY_OPTION = StepOptions(
    display_name="Shown Name",
    image="registry.example/step:1",
    kernel="python3",
    requirements=("left-pad>=1",),
    resources=Resources("101m", "102m", "103Mi", "104Mi", "nvidia.com/gpu", "5"),
    env=(("PLAIN", "plain-value"),),
    field_env=(("POD", "metadata.name"),),
    secret_env=(SecretEnv("secret-a", "secret-key", "SECRET_VAR", True),),
    secret_volumes=(SecretVolume("secret-b", "/secret-b", True),),
    config_map_env=(ConfigMapEnv("map-a", "map-key", "MAP_VAR", True),),
    config_map_volumes=(ConfigMapVolume("map-b", "/map-b", True),),
    claims=(ClaimMount("claim-a", "/claim-a", "below"),),
    ephemeral_volumes=(
        EphemeralVolume("ephemeral-a", "/ephemeral-a", "106Gi", ("ReadWriteMany",), "fast"),
    ),
    empty_dirs=(EmptyDir("empty-a", "/empty-a", "Memory", "107Mi"),),
    shared_memory="108Mi",
    labels=(("label-a", "label-value"),),
    annotations=(("note-a", "note value"),),
    tolerations=(Toleration("taint-a", "Equal", "taint-value", "NoExecute", 109),),
    node_selector=(("node-a", "node-value"),),
    retry=Retry(11, 112, 13, 1114),
    timeout_seconds=2115,
    cache=False,
    report=False,
    security_context=SecurityContext(1116, 1117, True),
    image_pull_policy="IfNotPresent",
    image_pull_secrets=("pull-a",),
)

EVERY_TAG = (
    "display-name:Shown Name",
    "image:registry.example/step:1",
    "kernel:python3",
    "requirement:left-pad>=1",
    "request:cpu:101m",
    "limit:cpu:102m",
    "request:memory:103Mi",
    "limit:memory:104Mi",
    "limit:nvidia.com/gpu:5",
    "env:PLAIN:plain-value",
    "field-env:POD:metadata.name",
    "secret:secret-a:secret-key:SECRET_VAR",
    "secret-volume:secret-b:/secret-b",
    "config-map:map-a:map-key:MAP_VAR",
    "config-map-volume:map-b:/map-b",
    "volume:claim-a:/claim-a:below",
    "ephemeral-volume:ephemeral-a:/ephemeral-a:106Gi:fast",
    "empty-dir:empty-a:/empty-a:107Mi:Memory",
    "shared-memory:108Mi",
    "label:label-a:label-value",
    "annotation:note-a:note value",
    "toleration:taint-a=taint-value:NoExecute:109",
    "node-selector:node-a:node-value",
    "retry:11:112s:13:1114s",
    "timeout:2115",
    "cache:disabled",
    "report:disabled",
    "run-as-user:1116",
    "run-as-group:1117",
    "run-as-non-root:true",
    "pull-policy:IfNotPresent",
    "pull-secret:pull-a",
)

EVERY_SETTING: dict[str, Any] = {
    "display_name": "Shown Name",
    "image": "registry.example/step:1",
    "kernel": "python3",
    "requirements": ["left-pad>=1"],
    "resources": {
        "cpu_request": "101m",
        "cpu_limit": "102m",
        "memory_request": "103Mi",
        "memory_limit": "104Mi",
        "accelerator_type": "nvidia.com/gpu",
        "accelerator_count": 5,
    },
    "env": {"PLAIN": "plain-value"},
    "field_env": {"POD": "metadata.name"},
    "secret_env": [
        {"secret": "secret-a", "key": "secret-key", "env": "SECRET_VAR", "optional": True}
    ],
    "secret_volumes": [{"secret": "secret-b", "mount_path": "/secret-b", "optional": True}],
    "config_map_env": [
        {"config_map": "map-a", "key": "map-key", "env": "MAP_VAR", "optional": True}
    ],
    "config_map_volumes": [{"config_map": "map-b", "mount_path": "/map-b", "optional": True}],
    "claims": [{"claim": "claim-a", "mount_path": "/claim-a", "sub_path": "below"}],
    "ephemeral_volumes": [
        {
            "name": "ephemeral-a",
            "mount_path": "/ephemeral-a",
            "size": "106Gi",
            "access_modes": ["ReadWriteMany"],
            "storage_class": "fast",
        }
    ],
    "empty_dirs": [
        {"name": "empty-a", "mount_path": "/empty-a", "medium": "Memory", "size": "107Mi"}
    ],
    "shared_memory": "108Mi",
    "labels": {"label-a": "label-value"},
    "annotations": {"note-a": "note value"},
    "tolerations": [
        {
            "key": "taint-a",
            "operator": "Equal",
            "value": "taint-value",
            "effect": "NoExecute",
            "seconds": 109,
        }
    ],
    "node_selector": {"node-a": "node-value"},
    "retry": {"max_retries": 11, "backoff": 112, "backoff_factor": 13, "backoff_max": "1114s"},
    "timeout": "2115s",
    "cache": False,
    "report": False,
    "security_context": {"run_as_user": 1116, "run_as_group": 1117, "run_as_non_root": True},
    "image_pull_policy": "IfNotPresent",
    "image_pull_secrets": ["pull-a"],
}

EVERY_PIPELINE_OPTION = PipelineOptions(
    name="Whole Pipeline",
    description="What it is for",
    experiment="trial-experiment",
    base_image="registry.example/base:2",
    step_defaults=StepOptions(labels=(("default-label", "default-value"),)),
    timeout_seconds=3118,
    ttl_seconds=3119,
    kfp_host="https://kfp.example",
    output_path="out.yaml",
    workspace_size="120Gi",
    step_overrides=(("one", StepOptions(labels=(("override-label", "override-value"),))),),
)

EVERY_PIPELINE_SETTING: dict[str, Any] = {
    "name": "Whole Pipeline",
    "description": "What it is for",
    "experiment": "trial-experiment",
    "base_image": "registry.example/base:2",
    "defaults": {"labels": {"default-label": "default-value"}},
    "timeout": 3118,
    "ttl": 3119,
    "kfp_host": "https://kfp.example",
    "output_path": "out.yaml",
    "workspace_size": "120Gi",
    "steps": {"one": {"labels": {"override-label": "override-value"}}},
}
