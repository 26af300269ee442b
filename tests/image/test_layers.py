"""Archives have the same bytes for the same content."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

from kalelike.image.layers import Layer, LayerKind, ShippedFile, write_tar


def archive(members: list[tuple[str, Path | bytes]], folders: tuple[str, ...] = ()) -> bytes:
    target = io.BytesIO()
    write_tar(target, members, folders, lambda path: path.endswith(".sh"))
    return target.getvalue()


def test_neither_order_nor_time_nor_owner_nor_mode_counts(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"same")
    two.write_bytes(b"same")
    os.utime(one, (1, 1))
    one.chmod(0o600)
    first = archive([("/a/x", one), ("/b.sh", b"run")])
    assert first == archive([("/b.sh", b"run"), ("/a/x", two)])


def test_members(tmp_path: Path) -> None:
    data = archive([("/a/b/x", b"old"), ("/a/b/x", b"new"), ("/run.sh", b"")], ("/empty", "/tmp"))
    with tarfile.open(fileobj=io.BytesIO(data)) as found:
        modes = {item.name: item.mode for item in found}
        assert modes == {
            "a": 0o755, "a/b": 0o755, "empty": 0o755, "tmp": 0o1777, "a/b/x": 0o644,
            "run.sh": 0o755,
        }  # fmt: skip
        file = found.extractfile("a/b/x")
        assert file is not None
        assert file.read() == b"new"
        assert {(item.uid, item.gid, item.uname) for item in found} == {(0, 0, "")}


def test_a_layers_name_is_its_content() -> None:
    a, b = ShippedFile.of_text("/a", "1"), ShippedFile.of_text("/b", "2")
    name = Layer.of_files(LayerKind.DATA, [a, b]).name
    assert name == Layer.of_files(LayerKind.DATA, [b, a]).name
    assert name != Layer.of_files(LayerKind.DATA, [a]).name
    assert name != Layer.of_files(LayerKind.DATA, [a, ShippedFile.of_text("/b", "3")]).name
