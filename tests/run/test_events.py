"""What a run tells: to programs (documented), to a pipe, to a terminal."""

from __future__ import annotations

import dataclasses
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kalelike.run import events
from kalelike.run.local.step_log import StepLogReader, parse_retry, read_log
from tests.equivalence.harness import write_notebook
from tests.run.processes import ROOT, run
from tests.run.running import Cells

KINDS = [
    kind
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, events.Event) and kind is not events.Event
]
DOCUMENT = (ROOT / "docs" / "running.md").read_text("utf-8")

CELLS: Cells = [
    ("pipeline-parameters", "n = 2"),
    ("step:make", "print('made', n)\nrows = list(range(n))\nrate = float('nan')"),
    ("step:bad", "rows[7]"),
    ("step:never", "import os\nprint(rows)\nm = 1"),
    ("pipeline-metrics", "print(m)"),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_is_documented(kind: type) -> None:
    (row,) = re.findall(rf"^\| `{kind.__name__}` \| ([^|]*) \|", DOCUMENT, re.MULTILINE)
    fields = [item.name for item in dataclasses.fields(kind)]  # type: ignore[arg-type]
    assert re.findall(r"`(\w+)`", row) == [name for name in fields if name not in ("time", "run")]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write_notebook(tmp_path / "notebook.ipynb", CELLS)


def test_json(notebook: Path) -> None:
    found = run(notebook)
    kinds = [item["event"] for item in found]
    assert kinds[0] == "RunStarted"
    assert kinds[-2:] == ["RunFinished", "Result"]
    assert {item["run"] for item in found} == {found[0]["run"]}
    assert found[0]["steps"] == ["make", "bad", "never"]
    ended = {item["step"]: item for item in found if item["event"] == "StepFinished"}
    assert {name: item["status"] for name, item in ended.items()} == {
        "make": "succeeded",
        "bad": "failed",
        "never": "succeeded",
    }
    error = ended["bad"]["error"]
    assert (error["type"], error["cell"]["number"], error["line"]) == ("IndexError", 3, 1)
    assert found[-1]["metrics"] == {"m": 1}
    assert [item["step"] for item in found[-1]["steps"]] == ["make", "bad", "never"]


def test_lines(notebook: Path) -> None:
    command = [sys.executable, "-m", "kalelike", "run", str(notebook)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    for text in (
        "3 steps",
        "make | made 2",
        "✗ bad failed",
        "✓ never succeeded",
        "m = 1",
        "step bad, cell [3], line 1: KL801 IndexError",
        "-->   1 | rows[7]",
    ):
        assert text in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("width", [40, 120])
def test_a_terminal(notebook: Path, width: int) -> None:
    shown = in_terminal(["run", str(notebook)], width)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "make" in text
    assert "IndexError" in text
    assert "rows[7]" in text
    assert "\x1b[?25h" in shown, "the cursor is shown again"


def in_terminal(arguments: list[str], width: int) -> str:
    """Run kalelike in a terminal of so many columns; return all that it wrote."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "kalelike", *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT,
        env={**os.environ, "TERM": "xterm", "COLUMNS": str(width), "LINES": "20"},
    )  # fmt: skip
    os.close(theirs)
    found = b""
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                data = os.read(ours, 65536)
            except OSError:
                break
            if not data:
                break
            found += data
        elif process.poll() is not None:
            break
    process.wait(timeout=10)
    os.close(ours)
    return found.decode("utf-8", "replace")


def test_a_log_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    reader = StepLogReader(path)
    assert reader.lines() == []
    with path.open("ab", buffering=0) as file:
        file.write(b"one\ntw")
        assert reader.lines() == ["one"]
        file.write(b"o\r\n\n\xff\n")
        assert reader.lines() == ["two", "\ufffd"]
        file.write(b"\r 10%\r 20%")
        assert reader.lines() == []
        assert (reader.overwritten(), reader.overwritten()) == (" 20%", "")
        file.write(b"\nlast\nKALELIKE-RECORD {}\nnoise of the exit\n")
        assert reader.last_lines() == ["\r 10%\r 20%", "last"]
    assert read_log(path)[-1] == "last"


def test_a_line_without_end_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"x" * 3_000_000)
    reader = StepLogReader(path)
    lines = [*reader.lines(), *reader.last_lines()]
    assert sum(map(len, lines)) == 3_000_000
    assert max(map(len, lines)) <= 64 * 1024


@pytest.mark.parametrize(
    "line", ["x", "KALELIKE-RETRY", "KALELIKE-RETRY {", 'KALELIKE-RETRY {"a":1}']
)
def test_what_only_looks_like_a_retry(line: str) -> None:
    assert parse_retry(line) is None
