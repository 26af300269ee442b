"""The bill of materials is one by CycloneDX's own schema."""

from __future__ import annotations

import json
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from kalelike.image.sbom import render_sbom
from tests.image.notebooks import compiled
from tests.image.test_plan import CELLS, plans


def test_it_is_valid_complete_and_the_same_again(tmp_path: Path) -> None:
    (plan, *_) = plans(compiled(tmp_path, CELLS, {"name": "a ü <b>"})).images
    hashes = {pin.name: "0" * 64 for pin in plan.pins}
    text = render_sbom(plan, hashes)
    validator = JsonStrictValidator(SchemaVersion.V1_5)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"library"', '"book"')) is not None
    data = json.loads(text)
    versions = {item["name"]: item["version"] for item in data["components"]}
    assert {pin.name: pin.version for pin in plan.pins}.items() <= versions.items()
    assert versions[plan.base.reference] == plan.base.identity
    assert render_sbom(plan, hashes) == text
