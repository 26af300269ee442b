"""Layers of options: defaults, then the metadata's table, then tags."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from kalelike.notebook.merging import finish_options, merge_options
from kalelike.notebook.options import (
    ClaimMount,
    ConfigMapEnv,
    EmptyDir,
    Resources,
    Retry,
    SecretEnv,
    SecurityContext,
    StepOptions,
    Toleration,
)

ROWS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("a scalar", {"image": "a"}, {"image": "b"}, {"image": "b"}),
    ("a switch", {"cache": True}, {"cache": False}, {"cache": False}),
    ("not stated", {"image": "a", "cache": False}, {"kernel": "k"},
     {"image": "a", "cache": False, "kernel": "k"}),
    ("mappings by key", {"labels": (("a", "1"), ("b", "1"))}, {"labels": (("b", "2"), ("c", "2"))},
     {"labels": (("a", "1"), ("b", "2"), ("c", "2"))}),
    ("variables", {"env": (("A", "1"), ("B", "1"))}, {"env": (("B", "2"),)},
     {"env": (("A", "1"), ("B", "2"))}),
    ("a variable of another kind", {"env": (("A", "1"),)},
     {"secret_env": (SecretEnv("s", "k", "A"),)},
     {"env": (), "secret_env": (SecretEnv("s", "k", "A"),)}),
    ("a secret gives way to a config map", {"secret_env": (SecretEnv("s", "k", "A"),)},
     {"config_map_env": (ConfigMapEnv("c", "k", "A"),)},
     {"config_map_env": (ConfigMapEnv("c", "k", "A"),)}),
    ("mounts", {"claims": (ClaimMount("a", "/data"), ClaimMount("a", "/other"))},
     {"empty_dirs": (EmptyDir("tmp", "/data/"),)},
     {"claims": (ClaimMount("a", "/other"),), "empty_dirs": (EmptyDir("tmp", "/data/"),)}),
    ("resources by field", {"resources": Resources("1", "2", "1Gi")},
     {"resources": Resources(cpu_limit="4")}, {"resources": Resources("1", "4", "1Gi")}),
    ("context by field", {"security_context": SecurityContext(1000, 0, True)},
     {"security_context": SecurityContext(run_as_user=7)},
     {"security_context": SecurityContext(7, 0, True)}),
    ("context from nothing", {}, {"security_context": SecurityContext(7)},
     {"security_context": SecurityContext(7)}),
    ("a retry whole", {"retry": Retry(3, 60, 4, 600)}, {"retry": Retry(1)}, {"retry": Retry(1)}),
    ("lists", {"tolerations": (Toleration("a"),), "requirements": ("x",)},
     {"tolerations": (Toleration("b"), Toleration("a")), "requirements": ("y", "x")},
     {"tolerations": (Toleration("a"), Toleration("b")), "requirements": ("x", "y")}),
]  # fmt: skip


@pytest.mark.parametrize(("base", "over", "merged"), [row[1:] for row in ROWS],
                         ids=[row[0] for row in ROWS])  # fmt: skip
def test_merge(base: dict[str, Any], over: dict[str, Any], merged: dict[str, Any]) -> None:
    assert merge_options(StepOptions(**base), StepOptions(**over)) == StepOptions(**merged)


@pytest.mark.parametrize("field", [item.name for item in fields(StepOptions)])
def test_nothing_is_lost_on_either_side(field: str) -> None:
    from tests.emit.every_option import EVERY_OPTION

    value = getattr(EVERY_OPTION, field)
    alone, other = (
        StepOptions(**{field: value}),
        StepOptions(**({"image": "other"} if field != "image" else {"kernel": "other"})),
    )
    assert getattr(merge_options(alone, other), field) == value
    assert getattr(merge_options(other, alone), field) == value


def test_zero_undoes_a_default() -> None:
    gpu = StepOptions(resources=Resources(accelerator_type="g/u", accelerator_count="1"))
    none = StepOptions(resources=Resources(accelerator_type="g/u", accelerator_count="0"))
    assert finish_options(merge_options(gpu, none)) == StepOptions()
    retried = merge_options(StepOptions(retry=Retry(3)), StepOptions(retry=Retry(0)))
    assert finish_options(retried) == StepOptions()
