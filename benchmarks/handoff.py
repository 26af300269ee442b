"""A gigabyte of float64 between two steps, against a plain copy of a file of the same size.

What is measured is what the steps and the engine do for it: saving (written and
hashed), taking it into the store, and loading (mapped, not read). The copy is
made by the same process that saves, in turns: both then find the machine's
memory in the same state.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import Series, environment, make_parser, print_table

_SAVE = """
import json, os, resource, shutil, subprocess, sys, time
from pathlib import Path
from typing import Any
import numpy
from kalelike.runtime.values import save_values
from kalelike.store.runs import RunStore

folder, count, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
source = folder / "source.bin"
namespace = {"array": numpy.arange(count, dtype="float64")}
namespace["array"].tofile(source)
store = RunStore(folder / "store")

def cost(call):
    def spent():
        return sum(
            found.ru_utime + found.ru_stime
            for found in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        )
    start, cpu = time.perf_counter(), spent()
    call()
    return time.perf_counter() - start, spent() - cpu

def copy():
    subprocess.run(["cp", source, folder / "copy.bin"], check=True)

def save():
    manifest = save_values(folder / "artifact", ("array",), namespace, frozenset())
    store.commit(folder / "artifact", manifest.digest)
    assert store.is_intact(manifest.digest)

found = []
for number in range(rounds + 1):
    pair = {}
    for what in (copy, save) if number % 2 else (save, copy):
        os.sync()
        pair[what.__name__] = cost(what)
        for path in (folder / "copy.bin", folder / "store" / "objects"):
            if what is copy and path.is_file():
                path.unlink()
            elif what is save and path.is_dir() and number < rounds:
                shutil.rmtree(path)
    found.append(pair)
print(json.dumps(found[1:]))
"""
_LOAD = """
import json, sys, time
from pathlib import Path
from typing import Any
import numpy
from kalelike.runtime.values import load_values

(folder,) = Path(sys.argv[1]).glob("store/objects/*/*")
start, cpu = time.perf_counter(), time.process_time()
array = load_values(folder, {})["array"]
assert array[-1] == int(sys.argv[2]) - 1
print(json.dumps([time.perf_counter() - start, time.process_time() - cpu]))
"""


def main() -> None:
    """Save and copy in turns in one process, load in another."""
    parser = make_parser(__doc__, rounds=5, with_kale=False)
    parser.add_argument("--bytes", type=int, default=10**9, help="default: one gigabyte")
    options = parser.parse_args()
    rows = measure_handoff(options.bytes, options.rounds)
    print_table(f"{options.bytes / 1e9:g} GB of float64 between two steps", rows)


def measure_handoff(size: int, rounds: int) -> list[Series]:
    """Return what is measured for an array of ``size`` bytes; the ratios stand last."""
    names = ("copy, wall", "copy, CPU", "save and store, wall", "save and store, CPU")
    rows = [Series(name) for name in names]
    rows += [
        Series("load: map and read one number, wall"),
        Series("hand-off / copy, wall", "2.5", unit="x"),
        Series("hand-off / copy, CPU", unit="x"),
    ]
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_DIR")) as name:
        count = str(size // 8)
        pairs = _python(_SAVE, name, count, str(rounds))
        loads = [_python(_LOAD, name, count) for _ in range(rounds)]
    for pair, load in zip(pairs, loads, strict=True):
        (copy, copy_cpu), (save, save_cpu) = pair["copy"], pair["save"]
        ratios = ((save + load[0]) / copy, (save_cpu + load[1]) / copy_cpu)
        found = (copy, copy_cpu, save, save_cpu, load[0], *ratios)
        for row, value in zip(rows, found, strict=True):
            row.values.append(value)
    return rows


def _python(code: str, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=Path(__file__).parents[1],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
