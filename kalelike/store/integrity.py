"""Artifacts from elsewhere: believed only when their content is what their digest says."""

from __future__ import annotations

from pathlib import Path

from kalelike.runtime.hidden_state import file_digest
from kalelike.runtime.values import content_digest, read_manifest


def check_artifact(folder: Path, digest: str) -> None:
    """Raise ``ValueError`` unless a folder's content has this digest.

    The digest covers the pickle, its buffers and its files, as
    :func:`kalelike.runtime.values.save_values` computes it. Nothing is unpickled.
    """
    manifest = read_manifest(folder)
    for name, expected in manifest.hashes.items():
        if "/" in name or name.startswith(".") or file_digest(folder / name) != expected:
            raise ValueError(f"its part {name} is damaged")
    for item in manifest.files:
        if not item["stored"]:
            continue  # A folder of no files.
        path = folder / str(item["stored"])
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise ValueError(f"its file {item.get('path')} is missing")
        if file_digest(path) != item["sha256"]:
            raise ValueError(f"its file {item.get('path')} is damaged")
    absent = [name for name, item in manifest.names.items() if item["absent"]]
    if content_digest(manifest.hashes, manifest.files, absent, manifest.buffers) != digest:
        raise ValueError("it is not what the step said that it had made")
