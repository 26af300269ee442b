"""The certificate: what was verified, by hashes, and the verdict; and the check that it still fits.

It is no signature: its digest tells that the file was changed, not who wrote it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalelike import __version__
from kalelike.compiler import Compilation
from kalelike.diagnostics import Location, diagnose
from kalelike.errors import KalelikeError
from kalelike.runtime.hidden_state import file_digest
from kalelike.verify.findings import Verification

FORMAT = 1
_KIND = "kalelike-verification"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something that is not as it was when the certificate was made."""

    what: str
    was: str
    now: str


def make_certificate(
    made: Verification, compilation: Compilation, environment: Sequence[str]
) -> str:
    """Return the certificate's text (JSON).

    ``environment`` has one line for everything installed that the notebook
    uses.
    """
    told = made.as_dict()
    content = {
        "format": FORMAT,
        "kind": _KIND,
        "kalelike": __version__,
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **_subject_data(compilation, environment),
        **{key: told[key] for key in ("verdict", "proved", "strict", "engine", "rtol", "atol",
                                      "notebook_runs", "steps", "findings")},
    }  # fmt: skip
    return json.dumps({**content, "digest": _digest(content)}, indent=1, ensure_ascii=False) + "\n"


def _subject_data(compilation: Compilation, environment: Sequence[str]) -> dict[str, Any]:
    graph = compilation.graph
    folder = Path(graph.notebook.location.source).parent
    return {
        "notebook": graph.notebook.name,
        "cells": _cells_digest(compilation),
        "code": {str(item.step): item.sha for item in compilation.codes},
        "environment": list(environment),
        "data": {
            name: _file(folder / name) for step in graph.steps for name in sorted(step.data_files)
        },
    }


def _cells_digest(compilation: Compilation) -> str:
    """Hash the code cells and their tags; outputs and texts are not part of it."""
    cells = [
        [item.source, sorted(item.tags)]
        for item in compilation.graph.notebook.cells
        if item.kind == "code"
    ]
    return hashlib.sha256(json.dumps(cells).encode("utf-8", "surrogatepass")).hexdigest()


def _file(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError:
        return "absent"


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_certificate(path: Path) -> dict[str, Any]:
    """Read a certificate; raises :class:`KalelikeError` when it is none, or was changed."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise _bad(path, "file-not-found", f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise _bad(path, "bad-certificate", "is not JSON") from error
    if not isinstance(data, dict) or data.get("kind") != _KIND or data.get("format") != FORMAT:
        raise _bad(path, "bad-certificate", f"is no certificate of format {FORMAT}")
    digest = data.pop("digest", None)
    if digest != _digest(data):
        raise _bad(path, "bad-certificate", "was changed after it was made: its digest is wrong")
    return data


def _bad(path: Path, code: str, what: str) -> KalelikeError:
    hint = "make it again: kalelike verify NOTEBOOK --certificate FILE"
    return KalelikeError(
        [diagnose(code, f"the certificate {path} {what}", Location(str(path)), hint)]
    )


def check_certificate(
    data: Mapping[str, Any], compilation: Compilation, environment: Sequence[str]
) -> tuple[Mismatch, ...]:
    """Return everything that is not as the certificate says; nothing is run."""
    now = _subject_data(compilation, environment)
    found = []
    if not data.get("proved"):
        found.append(Mismatch("verdict", "equal", str(data.get("verdict"))))
    if data.get("cells") != now["cells"]:
        found.append(Mismatch("code cells", str(data.get("cells"))[:12], now["cells"][:12]))
    for what, title in (("code", "code of step"), ("data", "data file")):
        was, here = data.get(what, {}), now[what]
        found += [
            Mismatch(f"{title} {name}", was.get(name, "absent")[:12], here.get(name, "absent")[:12])
            for name in sorted({*was, *here})
            if was.get(name) != here.get(name)
        ]
    was, here = set(data.get("environment", ())), set(now["environment"])
    if was != here:
        found.append(
            Mismatch("environment", "; ".join(sorted(was - here)), "; ".join(sorted(here - was)))
        )
    return tuple(found)
