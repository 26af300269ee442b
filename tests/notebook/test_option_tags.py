"""Option tags: each form, and each way of getting it wrong."""

from __future__ import annotations

from typing import Any

import pytest

from kalelike.notebook.kubernetes_values import BadValueError
from kalelike.notebook.option_tags import OPTION_TAGS, parse_option
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


def resources(**stated: str) -> dict[str, Any]:
    return {"resources": Resources(**stated)}


GOOD: list[tuple[str, dict[str, Any]]] = [
    ("annotation:k:v", {"annotations": (("k", "v"),)}),
    ("annotation:home:http://x.y:80/z", {"annotations": (("home", "http://x.y:80/z"),)}),
    ("annotation:a.b/c:it's \"x\"", {"annotations": (("a.b/c", "it's \"x\""),)}),
    ("annotation:k:", {"annotations": (("k", ""),)}),
    ("cache:enabled", {"cache": True}),
    ("cache:disabled", {"cache": False}),
    ("config-map:cm:key.x:VAR", {"config_map_env": (ConfigMapEnv("cm", "key.x", "VAR"),)}),
    ("config-map-volume:cm:/etc/cm", {"config_map_volumes": (ConfigMapVolume("cm", "/etc/cm"),)}),
    ("display-name:Train the model", {"display_name": "Train the model"}),
    ("empty-dir:tmp:/scratch", {"empty_dirs": (EmptyDir("tmp", "/scratch"),)}),
    ("empty-dir:tmp:/scratch:1Gi", {"empty_dirs": (EmptyDir("tmp", "/scratch", None, "1Gi"),)}),
    ("empty-dir:t:/s:1Gi:Memory", {"empty_dirs": (EmptyDir("t", "/s", "Memory", "1Gi"),)}),
    ("env:A:b:c=d", {"env": (("A", "b:c=d"),)}),
    ("env:A: $(HOME) {{x}}", {"env": (("A", " $(HOME) {{x}}"),)}),
    ("env:A:", {"env": (("A", ""),)}),
    ("ephemeral-volume:v:/v:5Gi", {"ephemeral_volumes": (EphemeralVolume("v", "/v", "5Gi"),)}),
    ("ephemeral-volume:v:/v:5Gi:fast",
     {"ephemeral_volumes": (EphemeralVolume("v", "/v", "5Gi", storage_class="fast"),)}),
    ("field-env:POD:metadata.name", {"field_env": (("POD", "metadata.name"),)}),
    ("field-env:APP:metadata.labels['app']", {"field_env": (("APP", "metadata.labels['app']"),)}),
    ("image:python:3.11-slim", {"image": "python:3.11-slim"}),
    ("image:r.x:5000/a/b@sha256:" + "0" * 64, {"image": "r.x:5000/a/b@sha256:" + "0" * 64}),
    ("kernel:python3", {"kernel": "python3"}),
    ("label:team:ml", {"labels": (("team", "ml"),)}),
    ("limit:cpu:500m", resources(cpu_limit="500m")),
    ("limit:cpu:0.5", resources(cpu_limit="0.5")),
    ("limit:memory:4Gi", resources(memory_limit="4Gi")),
    ("limit:memory:1e9", resources(memory_limit="1e9")),
    ("limit:nvidia.com/gpu:2", resources(accelerator_type="nvidia.com/gpu", accelerator_count="2")),
    ("limit:amd.com/gpu:1", resources(accelerator_type="amd.com/gpu", accelerator_count="1")),
    ("limit:nvidia.com/gpu:0", resources(accelerator_type="nvidia.com/gpu", accelerator_count="0")),
    ("node-selector:disk:ssd", {"node_selector": (("disk", "ssd"),)}),
    ("pull-policy:Always", {"image_pull_policy": "Always"}),
    ("pull-secret:regcred", {"image_pull_secrets": ("regcred",)}),
    ("report:disabled", {"report": False}),
    ("request:cpu:2", resources(cpu_request="2")),
    ("request:memory:512Mi", resources(memory_request="512Mi")),
    ("requirement:pandas>=2", {"requirements": ("pandas>=2",)}),
    ("retry:3", {"retry": Retry(3)}),
    ("retry:3:30s", {"retry": Retry(3, 30)}),
    ("retry:3:30s:4", {"retry": Retry(3, 30, 4)}),
    ("retry:3:30s:4:10m", {"retry": Retry(3, 30, 4, 600)}),
    ("retry:3:2h", {"retry": Retry(3, 7200, 2, 7200)}),
    ("retry:0", {"retry": Retry(0)}),
    ("run-as-group:0", {"security_context": SecurityContext(run_as_group=0)}),
    ("run-as-non-root:true", {"security_context": SecurityContext(run_as_non_root=True)}),
    ("run-as-non-root:false", {"security_context": SecurityContext(run_as_non_root=False)}),
    ("run-as-user:1000", {"security_context": SecurityContext(run_as_user=1000)}),
    ("secret:db:password:DB_PW", {"secret_env": (SecretEnv("db", "password", "DB_PW"),)}),
    ("secret-volume:db:/etc/db", {"secret_volumes": (SecretVolume("db", "/etc/db"),)}),
    ("shared-memory:1Gi", {"shared_memory": "1Gi"}),
    ("timeout:90", {"timeout_seconds": 90}),
    ("timeout:1h30m", {"timeout_seconds": 5400}),
    ("timeout:2d", {"timeout_seconds": 172800}),
    ("toleration:gpu", {"tolerations": (Toleration("gpu", "Exists"),)}),
    ("toleration:gpu=yes", {"tolerations": (Toleration("gpu", "Equal", "yes"),)}),
    ("toleration:gpu=yes:NoSchedule",
     {"tolerations": (Toleration("gpu", "Equal", "yes", "NoSchedule"),)}),
    ("toleration:gpu:NoExecute:60",
     {"tolerations": (Toleration("gpu", "Exists", None, "NoExecute", 60),)}),
    ("toleration:*", {"tolerations": (Toleration(None, "Exists"),)}),
    ("volume:data:/data", {"claims": (ClaimMount("data", "/data"),)}),
    ("volume:data:/data:sub/dir", {"claims": (ClaimMount("data", "/data", "sub/dir"),)}),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "fields"), GOOD, ids=[row[0][:40] for row in GOOD])
def test_an_option(tag: str, fields: dict[str, Any]) -> None:
    word, _, text = tag.partition(":")
    assert parse_option(word, text) == StepOptions(**fields)


def test_every_option_tag_has_a_row() -> None:
    assert {row[0].partition(":")[0] for row in GOOD} == set(OPTION_TAGS)


BAD = [
    ("annotation:k", "KEY:VALUE"),
    ("annotation:a b:v", "cannot be a key"),
    ("cache:true", "enabled"),
    ("config-map:cm:key", "NAME:KEY:VARIABLE"),
    ("config-map-volume:cm:relative", "absolute path"),
    ("display-name:a\nb", "one line"),
    ("empty-dir:tmp:/", "name a folder"),
    ("empty-dir:tmp:/s:1Gi:Disk", "none of Memory"),
    ("env:1A:b", "environment variable"),
    ("env:A=B:c", "environment variable"),
    ("ephemeral-volume:v:/v", "NAME:PATH:SIZE"),
    ("field-env:A:metadata.nothing", "no field of a pod"),
    ("image:has space", "no image"),
    ("image:http://x", "no image"),
    ("kernel:a b", "kernel"),
    ("label:team:two words", "label's value"),
    ("label:team:" + "x" * 64, "label's value"),
    ("limit:cpu", "RESOURCE:AMOUNT"),
    ("limit:cpu:two", "no Kubernetes quantity"),
    ("limit:cpu:-1", "no Kubernetes quantity"),
    ("limit:cpu:0", "no amount of CPU"),
    ("limit:cpu:1Gi", "no amount of CPU"),
    ("limit:memory:4GB", "did you mean `4Gi`?"),
    ("limit:memory:4gb", "did you mean `4Gi`?"),
    ("limit:memory:512m", "did you mean `512Mi`?"),
    ("limit:memory:0", "no amount of memory"),
    ("limit:gpu:1", "nvidia.com/gpu"),
    ("limit:nvidia.com/gpu:0.5", "no number of accelerators"),
    ("limit:storage:5Gi", "no limit of storage"),
    ("pull-policy:always", "none of Always"),
    ("pull-secret:Not_A_Name", "Kubernetes object"),
    ("request:nvidia.com/gpu:1", "write limit:nvidia.com/gpu:1"),
    ("requirement:--index-url=http://evil", "no requirement"),
    ("retry:many", "whole number"),
    ("retry:-1", "whole number"),
    ("retry:3:soon", "no duration"),
    ("retry:3:30s:1.5", "whole number"),
    ("retry:1001", "0 to 1000"),
    ("run-as-user:root", "whole number"),
    ("run-as-user:99999999999", "whole number"),
    ("run-as-non-root:yes", "true"),
    ("secret:db:password", "NAME:KEY:VARIABLE"),
    ("secret:DB:password:PW", "Kubernetes object"),
    ("secret:db:pass word:PW", "cannot be a key"),
    ("secret-volume:db:/a/../b", "without `..`"),
    ("timeout:0", "from 1"),
    ("timeout:5 minutes", "no duration"),
    ("timeout:1.5h", "no duration"),
    ("toleration:gpu:Sometimes", "none of NoSchedule"),
    ("toleration:gpu:NoSchedule:60", "NoExecute only"),
    ("toleration:gpu:NoExecute:soon", "whole number"),
    ("volume:data", "CLAIM:PATH"),
    ("volume:data:/data:../up", "without `..`"),
    ("env:A:" + "x" * 5000, "at most 4096"),
]


@pytest.mark.parametrize(("tag", "says"), BAD, ids=[row[0][:40] for row in BAD])
def test_a_bad_option_is_refused_and_says_what_is_wanted(tag: str, says: str) -> None:
    word, _, text = tag.partition(":")
    with pytest.raises(BadValueError) as caught:
        parse_option(word, text)
    assert says in str(caught.value)
