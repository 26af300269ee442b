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


def test_texts_of_a_helper_hold_nothing(tmp_path: Path) -> None:
    """That the same text stands in a helper and in what changes does not change the helper."""
    (tmp_path / "looks.py").write_text(
        "LABEL = 'x'\nclass C:\n    def __init__(self):\n        self.v = {}\n"
        "    def go(self, k):\n        vars(self)[k] = []\n        for t in (k, self.v):\n"
        "            setattr(t, k, self)\n        self.v[k] = 1\n"
    )
    cells = [
        ("a", "import looks\nfrom stuff import f"),
        ("b", "c = looks.C()\nc.go('x')\nf('x', c)\nc.go('x')"),
        ("d", "y = looks.LABEL"),
    ]
    assert build_graph(tagged_notebook(cells, str(tmp_path))).edges == ()


def test_future_features_of_a_helper_stay_its_own(tmp_path: Path) -> None:
    """``from __future__`` in a helper that cannot be imported again sets nothing for later steps."""
    (tmp_path / "old.py").write_text(
        "from __future__ import division\nimport time\nT = time.time()\n"
    )
    cells = [("a", "from old import T\ny = T"), ("b", "z = 3 / 2")]
    graph = build_graph(tagged_notebook(cells, str(tmp_path)))
    assert [item.code for item in graph.diagnostics] == []


def test_a_helper_that_is_imported_is_not_main(tmp_path: Path) -> None:
    """What a helper does as a script, an import does not do."""
    (tmp_path / "job.py").write_text(
        "SEEN = []\ndef main():\n    SEEN.append(1)\n    open(name(), 'w').write('')\n"
        "def half(x):\n    return x / 2\nif __name__ == '__main__':\n    main()\n"
    )
    cells = [("a", "from job import half\ny = half(1)"), ("b", "import job\nz = job.SEEN")]
    graph = build_graph(tagged_notebook(cells, str(tmp_path)))
    assert [item.code for item in graph.diagnostics] == []
    assert graph.edges == ()
