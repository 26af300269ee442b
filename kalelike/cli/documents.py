"""Compiled pipelines as inputs of commands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kalelike.diagnostics import Location, diagnose
from kalelike.emit import PipelineDocument, from_yaml
from kalelike.errors import KalelikeError


def read_text_file(path: Path, largest: int | None = None) -> str:
    """Return a file's text; raises ``KalelikeError`` for what is not a readable UTF-8 file.

    A document of more than ``largest`` bytes is refused before it is read.
    """
    place = Location(path.name or str(path))
    try:
        if not path.is_file():
            code = "not-a-file" if path.exists() else "file-not-found"
            what = "is not a regular file" if path.exists() else "does not exist"
            raise KalelikeError([diagnose(code, f"{path} {what}", place, "check the path")])
        size = path.stat().st_size
        if largest is not None and size > largest:
            message = f"the document has {size:,} bytes, and KFP takes {largest:,}"
            raise KalelikeError([diagnose("document-too-large", message, place)])
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8 text"
        raise KalelikeError([diagnose("not-utf8", message, place)]) from None
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
        raise KalelikeError(
            [diagnose("not-readable", message, place, "check its permissions")]
        ) from None


def read_document(path: Path) -> PipelineDocument:
    """Read a compiled pipeline that has no errors; raises ``KalelikeError``.

    The limits of clusters do not hold here.
    """
    from kalelike.diagnostics import has_errors
    from kalelike.lint.document import CLUSTER_LIMITS, check_text

    text = read_text_file(path)
    found = check_text(text, path.name)
    if has_errors(item for item in found if item.code.name not in CLUSTER_LIMITS):
        raise KalelikeError(found)
    document = from_yaml(text)
    return PipelineDocument(
        _without_nulls(document.ir),
        _without_nulls(document.platform) if document.platform is not None else None,
    )


# Messages whose null is a value (``google.protobuf.Value``).
_VALUES = frozenset({"constant", "defaultValue"})


def _without_nulls(part: Any) -> Any:
    """Leave out fields that are null: protobuf's JSON means by it that they are not set."""
    if isinstance(part, Mapping):
        return {
            key: item if key in _VALUES else _without_nulls(item)
            for key, item in part.items()
            if item is not None or key in _VALUES
        }
    return [_without_nulls(item) for item in part] if isinstance(part, list) else part


def step_sources(ir: Mapping[str, Any], folders: Sequence[Path]) -> tuple[str, ...]:
    """Return the sources that the document's steps run, as far as their code is here."""
    found: dict[str, None] = {}
    for executor in ir.get("deploymentSpec", {}).get("executors", {}).values():
        arguments = executor.get("container", {}).get("args", [])
        for folder in folders:
            code = folder / f"{'-'.join(map(str, arguments[:2]))}.json"
            if code.parent != folder:
                continue
            try:
                data = json.loads(code.read_text("utf-8"))
                sources = [item["source"] for item in (*data["preamble"], *data["cells"])]
            except (OSError, ValueError, KeyError, TypeError):
                continue
            found.update(dict.fromkeys(map(str, sources)))
            break
    return tuple(found)
