"""What steps need: from imports to pins and files, against the environment of the tests."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from kalelike.compiler import analyse
from kalelike.image.installed import Installed
from kalelike.image.requirements import RUNTIME, Requirements, find_requirements
from tests.image.notebooks import Cells, write_notebook


def needs(folder: Path, cells: Cells, metadata: dict[str, object] | None = None) -> Requirements:
    graph = analyse(write_notebook(folder / "nb.ipynb", cells, metadata))
    return find_requirements(graph, Installed.here(), folder)


def names(found: Requirements, step: str) -> set[str]:
    return next({pin.name for pin in item.pins} for item in found.steps if item.step == step)


def told(found: Requirements) -> list[tuple[str, str, int | None]]:
    return [(item.code.name, item.severity.value, item.location.line) for item in found.diagnostics]


def test_a_step_gets_what_it_imports_pinned_with_all_that_needs(tmp_path: Path) -> None:
    found = needs(tmp_path, [("step:a", "import sklearn.svm\nx = 1"), ("step:b", "print('b')")])
    pins = {pin.name: pin.requirement for pin in found.steps[0].pins}
    assert pins["scikit-learn"] == f"scikit-learn=={version('scikit-learn')}"
    assert {"numpy", "scipy", "joblib", "threadpoolctl", *RUNTIME} <= set(pins)
    assert "pytest" not in pins
    assert set(RUNTIME) <= names(found, "b")
    assert "scikit-learn" not in names(found, "b")
    assert found.roots == {"sklearn": ("scikit-learn",)}
    assert told(found) == []


def test_a_reader_gets_what_its_values_are_made_with(tmp_path: Path) -> None:
    found = needs(
        tmp_path,
        [
            ("step:a", "import yaml\nvalue = yaml.safe_load('a: 1')"),
            ("step:b", "other = [value]"),
            ("step:c", "print(other)"),
            ("step:d", "print('alone')"),
        ],
    )
    assert "pyyaml" in names(found, "b")
    assert "pyyaml" in names(found, "c")
    assert "pyyaml" not in names(found, "d")


def test_what_a_library_uses_where_it_is_there_comes_along(tmp_path: Path) -> None:
    cells = [("step:a", "import pandas\nx = 1"), ("step:b", "import sklearn\ny = 1")]
    found = needs(tmp_path, cells)
    assert {"matplotlib", "scipy", "tabulate"} <= names(found, "a")
    assert {"matplotlib", "pandas"} <= names(found, "b")
    assert not {"hypothesis", "pytest", "ruff", "mypy"} & (names(found, "a") | names(found, "b"))


def test_helpers_are_shipped_and_bring_their_imports(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("import inner.deep\n")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "__init__.py").write_text("")
    (tmp_path / "inner" / "deep.py").write_text("from . import other\nimport yaml\n")
    (tmp_path / "inner" / "table.csv").write_text("1\n")
    (tmp_path / "inner" / "__pycache__").mkdir()
    (tmp_path / "inner" / "__pycache__" / "deep.pyc").write_text("")
    found = needs(tmp_path, [("step:a", "import helper\nx = 1")])
    modules = {item.root: item for item in found.steps[0].modules}
    assert set(modules) == {"helper", "inner"}
    assert [path.name for path in modules["inner"].files] == ["__init__.py", "deep.py", "table.csv"]
    assert "pyyaml" in names(found, "a")


def test_a_helper_hides_an_installed_module_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("x = 1\n")
    found = needs(tmp_path, [("step:a", "import yaml\nx = 1")])
    assert [item.root for item in found.steps[0].modules] == ["yaml"]
    assert "pyyaml" not in names(found, "a")


def test_a_module_from_elsewhere_on_the_path_is_shipped_with_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "elsewhere_module.py").write_text("import yaml\n")
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    found = needs(tmp_path / "nb", [("step:a", "import elsewhere_module\nx = 1")])
    assert told(found) == [("shipped-as-files", "note", 1)]
    assert "pyyaml" in names(found, "a")


@pytest.mark.parametrize(
    ("source", "diagnostics"),
    [
        pytest.param(
            "x = 1\nimport nowhere_at_all", [("import-not-installed", "error", 2)], id="required"
        ),
        pytest.param(
            "try:\n    import nowhere_at_all\nexcept ImportError:\n    x = 1",
            [("optional-import-absent", "note", 2)],
            id="optional",
        ),
        pytest.param(
            "def f():\n    import nowhere_at_all",
            [("import-not-installed", "warning", 2)],
            id="deferred",
        ),
        pytest.param("import os, sys, math", [], id="standard library"),
        pytest.param(f"import {sorted(sys.builtin_module_names)[-1]}", [], id="built in"),
    ],
)
def test_absent_modules(
    tmp_path: Path, source: str, diagnostics: list[tuple[str, str, int]]
) -> None:
    assert told(needs(tmp_path, [("step:a", source)])) == diagnostics


def test_an_image_of_the_steps_own_may_hold_what_is_not_here(tmp_path: Path) -> None:
    cells = [("step:a|image:mine:1", "import nowhere_at_all")]
    assert told(needs(tmp_path, cells)) == [("import-not-installed", "warning", 1)]


def test_a_stated_requirement_vouches_for_its_module(tmp_path: Path) -> None:
    found = needs(tmp_path, [("step:a|requirement:nowhere_at_all==2", "import nowhere_at_all")])
    assert [str(item) for item in found.wanted] == ["nowhere_at_all==2"]
    assert told(found) == [("requirement-not-installed", "error", None)]


@pytest.mark.parametrize(
    ("requirement", "wanted"),
    [
        pytest.param("pyyaml", [], id="installed"),
        pytest.param("PyYAML>=1", [], id="satisfied"),
        pytest.param("pyyaml==0.1", ["pyyaml==0.1"], id="another version"),
    ],
)
def test_stated_requirements(tmp_path: Path, requirement: str, wanted: list[str]) -> None:
    found = needs(tmp_path, [(f"step:a|requirement:{requirement}", "x = 1")])
    assert [str(item) for item in found.wanted] == wanted
    assert "pyyaml" in names(found, "a")


def test_requirements_of_the_pipeline_are_every_steps(tmp_path: Path) -> None:
    metadata = {"defaults": {"requirements": ["pyyaml"]}}
    found = needs(tmp_path, [("step:a", "x = 1"), ("step:b", "y = 1")], metadata)
    assert "pyyaml" in names(found, "a") & names(found, "b")
