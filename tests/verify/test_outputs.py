"""What a verification leaves: certificate and its check, JUnit, exit codes, and the table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Tree

import pytest

from kalelike.runtime.fingerprints import Tolerance
from kalelike.verify.findings import (
    Finding,
    Kind,
    Outcome,
    Reason,
    Status,
    StepCount,
    Verification,
)
from kalelike.verify.junit import to_junit
from tests.equivalence.harness import write_notebook

ROOT = Path(__file__).parents[2]
CELLS = [
    ("step:one", "x = [float(line) for line in open('data.txt')]\nprint(x)"),
    ("step:two", "y = sum(x)\ny"),
]


def command(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kalelike", "verify", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verified")
    (folder / "data.txt").write_text("1.5\n2\n", "utf-8")
    path = write_notebook(folder / "book.ipynb", CELLS)
    done = command(path.name, "--certificate", "c.json", "--junit", "j.xml", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "book.ipynb: equal" in done.stdout
    return folder


def copied(verified: Path, folder: Path) -> Path:
    for name in ("data.txt", "book.ipynb", "c.json"):
        (folder / name).write_bytes((verified / name).read_bytes())
    return folder


def test_certificate_fits_what_it_was_made_of(verified: Path) -> None:
    data = json.loads((verified / "c.json").read_text("utf-8"))
    assert data["verdict"] == "equal"
    assert data["data"].keys() == {"data.txt"}
    assert data["code"].keys() == {"one", "two"}
    done = command("book.ipynb", "--check", "c.json", cwd=verified)
    assert done.returncode == 0
    assert "fits" in done.stdout


def change_code(folder: Path) -> None:
    cells = [CELLS[0], (CELLS[1][0], "y = sum(x) + 1\ny")]
    write_notebook(folder / "book.ipynb", cells)


def change_data(folder: Path) -> None:
    (folder / "data.txt").write_text("1.5\n3\n", "utf-8")


def rewrite(folder: Path, **changes: Any) -> None:
    path = folder / "c.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")


CHANGES = {
    "code": (change_code, 1, "code of step two"),
    "data": (change_data, 1, "data file data.txt"),
    "verdict": (lambda folder: rewrite(folder, verdict="different"), 2, "KL822"),
    "environment": (lambda folder: rewrite(folder, environment=[]), 2, "KL822"),
    "digest": (lambda folder: rewrite(folder, digest="0" * 64), 2, "KL822"),
    "no json": (lambda folder: (folder / "c.json").write_text("x"), 2, "KL822"),
    "another json": (lambda folder: (folder / "c.json").write_text("[]"), 2, "KL822"),
    "no file": (lambda folder: (folder / "c.json").unlink(), 2, "KL001"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_certificate_no_longer_fits(name: str, verified: Path, tmp_path: Path) -> None:
    change, status, told = CHANGES[name]
    folder = copied(verified, tmp_path)
    change(folder)
    done = command("book.ipynb", "--check", "c.json", cwd=folder)
    assert done.returncode == status, done.stdout + done.stderr
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_comments_do_not_make_a_certificate_stale_in_its_steps(
    verified: Path, tmp_path: Path
) -> None:
    folder = copied(verified, tmp_path)
    write_notebook(folder / "book.ipynb", [CELLS[0], (CELLS[1][0], "# sum\ny = sum(x)\ny")])
    done = command("book.ipynb", "--check", "c.json", cwd=folder)
    assert "code cells" in done.stdout
    assert "code of step" not in done.stdout


def check_junit(text: str) -> Tree.Element:
    """Check the form that CI servers read: counts that agree, cases within suites."""
    root = Tree.fromstring(text)
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert suite.get("name")
        cases = list(suite)
        assert {case.tag for case in cases} <= {"testcase"}
        assert all(case.get("name") and case.get("classname") for case in cases)
        assert int(suite.get("tests", "-1")) == len(cases)
        for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(key, "-1")) == sum(case.find(tag) is not None for case in cases)
    assert int(root.get("tests", "-1")) == sum(len(suite) for suite in root)
    return root


def test_junit_of_an_equal_notebook(verified: Path) -> None:
    root = check_junit((verified / "j.xml").read_text("utf-8"))
    assert [suite.get("name") for suite in root] == ["one", "two"]
    assert root.get("failures") == "0"


def test_junit_of_differences() -> None:
    reason = Reason("clock", "it reads the time", "read it once", "cell [1]", 0, 1, "x = <&>")
    findings = (
        Finding(Kind.VALUE, Status.DIFFERENT, "one", "x", "1 for \x00<2>", reason=reason),
        Finding(Kind.DISPLAY, Status.UNCOVERED, "one", "", "warnings differ"),
        Finding(Kind.FILE, Status.DIFFERENT, "", "a.txt", "no step writes it"),
    )
    made = Verification(
        "a & b.ipynb", Outcome.DIFFERENT, Tolerance(), (StepCount("one", {}),), findings
    )
    root = check_junit(to_junit(made))
    assert root.get("failures") == "2"
    assert root.get("skipped") == "1"
    failure = root.find(".//failure")
    assert failure is not None
    assert "it reads the time" in str(failure.get("message"))
    assert "--> cell [1], line 1: x = <&>\n  hint: read it once" in str(failure.text)


def test_junit_of_a_notebook_that_fails() -> None:
    error = {"type": "ValueError", "message": "no", "traceback": "..."}
    made = Verification("a.ipynb", Outcome.NOTEBOOK_FAILS, Tolerance(), error=error)
    assert check_junit(to_junit(made)).get("errors") == "1"


REFUSED: dict[str, tuple[list[tuple[str, str]], list[str], str]] = {
    "no steps": ([("", "x = 1")], [], "KL011"),
    "undefined name": ([("step:one", "y = x")], [], "KL101"),
    "bad tolerance": (CELLS, ["--rtol", "2"], "KL809"),
    "output is the input": (CELLS, ["--junit", "book.ipynb"], "KL009"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_before_anything_runs(name: str, tmp_path: Path) -> None:
    cells, arguments, code = REFUSED[name]
    write_notebook(tmp_path / "book.ipynb", cells)
    done = command("book.ipynb", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert code in done.stderr
    assert "notebook runs" not in done.stderr


def test_json_is_the_only_output(tmp_path: Path) -> None:
    cells = [("step:one", "print('x' * 10)\nx = 1"), ("step:two", "y = x\n1 / 0")]
    write_notebook(tmp_path / "book.ipynb", cells)
    done = command("book.ipynb", "--json", cwd=tmp_path)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert events[-1]["event"] == "Verification"
    assert events[-1]["verdict"] == "notebook-fails"
    assert events[-1]["error"]["line"] == 2


def test_a_failing_notebook_is_shown_with_its_line(tmp_path: Path) -> None:
    write_notebook(tmp_path / "book.ipynb", [("step:one", "x = 1"), ("step:two", "y = x\n1 / 0")])
    done = command("book.ipynb", cwd=tmp_path)
    assert done.returncode == 1
    assert "the notebook itself fails" in done.stdout
    assert "1 / 0" in done.stdout
