"""Wheels become files of an image, and nothing else."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from pathlib import Path

import pytest

from kalelike.errors import BuildError
from kalelike.image.archives import Archives
from kalelike.image.installed import Installed
from kalelike.image.layers import Layer, LayerKind
from kalelike.image.pins import Pin
from kalelike.image.unpacking import unpack_wheels
from kalelike.image.wheels import Wheel
from tests.image.notebooks import compiled
from tests.image.test_plan import CELLS, plans

META = "odd-1.0.dist-info"


def wheel(folder: Path, files: dict[str, str], modes: dict[str, int] | None = None) -> Wheel:
    """Write a wheel whose record lists all that it holds, as an honest one does."""
    content = {
        **files,
        f"{META}/METADATA": "Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n",
        f"{META}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    content[f"{META}/RECORD"] = "".join(f"{name},,\n" for name in [*content, f"{META}/RECORD"])
    path = folder / "odd-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in content.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100000 | (modes or {}).get(name, 0o644)) << 16
            archive.writestr(entry, text)
    return Wheel(path, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "odd-1.0.data/scripts/../../../evil"])
def test_a_wheel_that_leads_out_of_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(BuildError) as caught:
        unpack_wheels([wheel(tmp_path, {name: "x"})], tmp_path / "cache" / "deep")
    assert caught.value.diagnostics[0].code.name == "no-wheel"
    assert list(tmp_path.rglob("*evil*")) == []
    assert [item for item in (tmp_path / "cache").rglob("*") if item.is_file()] == []


def test_a_damaged_wheel(tmp_path: Path) -> None:
    found = wheel(tmp_path, {"odd.py": "x = 1"})
    found.path.write_bytes(found.path.read_bytes()[:100])
    with pytest.raises(BuildError):
        unpack_wheels([found], tmp_path / "cache")


def test_modes_are_plain_and_programs_stay_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"odd/__init__.py": "", "odd/tool": "#!/bin/sh\n", "odd/data.txt": "1"}
    found = wheel(tmp_path, files, {"odd/tool": 0o6777, "odd/data.txt": 0o666})
    monkeypatch.setattr("kalelike.image.archives.collect_wheels", lambda *_: {"odd": found})
    layer = Layer(LayerKind.REQUIREMENTS, "0" * 16, pins=(Pin("odd", "1.0"),))
    (plan, *_) = plans(compiled(tmp_path, CELLS)).images
    archives = Archives(tmp_path / "layers", Installed.here(), "x86_64", tmp_path / "cache")
    with tarfile.open(archives.write(plan, layer)) as archive:
        modes = {item.name.removeprefix("kalelike/site/"): item.mode for item in archive}
        assert {item.type for item in archive} == {tarfile.REGTYPE, tarfile.DIRTYPE}
    assert modes["odd/tool"] == 0o755
    assert modes["odd/data.txt"] == modes["odd/__init__.py"] == 0o644
    assert set(modes.values()) == {0o755, 0o644}
