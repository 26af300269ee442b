"""The cache's environment key changes when something that a notebook imports changes."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import pytest

from kalelike.cli.environment import environment_key, environment_lines, imported_modules
from tests.graph_render.graphs import make_cell, make_graph, make_step


def test_installed_modules_count_by_version_with_all_they_require(tmp_path: Path) -> None:
    lines = environment_lines(["sklearn"], tmp_path)
    assert f"python {platform.python_version()}" in lines
    assert f"scikit_learn {version('scikit-learn')}" in lines
    assert f"scipy {version('scipy')}" in lines
    assert not any(line.startswith("pandas ") for line in lines)


def test_only_what_is_imported_counts(tmp_path: Path) -> None:
    names = {line.split()[0] for line in environment_lines(["os", "json"], tmp_path)}
    assert names == {"kalelike", "python", "platform"}


def test_a_module_of_another_name_is_found(tmp_path: Path) -> None:
    assert f"pyyaml {version('pyyaml')}" in environment_lines(["yaml"], tmp_path)


def test_a_helper_counts_by_content_and_brings_its_imports(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("import deeper\n")
    (tmp_path / "deeper").mkdir()
    inner = tmp_path / "deeper" / "__init__.py"
    inner.write_text("import numpy\n")
    before = environment_lines(["helper"], tmp_path)
    assert f"numpy {version('numpy')}" in before
    inner.write_text("import numpy  # changed\n")
    after = environment_lines(["helper"], tmp_path)
    assert environment_key(before) != environment_key(after)
    assert {line.rsplit(" ", 1)[0] for line in set(before) ^ set(after)} == {
        "deeper deeper/__init__.py"
    }


def test_a_module_that_is_not_there_counts_as_absent(tmp_path: Path) -> None:
    assert "cudf_nowhere absent" in environment_lines(["cudf_nowhere"], tmp_path)


def test_a_broken_helper_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_bytes(b"import numpy\n\xff(((")
    assert any(
        line.startswith("broken broken.py ") for line in environment_lines(["broken"], tmp_path)
    )


def test_the_key_is_the_same_in_every_order(tmp_path: Path) -> None:
    first = environment_lines(["numpy", "yaml"], tmp_path)
    assert environment_key(first) == environment_key(environment_lines(["yaml", "numpy"], tmp_path))


@pytest.mark.parametrize(
    ("source", "names"),
    [
        pytest.param("import a, b.c\nfrom d.e import f", ("a", "b", "d"), id="forms"),
        pytest.param("from . import x\nfrom .y import z", (), id="relative"),
        pytest.param(
            "%matplotlib inline\nimport numpy as np\n!ls", ("numpy", "matplotlib"), id="ipython"
        ),
        pytest.param("def f():\n    import late\n%time f()", ("late",), id="ipython nested"),
        pytest.param("'import x'", (), id="string"),
    ],
)
def test_imports_are_found_in_cells(source: str, names: tuple[str, ...]) -> None:
    graph = make_graph(make_step("a", make_cell(0, source)))
    assert imported_modules(graph) == names
