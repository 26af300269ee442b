"""Whose lines are whose in a step's log."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalelike.run.kfp.logs import launcher_reason, pod_names, shown_lines, user_lines

RECORDINGS = Path(__file__).parent / "recordings"
HEAD = "I1123 14:42:20.790813      14 main.go:139] Setting log level to: '1'\n"
STATED = (
    "I1123 14:42:20.967900      14 launcher_v2.go:1230] ExecutorOutput: {\n"
    '  "artifacts": {\n    "rows": {}\n  }\n}\n'
)
PUBLISHED = "I1123 14:42:20.987883      14 launcher_v2.go:206] publish success.\n"
LOST = "F1123 14:42:20.992963      14 main.go:130] failed to execute component: no such file\n"

CASES = [
    ("the step's", f"{HEAD}one\n\ntwo\n{PUBLISHED}", ["one", "", "two"]),
    ("what it stated", f'{HEAD}one\n{STATED}{PUBLISHED}{{"a": 1}}\n', ["one", '{"a": 1}']),
    ("stated nothing", f"{HEAD}one\n{STATED.splitlines()[0][:-1]}{{}}\ntwo\n", ["one", "two"]),
    ("JSON of its own", f'{HEAD}{{\n  "a": 1\n}}\n', ["{", '  "a": 1', "}"]),
    ("a record", f"{HEAD}one\nKALELIKE-RECORD {{}}\n", ["one"]),
]


@pytest.mark.parametrize(("name", "log", "lines"), CASES, ids=[row[0] for row in CASES])
def test_the_steps_own_lines(name: str, log: str, lines: list[str]) -> None:
    assert list(user_lines(log)) == lines
    assert shown_lines(log) == lines


def test_where_the_step_said_nothing_kubeflow_is_heard() -> None:
    assert shown_lines(HEAD + LOST) == [HEAD.rstrip(), LOST.rstrip()]
    assert launcher_reason(HEAD + LOST) == "failed to execute component: no such file"


def test_the_recorded_failure() -> None:
    lines = list(user_lines((RECORDINGS / "fail-node-log.txt").read_text("utf-8")))
    assert [line.split()[0] for line in lines if line] == ["STEP", "PARAMS", "IN"]


def test_a_pods_name_is_not_its_nodes() -> None:
    name = "work-abcde-2536393793"
    assert pod_names(name)[0] == "work-abcde-system-container-impl-2536393793"
    long = f"{'w' * 300}-1"
    assert all(len(item) <= 253 for item in pod_names(long))
