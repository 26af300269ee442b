"""Runs a notebook top to bottom in this process and writes down what it computes.

``main(PLAN)``: PLAN is a JSON file; one line of JSON is written for each cell,
and one at the end, to the file that it names. The shell is that of the steps.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from kalelike.runtime.atomic import strict_json
from kalelike.runtime.code import MetricCode
from kalelike.runtime.faults import BadMetricError
from kalelike.runtime.file_watch import FileWatch
from kalelike.runtime.metrics import evaluate_metrics
from kalelike.runtime.observing import (
    KINDS,
    RANDOM_START,
    is_seeded,
    observe,
    observe_generators,
    observe_mentioned,
    own_names,
    start_generators,
)
from kalelike.runtime.shell import StepShell, ensure_event_loop
from kalelike.runtime.tracebacks import describe_failure
from kalelike.verify.new_memory import fill_new_memory

_SEEDING = (
    ("python", "random", ("seed", "setstate")),
    ("numpy", "numpy.random", ("seed", "set_state")),
    ("torch", "torch", ("manual_seed", "set_rng_state", "seed")),
    ("torch", "torch.random", ("manual_seed", "set_rng_state", "seed")),
    ("keras", "tensorflow._api.v2.random", ("set_seed",)),
    ("keras", "keras.utils", ("set_random_seed",)),
)


def main(path: str) -> int:
    """Run the plan; returns 0 also when the notebook's code raised: the trace says so."""
    plan = json.loads(Path(path).read_text("utf-8"))
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    if "" not in sys.path:
        # IPython's own entry: modules are also found where the code goes.
        sys.path.insert(1, "")
    ensure_event_loop()
    if plan["other_memory"]:
        fill_new_memory()
    with Path(plan["trace"]).open("w", encoding="utf-8") as trace:
        _NotebookRun(plan, trace).run()
    return 0


class _NotebookRun:
    def __init__(self, plan: dict[str, Any], trace: TextIO) -> None:
        self.plan = plan
        self.trace = trace
        self.shell = StepShell()
        self.namespace = self.shell.namespace
        self.places: dict[str, dict[str, object]] = {}
        self.boundaries = set(plan["boundaries"])
        self.metrics = [MetricCode(**item) for item in plan["metrics"]]
        self.seeded: set[str] = set()
        self.watched: set[str] = set()
        self.files = FileWatch()

    def run(self) -> None:
        self._start_generators("")
        self._watch_seeding()
        self._tell({"boundary": -1, **self._everything()} if -1 in self.boundaries else {})
        begun: set[str | None] = set()
        for cell in self.plan["cells"]:
            step = cell["step"]
            # A cell of no step may stand within one: that one goes on afterwards.
            if step not in begun:
                begun.add(step)
                self._start_generators(step or self.plan["setup"])
                self._tell({"started": step, "state": observe_generators()})
            if not self._run_cell(cell):
                break
        sys.stdout.flush()
        self._tell({"end": True, "files": self.files.written()})

    def _run_cell(self, cell: dict[str, Any]) -> bool:
        name = f"{self.plan['notebook']} cell [{cell['title']}]"
        self.places[name] = {"index": cell["index"], "id": "", "number": cell["number"]}
        started = time.monotonic()
        run = self.shell.run(cell["source"], name)
        self._watch_seeding()
        seconds = round(time.monotonic() - started, 6)
        data: dict[str, Any] = {"cell": cell["index"], "seconds": seconds, "shown": run.outputs}
        if run.error is not None:
            self._tell({**data, "error": asdict(describe_failure(run.error, self.places))})
            return False
        data["named"] = observe_mentioned(self.namespace, cell["source"])
        if cell["index"] in self.boundaries:
            data |= self._everything()
        data["metrics"] = self._metrics_at(cell["index"])
        self._tell(data)
        return True

    def _everything(self) -> dict[str, Any]:
        names = own_names(self.namespace)
        return {"all": observe(self.namespace, names), "generators": observe_generators()}

    def _metrics_at(self, index: int) -> dict[str, Any]:
        here = tuple(item for item in self.metrics if item.index == index)
        try:
            return dict(
                evaluate_metrics(here, lambda item: self.shell.evaluate(item.expression, "metric"))
            )
        except BadMetricError as error:
            return {"": str(error)}

    def _tell(self, data: dict[str, Any]) -> None:
        if data:
            self.trace.write(strict_json(data) + "\n")
            self.trace.flush()

    # -- random generators that the notebook has not seeded ------------------------------

    def _start_generators(self, step: str) -> None:
        start = os.environ.get(RANDOM_START)
        if start is not None:
            carried = self.plan["carried"].get(step, ())
            kinds = [
                kind
                for kind in KINDS
                if kind not in self.seeded and f"@random:{kind}" not in carried
            ]
            before = set(self.seeded)
            start_generators(f"{start}/{step}", kinds)
            # Starting them goes through the functions that notice the notebook's seeding.
            self.seeded = before

    def _watch_seeding(self) -> None:
        """Learn of generators that the notebook itself seeds: their stream is its own."""
        for kind, module, names in _SEEDING:
            loaded = sys.modules.get(module)
            if loaded is None or module in self.watched:
                continue
            self.watched.add(module)
            if is_seeded(kind):
                self.seeded.add(kind)
            for name in names:
                original = getattr(loaded, name, None)
                if original is not None:
                    setattr(loaded, name, self._noticing(kind, original))

    def _noticing(self, kind: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def seed(*arguments: Any, **named: Any) -> Any:
            if arguments or named:
                self.seeded.add(kind)
            return original(*arguments, **named)

        return seed


def _run_main() -> None:
    status = main(sys.argv[1])
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads and exit handlers of the notebook's code are not waited for.
    os._exit(status)


if __name__ == "__main__":
    _run_main()
