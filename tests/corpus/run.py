"""Verifies the corpus from local clones and writes RESULTS.md.

    python tests/corpus/run.py CHECKOUTS --python current=PYTHON --python 2022=PYTHON
        [--kale current=PYTHON --kale 2022=PYTHON] [--write]

CHECKOUTS holds a clone of each repository of the manifest, at its commit, under
the repository's name. Each PYTHON is that of an environment made from
requirements-NAME.txt: the notebooks are of different years, and many need the
packages of theirs. Every notebook is verified with steps from its headings, in
a copy of its folder; what it declares as inputs is compared with what its
steps really read; and Kale compiles and runs the same notebook with the same
steps. Results are kept in a file as they come: run again, and the rest is done.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
sys.path.insert(0, str(ROOT))

from kalelike.verify.workspace import make_workspace  # noqa: E402
from tests.corpus.manifest import Entry, read_manifest  # noqa: E402
from tests.corpus.results import render  # noqa: E402

Row = dict[str, Any]


def main() -> int:
    options = _arguments()
    state = Path(options.state)
    done = _read_state(state)
    entries = [
        item
        for item in read_manifest()
        if options.only in item.key and item.environment in options.pythons
    ]
    code = _code_commit()
    lock = Lock()

    def work(entry: Entry) -> None:
        row = done.get(entry.key, {})
        for name, job in (("verify", _verify), ("reads", _reads), ("kale", _kale)):
            if name in row or name in options.without:
                continue
            if name == "kale" and entry.environment not in options.kales:
                continue
            if name != "verify" and _word(row) in ("fails", "-"):
                continue
            with _placed(entry, options.checkouts) as place:
                row[name] = job(place, entry.environment, options)
            if name != "kale":
                row[name]["code"] = code
            with lock:
                done[entry.key] = row
                with state.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": entry.key, name: row[name]}) + "\n")
        with lock:
            print(f"{_word(row):<12} {entry.key}", flush=True)

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(work, entries))
    if options.write:
        (HERE / "RESULTS.md").write_text(render(read_manifest(), done), "utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", type=Path)
    parser.add_argument(
        "--python", action="append", metavar="NAME=PYTHON", default=[],
        help="an environment and its Python; without: current, with this one",
    )  # fmt: skip
    parser.add_argument(
        "--kale", action="append", metavar="NAME=PYTHON", default=[],
        help="an environment with the same packages and Kale 2.3, to compile and run the same",
    )  # fmt: skip
    parser.add_argument(
        "--kale-timeout",
        type=float,
        default=240.0,
        help="seconds for a run of Kale's pipeline; 0: it only compiles",
    )
    parser.add_argument("--only", default="", help="a part of the notebook's name")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds for a notebook")
    parser.add_argument("--state", default="kalelike-corpus.jsonl")
    parser.add_argument("--without", nargs="*", default=[], help="verify, reads or kale")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md")
    options = parser.parse_args()
    named = options.python or [f"current={sys.executable}"]
    options.pythons = dict(item.split("=", 1) for item in named)
    options.kales = dict(item.split("=", 1) for item in options.kale)
    return options


def _code_commit() -> str:
    """Return the commit that last changed the product's code, marked if files differ from it."""
    git = ["git", "-C", str(ROOT)]
    said = [
        subprocess.run([*git, *words, "--", "kalelike"], capture_output=True, text=True, check=True)
        for words in (["log", "-1", "--format=%h"], ["status", "--porcelain"])
    ]
    return said[0].stdout.strip() + ("+" if said[1].stdout.strip() else "")


@contextmanager
def _placed(entry: Entry, checkouts: Path) -> Iterator[Path]:
    """Give the notebook's place: in its clone, or in a copy if not all of it is run."""
    place = entry.place(checkouts)
    if entry.first_cells is None:
        yield place
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_workspace(place.parent, Path(scratch))
        data = json.loads(place.read_text("utf-8-sig"))
        data["cells"] = data["cells"][: entry.first_cells]
        copy = folder / place.name
        copy.write_text(json.dumps(data), "utf-8")
        yield copy


def _read_state(path: Path) -> dict[str, Row]:
    found: dict[str, Row] = {}
    if path.exists():
        for line in path.read_text("utf-8").splitlines():
            data = json.loads(line)
            found.setdefault(data.pop("key"), {}).update(data)
    return found


def _word(row: Row) -> str:
    return str(row.get("verify", {}).get("outcome", "-"))


def _run(command: list[str], cwd: Path, timeout: float) -> tuple[int | None, str, str]:
    """Run a command in a group of its own; the status is None when the time is up."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        time.sleep(2)
        process.kill()
        process.communicate()
        return None, "", ""
    return process.returncode, out, err


def _verify(place: Path, environment: str, options: argparse.Namespace) -> Row:
    started = time.monotonic()
    command = [options.pythons[environment], "-m", "kalelike", "verify", str(place)]
    command += ["--auto", "--json", "--start-method", "fork"]
    status, out, err = _run(command, place.parent, options.timeout)
    row: Row = {"seconds": round(time.monotonic() - started, 1)}
    if status is None:
        return {**row, "outcome": "timeout"}
    events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    last = events[-1] if events else {}
    if last.get("event") == "error":
        found = [item for item in last.get("diagnostics", []) if item["severity"] == "error"]
        told = [
            {"code": item["code"], "message": item["message"], "cell": item["cell"],
             "line": item["line"]}
            for item in found
        ]  # fmt: skip
        internal = last.get("internal_error")
        plain = "" if internal else _plain_failure(place, environment, options)
        outcome = "crash" if internal else "fails" if plain else "refused"
        return {**row, "outcome": outcome, "told": told or internal, "error": plain}
    if last.get("event") != "Verification":
        return {**row, "outcome": "crash", "told": err[-1500:]}
    counts: dict[str, int] = {}
    for step in last["steps"]:
        for kind, count in step["equal"].items():
            counts[kind] = counts.get(kind, 0) + count
    by_status: dict[str, list[Any]] = {"different": [], "uncovered": [], "unstable": []}
    for item in last["findings"]:
        by_status[item["status"]].append(item)
    warnings = [item["code"] for item in last["diagnostics"] if item["severity"] == "warning"]
    error = last["error"]
    return {
        **row,
        "outcome": {"equal": "right", "different": "different"}.get(last["verdict"], "fails"),
        "steps": len(last["steps"]),
        "equal": counts,
        "different": by_status["different"][:20],
        "uncovered": len(by_status["uncovered"]),
        "uncovered_first": by_status["uncovered"][:3],
        "unstable": len(by_status["unstable"]),
        "warnings": sorted(set(warnings)),
        "error": f"{error['type']}: {error['message']}"[:200] if error else "",
    }


def _plain_failure(place: Path, environment: str, options: argparse.Namespace) -> str:
    """Run a refused notebook as it stands; return how it fails, nothing if it does not."""
    command = [options.pythons[environment], str(HERE / "plain.py"), str(place)]
    status, out, err = _run(command, place.parent, options.timeout)
    failed = next((item[6:] for item in out.splitlines() if item.startswith("FAILS ")), "")
    return failed or ("" if status == 0 else f"ends with {status}: {err[-200:]}")


def _reads(place: Path, environment: str, options: argparse.Namespace) -> Row:
    command = [options.pythons[environment], str(HERE / "reads.py"), str(place)]
    status, out, err = _run(command, place.parent, options.timeout)
    line = next((item for item in out.splitlines() if item.startswith("READS ")), None)
    if status != 0 or line is None:
        return {"error": (err or "no result")[-300:]}
    data: Row = json.loads(line[6:])
    return data


def _kale(place: Path, environment: str, options: argparse.Namespace) -> Row:
    command = [options.pythons[environment], str(HERE / "kale_peer.py"), str(place)]
    command += [options.kales[environment], str(options.kale_timeout)]
    status, out, err = _run(command, place.parent, options.timeout + options.kale_timeout)
    line = next((item for item in out.splitlines() if item.startswith("KALE ")), None)
    if status is None or line is None:
        return {"outcome": "no result", "told": (err or "timeout")[-300:]}
    data: Row = json.loads(line[5:])
    return data


if __name__ == "__main__":
    sys.exit(main())
