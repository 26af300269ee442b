"""Which modules a cell imports, and how much it depends on each."""

from __future__ import annotations

import pytest

from kalelike.image.imports import Need, cell_imports, module_imports

R, D, M = Need.REQUIRED, Need.DEFERRED, Need.OPTIONAL


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param("import a, b.c", [("a", 1, R), ("b.c", 1, R)], id="import"),
        pytest.param("x = 1\nfrom a import b", [("a.b", 2, R)], id="from"),
        pytest.param("from a.b import *", [("a.b", 1, R)], id="star"),
        pytest.param("from . import a\nfrom .b import c", [], id="relative"),
        pytest.param(
            "try:\n    import a\nexcept ImportError:\n    import b", [("a", 2, M), ("b", 4, M)],
            id="try",
        ),
        pytest.param(
            "try:\n    import a\nexcept (KeyError, ModuleNotFoundError):\n    a = None",
            [("a", 2, M)], id="try tuple",
        ),
        pytest.param("try:\n    import a\nexcept KeyError:\n    pass", [("a", 2, D)], id="other"),
        pytest.param(
            "with contextlib.suppress(ImportError):\n    import a", [("a", 2, M)], id="suppress"
        ),
        pytest.param("def f():\n    import a", [("a", 2, D)], id="function"),
        pytest.param("if x:\n    import a", [("a", 2, D)], id="branch"),
        pytest.param("class C:\n    import a", [("a", 2, R)], id="class body"),
        pytest.param("importlib.import_module('a.b')", [("a.b", 1, D)], id="import_module"),
        pytest.param("__import__('a')", [("a", 1, D)], id="__import__"),
        pytest.param("import_module(name)", [], id="computed"),
        pytest.param("%matplotlib\nimport a", [("a", 2, R), ("matplotlib", 1, R)], id="magic"),
        pytest.param("%load_ext watermark", [("watermark", 1, D)], id="load_ext"),
        pytest.param("%%time\nimport a", [("a", 2, R)], id="timed cell"),
        pytest.param("%%bash\nimport a", [], id="another language"),
        pytest.param("!pip install a\nimport b", [("b", 2, R)], id="shell"),
        pytest.param("import a\n???(", [("a", 1, R)], id="not Python"),
    ],
)  # fmt: skip
def test_cell(source: str, found: list[tuple[str, int, Need]]) -> None:
    assert [(item.module, item.line, item.need) for item in cell_imports(source)] == found


def test_module_that_is_not_python() -> None:
    assert [item.module for item in module_imports("import a\n???(")] == ["a"]
