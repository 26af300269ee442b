"""Modules beside the notebook: what they set is set again where it is needed."""

from __future__ import annotations

from pathlib import Path

from kalelike.graph.build import build_graph
from tests.dataflow.tagged import tagged_notebook


def test_settings_made_by_a_function_of_a_helper(tmp_path: Path) -> None:
    """A helper whose body calls what is not known can be imported again, and its settings made."""
    (tmp_path / "looks.py").write_text(
        "import matplotlib.pyplot as plt\nfrom elsewhere import make\nCYCLE = make()\n"
        "def set_look():\n    plt.rcParams['axes.prop_cycle'] = CYCLE\n"
    )
    cells = [
        ("a", "from looks import set_look\nset_look()"),
        ("b", "import matplotlib.pyplot as plt\nplt.plot([1])"),
    ]
    graph = build_graph(tagged_notebook(cells, str(tmp_path)))
    assert [item.code for item in graph.diagnostics if item.severity != "note"] == []
    assert graph.edges == ()
