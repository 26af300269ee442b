"""Names of data files, patterns among them, become paths beside the notebook."""

from __future__ import annotations

from pathlib import Path

from kalelike.graph.data_files import data_paths


def test_patterns_give_what_they_match(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("in/b.csv", "in/a.csv", "in/c.txt", "d.csv"):
        (tmp_path / name).write_text("x")
    found = list(data_paths(["d.csv", "in/*.csv", "gone.csv", "no*.csv"], tmp_path))
    assert [name for name, _ in found] == ["d.csv", "in/a.csv", "in/b.csv", "gone.csv"]
    assert [path.exists() for _, path in found] == [True, True, True, False]


def test_what_leads_out_of_the_folder_is_left_to_the_caller(tmp_path: Path) -> None:
    names = ["/etc/*", "../*.csv"]
    assert [name for name, _ in data_paths(names, tmp_path)] == names
