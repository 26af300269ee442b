"""Who holds a module, in environments made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from kalelike.image.installed import Installed
from kalelike.image.pins import close, marker_environment, pin_of


def install(
    site: Path, name: str, version: str = "1.0", files: tuple[str, ...] = (),
    requires: tuple[str, ...] = (), direct_url: dict[str, object] | None = None,
) -> None:  # fmt: skip
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {x}" for x in requires)]
    (folder / "METADATA").write_text("\n".join(lines) + "\n\nRequires-Dist: not-this\n")
    (folder / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))
    if direct_url is not None:
        (folder / "direct_url.json").write_text(json.dumps(direct_url))


@pytest.mark.parametrize(
    ("module", "owners"),
    [
        pytest.param("alpha", ["alpha"], id="same name"),
        pytest.param("sk", ["scikit-sk"], id="another name"),
        pytest.param("single", ["single-file"], id="one file"),
        pytest.param("native", ["native-code"], id="extension"),
        pytest.param("space.one.Thing", ["space-one"], id="namespace, one of several"),
        pytest.param("space", ["space-one", "space-two"], id="namespace, all"),
        pytest.param("alph", [], id="beginning of a name"),
        pytest.param("impostor", ["real-owner"], id="name of another distribution"),
        pytest.param("nowhere", [], id="none"),
    ],
)
def test_owners(tmp_path: Path, module: str, owners: list[str]) -> None:
    install(tmp_path, "alpha", files=("alpha/__init__.py", "alpha/x.py"))
    install(tmp_path, "scikit_sk", files=("sk/__init__.py",))
    install(tmp_path, "single_file", files=("single.py",))
    install(tmp_path, "native_code", files=("native.cpython-311-x86_64-linux-gnu.so",))
    install(tmp_path, "space_one", files=("space/one/__init__.py",))
    install(tmp_path, "space_two", files=("space/two/__init__.py",))
    install(tmp_path, "impostor", files=("other/__init__.py",))
    install(tmp_path, "real_owner", files=("impostor/__init__.py",))
    found = Installed([str(tmp_path)]).owners(module)
    assert sorted(item.key for item in found) == owners


def test_earlier_folders_hide_later_ones(tmp_path: Path) -> None:
    install(tmp_path / "a", "x", "1")
    install(tmp_path / "b", "x", "2")
    item = Installed([str(tmp_path / "a"), str(tmp_path / "b")]).find("X")
    assert item is not None
    assert item.version == "1"


@pytest.mark.parametrize(
    ("url", "requirement"),
    [
        pytest.param(None, "thing==1.0", id="index"),
        pytest.param(
            {"url": "https://h/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "thing @ git+https://h/x.git@abc", id="git",
        ),
        pytest.param(
            {"url": "https://h/thing.whl", "archive_info": {}}, "thing @ https://h/thing.whl",
            id="archive",
        ),
    ],
)  # fmt: skip
def test_pin(tmp_path: Path, url: dict[str, object] | None, requirement: str) -> None:
    install(tmp_path, "thing", direct_url=url)
    item = Installed([str(tmp_path)]).find("thing")
    assert item is not None
    assert pin_of(item).requirement == requirement


def test_an_editable_install_is_its_folder(tmp_path: Path) -> None:
    url = {"url": (tmp_path / "my project").as_uri(), "dir_info": {"editable": True}}
    install(tmp_path, "mine", direct_url=url)
    item = Installed([str(tmp_path)]).find("mine")
    assert item is not None
    assert pin_of(item).project == tmp_path / "my project"


def test_closure_obeys_markers_and_extras(tmp_path: Path) -> None:
    install(
        tmp_path,
        "app",
        requires=(
            "base>=1",
            "windows-only; sys_platform == 'win32'",
            "Plot_Lib; extra == 'plot'",
            "other; extra == 'other'",
            "with-extra[fast]",
            "not installed at all ???",
        ),
    )
    for name in ("base", "windows_only", "plot_lib", "other", "quick", "tail"):
        install(tmp_path, name, requires=("tail",) if name == "quick" else ())
    install(tmp_path, "with_extra", requires=("quick; extra == 'fast'", "slow; extra == 'slow'"))
    closure = close(
        [Requirement("app[plot]")], Installed([str(tmp_path)]), marker_environment("Linux")
    )
    assert list(closure.found) == ["app", "base", "plot-lib", "quick", "tail", "with-extra"]
    assert closure.missing == {}
    assert closure.needs["app"] == ("base", "plot-lib", "with-extra")


def test_closure_names_what_is_missing(tmp_path: Path) -> None:
    install(tmp_path, "app", requires=("gone",))
    closure = close(
        [Requirement("app"), Requirement("never")], Installed([str(tmp_path)]), marker_environment()
    )
    assert closure.missing == {"gone": "app", "never": ""}


def test_a_circle_of_requirements_ends(tmp_path: Path) -> None:
    install(tmp_path, "a", requires=("b",))
    install(tmp_path, "b", requires=("a",))
    closure = close([Requirement("a")], Installed([str(tmp_path)]), marker_environment())
    assert list(closure.found) == ["a", "b"]
