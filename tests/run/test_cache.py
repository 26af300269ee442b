"""Nothing is run again that would give the same; everything is that would not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from kalelike.run.events import Notice
from tests.run.running import Cells, Outcome, run_cells

CHAIN: Cells = [
    ("pipeline-parameters", "factor = 2\nunused = 1"),
    ("step:load", "from pathlib import Path\nrows = Path('data.txt').read_text().split()"),
    ("step:scale", "scaled = [int(row) * factor for row in rows]"),
    ("step:other", "other = len(rows)"),
    ("step:show", "# a comment\nprint('total')\ntotal = sum(scaled)"),
]


def edited(cells: Cells, old: str, new: str) -> Cells:
    """Return the cells with a text replaced, which must be there."""
    assert any(old in source for _, source in cells)
    return [(tags, source.replace(old, new)) for tags, source in cells]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data.txt").write_text("1 2 3")
    return tmp_path


EDITS: list[tuple[str, str, str, set[str]]] = [
    ("a comment", "# a comment", "# another one\n\n", set()),
    ("layout", "int(row) * factor", "int( row )*factor", set()),
    ("a step's code", "len(rows)", "len(rows) + 1", {"other"}),
    ("a default", "factor = 2", "factor = 3", {"scale", "show"}),
    ("a default that nothing reads", "unused = 1", "unused = 2", set()),
]


@pytest.mark.parametrize(
    ("old", "new", "again"), [row[1:] for row in EDITS], ids=[r[0] for r in EDITS]
)
def test_an_edit_runs_what_depends_on_it(folder: Path, old: str, new: str, again: set[str]) -> None:
    assert run_cells(folder, CHAIN).executed == {"load", "scale", "other", "show"}
    outcome = run_cells(folder, edited(CHAIN, old, new))
    assert outcome.executed == again
    assert outcome.result.status == "succeeded"


def test_a_plot_edited(tmp_path: Path) -> None:
    cells: Cells = [
        ("imports", "import matplotlib.pyplot as plt"),
        ("step:plot", "values = [1, 4, 9]\nplt.plot(values)\nplt.title('squares')\nplt.show()"),
        ("step:total", "total = sum(values)"),
    ]
    assert run_cells(tmp_path, cells).executed == {"plot", "total"}
    assert run_cells(tmp_path, edited(cells, "'squares'", "'x squared'")).executed == set()


def test_a_step_that_only_plots(tmp_path: Path) -> None:
    """What it shows is all that there is of it: it runs again, and nothing else does."""
    cells: Cells = [
        ("imports", "import matplotlib.pyplot as plt"),
        ("step:make", "values = [1, 4, 9]"),
        ("step:draw", "# a comment\nplt.plot(values)\nplt.title('squares')\nprint('drawn')"),
        ("step:total", "total = sum(values)"),
    ]
    assert run_cells(tmp_path, cells).executed == {"make", "draw", "total"}
    assert run_cells(tmp_path, edited(cells, "# a comment", "# another")).executed == set()
    outcome = run_cells(tmp_path, edited(cells, "'drawn'", "'drawn again'"))
    assert outcome.executed == {"draw"}
    assert "drawn again" in outcome.text("draw")


def test_nothing_changed(folder: Path) -> None:
    first = run_cells(folder, CHAIN)
    again = run_cells(folder, CHAIN)
    assert again.executed == set()
    assert {item.source_run for item in again.result.steps} == {first.result.run}


def test_a_step_whose_input_is_as_before_is_not_run(folder: Path) -> None:
    run_cells(folder, CHAIN)
    (folder / "data.txt").write_text("1  2  3")
    assert run_cells(folder, CHAIN).executed == {"load"}


def test_a_data_file_with_new_content(folder: Path) -> None:
    run_cells(folder, CHAIN)
    (folder / "data.txt").write_text("1 2 4")
    assert run_cells(folder, CHAIN).executed == {"load", "scale", "other", "show"}
    (folder / "data.txt").write_text("1 2 3")
    assert run_cells(folder, CHAIN).executed == set()


def test_a_data_file_that_is_only_touched(folder: Path) -> None:
    run_cells(folder, CHAIN)
    os.utime(folder / "data.txt", (1, 1))
    assert run_cells(folder, CHAIN).executed == set()


def test_a_parameter_given(folder: Path) -> None:
    run_cells(folder, CHAIN)
    assert run_cells(folder, CHAIN, parameters={"factor": 5}).executed == {"scale", "show"}
    assert run_cells(folder, CHAIN, parameters={"factor": 5}).executed == set()
    assert run_cells(folder, CHAIN).executed == set()


def test_no_cache(folder: Path) -> None:
    run_cells(folder, CHAIN)
    assert len(run_cells(folder, CHAIN, cache=False).executed) == 4


def test_a_result_that_was_deleted_is_made_again(folder: Path) -> None:
    first = run_cells(folder, CHAIN)
    rows = next(item for step in first.row.steps if step.name == "load" for item in step.artifacts)
    shutil.rmtree(folder / ".kalelike" / "objects" / rows.digest[:2] / rows.digest[2:])
    again = run_cells(folder, CHAIN)
    assert again.executed == {"load"}
    assert again.result.status == "succeeded"


def test_the_project_may_be_moved(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    cells: Cells = [("step:a", "import glob\ntexts = [open(f).read() for f in glob.glob('*.txt')]")]
    run_cells(folder, cells)
    moved = tmp_path_factory.mktemp("moved") / "project"
    shutil.move(folder, moved)
    assert run_cells(moved, cells).executed == set()


READS: list[tuple[str, str, Any]] = [
    ("a path put together", "name = 'da' + 'ta.txt'\ntext = open(name).read()", "data.txt"),
    ("a listing", "import os\nnames = sorted(os.listdir('more'))", "more/new.csv"),
    ("a pattern", "import glob\nnames = sorted(glob.glob('more/*.csv'))", "more/new.csv"),
    ("every file of a folder", "from pathlib import Path\n"
     "texts = [p.read_text() for p in sorted(Path('more').iterdir())]", "more/a.csv"),
    ("a helper that reads", "from helper import read\ntext = read()", "data.txt"),
    ("a helper's own code", "from helper import read\ntext = read()", "helper.py"),
    ("pandas", "import pandas\nframe = pandas.read_csv('more' + '/a.csv')", "more/a.csv"),
    ("a database", "import sqlite3\nf = 'data' + '.db'\n"
     "rows = sqlite3.connect(f).execute('select * from t').fetchall()", "data.db"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "changed"), [r[1:] for r in READS], ids=[r[0] for r in READS])
def test_what_a_step_was_seen_to_read(folder: Path, source: str, changed: str) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "a.csv").write_text("x\n1\n")
    (folder / "helper.py").write_text("def read():\n    return open('data' + '.txt').read()\n")
    make_database(folder / "data.db", 1)
    cells = [("step:a", source), ("step:b", "other = 1")]
    first = run_cells(folder, cells)
    assert first.executed == {"a", "b"}, first.result
    assert run_cells(folder, cells).executed == set()
    if changed.endswith(".db"):
        (folder / changed).unlink()
        make_database(folder / changed, 2)
    elif changed.endswith(".py"):
        (folder / changed).write_text("def read():\n    return 'other'\n")
    else:
        (folder / changed).write_text("x\n2\n")
    again = run_cells(folder, cells)
    assert "a" in again.executed
    assert "b" not in again.executed or changed.endswith(".py")


def make_database(path: Path, value: int) -> None:
    import sqlite3

    connection = sqlite3.connect(path)
    connection.execute("create table t (x)")
    connection.execute("insert into t values (?)", (value,))
    connection.commit()
    connection.close()


def test_an_environment_variable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells: Cells = [
        ("step:a", "import os\nmode = os.environ.get('APP_MODE', 'none')"),
        ("step:b", "import os\nchild = dict(os.environ, X='1')\nn = len(child) > 0"),
    ]
    assert run_cells(folder, cells).executed == {"a", "b"}
    monkeypatch.setenv("SOMETHING_ELSE", "1")
    assert run_cells(folder, cells).executed == set()
    monkeypatch.setenv("APP_MODE", "fast")
    assert run_cells(folder, cells).executed == {"a"}
    assert run_cells(folder, cells).executed == set()
    monkeypatch.delenv("APP_MODE")
    assert run_cells(folder, cells).executed == set()


def test_a_variable_that_the_step_set_itself(folder: Path) -> None:
    cells: Cells = [("step:a", "import os\nos.environ['MINE'] = 'x'\nmine = os.environ['MINE']")]
    run_cells(folder, cells)
    assert run_cells(folder, cells).executed == set()


def test_a_file_that_the_step_wrote_itself(folder: Path) -> None:
    source = "p = 'out' + '.txt'\nopen(p, 'w').write('1')\ntext = open(p).read()"
    run_cells(folder, [("step:a", source)])
    (folder / "out.txt").write_text("changed")
    assert run_cells(folder, [("step:a", source)]).executed == set()


def notices(outcome: Outcome) -> list[str]:
    return [item.diagnostic["name"] for item in outcome.events if isinstance(item, Notice)]


def test_a_file_that_passes_unseen_between_steps_is_told_and_never_stale(folder: Path) -> None:
    cells: Cells = [
        ("step:a", "names = [f'part-{i}.txt' for i in range(2)]\n"
                   "for name in names:\n    open(name, 'w').write(name)"),
        ("step:b prev:a", "import glob\n"
                          "texts = [open(f).read() for f in sorted(glob.glob('p*.txt'))]"),
    ]  # fmt: skip
    first = run_cells(folder, cells)
    assert first.status == {"a": "succeeded", "b": "succeeded"}
    if "undeclared-file" in notices(first):
        assert run_cells(folder, cells).executed == {"a", "b"}
    else:  # the compiler made it an input
        (folder / "part-1.txt").unlink()
        assert run_cells(folder, cells).result.status == "succeeded"


def test_a_file_that_changed_while_the_step_ran(folder: Path) -> None:
    source = "p = 'data' + '.txt'\ntext = open(p).read()\nopen(p, 'a').write('4')\nn = len(text)"
    first = run_cells(folder, [("step:a", source)])
    assert "not-cached" in notices(first)
    assert run_cells(folder, [("step:a", source)]).executed == {"a"}
