"""Diagnostics as text: place, line, caret, hint; no colour where none is wanted."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from kalelike.cli.excerpt import SourceFile, excerpt_lines
from kalelike.cli.report import diagnostic_text, print_diagnostics, summary
from kalelike.cli.terminal import has_colour, visible
from kalelike.diagnostics import Location, Severity, diagnose


def write_notebook(folder: Path, *sources: object) -> Path:
    path = folder / "nb.ipynb"
    cells = [{"cell_type": "code", "source": source} for source in sources]
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return path


def test_a_message_shows_its_line_and_a_caret(tmp_path: Path) -> None:
    path = write_notebook(tmp_path, "a = 1", ["b = 2\n", "c = foo + 1\n"])
    place = Location("nb.ipynb", 1, "x", 2, 2, 4)
    item = diagnose("undefined-name", "`foo` is defined nowhere", place, "define it")
    assert diagnostic_text(item, SourceFile(str(path)), io.StringIO()) == (
        "nb.ipynb, cell [2], line 2: error KL101 [undefined-name] `foo` is defined nowhere\n"
        "     2 | c = foo + 1\n"
        "       |     ^\n"
        "    hint: define it"
    )


def test_a_document_shows_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("one: 1\ntwo: 2\n")
    item = diagnose("bad-option", "two is wrong", Location("p.yaml", line=2))
    assert "     2 | two: 2" in diagnostic_text(item, SourceFile(str(path)), io.StringIO())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("{", Location("nb.ipynb", 0, "x", 1, 1, 0), id="broken json"),
        pytest.param("[1]", Location("nb.ipynb", 0, "x", 1, 1, 0), id="not a notebook"),
        pytest.param('{"cells": [3]}', Location("nb.ipynb", 0, "x", 1, 1), id="cell is a number"),
        pytest.param(
            '{"cells": [{"source": 3}]}', Location("nb.ipynb", 0, "x", 1, 1), id="no text"
        ),
        pytest.param('{"cells": []}', Location("nb.ipynb", 5, "x", 1, 1), id="no such cell"),
        pytest.param(
            '{"cells": [{"source": "x"}]}', Location("nb.ipynb", 0, "", 1, 9), id="no line"
        ),
        pytest.param('{"cells": [{"source": "x"}]}', Location("other.py", 0, "", 1, 1), id="other"),
        pytest.param("{" * 100_000, Location("nb.ipynb", 0, "x", 1, 1), id="deep"),
    ],
)
def test_no_excerpt_is_better_than_an_error(tmp_path: Path, text: str, place: Location) -> None:
    path = tmp_path / "nb.ipynb"
    path.write_text(text)
    assert SourceFile(str(path)).line(place) is None
    assert SourceFile(str(tmp_path)).line(place) is None
    assert SourceFile(None).line(place) is None


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        pytest.param("x = 漢字 + y", 9, "     1 | x = 漢字 + y\n       |            ^", id="wide"),
        pytest.param("\tx", 1, "     1 |  x\n       |  ^", id="tab"),
        pytest.param("x", 1, "     1 | x\n       |  ^", id="end of line"),
        pytest.param("x", 5, "     1 | x", id="beyond"),
        pytest.param("x", None, "     1 | x", id="unknown"),
    ],
)
def test_the_caret_stands_under_its_column(line: str, column: int | None, expected: str) -> None:
    assert "\n".join(excerpt_lines(line, 1, column)) == expected


def test_a_long_line_is_cut_around_its_column() -> None:
    line = "a" * 500 + "!" + "b" * 500
    text, caret = excerpt_lines(line, 1, 500)
    assert len(text) < 160
    assert text[caret.index("^")] == "!"


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert visible("a\x1b[31mred\r\x07 é\n") == "a·[31mred·· é\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    item = diagnose("undefined-name", "no", Location("a"))
    terminal, file = Terminal(), io.StringIO()
    print_diagnostics([item], stream=terminal)
    print_diagnostics([item], stream=file)
    assert "\x1b[31merror KL101" in terminal.getvalue()
    assert "\x1b" not in file.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not has_colour(terminal)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not has_colour(terminal)


def test_a_summary_counts_by_weight() -> None:
    error = diagnose("undefined-name", "", Location("a"))
    note = diagnose("undefined-name", "", Location("a"), severity=Severity.NOTE)
    assert summary([error, note, error]) == "2 errors, 1 note"
    assert summary([]) == ""
