"""Notebooks that are equal, planted faults with their reasons, and what is the notebook's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kalelike.verify.findings import Kind, Outcome, Status
from kalelike.verify.following import is_consequence
from tests.verify.running import (
    Cells,
    replaced_cell,
    replaced_source,
    run,
    subject_of,
    with_changed_step,
    without_input,
)

SOUND: Cells = [
    ("imports", "import random\nimport json\nrandom.seed(3)"),
    ("functions", "def scaled(values, by):\n    return [value * by for value in values]"),
    ("step:load", "data = [random.random() for _ in range(50)]\nprint(len(data))"),
    ("step:fit", "random.shuffle(data)\nmodel = {'mean': sum(data) / len(data)}\nmodel"),
    ("", "with open('model.json', 'w') as file:\n    json.dump(model, file)"),
    ("step:use", "with open('model.json') as file:\n    again = json.load(file)\n"
     "result = scaled([again['mean'], random.random()], 3)\nresult"),
    ("pipeline-metrics", "print(result[0])"),
]  # fmt: skip


def test_equal(tmp_path: Path) -> None:
    made = run(subject_of(tmp_path / "book", SOUND), method="spawn")
    assert made.outcome is Outcome.EQUAL
    assert made.findings == ()
    assert made.runs == 1
    total = {kind: sum(step.equal.get(kind, 0) for step in made.steps) for kind in Kind}
    assert total[Kind.METRIC] == 1
    assert total[Kind.DISPLAY] == 4
    assert total[Kind.VALUE] >= 6
    assert os.listdir(tmp_path / "book") == ["book.ipynb"]


def test_unseeded_random_numbers_compare_all_the_same(tmp_path: Path) -> None:
    cells: Cells = [
        ("imports", "import random"),
        ("step:one", "x = random.random()"),
        ("step:two", "y = [x, random.random()]\ny"),
        ("step:three", "random.seed(1)\nz = random.random()"),
        ("step:four", "w = [y, z, random.random()]"),
    ]
    made = run(subject_of(tmp_path / "book", cells))
    assert made.outcome is Outcome.EQUAL
    assert made.findings == ()


FAULTS = {
    "code": ("fit", replaced_source("sum(data)", "max(data)"), "model", ""),
    "lost input": ("fit", without_input("@random:python"), "data", "random state"),
    "clock": (
        "load", replaced_source("random.random()", "__import__('time').time()"), "data", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_a_step_is_found_at_its_cell(name: str, tmp_path: Path) -> None:
    cells = [item for item in SOUND if "model.json" not in item[1]][:-1]
    step, change, value, reason = FAULTS[name]
    subject = with_changed_step(subject_of(tmp_path / "book", cells), step, change)
    made = run(subject)
    assert made.outcome is Outcome.DIFFERENT
    first = made.first
    assert first is not None
    assert (first.step, first.name, first.kind) == (step, value, Kind.VALUE)
    assert first.cell
    assert first.reason is not None
    assert first.reason.line
    assert first.reason.source
    assert made.runs == 2
    if reason:
        assert first.reason.kind == reason
    if name == "lost input":
        assert "random.shuffle(data)" in first.reason.source


def test_what_follows_from_a_difference_is_told_apart(tmp_path: Path) -> None:
    cells: Cells = [
        ("step:one", "b = 2\na = 1"),
        ("step:two", "c = a + b\nprint(c)"),
        ("step:three", "d = c"),
        ("step:four", "e = b"),
    ]
    change = replaced_source("b = 2\na = 1", "b = 2\na = 5")
    made = run(with_changed_step(subject_of(tmp_path / "book", cells), "one", change))
    told = {(item.step, item.name, item.kind): item for item in made.of(Status.DIFFERENT)}
    own = [key[:2] for key, item in told.items() if not is_consequence(item)]
    assert own == [("one", "a")]
    assert {step for step, _, _ in told} == {"one", "two", "three"}
    shown = told["two", "", Kind.DISPLAY].reason
    assert shown is not None
    assert shown.text == "the step was given another a"


def test_the_first_difference_is_what_the_cell_binds_first(tmp_path: Path) -> None:
    cells: Cells = [("step:one", "z = 1\na = z\nprint(a)"), ("step:two", "y = a")]
    change = replaced_source("z = 1", "z = 2")
    made = run(with_changed_step(subject_of(tmp_path / "book", cells), "one", change))
    assert [item.name for item in made.findings if item.step == "one"] == ["z", "a", ""]


def test_memory_that_nothing_filled_is_the_notebooks_own(tmp_path: Path) -> None:
    """What `numpy.empty` gives is no difference; what is computed beside it still is."""
    cells: Cells = [
        ("imports", "import numpy as np"),
        ("step:one", "a = np.empty(4)\nb = np.empty(3)\nb[:] = 5\nprint(b)"),
        ("", "np.empty(3)"),
        ("step:two", "np.copyto(a, 2)\nc = a + b[0]"),
    ]
    subject = subject_of(tmp_path / "book", cells)
    stable = with_changed_step(subject, "one", replaced_cell(1, "np.empty(4)", "np.full(4, 7.0)"))
    shown = with_changed_step(stable, "one", replaced_cell(2, "np.empty(3)", "np.full(3, 7.0)"))
    made = run(shown)
    assert made.outcome is Outcome.EQUAL
    assert made.runs == 3
    own = [item for item in made.of(Status.UNSTABLE) if not is_consequence(item)]
    assert [(item.name, item.kind) for item in own] == [("a", Kind.VALUE), ("", Kind.DISPLAY)]
    assert {item.reason.kind for item in own if item.reason} == {"uninitialised memory"}
    faulty = run(with_changed_step(shown, "one", replaced_cell(1, "b[:] = 5", "b[:] = 6")))
    assert faulty.outcome is Outcome.DIFFERENT
    assert faulty.first is not None
    assert faulty.first.name == "b"
    assert {(item.step, item.name) for item in faulty.of(Status.DIFFERENT)} >= {
        ("one", "b"), ("two", "c"),
    }  # fmt: skip


def test_a_step_that_fails(tmp_path: Path) -> None:
    cells: Cells = [("step:one", "x = 1"), ("step:two", "y = 2\nz = x + y")]
    subject = with_changed_step(
        subject_of(tmp_path / "book", cells), "two", lambda data: data.update(inputs=[])
    )
    made = run(subject)
    assert made.outcome is Outcome.DIFFERENT
    assert made.first is not None
    assert made.first.kind is Kind.FAILURE
    assert "name 'x' is not defined" in made.first.why
    assert made.first.reason is not None
    assert made.first.reason.line == 2
    assert made.first.reason.source == "z = x + y"
    assert "bind x" in made.first.reason.hint


def test_a_file_that_another_step_left(tmp_path: Path) -> None:
    """Steps have folders of their own: a file that is not passed on is not there."""
    cells: Cells = [
        ("step:one", "open('a.txt', 'w').write('1')"),
        ("step:two", "x = open('a.txt').read()"),
    ]
    subject = with_changed_step(
        subject_of(tmp_path / "book", cells), "two", lambda data: data.update(inputs=[])
    )
    made = run(subject)
    assert made.first is not None
    assert "No such file" in made.first.why
    assert made.first.reason is not None
    assert made.first.reason.source == "x = open('a.txt').read()"


def test_files_and_displays_and_metrics_differ(tmp_path: Path) -> None:
    cells: Cells = [
        ("step:one", "x = 1.5"),
        ("step:two", "print('x is', 2)\nopen('out.txt', 'w').write('2.5')\ny = x"),
        ("pipeline-metrics", "print(y)"),
    ]

    def change(data: dict[str, object]) -> None:
        for cell in data["cells"]:  # type: ignore[attr-defined]
            cell["source"] = cell["source"].replace("2)", "3)").replace("2.5", "3.5")
            cell["source"] = cell["source"].replace("y = x", "y = x * 2")

    made = run(with_changed_step(subject_of(tmp_path / "book", cells), "two", change))
    assert {item.kind for item in made.of(Status.DIFFERENT)} == {
        Kind.DISPLAY, Kind.FILE, Kind.METRIC, Kind.VALUE
    }  # fmt: skip
    shown = next(item for item in made.findings if item.kind is Kind.DISPLAY)
    assert shown.why == "'x is 3' for 'x is 2'"


def test_a_file_that_a_later_step_removes_is_no_difference(tmp_path: Path) -> None:
    cells: Cells = [
        ("step:one", "import os\nopen('out.txt', 'w').write('2.5')"),
        ("step:two", "os.remove('out.txt')"),
        ("step:three", "print(os.path.exists('out.txt'))"),
    ]
    made = run(subject_of(tmp_path / "book", cells))
    assert made.outcome is Outcome.EQUAL
    assert made.findings == ()


UNSTABLE = {
    "clock": "import time\nx = time.time() % 100",
    "random of the system": "import random\nx = random.SystemRandom().random()",
    "order of a set": "x = list({str(n) for n in range(99)})",
    "process": "import os\nx = os.getpid()",
}


@pytest.mark.parametrize("name", ["clock", "random of the system", "process"])
def test_what_two_runs_of_the_notebook_do_not_agree_on(name: str, tmp_path: Path) -> None:
    cells: Cells = [("step:one", UNSTABLE[name]), ("step:two", "y = [x]\nz = 1")]
    subject = subject_of(tmp_path / "book", cells)
    made = run(subject)
    assert made.outcome is Outcome.EQUAL
    unstable = made.of(Status.UNSTABLE)
    assert {item.name for item in unstable} == {"x", "y"}
    assert unstable[0].reason is not None
    assert unstable[0].reason.source == UNSTABLE[name].splitlines()[-1]
    assert all(map(is_consequence, unstable[1:]))
    assert made.proved
    assert made.runs == 2


def test_what_later_steps_compute_from_it_may_be_the_same_by_chance(tmp_path: Path) -> None:
    cells: Cells = [
        ("step:one", "import time\nt = time.time()"),
        ("step:two", "slow = time.time() - t > 50"),
        ("step:three", "print(slow)"),
    ]
    change = replaced_source("time.time()", "time.time() - 100")
    made = run(with_changed_step(subject_of(tmp_path / "book", cells), "one", change))
    assert made.outcome is Outcome.EQUAL
    assert {item.step for item in made.of(Status.UNSTABLE)} == {"one", "two", "three"}


def test_the_order_of_a_set_is_the_same_on_both_sides(tmp_path: Path) -> None:
    cells: Cells = [("step:one", UNSTABLE["order of a set"]), ("step:two", "y = x[0]")]
    assert run(subject_of(tmp_path / "book", cells), method="spawn").findings == ()


def test_strict_lets_nothing_uncovered_pass(tmp_path: Path) -> None:
    cells: Cells = [("step:one", "x = (n for n in [1])\ny = 1"), ("step:two", "z = y")]
    made = run(subject_of(tmp_path / "book", cells), strict=True)
    assert made.outcome is Outcome.EQUAL
    assert [item.name for item in made.of(Status.UNCOVERED)] == ["x"]
    assert not made.proved
    assert made.runs == 2


def test_the_notebook_itself_fails(tmp_path: Path) -> None:
    cells: Cells = [("step:one", "x = 1\n1 / 0"), ("step:two", "y = x")]
    made = run(subject_of(tmp_path / "book", cells))
    assert made.outcome is Outcome.NOTEBOOK_FAILS
    assert made.error is not None
    assert made.error["type"] == "ZeroDivisionError"
    assert made.error["line"] == 2


def test_relative_folders_above_are_there(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("7", "utf-8")
    cells: Cells = [
        ("step:one", "x = open('../data/a.txt').read()"),
        ("step:two", "y = open('../data/a.txt').read() + x\nprint(y)"),
    ]
    made = run(subject_of(tmp_path / "book", cells))
    assert made.outcome is Outcome.EQUAL


def test_a_cell_of_no_step_within_a_step_restarts_nothing(tmp_path: Path) -> None:
    cells: Cells = [
        ("step:one", "import random\nx = random.random()"),
        ("imports", "import json"),
        ("step:two", "y = random.random()"),
    ]
    subject = subject_of(tmp_path / "book", cells)
    assert [cell.step for cell in subject.cells] == ["one", None, "two"]
    made = run(subject)
    assert made.outcome is Outcome.EQUAL
    assert made.findings == ()


APART: Cells = [
    ("step:one", "x = [1, 2]\nprint(x)"),
    ("step:two", "y = 2"),
    ("step:three", "y = 3\nw = y"),
    ("pipeline-metrics", "total = sum(x)\nprint(total)"),
]


def test_what_two_runs_agree_on_by_chance_runs_once_more(tmp_path: Path) -> None:
    """The notebook's runs are the first, third and fourth; step c says the same in two of them."""
    count = tmp_path / "count"
    count.write_bytes(b"0")
    look = f"import os\nplace = os.open({str(count)!r}, os.O_RDWR)\nrun = int(os.read(place, 1))\n"
    cells = [
        (
            "step:a",
            look + "os.pwrite(place, str(run + 1).encode(), 0)\nos.close(place)\ndel run, place",
        ),
        ("step:b", look + "os.close(place)\nprint(run)\ndel run, place"),
        (
            "step:c",
            look + "os.close(place)\nprint({1: 'x', 2: 'y', 3: 'x', 4: 'z'}[run])\ndel run, place",
        ),
    ]
    made = run(subject_of(tmp_path / "book", cells))
    assert made.runs == 3
    assert {item.status for item in made.findings} == {Status.UNSTABLE}
    assert made.outcome is Outcome.EQUAL


def test_a_function_nobody_calls_is_missing_in_no_step(tmp_path: Path) -> None:
    """The last cell is set-up that step b runs; the function before it belongs to no step."""
    cells = [
        ("step:a", "import numpy as np\nx = np.array(4)"),
        ("step:b", "y = 5"),
        ("functions", "from math import floor\ndef f(v):\n    return floor(v)"),
        ("imports", "x += 1"),
    ]
    found = run(subject_of(tmp_path, cells))
    assert found.outcome is Outcome.EQUAL, found.findings


def test_metrics_that_stand_behind_other_steps(tmp_path: Path) -> None:
    """A step runs its metrics at its own end; what other cells bind meanwhile is not its."""
    subject = subject_of(tmp_path / "book", APART)
    one = subject.steps[0]
    assert (one.ends_after, one.apart) == (0, (3,))
    made = run(subject)
    assert made.findings == ()
    assert made.outcome is Outcome.EQUAL
    assert made.steps[0].equal == {Kind.VALUE: 2, Kind.METRIC: 2, Kind.DISPLAY: 2}


def test_a_value_of_metrics_that_stand_behind_other_steps_differs(tmp_path: Path) -> None:
    changed = with_changed_step(
        subject_of(tmp_path / "book", APART), "one", replaced_cell(3, "sum(x)", "max(x)")
    )
    made = run(changed)
    assert {(item.name, item.kind) for item in made.of(Status.DIFFERENT)} == {
        ("total", Kind.VALUE), ("total", Kind.METRIC), ("total_2", Kind.METRIC), ("", Kind.DISPLAY)
    }  # fmt: skip
    assert made.first is not None
    assert made.first.cell == "cell [4]"


def test_files_count_for_the_step_that_wrote_them(tmp_path: Path) -> None:
    """A pickle is compared also where the step that passes it on has not imported its writer."""
    cells: Cells = [
        ("step:one", "import joblib\nimport numpy as np\nx = joblib.dump(np.arange(3.0), 'a.pkl')"),
        ("step:two", "import os\ny = os.path.getsize('a.pkl') > 0"),
        ("step:three", "z = open('b.txt', 'w').write('1')"),
    ]
    made = run(subject_of(tmp_path / "book", cells), method="spawn")
    assert made.findings == ()
    assert sum(step.equal.get(Kind.FILE, 0) for step in made.steps) == 2
    assert made.steps[2].equal[Kind.FILE] == 1
