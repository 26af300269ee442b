"""Settings: ours and Kale's, each honoured or told at its path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kalelike.diagnostics import Severity
from kalelike.notebook.kale_settings import KALE_KEYS
from kalelike.notebook.options import (
    ClaimMount,
    PipelineOptions,
    Resources,
    Retry,
    SecretEnv,
    SecurityContext,
    StepOptions,
)
from kalelike.notebook.settings import read_settings
from tests.notebook.notebooks import make_notebook, read_metadata


def test_without_settings_the_file_names_the_pipeline() -> None:
    for file, name in (
        ("titanic.ipynb", "titanic"),
        ("my model (2).ipynb", "my model -2"),
        ("{{x}}.ipynb", "x"),
        ("???.ipynb", "pipeline"),
        ("x" * 300 + ".ipynb", "x" * 100),
    ):
        assert read_settings(make_notebook([], name=file)).options == PipelineOptions(name)


OWN: list[tuple[str, dict[str, Any], PipelineOptions]] = [
    ("texts", {"name": "A b", "description": "two\nlines", "experiment": "e", "base_image": "i:1",
               "kfp_host": "https://h", "output_path": "o.yaml", "workspace_size": "5Gi"},
     PipelineOptions("A b", "two\nlines", "e", "i:1", kfp_host="https://h", output_path="o.yaml",
                     workspace_size="5Gi")),
    ("times", {"timeout": "1h", "ttl": 60},
     PipelineOptions("nb", timeout_seconds=3600, ttl_seconds=60)),
    ("null is nothing", {"name": None, "timeout": None, "defaults": None, "steps": None},
     PipelineOptions("nb")),
    ("defaults", {"defaults": {"resources": {"cpu_limit": 2, "memory_limit": "1Gi"}, "cache": False,
                               "retry": {"max_retries": 2, "backoff": "1m"}}},
     PipelineOptions("nb", step_defaults=StepOptions(
         resources=Resources(cpu_limit="2", memory_limit="1Gi"), cache=False, retry=Retry(2, 60)))),
    ("defaults as tags", {"defaults": ["limit:cpu:2", "limit:memory:1Gi", "secret:a:b:C"]},
     PipelineOptions("nb", step_defaults=StepOptions(
         resources=Resources(cpu_limit="2", memory_limit="1Gi"),
         secret_env=(SecretEnv("a", "b", "C"),)))),
    ("steps", {"steps": {"a": {"image": "x"}, "b": ["image:y"]}},
     PipelineOptions("nb", step_overrides=(
         ("a", StepOptions(image="x")), ("b", StepOptions(image="y"))))),
]  # fmt: skip


@pytest.mark.parametrize(("own", "options"), [row[1:] for row in OWN], ids=[row[0] for row in OWN])
def test_our_settings(own: dict[str, Any], options: PipelineOptions) -> None:
    settings = read_metadata({"kalelike": own})
    assert settings.diagnostics == ()
    assert settings.options == options


BAD: list[tuple[str, Any, str, str]] = [
    ("unknown", {"imgae": "x"}, "kalelike.imgae", "the settings here are"),
    ("misspelt", {"defalts": {}}, "kalelike.defalts", "did you mean `defaults`?"),
    ("a part of a name", {"image": "x"}, "kalelike.image", "did you mean `base_image`?"),
    ("no object", [], "kalelike", "an object"),
    ("no text", {"name": 3}, "kalelike.name", "a text"),
    ("blank name", {"name": " "}, "kalelike.name", "one line"),
    ("two lines", {"name": "a\nb"}, "kalelike.name", "one line"),
    ("time", {"timeout": "soon"}, "kalelike.timeout", "no duration"),
    ("no time", {"timeout": 0}, "kalelike.timeout", "from 1 to"),
    ("boolean time", {"timeout": True}, "kalelike.timeout", "a whole number or a duration"),
    ("NaN", {"defaults": {"resources": {"cpu_limit": float("nan")}}},
     "kalelike.defaults.resources.cpu_limit", "finite"),
    ("half a character", {"description": "\ud800"}, "kalelike.description", "surrogate"),
    ("nested", {"defaults": {"retry": {"max_retries": 1, "backoff": "x"}}},
     "kalelike.defaults.retry.backoff", "no duration"),
    ("nested value", {"defaults": {"retry": {"max_retries": 5000}}},
     "kalelike.defaults.retry.max_retries", "0 to 1000"),
    ("missing part", {"defaults": {"secret_env": [{"secret": "a", "env": "B"}]}},
     "kalelike.defaults.secret_env[0]", "no key"),
    ("bad variable in a secret", {"defaults": {"secret_env": [
        {"secret": "a", "key": "k", "env": "1 B"}]}},
     "kalelike.defaults.secret_env[0].env", "environment variable"),
    ("list entry", {"defaults": {"image_pull_secrets": ["ok", 3]}},
     "kalelike.defaults.image_pull_secrets[1]", "a text"),
    ("label", {"defaults": {"labels": {"k": "a b"}}}, "kalelike.defaults.labels.k",
     "label's value"),
    ("no mapping", {"defaults": {"labels": ["k"]}}, "kalelike.defaults.labels", "an object"),
    ("unknown tag", {"defaults": ["limits:cpu:2"]}, "kalelike.defaults[0].limits",
     "did you mean `limit`?"),
    ("a role is no option", {"defaults": ["skip"]}, "kalelike.defaults[0].skip", "the settings"),
    ("bad tag", {"steps": {"a": ["retry:x"]}}, "kalelike.steps.a[0]", "write retry:COUNT"),
    ("steps", {"steps": []}, "kalelike.steps", "an object of steps"),
    ("step", {"steps": {"a": 3}}, "kalelike.steps.a", "an object"),
]  # fmt: skip


@pytest.mark.parametrize(("own", "path", "says"), [row[1:] for row in BAD],
                         ids=[row[0] for row in BAD])  # fmt: skip
def test_a_bad_setting_is_told_at_its_path(own: Any, path: str, says: str) -> None:
    (item,) = read_metadata({"kalelike": own}).diagnostics
    assert (item.code.name, item.severity) == ("bad-setting", Severity.ERROR)
    assert item.location.path == f"metadata.{path}"
    assert says in f"{item.message} {item.hint}"
    assert item.hint


def test_all_mistakes_are_found_at_once() -> None:
    found = read_metadata(
        {"kalelike": {"nmae": "x", "timeout": "x", "defaults": {"cache": 1, "env": 2}}}
    ).diagnostics
    assert len(found) == 4


KALE: list[tuple[str, dict[str, Any], PipelineOptions]] = [
    ("names", {"pipeline_name": "p", "pipeline_description": "d", "experiment_name": "e",
               "base_image": "i:1", "kfp_host": "h", "output_path": "o.yaml", "timeout": 60},
     PipelineOptions("p", "d", "e", "i:1", timeout_seconds=60, kfp_host="h",
                     output_path="o.yaml")),
    ("nothing stated", {"pipeline_name": "", "experiment_name": "", "base_image": "", "volumes": [],
                        "katib_run": False, "katib_metadata": {}, "steps_defaults": {},
                        "timeout": None, "snapshot_volumes": False, "autosnapshot": False},
     PipelineOptions("nb")),
    ("caching off", {"enable_caching": False},
     PipelineOptions("nb", step_defaults=StepOptions(cache=False))),
    ("panel's experiment", {"experiment": {"id": "new", "name": "e"}},
     PipelineOptions("nb", experiment="e")),
    ("panel's experiment, empty", {"experiment": {"id": "", "name": ""}}, PipelineOptions("nb")),
    ("both experiments", {"experiment": {"id": "", "name": "e"}, "experiment_name": "f"},
     PipelineOptions("nb", experiment="f")),
    ("defaults", {"steps_defaults": ["label:a:b", "limit:cpu:2", "image:x", "report:disabled"]},
     PipelineOptions("nb", step_defaults=StepOptions(
         labels=(("a", "b"),), resources=Resources(cpu_limit="2"), image="x", report=False))),
    ("context", {"security_context": {"enabled": True, "run_as_user": 1000}},
     PipelineOptions("nb", step_defaults=StepOptions(
         security_context=SecurityContext(1000, 0, True)))),
    ("context off", {"security_context": {"enabled": False, "run_as_user": 1000}},
     PipelineOptions("nb")),
    ("claim", {"volumes": [{"type": "pvc", "name": "my-data", "mount_point": "/data", "size": 1,
                            "size_type": "Gi", "annotations": [], "snapshot": False,
                            "expose_as_env_var": True}]},
     PipelineOptions("nb", step_defaults=StepOptions(
         claims=(ClaimMount("my-data", "/data"),), env=(("KALE_VOLUME_MY_DATA", "/data"),)))),
]  # fmt: skip


@pytest.mark.parametrize(("kale", "options"), [row[1:] for row in KALE],
                         ids=[row[0] for row in KALE])  # fmt: skip
def test_kales_settings(kale: dict[str, Any], options: PipelineOptions) -> None:
    settings = read_metadata({"kubeflow_notebook": kale})
    assert settings.diagnostics == ()
    assert settings.options == options


TOLD: list[tuple[str, Any, str, Severity, str]] = [
    ("old image", {"docker_image": "x"}, "docker_image", Severity.NOTE, "base_image"),
    ("snapshots", {"autosnapshot": True}, "autosnapshot", Severity.NOTE, "no effect"),
    ("marshal", {"marshal_volume": True}, "marshal_volume", Severity.NOTE, "artifacts"),
    ("search", {"katib_run": True}, "katib_run", Severity.WARNING, "no hyperparameter search"),
    ("search's settings", {"katib_metadata": {"maxTrialCount": 3}}, "katib_metadata",
     Severity.NOTE, "no hyperparameter search"),
    ("new volume", {"volumes": [{"type": "new_pvc", "name": "a", "mount_point": "/a"}]},
     "volumes[0]", Severity.WARNING, "new_pvc is not mounted"),
    ("snapshot of a claim", {"volumes": [{"type": "pvc", "name": "a", "mount_point": "/a",
                                          "snapshot": True}]},
     "volumes[0].snapshot", Severity.NOTE, "not copied"),
    ("bad claim", {"volumes": [{"type": "pvc", "name": "A b", "mount_point": "/a"}]},
     "volumes[0].name", Severity.ERROR, "Kubernetes object"),
    ("claim nowhere", {"volumes": [{"type": "pvc", "name": "a", "mount_point": "a"}]},
     "volumes[0].mount_point", Severity.ERROR, "absolute path"),
    ("unknown", {"pipeline_nme": "x"}, "pipeline_nme", Severity.ERROR,
     "did you mean `pipeline_name`?"),
    ("bad default", {"steps_defaults": ["limit:cpu:x"]}, "steps_defaults[0]", Severity.ERROR,
     "quantity"),
    ("bad switch", {"enable_caching": "yes"}, "enable_caching", Severity.ERROR, "true or false"),
    ("bad context", {"security_context": {"run_as_user": "root"}}, "security_context.run_as_user",
     Severity.ERROR, "whole number"),
]  # fmt: skip


@pytest.mark.parametrize(("kale", "path", "weight", "says"), [row[1:] for row in TOLD],
                         ids=[row[0] for row in TOLD])  # fmt: skip
def test_what_is_told_about_kales_settings(
    kale: Any, path: str, weight: Severity, says: str
) -> None:
    (item,) = read_metadata({"kubeflow_notebook": kale}).diagnostics
    assert item.location.path == f"metadata.kubeflow_notebook.{path}"
    assert item.severity is weight
    assert says in f"{item.message} {item.hint}"


@pytest.mark.parametrize("key", KALE_KEYS)
def test_no_setting_of_kale_is_dropped_without_a_word(key: str) -> None:
    values: dict[str, Any] = {
        "timeout": 60, "enable_caching": False, "experiment": {"name": "e"}, "katib_run": True,
        "katib_metadata": {"algorithm": {}}, "security_context": {"run_as_user": 7},
        "steps_defaults": ["label:a:b"],
        "volumes": [{"type": "pvc", "name": "v", "mount_point": "/v"}],
    }  # fmt: skip
    settings = read_metadata({"kubeflow_notebook": {key: values.get(key, "word")}})
    assert settings.diagnostics or settings.options != PipelineOptions("nb")


def test_our_settings_go_before_kales() -> None:
    settings = read_metadata(
        {"kalelike": {"name": "a"}, "kubeflow_notebook": {"pipeline_name": "b"}}
    )
    assert settings.options.name == "a"
    (item,) = settings.diagnostics
    assert item.severity is Severity.NOTE


def test_the_readmes_example_is_read() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    block = text.partition("```json\n")[2].partition("```")[0]
    settings = read_metadata(json.loads(f"{{{block}}}"))
    assert settings.diagnostics == ()
    assert settings.options.step_overrides[0][1].resources == Resources(cpu_limit="4")
