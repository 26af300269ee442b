"""A value that cannot pass to another step is named with its place, its type and a remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.run.running import run_cells

# What this gives, the compiler cannot know: it stands in a file.
HELPER = """
import csv, io, json, sqlite3, threading

def made(kind):
    with open("kinds.json") as file:
        return eval(json.load(file)[kind])
"""
KINDS = {
    "lock": "threading.Lock()",
    "reader": "csv.reader(io.StringIO('a'))",
    "file": "open('helper.py')",
    "connection": "sqlite3.connect(':memory:')",
}

# Name, cells of the step, index of the cell, line in it, words of the message.
ROWS: list[tuple[str, list[str], int, int, list[str]]] = [
    ("lock", ["import helper", "x = 1\n\nlock = helper.made('lock')"], 1, 3,
     ["lock (a lock)", "in the step that uses it"]),
    ("reader", ["%matplotlib inline\nfrom helper import made\nreader = made('reader')"], 0, 3,
     ["reader", "into a list"]),
    ("box", ["import helper\nbox = {'a': [1, {}]}", "box['a'][1]['b'] = helper.made('lock')"],
     0, 2, ["box['a'][1]['b'] (a lock)"]),
    ("file", ["import helper\nfile = helper.made('file')"], 0, 2,
     ["TextIOWrapper", "pass its path"]),
    ("connection", ["import helper\nconnection = helper.made('connection')"], 0, 2,
     ["(a Connection)", "connect in each step"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sources", "cell", "line", "words"), ROWS, ids=[r[0] for r in ROWS]
)
def test_it_is_told(
    tmp_path: Path, name: str, sources: list[str], cell: int, line: int, words: list[str]
) -> None:
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "kinds.json").write_text(json.dumps(KINDS))
    cells = [("step:make", sources[0]), *[("", source) for source in sources[1:]]]
    outcome = run_cells(tmp_path, [*cells, ("step:use", f"print({name})"), ("step:other", "y = 1")])
    assert outcome.status == {"make": "failed", "use": "skipped", "other": "succeeded"}
    error = outcome.error("make")
    assert error["code"] == "KL201"
    assert (error["cell"]["index"], error["line"]) == (cell, line)
    told = f"{error['message']} {error['hint']}"
    assert all(word in told for word in words), told
