"""What an inline pipeline carries of the notebook's folder."""

from __future__ import annotations

import base64
import json
import lzma
from pathlib import Path

import pytest

from kalelike.cli.bundle import Bundler
from kalelike.compiler import analyse
from kalelike.errors import CompileError
from tests.image.notebooks import write_notebook


def carried(folder: Path, source: str) -> set[str]:
    """The places of the notebook's files in its bundle."""
    graph = analyse(write_notebook(folder / "nb.ipynb", [("step:a", source)]))
    bundle = Bundler(folder, None)(graph)
    content = json.loads(lzma.decompress(base64.b64decode(bundle.packed)))
    return set(content["files"])


def test_files_folders_and_links_by_the_names_that_the_notebook_uses(tmp_path: Path) -> None:
    for name in ("data/a.csv", "data/deep/b.csv", "data/.env", "rows.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / "link.csv").symlink_to("rows.csv")
    source = "import os\nx = os.listdir('data')\ny = open('link.csv').read()"
    assert carried(tmp_path, source) == {"data/a.csv", "data/deep/b.csv", "link.csv"}


@pytest.mark.parametrize("name", [".env", "to_secret.csv", "../outside.csv"])
def test_no_secret_and_nothing_from_elsewhere(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "nb"
    folder.mkdir()
    for path in (folder / ".env", tmp_path / "outside.csv"):
        path.write_text("s3cret")
    (folder / "to_secret.csv").symlink_to(".env")
    with pytest.raises(CompileError) as caught:
        carried(folder, f"x = open({name!r}).read()")
    assert [item.code.name for item in caught.value.diagnostics] == ["cannot-carry"]
