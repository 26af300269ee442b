"""Locks: written, read again, and what they decide."""

from __future__ import annotations

import platform
import re
import tomllib
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from kalelike.cli.main import main
from kalelike.compiler import analyse, compile_notebook
from kalelike.errors import BuildError
from kalelike.image.base import default_image, name_base, pinned_reference
from kalelike.image.installed import Installed
from kalelike.image.lock import Lock, lock_path
from kalelike.image.lock_file import read_lock, render_lock
from kalelike.image.pins import Listed
from kalelike.image.pipeline import ImageOptions, lock_pipeline, plan_pipeline
from kalelike.image.plan import Plans
from tests.image.notebooks import compiled, write_notebook

MACHINE = platform.machine()
BASES = {default_image(): f"sha256:{'2' * 64}", "mine/base:1": f"local:{'3' * 16}"}


def plans(notebook: Path) -> Plans:
    compilation = compile_notebook(notebook)
    return plan_pipeline(
        compilation.graph, compilation.codes, ImageOptions(), name_base,
        Installed.here(),
    )  # fmt: skip


def by_hand(folder: Path) -> Lock:
    runtime = ("cloudpickle", "ipython", "matplotlib-inline")
    packages = {
        name: Listed(name, "1.0", url=f"https://h/{name.replace('-', '_')}-1.0-py3-none-any.whl",
                     hashes=(f"sha256:{'0' * 64}",)) for name in runtime
    }  # fmt: skip
    packages["pyyaml"] = Listed(
        "pyyaml", "0.1", ("cloudpickle",), url="https://h/pyyaml-0.1.tar.gz",
        hashes=(f"sha256:{'1' * 64}",),
    )  # fmt: skip
    packages["mine"] = Listed("mine", "2", project=folder / "mine")
    packages["repo"] = Listed("repo", "3", url="git+https://h/repo.git@abc")
    return Lock(folder / "pylock.nb.toml", MACHINE, dict(sorted(packages.items())),
                {"yaml": ("pyyaml",), "gone_module": ("mine",)}, BASES)  # fmt: skip


def test_round_trip(tmp_path: Path) -> None:
    lock = by_hand(tmp_path)
    text = render_lock(lock)
    Pylock.from_dict(tomllib.loads(text)).validate()
    lock.path.write_text(text, "utf-8")
    again = read_lock(lock.path, MACHINE)
    assert render_lock(again).count("[[packages]]") == 6
    for name, item in lock.packages.items():
        found = again.packages[name]
        assert (found.version, found.requires, found.project, found.hashes) == (
            item.version, item.requires, item.project, item.hashes,
        )  # fmt: skip
    assert again.modules == lock.modules
    assert again.bases == lock.bases


def test_a_lock_decides_versions_and_says_so(tmp_path: Path) -> None:
    lock = by_hand(tmp_path)
    lock.path.write_text(render_lock(lock), "utf-8")
    (tmp_path / "mine").mkdir()
    notebook = write_notebook(
        tmp_path / "nb.ipynb", [("step:a", "import yaml\nimport gone_module\nx = 1")]
    )
    found = plans(notebook)
    pins = {pin.name: pin for pin in found.images[0].pins}
    assert pins["pyyaml"].requirement == f"pyyaml==0.1 --hash=sha256:{'1' * 64}"
    assert pins["mine"].project == tmp_path / "mine"
    assert "repo" not in pins
    assert "lock-differs" in [item.code.name for item in found.diagnostics]
    assert found.images[0].base.reference == f"python@{BASES[default_image()]}"
    assert "base-not-pinned" not in [item.code.name for item in found.diagnostics]


def test_a_base_that_the_lock_does_not_have_is_told(tmp_path: Path) -> None:
    lock = by_hand(tmp_path)
    lock.path.write_text(render_lock(lock), "utf-8")
    cells = [("step:a|image:other:1", "x = 1"), ("step:b|image:mine/base:1", "y = x")]
    found = plans(write_notebook(tmp_path / "nb.ipynb", cells))
    told = [item.message for item in found.diagnostics if item.code.name == "base-not-pinned"]
    assert len(told) == 1
    assert "other:1" in told[0]
    assert [item.base.reference for item in found.images] == ["other:1", "mine/base:1"]


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("python:3.11-slim", "python"),
        ("host:5000/team/image", "host:5000/team/image"),
        ("host:5000/team/image:1", "host:5000/team/image"),
        ("python:3@sha256:" + "0" * 64, "python"),
    ],
)
def test_a_pinned_name_has_no_tag(reference: str, name: str) -> None:
    digest = f"sha256:{'1' * 64}"
    assert pinned_reference(reference, digest) == f"{name}@{digest}"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(lambda text: "{", "lock-unreadable", id="not TOML"),
        pytest.param(lambda text: text.replace("1.0", "9.9", 1), "lock-unreadable", id="version"),
        pytest.param(lambda text: text.replace("[tool", "[other"), "lock-unreadable", id="foreign"),
        pytest.param(
            lambda text: re.sub(r"sha256 = .*", "md5 = '1'", text), "lock-unreadable", id="no hash"
        ),
        pytest.param(
            lambda text: text.replace(f'machine = "{MACHINE}"', 'machine = "other"'),
            "lock-outdated", id="machine",
        ),
        pytest.param(
            lambda text: re.sub(r'requires-python = .*', 'requires-python = "==3.1.*"', text),
            "lock-outdated", id="Python",
        ),
        pytest.param(
            lambda text: text.replace('commit-id = "abc"', 'commit-id = "abc\\n--pre"'),
            "lock-unreadable", id="option for pip",
        ),
        pytest.param(
            lambda text: text.replace("local:3", "local:x"), "lock-unreadable", id="digest"
        ),
        pytest.param(
            lambda text: text.replace("ipython", "other"), "lock-outdated", id="incomplete",
        ),
    ],
)  # fmt: skip
def test_a_lock_that_cannot_be_used(tmp_path: Path, change: object, code: str) -> None:
    lock = by_hand(tmp_path)
    assert callable(change)
    lock.path.write_text(change(render_lock(lock)), "utf-8")
    with pytest.raises(BuildError) as caught:
        plans(write_notebook(tmp_path / "nb.ipynb", [("step:a", "x = 1")]))
    assert caught.value.diagnostics[0].code.name == code


def test_locking_asks_for_what_is_installed_and_resolves_the_rest(tmp_path: Path) -> None:
    cells = [("step:a|requirement:pyyaml==6.0.2", "import yaml\nx = 1")]
    notebook = write_notebook(tmp_path / "nb.ipynb", cells)
    lock = lock_pipeline(analyse(notebook), ImageOptions(), Installed.here(), {})
    installed = Installed.here().find("ipython")
    assert installed is not None
    assert lock.packages["ipython"].version == installed.version
    assert lock.packages["pyyaml"].version == "6.0.2"
    assert all(item.hashes for item in lock.packages.values())
    assert "traitlets" in lock.packages["ipython"].requires
    lock.path.write_text(render_lock(lock), "utf-8")
    assert "pyyaml==6.0.2" in {pin.requirement.split()[0] for pin in plans(notebook).images[0].pins}


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled(tmp_path, [("step:a|requirement:no way", "x = 1")])
    assert main(["lock", str(tmp_path / "nb.ipynb")]) == 2
    assert "KL015" in capsys.readouterr().err
    assert not lock_path(tmp_path / "nb.ipynb").exists()
