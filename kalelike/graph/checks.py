"""What keeps a pipeline from computing what its notebook computes, told before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from kalelike.dataflow.library import load_library
from kalelike.dataflow.linking import DYNAMIC, Linkage, StepFlow
from kalelike.dataflow.ownership import Ownership
from kalelike.dataflow.units import Analysis, Unit
from kalelike.dataflow.values import REMEMBERS, Site, Value
from kalelike.diagnostics import Diagnostic, Location, Severity, diagnose
from kalelike.notebook.model import Cell, Role, TaggedNotebook


def check_flows(
    tagged: TaggedNotebook,
    analysis: Analysis,
    ownership: Ownership,
    linkage: Linkage,
    flows: list[StepFlow],
) -> list[Diagnostic]:
    """Return everything that is wrong, or worth knowing, about the linked notebook."""
    checker = _Checker(tagged, analysis, ownership, linkage)
    found: list[Diagnostic] = []
    for unit in analysis.units:
        found.extend(checker.names(unit))
        found.extend(checker.state(unit))
    found.extend(checker.remembered(flows))
    found.extend(checker.split(flows))
    for flow in flows:
        found.extend(checker.crossing(flow))
        found.extend(checker.parameters(flow))
    if not tagged.steps:
        found.append(
            diagnose(
                "no-steps",
                "the notebook has no step",
                tagged.notebook.location,
                "tag cells `step:NAME`, or let kalelike choose steps with --auto",
            )
        )
    return found


class _Checker:
    def __init__(
        self, tagged: TaggedNotebook, analysis: Analysis, ownership: Ownership, linkage: Linkage
    ) -> None:
        self.tagged = tagged
        self.analysis = analysis
        self.ownership = ownership
        self.linkage = linkage
        self.cells: dict[int, Cell] = {item.cell.index: item.cell for item in tagged.cells}
        self.parameter_names = {
            name
            for owner, unit in zip(ownership.owners, analysis.units, strict=True)
            if owner.parameter
            for name in unit.effects.binds
        }

    def place(self, site: Site) -> Location:
        cell = self.cells.get(site.cell)
        if cell is None:
            return self.tagged.notebook.location
        return cell.location.at(site.line, site.column)

    # -- names -------------------------------------------------------------------

    def names(self, unit: Unit) -> Iterator[Diagnostic]:
        effects = unit.effects
        for name, site in effects.unknown.items():
            if name not in effects.certain_unknown:
                continue
            yield self._undefined(name, site)
        for name, site in effects.history.items():
            if self._first_of_step(unit):
                yield diagnose(
                    "history-read",
                    f"{name} is the output of an earlier cell, which runs in another step",
                    self.place(site),
                    "bind the earlier value to a name and use that",
                )

    def _undefined(self, name: str, site: Site) -> Diagnostic:
        place = self.place(site)
        skipped = self.analysis.skipped_names.get(name)
        later = self.analysis.bound_later.get(name)
        if skipped is not None and later is None:
            return diagnose(
                "skip-only-name",
                f"{name} is only defined in a cell tagged `skip` ({skipped})",
                place,
                "remove the tag `skip` from that cell, or define the name in a step",
            )
        if later is not None:
            return diagnose(
                "defined-later",
                f"{name} is read here, but only {self.place(later)} defines it",
                place,
                "move the definition above its use; run top to bottom, the notebook fails here too",
            )
        close = get_close_matches(name, list(self.analysis.bound_later), n=1)
        hint = f"did you mean {close[0]}?" if close else "define it in a cell above"
        return diagnose("undefined-name", f"nothing defines {name}", place, hint)

    def _first_of_step(self, unit: Unit) -> bool:
        owner = self.ownership.owners[unit.index]
        if unit.index == 0 or owner.step is None:
            return False
        before = self.ownership.owners[unit.index - 1]
        return before.step != owner.step

    # -- process-wide state --------------------------------------------------------

    def state(self, unit: Unit) -> Iterator[Diagnostic]:
        effects = unit.effects
        lost = self._lost_settings(unit)
        if lost and unit.index not in self.linkage.replayed and self._matters(unit):
            path, site = lost[0]
            yield diagnose(
                "state-cannot-move",
                f"{path} changes the whole process, and depends on what this step computes: "
                "later steps will not see the change",
                self.place(site),
                "set it in an imports cell, or in each step that needs it",
                self._weight(path),
            )
        for name, site in effects.dynamic.items():
            yield diagnose(
                "dynamic-code",
                f"{name} runs code that cannot be read in advance; the step takes every value "
                "that exists at this point",
                self.place(site),
                "write the code out, where you can",
            )
        for name, site in effects.binds.items():
            if name.startswith("@star:") and name != DYNAMIC:
                yield diagnose(
                    "unknown-star-import",
                    f"what `from {name[6:]} import *` binds cannot be found in advance: "
                    "any name that nothing else defines is taken to come from it",
                    self.place(site),
                    "import the names one by one, or install the module where you compile",
                )
        if effects.unfilled is not None:
            yield diagnose(
                "uninitialised-memory",
                "an array is shown that nothing has filled: what is in it differs between runs",
                self.place(effects.unfilled),
                "make it with zeros() or full(), or fill it before it is shown",
            )
        site_of_write = effects.unknown_paths.get("write")
        if site_of_write is not None and self._matters(unit):
            yield diagnose(
                "undecidable-path",
                "a file is written whose path cannot be found in advance: "
                "no later step can be given it",
                self.place(site_of_write),
                "write the path as a literal, if a later step reads the file",
            )

    @staticmethod
    def _lost_settings(unit: Unit) -> list[tuple[str, Site]]:
        """What the unit sets and no value is known to carry."""
        effects = unit.effects
        carried = load_library().carried_setting
        return [
            (path, site)
            for path, site in effects.settings.items()
            if carried(path) is None or path in effects.code_in_settings
        ]

    def _weight(self, path: str) -> Severity:
        shows = path.startswith(("matplotlib", "seaborn", "pandas", "warnings", "%", "logging"))
        return Severity.WARNING if shows else Severity.ERROR

    def _matters(self, unit: Unit) -> bool:
        """Whether any later step could notice what the unit leaves behind."""
        owner = self.ownership.owners[unit.index]
        own = owner.step or owner.fallback
        later = self.ownership.owners[unit.index + 1 :]
        return any(item.step is not None and item.step != own for item in later)

    # -- values that cross -----------------------------------------------------------

    def crossing(self, flow: StepFlow) -> Iterator[Diagnostic]:
        for name, (version, site) in flow.inputs.items():
            assert version.step is not None
            value = self.linkage.linker.value_after(version.step, name)
            made = self.linkage.flows[version.step].produced.get(name, version.site)
            reason = _uncrossable(value)
            if reason:
                yield diagnose(
                    "cannot-cross",
                    f"{name} is {reason[0]}, and step {flow.name} needs it from step "
                    f"{version.step} ({self.place(made)})",
                    self.place(site),
                    reason[1],
                )
            if value and all(item.kind == "localmodule" for item in value):
                yield diagnose(
                    "state-cannot-move",
                    f"step {version.step} changes the state of module {name} "
                    f"({self.place(made)}), which step {flow.name} would not see",
                    self.place(site),
                    "keep the state in a variable of the notebook",
                )

    def remembered(self, flows: list[StepFlow]) -> Iterator[Diagnostic]:
        """Functions that keep their results, which a step changes before another one calls them."""
        wanted = {
            name
            for flow in flows
            for name, (version, _) in flow.inputs.items()
            if version.step is not None
            and (value := self.linkage.linker.value_after(version.step, name))
            and all(item.path == REMEMBERS for item in value)
        }
        for unit in self.analysis.units:
            for name in sorted(wanted & unit.effects.changes.keys()):
                wanted.remove(name)
                yield diagnose(
                    "state-cannot-move",
                    f"{name} keeps its results (functools.cache), and what it keeps changes here: "
                    "a later step would compute it anew",
                    self.place(unit.effects.changes[name]),
                    f"change a copy of what {name} returns, or drop the cache",
                )

    def split(self, flows: list[StepFlow]) -> Iterator[Diagnostic]:
        """Writes that values of other steps would see in the notebook, and answers by identity."""
        for place, flow in enumerate(flows):
            ends = self.linkage.ends.get(flow.name, {})
            for unit in flow.units:
                for name, site in unit.effects.split.items():
                    version = ends.get(name)
                    if version is None or version.step in (None, flow.name):
                        continue
                    after = [item for item in flow.units if item.index > unit.index]
                    if any(name in item.effects.reads for item in after) or any(
                        name in later.inputs and later.inputs[name][0] is version
                        for later in flows[place + 1 :]
                    ):
                        yield diagnose(
                            "memory-split",
                            f"{name}, of step {version.step}, may look at the memory that is "
                            "written here: later it would still be what it was",
                            self.place(site),
                            f"let {name} be a copy where it is made, or make it after this line",
                        )
                if unit.effects.identity and not flow.inputs.keys().isdisjoint(unit.effects.reads):
                    what, site = next(iter(unit.effects.identity.items()))
                    message, hint = _IDENTITY[what]
                    yield diagnose("identity-not-kept", message, self.place(site), hint)

    def parameters(self, flow: StepFlow) -> Iterator[Diagnostic]:
        for name, (version, site) in flow.passed.items():
            if version.parameter:
                yield self._reassigned(name, flow, site)
        for unit in flow.units:
            if unit.tagged.role is Role.PARAMETERS:
                continue
            for name, site in unit.effects.binds.items():
                if name in self.parameter_names and name not in flow.passed:
                    yield self._reassigned(name, flow, site)

    def _reassigned(self, name: str, flow: StepFlow, site: Site) -> Diagnostic:
        return diagnose(
            "parameter-reassigned",
            f"step {flow.name} changes parameter {name}: later steps take its new value",
            self.place(site),
        )


_IDENTITY = {
    "nan": (
        "NaN is found in a list only as the same object, and what comes from another step holds "
        "another one",
        "ask with math.isnan or numpy.isnan",
    ),
    "base": (
        "the base of an array that comes from another step is another object",
        "ask with numpy.shares_memory",
    ),
}
_CONTAINERS = frozenset({"list", "tuple", "set", "dict"})
_UNCROSSABLE = frozenset({"generator", "uncrossable", "coroutine"})


def _uncrossable(value: Value) -> tuple[str, str] | None:
    seen: set[Value] = set()
    while value and all(item.kind in _CONTAINERS and item.contents for item in value):
        # A container is refused only if nothing but such objects can be in it.
        if value in seen:
            return None
        seen.add(value)
        value = frozenset(part for item in value for part in item.contents)
    if not value or not all(item.kind in _UNCROSSABLE for item in value):
        return None
    item = min(value, key=lambda made: made.path)
    if item.kind == "coroutine":
        return "a coroutine", "await it in the step that makes it"
    if item.kind == "generator":
        return item.path or "a generator", "make it a list, or use it in the step that makes it"
    what, _, remedy = item.path.partition("; ")
    return what, remedy
