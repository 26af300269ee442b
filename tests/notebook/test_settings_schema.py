"""The shipped schema: made from the classes, complete, and never stricter than the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import kalelike.notebook.settings_schema as module
from kalelike.diagnostics import Severity
from kalelike.notebook.settings_schema import settings_schema
from tests.conftest import Golden
from tests.notebook.notebooks import read_metadata

SHIPPED = Path(module.__file__).with_name("settings.schema.json")
EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "notebooks").glob("*.ipynb"))


def test_the_shipped_file_is_what_the_classes_say(golden: Golden) -> None:
    golden.check(json.dumps(settings_schema(), indent=2) + "\n", SHIPPED)


def test_it_is_a_schema_with_a_description_at_every_setting() -> None:
    schema = json.loads(SHIPPED.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    own = [schema["properties"]["kalelike"], *schema["$defs"].values()]
    for definition in own:
        for name, setting in definition["properties"].items():
            assert setting.get("description"), name


def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(SHIPPED.read_text("utf-8")))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_follow_it(path: Path) -> None:
    metadata = json.loads(path.read_text("utf-8"))["metadata"]
    assert list(validator().iter_errors(metadata)) == []


GOOD: list[tuple[str, Any]] = [
    ("nothing", {}),
    ("times", {"kalelike": {"timeout": "1h30m", "ttl": 60, "steps": {"a": {"timeout": "90"}}}}),
    ("tags", {"kalelike": {"defaults": ["limit:cpu:2", "retry:3"], "steps": {"b": ["env:A:b"]}}}),
    ("numbers for amounts", {"kalelike": {"defaults": {"resources": {"cpu_limit": 0.5}}}}),
    ("numbers for labels", {"kalelike": {"defaults": {"labels": {"version": 3}}}}),
    ("a whole float", {"kalelike": {"defaults": {"retry": {"max_retries": 2.0}}}}),
    ("Kale", {"kubeflow_notebook": {"pipeline_name": "x", "volumes": [], "timeout": None}}),
    ("Kale 1", {"kubeflow_notebook": {"docker_image": "a/b:c", "autosnapshot": True}}),
]


@pytest.mark.parametrize(("metadata"), [row[1] for row in GOOD], ids=[row[0] for row in GOOD])
def test_what_the_reader_takes_follows_it(metadata: dict[str, Any]) -> None:
    found = read_metadata(metadata).diagnostics
    assert [item for item in found if item.severity is Severity.ERROR] == []
    assert list(validator().iter_errors(metadata)) == []


BAD: list[tuple[str, Any]] = [
    ("an unknown setting", {"kalelike": {"nmae": "x"}}),
    ("an unknown option", {"kalelike": {"defaults": {"cpu": 1}}}),
    ("a list for an object", {"kalelike": []}),
    ("a text for a number", {"kalelike": {"defaults": {"retry": {"max_retries": "3"}}}}),
    ("a number for a switch", {"kalelike": {"defaults": {"cache": 1}}}),
    ("a missing part", {"kalelike": {"defaults": {"claims": [{"claim": "a"}]}}}),
    ("an unknown word", {"kalelike": {"defaults": {"image_pull_policy": "Sometimes"}}}),
    ("no duration", {"kalelike": {"timeout": "1 fortnight"}}),
    ("a negative number", {"kalelike": {"defaults": {"retry": {"max_retries": -1}}}}),
    ("a tag that is no text", {"kalelike": {"defaults": [1]}}),
    ("an unknown setting of Kale", {"kubeflow_notebook": {"pipeline": "x"}}),
]


@pytest.mark.parametrize(("metadata"), [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_what_it_refuses_the_reader_refuses(metadata: dict[str, Any]) -> None:
    assert list(validator().iter_errors(metadata)) != []
    found = read_metadata(metadata).diagnostics
    assert any(item.severity is Severity.ERROR for item in found)
