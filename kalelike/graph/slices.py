"""The statements of a step that can change what it gives: what a cache key covers."""

from __future__ import annotations

from collections.abc import Sequence

from kalelike.dataflow.units import Unit


def relevant_units(units: Sequence[Unit], outputs: set[str]) -> list[Unit]:
    """Return the units that matter for ``outputs``, in order.

    A step that gives nothing is there for what it shows: all of it matters.
    Otherwise a statement that only shows something, and binds or changes
    nothing that an output depends on, can be edited without a re-run.
    """
    if not outputs:
        return list(units)
    wanted = set(outputs)
    found: list[Unit] = []
    for unit in reversed(units):
        effects = unit.effects
        made = {*effects.binds, *effects.changes, *effects.deletes}
        acts = bool(
            effects.impure
            or effects.checks
            or effects.dynamic
            or effects.settings
            or effects.calls_unknown
            or effects.unknown_paths.get("write")
            or any(name.startswith("@") for name in made)
        )
        if acts or not made.isdisjoint(wanted):
            found.append(unit)
            wanted.update(effects.reads)
            wanted.update(effects.changes)
    return found[::-1]
