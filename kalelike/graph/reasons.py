"""Which lines make an edge: those that bind or change a name, and the first that uses it."""

from __future__ import annotations

from collections.abc import Callable

from kalelike.dataflow.linking import StepFlow
from kalelike.dataflow.units import Unit
from kalelike.dataflow.values import Site
from kalelike.diagnostics import Location
from kalelike.graph.model import Reason

_MOST = 12

Place = Callable[[Site], Location]


def producing_reasons(flow: StepFlow, name: str, made: Site, place: Place) -> list[Reason]:
    """Return the lines of the producing step that bind or change ``name``, in order."""
    found: list[Reason] = []
    for unit in flow.units:
        effects = unit.effects
        for sites, verb in ((effects.binds, "binds"), (effects.changes, "changes")):
            if name in sites:
                found += _reasons(unit, sites[name], f"step {flow.name} {verb} {name}", place)
                break
    if not found:
        # Given on: the step shares an object of this name with what it changes.
        found = [Reason(place(made), f"step {flow.name} passes {name} on")]
    return found[-_MOST:]


def using_reasons(flow: StepFlow, name: str, used: Site, place: Place) -> list[Reason]:
    """Return the line of the consuming step that first needs ``name``, and its call if it is not
    the step's own line."""
    for unit in flow.units:
        effects = unit.effects
        for sites, verb in ((effects.reads, "reads"), (effects.changes, "changes")):
            if sites.get(name) == used:
                return _reasons(unit, used, f"step {flow.name} {verb} {name}", place)
    for unit in flow.units:
        if name in unit.effects.binds:
            text = f"step {flow.name} binds {name} on some paths only"
            return [Reason(place(unit.effects.binds[name]), text)]
    return [Reason(place(used), f"step {flow.name} uses {name}")]


def _reasons(unit: Unit, site: Site, text: str, place: Place) -> list[Reason]:
    own = site.cell == unit.cell.index and unit.first <= site.line <= unit.last
    reasons = [Reason(place(site), text)]
    if not own:
        reasons.append(Reason(unit.location, "which is called here"))
    return reasons
