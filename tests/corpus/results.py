"""RESULTS.md from the runner's rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.corpus.manifest import Entry

Row = Mapping[str, Any]
_OUTCOMES = {
    "right": "right",
    "refused": "refused, with a reason",
    "stopped": "stopped by a step that names the value",
    "different": "different",
    "warned": "different, as a warning had said before the run",
    "timeout": "out of time",
    "crash": "an error of ours",
    "fails": "the notebook itself fails",
    "-": "not run",
}
_WARNED = frozenset({"KL304"})
"""Warnings that name the cell and line of a change that later steps will not see."""
_PATH = re.compile(r"(?<![\w.])/\S+")
"""A place on the machine that ran it."""
_HEAD = """\
# Results of the corpus

Made by `tests/corpus/run.py CHECKOUTS --write`; not edited by hand. Each notebook is verified
(`kalelike verify --auto`) with steps from its headings, else from its data flow: right means that
every value, metric, displayed result and file that two runs of the notebook itself agree on is the
same, within the stated tolerance. Notebooks run with the packages of `requirements-current.txt`,
or of `requirements-2022.txt` where they need those of their years; one that fails at a cell by
itself is verified up to that cell, where that leaves steps to speak of.
"""


def render(entries: Sequence[Entry], done: Mapping[str, Row]) -> str:
    """Return the page for the entries that have rows."""
    rows = [(entry, done.get(entry.key, {})) for entry in entries]
    parts = [_HEAD, _totals(rows), _code(rows), _by_repository(rows), _inputs(rows), _kale(rows)]
    parts += [_not_right(rows), _uncovered(rows), _all(rows)]
    return "\n".join(part for part in parts if part)


def _outcome(row: Row) -> str:
    made = row.get("verify", {})
    outcome = str(made.get("outcome", "-"))
    if outcome == "different" and made["different"][0]["why"].startswith("CannotCrossError"):
        return "stopped"
    if outcome == "different" and not _WARNED.isdisjoint(made["warnings"]):
        return "warned"
    return outcome


def _code(rows: Sequence[tuple[Entry, Row]]) -> str:
    """The commits of the product's code that the rows were made with."""
    counts = Counter(row["verify"]["code"] for _, row in rows if "code" in row.get("verify", {}))
    told = ", ".join(f"{code} ({count})" for code, count in counts.most_common())
    return f"Code: the commit that last changed `kalelike/`, and its notebooks: {told}.\n"


def _table(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    told = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    told += ["| " + " | ".join(_cell(item) for item in line) + " |" for line in lines]
    return "\n".join(told) + "\n"


def _cell(item: object) -> str:
    return " ".join(str(item).split()).replace("|", "\\|")


def _totals(rows: Sequence[tuple[Entry, Row]]) -> str:
    counts = Counter(_outcome(row) for _, row in rows)
    runs = sum(counts.values()) - counts["fails"] - counts["-"]
    lines = [(text, counts[key]) for key, text in _OUTCOMES.items() if counts[key]]
    share = f"{100 * counts['right'] / runs:.1f}%" if runs else "-"
    return (
        f"## {len(rows)} notebooks of {len({item.repository for item, _ in rows})} repositories\n\n"
        + _table(("outcome", "notebooks"), lines)
        + f"\nOf the {runs} whose own run succeeds with these packages, {share} are right.\n"
        + f"{sum(item.first_cells is not None for item, _ in rows)} of all are run up to a cell "
        "that fails by itself.\n"
    )


def _by_repository(rows: Sequence[tuple[Entry, Row]]) -> str:
    found: dict[tuple[str, str, str], Counter[str]] = {}
    for entry, row in rows:
        key = (entry.repository, entry.commit[:10], entry.licence)
        found.setdefault(key, Counter())[_outcome(row)] += 1
    head = ("repository", "commit", "licence", "notebooks", "right", "refused", "different",
            "other", "itself fails")  # fmt: skip
    return _table(
        head,
        [
            (*key, sum(count.values()), count["right"], count["refused"], count["different"],
             sum(count[item] for item in ("warned", "stopped", "timeout", "crash", "-")),
             count["fails"])
            for key, count in found.items()
        ],
    )  # fmt: skip


def _inputs(rows: Sequence[tuple[Entry, Row]]) -> str:
    """Recall and precision of the steps' declared inputs."""
    read = found = declared = needed = books = 0
    missing, idle = [], []
    for entry, row in rows:
        steps = row.get("reads", {}).get("steps")
        if steps is None or _outcome(row) not in ("right", "different", "warned"):
            continue
        books += 1
        for step in steps:
            reads, inputs = set(step["read"]), set(step["declared"])
            given = inputs | set(step["replayed"]) | set(step["parameters"])
            read += len(reads)
            found += len(reads & given)
            declared += len(inputs)
            needed += len(inputs & reads)
            missing += [(entry.key, step["step"], name) for name in sorted(reads - given)]
            idle += [(entry.key, step["step"], name) for name in sorted(inputs - reads)]
    if not books:
        return ""
    text = (
        "## Inputs against a trace of what each step reads\n\n"
        f"{books} notebooks. Recall {_share(found, read)} ({found} of {read} names that a step "
        "reads from before it are declared as inputs, replayed from source, or parameters); "
        "precision "
        f"{_share(needed, declared)} ({needed} of {declared} declared data inputs are read).\n\n"
    )
    for title, items in (("Read and not declared", missing), ("Declared and not read", idle)):
        if items:
            text += f"{title}:\n\n" + _table(("notebook", "step", "name"), items) + "\n"
    return text


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "-"


_KALE_RUNS = {
    "right": "right",
    "wrong": "other values, no error",
    "fails": "fails",
    "timeout": "out of time",
    "": "not run",
}


def _kale(rows: Sequence[tuple[Entry, Row]]) -> str:
    """Kale's compile and run of the same notebooks, and whether it found every input."""
    told = [(entry, row) for entry, row in rows if "kale" in row and _outcome(row) != "fails"]
    if not told:
        return ""
    compiled = [(entry, row) for entry, row in told if row["kale"]["outcome"] == "compiled"]
    runs = Counter(row["kale"].get("run", {}).get("outcome", "") for _, row in compiled)
    ours = sum(_outcome(row) == "right" for _, row in told)
    wrong = sum(_outcome(row) in ("different", "warned") for _, row in told)
    return (
        "## Kale 2.3 on the same notebooks, with the same steps\n\n"
        "Kale compiles each notebook with the steps that kalelike chose as its tags; what it has "
        "made runs in KFP's local runner, each step in a process of its own, in a copy of the "
        "notebook's folder, with the same packages. Right means here: "
        "every step runs, and at its end every value whose name its code has, and that two runs "
        "of the notebook agree on, is the notebook's, compared as `kalelike verify` does. "
        "Displayed results, metrics and files of Kale's are not compared; kalelike's are. "
        "`every input found` counts those whose steps take every data name that the trace says "
        "they read.\n\n"
        + _table(
            ("", "notebooks", "compiles", "every input found", *_KALE_RUNS.values()),
            [
                ("kalelike", len(told),
                 sum(bool(row["verify"].get("steps")) for _, row in told),
                 sum(_ours_complete(row) for _, row in told), ours, wrong,
                 sum(_outcome(row) in ("stopped", "crash") for _, row in told),
                 sum(_outcome(row) == "timeout" for _, row in told), 0),
                ("Kale 2.3", len(told), len(compiled),
                 sum(_kale_complete(row) for _, row in compiled),
                 *(runs[key] for key in _KALE_RUNS)),
            ],
        )
        + _kale_reasons(told, compiled)
    )  # fmt: skip


def _kale_reasons(told: Sequence[tuple[Entry, Row]], compiled: Sequence[tuple[Entry, Row]]) -> str:
    causes = Counter(
        str(row["kale"].get("told", "")).partition(":")[0][:60]
        for _, row in told
        if row["kale"]["outcome"] != "compiled"
    )
    why = ", ".join(f"{name or '(none)'} ({count})" for name, count in causes.most_common()) or "-"
    text = f"\nWhy Kale does not compile: {why}.\n"
    lines = []
    for entry, row in compiled:
        run = row["kale"].get("run", {})
        if run.get("outcome") in ("wrong", "fails"):
            name = f"{run['name']}: " if "name" in run else ""
            said = _PATH.sub("…", name + str(run.get("told", "")))
            lines.append((entry.key, _KALE_RUNS[run["outcome"]], run.get("step", ""), said))
    if lines:
        text += "\nWhere what Kale has made is not right:\n\n"
        text += _table(("notebook", "what comes of it", "step", "first"), lines)
    return text


def _steps(row: Row) -> list[Any]:
    return list(row.get("reads", {}).get("steps") or [])


def _ours_complete(row: Row) -> bool:
    return bool(_steps(row)) and all(
        set(step["read"]) <= {*step["declared"], *step["replayed"], *step["parameters"]}
        for step in _steps(row)
    )


def _kale_complete(row: Row) -> bool:
    inputs = row["kale"].get("inputs", {})
    return bool(_steps(row)) and all(
        set(step["read"]) & set(step["declared"]) <= set(inputs.get(step["step"], ()))
        for step in _steps(row)
    )


def _kale_word(row: Row) -> str:
    made = row.get("kale", {})
    run = made.get("run", {}).get("outcome")
    if made.get("outcome") == "compiled":
        return _KALE_RUNS[run or ""]
    return "does not compile" if made else ""


def _not_right(rows: Sequence[tuple[Entry, Row]]) -> str:
    lines = []
    for entry, row in rows:
        outcome = _outcome(row)
        if outcome in ("right", "fails", "-"):
            continue
        made = row["verify"]
        if outcome == "refused" and "told" in made:
            first = made["told"][0]
            cell = (first.get("cell") or {}).get("number")
            why = f"{first['code']} cell [{cell}] line {first.get('line')}: {first['message']}"
        elif made.get("different"):
            first = made["different"][0]
            reason = first.get("reason") or {}
            why = (
                f"step {first['step']}, {first['cell'] or ''} {first['kind']} "
                f"{first['name']}{first['where']}: {first['why']} "
                f"({reason.get('kind')}: {reason.get('source') or reason.get('text')})"
            )
        else:
            why = str(made.get("told", ""))[-200:]
        lines.append((entry.key, _OUTCOMES[outcome], why))
    if not lines:
        return ""
    return "## Not right\n\n" + _table(("notebook", "outcome", "why"), lines)


def _uncovered(rows: Sequence[tuple[Entry, Row]]) -> str:
    kinds: Counter[str] = Counter()
    unstable = 0
    for _, row in rows:
        made = row.get("verify", {})
        unstable += made.get("unstable", 0)
        for item in made.get("uncovered_first", ()):
            kinds[f"{item['kind']}: {item['why']}"] += 1
    if not kinds and not unstable:
        return ""
    return (
        "## What no comparison covers\n\n"
        + _table(("what", "times (three a notebook are kept)"), kinds.most_common(20))
        + f"\n{unstable} results differ between two runs of a notebook itself.\n"
    )


def _all(rows: Sequence[tuple[Entry, Row]]) -> str:
    lines = []
    for entry, row in rows:
        made = row.get("verify", {})
        equal = made.get("equal", {})
        lines.append(
            (
                entry.key, entry.environment, entry.first_cells or "all", made.get("code", ""),
                _OUTCOMES[_outcome(row)], made.get("steps", ""), equal.get("value", ""),
                equal.get("display", ""), equal.get("file", ""), made.get("uncovered", ""),
                made.get("unstable", ""), _kale_word(row),
                _PATH.sub("…", made.get("error", "")),
            )
        )  # fmt: skip
    head = ("notebook", "packages", "cells", "code", "outcome", "steps", "values", "displays",
            "files", "uncovered", "unstable", "Kale", "own failure")  # fmt: skip
    return "## All\n\n" + _table(head, lines)
