"""The semantic hash of a step: what must change it, and what must not."""

from __future__ import annotations

import json

import pytest

from kalelike.graph.build import build_graph
from kalelike.graph.step_code import step_codes
from tests.dataflow.tagged import Cells, tagged_notebook

BASE: Cells = [
    ("imports", "import matplotlib.pyplot as plt\nN = 3"),
    ("functions", "def double(v):\n    return v * 2\ndef unused():\n    return 0"),
    ("pipeline-parameters", "rate = 0.5"),
    ("load", "x = [1, 2, N]"),
    ("train", "# fit\nm = double(rate)\nplt.plot(x)\nprint('done')\ntotal = m + sum(x)"),
    ("pipeline-metrics", "print(total)"),
]
SAME = [
    ("comment", "train", "# fit", "# fit the model, well"),
    ("layout", "train", "double(rate)", "double( rate )"),
    ("plot", "train", "plt.plot(x)", "plt.plot(x, color='red')"),
    ("printed text", "train", "'done'", "'finished'"),
    ("unused function", "functions", "return 0", "return 1"),
    ("another step", "load", "[1, 2, N]", "[1, 2, 4]"),
    ("default of a parameter", "pipeline-parameters", "0.5", "0.7"),
]
OTHER = [
    ("statement", "train", "m + sum(x)", "m - sum(x)"),
    ("called function", "functions", "v * 2", "v * 3"),
    ("metric", "pipeline-metrics", "print(total)", "print(total + 1)"),
    ("type of a parameter", "pipeline-parameters", "0.5", "1"),
    ("check", "train", "# fit", "assert x"),
]


def sha_of_train(cells: Cells) -> str:
    """Return the hash of the step ``train``."""
    codes = step_codes(build_graph(tagged_notebook(cells)))
    return next(code.sha for code in codes if code.step == "train")


def edited(tag: str, old: str, new: str) -> Cells:
    """Return the base notebook with one edit."""
    assert any(name == tag and old in source for name, source in BASE)
    return [(name, s.replace(old, new) if name == tag else s) for name, s in BASE]


@pytest.mark.parametrize(("tag", "old", "new"), [r[1:] for r in SAME], ids=[r[0] for r in SAME])
def test_hash_stays(tag: str, old: str, new: str) -> None:
    """What cannot change the step's values does not change its hash."""
    assert sha_of_train(edited(tag, old, new)) == sha_of_train(BASE)


@pytest.mark.parametrize(("tag", "old", "new"), [r[1:] for r in OTHER], ids=[r[0] for r in OTHER])
def test_hash_changes(tag: str, old: str, new: str) -> None:
    """What can change the step's values changes its hash."""
    assert sha_of_train(edited(tag, old, new)) != sha_of_train(BASE)


def test_constant_of_set_up_counts_where_it_is_read() -> None:
    """A set-up constant is part of the step that replays it only."""
    changed = step_codes(build_graph(tagged_notebook(edited("imports", "N = 3", "N = 4"))))
    base = step_codes(build_graph(tagged_notebook(BASE)))
    differs = {a.step for a, b in zip(base, changed, strict=True) if a.sha != b.sha}
    assert differs == {"load"}


def test_a_step_that_only_shows_is_its_display() -> None:
    """Where nothing else comes of a step, an edited plot is a changed step."""
    cells: Cells = [("imports", "import matplotlib.pyplot as plt"), ("train", "plt.plot([1])")]
    other: Cells = [cells[0], ("train", "plt.plot([2])")]
    assert sha_of_train(cells) != sha_of_train(other)


def test_document_keeps_the_newest_text_under_the_same_name() -> None:
    """Comments are not part of the hash, but they are part of the document."""
    codes = step_codes(build_graph(tagged_notebook(edited("train", "# fit", "# fit again"))))
    document = json.loads(next(code.text for code in codes if code.step == "train"))
    assert "# fit again" in document["cells"][0]["source"]
    assert document["sha"] == sha_of_train(BASE)
    assert [item["line"] for item in document["preamble"]] == [1, 1]
