"""Called from within Kale's steps: writes down what a step holds at its end, for the comparison."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from kalelike.runtime.observing import observe, own_names

FOLDER = "KALE_PROBE"


def look(step: str, namespace: dict[str, Any]) -> None:
    """Write the fingerprints of a namespace's own values into the folder that is named."""
    names = [name for name in own_names(namespace) if not name.startswith("_")]
    path = Path(os.environ[FOLDER], f"{step}.json")
    path.write_text(json.dumps(observe(namespace, names)), "utf-8")
