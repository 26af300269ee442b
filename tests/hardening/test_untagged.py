"""``--auto``: steps are chosen, it is said which, and the pipeline equals the notebook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kalelike.compiler import analyse
from kalelike.errors import CompileError
from tests.equivalence.harness import compare, write_notebook
from tests.equivalence.warm import Oracle, warm_processes
from tests.hardening.untagged import NOTEBOOKS


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    with warm_processes(tmp_path_factory.mktemp("warm")) as made:
        yield made


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_equals_its_notebook(name: str, tmp_path: Path, oracle: Oracle) -> None:
    (tmp_path / "source").mkdir()
    notebook = write_notebook(tmp_path / "source" / "nb.ipynb", NOTEBOOKS[name][0])
    verdict = compare(notebook, tmp_path, oracle=oracle, auto=True)
    assert verdict.differences == ()
    assert verdict.compared > 0


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_says_what_it_chose(name: str, tmp_path: Path) -> None:
    cells, source, steps = NOTEBOOKS[name]
    graph = analyse(write_notebook(tmp_path / "nb.ipynb", cells), auto=True)
    told = [item for item in graph.diagnostics if item.code.name == "auto-steps"]
    assert [step.name for step in graph.steps] == steps
    assert len(told) == len(steps)
    for step, item in zip(steps, told, strict=True):
        assert item.message.startswith(f"step {step}, by {source}: cells [")
        assert item.hint == f"to keep it, tag the first of them `step:{step}`"
        assert item.location.number is not None


def test_without_auto_an_untagged_notebook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CompileError) as caught:
        analyse(write_notebook(tmp_path / "nb.ipynb", NOTEBOOKS["words"][0]))
    assert [item.code.name for item in caught.value.diagnostics] == ["no-steps"]
    assert "--auto" in caught.value.diagnostics[0].hint


def test_tags_win_over_auto(tmp_path: Path) -> None:
    cells = [("step:a", "x = 1"), ("markdown", "# B"), ("step:b", "print(x)")]
    graph = analyse(write_notebook(tmp_path / "nb.ipynb", cells), auto=True)
    assert [step.name for step in graph.steps] == ["a", "b"]
    assert not graph.diagnostics


def test_steps_between_which_something_cannot_pass_are_one(tmp_path: Path) -> None:
    """Nobody asked for the cut; tagged by hand, the same is refused."""
    cells = [
        ("markdown", "# Read"), ("", "import sqlite3\nc = sqlite3.connect(':memory:')"),
        ("markdown", "# Fill"), ("", "c.execute('create table t (n int)')\nk = 2"),
        ("markdown", "# Ask"), ("", "found = c.execute('select count(*) from t').fetchall()"),
        ("markdown", "# Show"), ("", "print(found, k)"),
    ]  # fmt: skip
    inner = [
        ("markdown", "# Read"),
        ("", "import sqlite3\nc = 0\ndef f():\n    return c.execute('select 1').fetchall()\nk = 1"),
        ("markdown", "# Open"), ("", "c = sqlite3.connect(':memory:')"),
        ("markdown", "# Show"), ("", "print(f(), k)"),
    ]  # fmt: skip
    assert analyse(write_notebook(tmp_path / "inner.ipynb", inner), auto=True).steps
    notebook = write_notebook(tmp_path / "nb.ipynb", cells)
    assert [step.name for step in analyse(notebook, auto=True).steps] == ["read", "show"]
    tags = [("step:" + text.lower(), source) for (_, text), (_, source) in _pairs(cells)]
    tagged = [(tag.replace("# ", ""), source) for tag, source in tags]
    with pytest.raises(CompileError) as caught:
        analyse(write_notebook(tmp_path / "tagged.ipynb", tagged), auto=True)
    assert {item.code.name for item in caught.value.diagnostics} == {"cannot-cross"}


def _pairs(cells: list[tuple[str, str]]) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    return list(zip(cells[::2], cells[1::2], strict=True))
