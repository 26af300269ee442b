"""Measuring and printing, shared by the benchmarks.

CPU seconds (user and system, children included) are what is compared: wall
time on a shared machine says more about its other users. Where the wall is
the point (parallel steps), it is stated as such.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

KALE = "kubeflow-kale==2.3.0"


@dataclass
class Series:
    """Repeated measurements of one thing, in seconds unless ``unit`` says otherwise."""

    name: str
    budget: str = ""
    unit: str = "s"
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle measurement."""
        return statistics.median(self.values)


def print_table(title: str, rows: Sequence[Series]) -> None:
    """Print the measurements as a Markdown table."""
    print(f"\n### {title}\n")
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs\n")
    print("| what | min | median | max | n | budget |")
    print("|---|---:|---:|---:|---:|---|")
    for row in rows:
        if not row.values:
            print(f"| {row.name} | | not measured | | 0 | {row.budget} |")
            continue
        low, middle, high = (
            f"{value:.3g} {row.unit}" for value in (min(row.values), row.median, max(row.values))
        )
        print(f"| {row.name} | {low} | {middle} | {high} | {len(row.values)} | {row.budget} |")
    sys.stdout.flush()


@dataclass(frozen=True)
class Cost:
    """What a command cost: CPU of the process and all its children, and wall time."""

    cpu: float
    wall: float
    code: int
    output: str
    errors: str


def cost_of(command: Sequence[str | Path], cwd: Path | None = None) -> Cost:
    """Run a command to its end and measure it."""
    with tempfile.TemporaryFile() as sink, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=errors,
            env=environment(),
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (sink, errors):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", "replace"))
    return Cost(usage.ru_utime + usage.ru_stime, wall, process.returncode, *texts)


def environment() -> dict[str, str]:
    """Return the variables of measured commands: bytecode is kept, as pip's installs have it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def must_pass(cost: Cost) -> Cost:
    """Stop the benchmark when a command failed: its time would mean nothing."""
    if cost.code != 0:
        said = cost.output[-3000:] + cost.errors[-3000:]
        sys.exit(f"a measured command failed with exit code {cost.code}:\n{said}")
    return cost


def cpu_of_call(call: Callable[[], object]) -> float:
    """Return the CPU seconds of a call in this process."""
    start = time.process_time()
    call()
    return time.process_time() - start


def kalelike_command() -> list[str]:
    """Return the command that starts kalelike in this environment."""
    return [sys.executable, "-m", "kalelike"]


def make_parser(
    description: str | None, rounds: int, with_kale: bool = True
) -> argparse.ArgumentParser:
    """Return the arguments that the benchmarks share."""
    parser = argparse.ArgumentParser(description=description)
    alone = "measure kalelike alone" if with_kale else "nothing here is compared with Kale"
    parser.add_argument("--no-kale", action="store_true", help=alone)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"default: {rounds}")
    if with_kale:
        parser.add_argument(
            "--kale",
            metavar="PATH",
            help="the `kale` command of Kale 2.3 (default: made in benchmarks/.kale-venv)",
        )
    return parser


def kale_command(options: argparse.Namespace) -> list[str] | None:
    """Return Kale's command, installing it into a virtual environment of its own if need be."""
    if options.no_kale:
        return None
    if options.kale:
        return [options.kale]
    folder = Path(__file__).parent / ".kale-venv"
    script = folder / "bin" / "kale"
    if not script.exists():
        print(f"installing {KALE} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", KALE]
        subprocess.run(pip, check=True)
    return [str(script)]
