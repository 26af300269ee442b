"""A probe: a small notebook, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.equivalence.harness import Verdict

Cells = list[tuple[str, str]]
Refusal = tuple[str, int, int]
"""A code's name, the cell's number (0: none) and the line (0: none)."""


@dataclass(frozen=True)
class Probe:
    """One row of the table.

    Without ``refused`` the pipeline must equal the notebook: values, displays,
    metrics. ``told`` are codes of warnings and notes that must be among the
    diagnostics. ``fails``: the notebook itself raises in this step, so must
    the pipeline. ``check`` asserts more about a run that was equal. ``cold``
    probes do not run in warm processes, whose imports could hide a missing one.
    """

    id: str
    title: str
    cells: Cells
    refused: tuple[Refusal, ...] = ()
    told: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    fails: str = ""
    check: Callable[[Verdict], None] | None = None
    cold: bool = False


def edges(verdict: Verdict) -> set[tuple[str, str, str]]:
    """Return a compiled pipeline's edges as (producer, consumer, name)."""
    return {(e.producer, e.consumer, e.name) for e in verdict.compilation.graph.edges}
