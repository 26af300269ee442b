"""What cells showed, small enough for a step's record: pictures by their hash."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from kalelike.runtime.atomic import strict_json
from kalelike.runtime.report import CellReport

PICTURE_HASH = "sha256:"
_MOST_SHOWN = 24 * 1024


def shown_outputs(cells: Sequence[CellReport]) -> dict[str, list[dict[str, Any]]]:
    """Return what cells showed, for a record: by their index, of pictures only the hash.

    All together take at most 24 KiB; the cells after those that fit are left out.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    room = _MOST_SHOWN
    for cell in cells:
        outputs = [_slim(item) for item in cell.outputs]
        room -= len(strict_json(outputs))
        if room < 0:
            break
        found[str(cell.index)] = outputs
    return found


def _slim(output: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: output[key] for key in ("output_type", "name", "text") if key in output}
    if "data" in output:
        kept["data"] = {
            kind: picture_hash(data) if is_picture(kind) else data
            for kind, data in output["data"].items()
        }
    return kept


def is_picture(kind: str) -> bool:
    """Tell whether data of a MIME type is bytes in base64."""
    return kind.startswith("image/") and kind != "image/svg+xml"


def picture_hash(data: object) -> str:
    """Return ``sha256:`` and the hash of a picture's bytes, which are given in base64."""
    text = "".join(data) if isinstance(data, list) else str(data)
    try:
        content = base64.b64decode(text)
    except ValueError:
        content = text.encode("utf-8", "replace")
    return PICTURE_HASH + hashlib.sha256(content).hexdigest()
