"""Who feeds whom: from what units do to what steps take and give.

Every name has, at every point of the notebook, one version: made by a step,
replayed from set-up code, or a pipeline parameter. A step takes the versions
that it reads and gives those that later steps take. A name that a step may or
may not bind, or may change in place, is taken and given by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kalelike.dataflow.files import PREFIX, overlap
from kalelike.dataflow.library import SETTINGS
from kalelike.dataflow.machine import DYNAMIC
from kalelike.dataflow.ownership import Owner, Ownership, is_constant, is_import
from kalelike.dataflow.units import Analysis, Unit
from kalelike.dataflow.values import Obj, Site, Value, reach
from kalelike.notebook.model import Role, StepName

_NOWHERE = Site(0, 0)
_UNKNOWN = frozenset({"opaque", "anything"})
__all__ = ["DYNAMIC", "Linkage", "Linker", "StepFlow", "Version"]


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """One state of a name. Exactly one of ``step``, ``fragments`` and ``parameter`` is set.

    ``home`` is the step that runs the fragments itself, if any.
    """

    name: str
    step: StepName | None = None
    fragments: frozenset[int] = frozenset()
    parameter: bool = False
    home: StepName | None = None
    parameters: frozenset[str] = frozenset()
    site: Site = _NOWHERE


@dataclass(slots=True)
class StepFlow:
    """What one step takes and gives, while it is being found."""

    name: StepName
    units: list[Unit] = field(default_factory=list)
    inputs: dict[str, tuple[Version, Site]] = field(default_factory=dict)
    fragments: set[int] = field(default_factory=set)
    inline: set[int] = field(default_factory=set)
    """Units of set-up that stand after the step's first: run among its own, in order."""
    parameters: dict[str, Site] = field(default_factory=dict)
    passed: dict[str, tuple[Version, Site]] = field(default_factory=dict)
    produced: dict[str, Site] = field(default_factory=dict)
    needed: dict[str, set[StepName]] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    file_order: dict[StepName, tuple[str, Site]] = field(default_factory=dict)


@dataclass(slots=True)
class Linkage:
    """The linked notebook: the steps' flows in notebook order, and all versions at their ends."""

    flows: dict[StepName, StepFlow]
    ends: dict[StepName, dict[str, Version]]
    last_units: dict[StepName, int]
    replayed: frozenset[int]
    closures: dict[int, tuple[frozenset[int], frozenset[str]]]
    linker: Linker


class Linker:
    """Links units into steps; repeated while shared objects force more names to move."""

    def __init__(self, analysis: Analysis, ownership: Ownership) -> None:
        self.analysis = analysis
        self.ownership = ownership
        self.forced: dict[StepName, set[str]] = {}
        self.flows: dict[StepName, StepFlow] = {}
        self.ends: dict[StepName, dict[str, Version]] = {}
        self.last_units: dict[StepName, int] = {}
        self.versions: dict[str, Version] = {}
        self.replayed: set[int] = set()
        self.closures: dict[int, tuple[frozenset[int], frozenset[str]]] = {}
        self.file_readers: dict[str, set[StepName]] = {}
        self.setting_files: dict[int, list[tuple[str, Version, Site]]] = {}
        self.carried_settings: set[str] = set()
        """Libraries' settings that depend on what a step has computed."""
        self.undone: dict[int, set[int]] = {}
        """Units that delete again what a replayed unit binds."""
        self.constants: dict[Version, int] = {}
        """Numbers and texts that a step binds by a literal, with their units."""
        self.definitions: dict[int, tuple[str, int]] = {}
        self._last_change = _last_changes(analysis.units)
        for unit in analysis.units:
            for name, made in unit.defines.items():
                self.definitions[id(made)] = (name, unit.index)
        for unit in analysis.units:
            for name, made in unit.defines.items():
                for inner in made.contents if made.kind == "class" else ():
                    self.definitions.setdefault(id(inner), (name, unit.index))

    def link(self) -> Linkage:
        """Return the linkage; terminates because ``forced`` only grows."""
        while True:
            self._walk()
            self._pass_back()
            if not self._force_shared():
                break
        for flow in self.flows.values():
            own = {unit.index for unit in flow.units}
            flow.units += [self.analysis.units[index] for index in flow.inline - own]
            flow.units.sort(key=lambda unit: unit.index)
        return Linkage(
            self.flows, self.ends, self.last_units, frozenset(self.replayed), self.closures, self
        )

    # -- forward: versions -------------------------------------------------------

    def _walk(self) -> None:
        self.flows = {name: StepFlow(name) for name in self.ownership.steps}
        self.ends, self.versions, self.replayed, self.constants = {}, {}, set(), {}
        self.file_readers, self.setting_files, self.undone = {}, {}, {}
        self.carried_settings.clear()
        current: StepName | None = None
        for unit in self.analysis.units:
            owner = self.ownership.owners[unit.index]
            late = unit.tagged.role is Role.METRICS and owner.step in self.ends
            if owner.step is not None and not late:
                current = self._enter(owner.step, current, unit)
            if owner.parameter:
                self._parameter_unit(unit)
            elif not (owner.replayable and self._replay_unit(unit, owner)):
                home = owner.step or owner.fallback
                assert home is not None
                if not late:
                    current = self._enter(home, current, unit)
                self._step_unit(unit, self.flows[home])
        if current is not None:
            self._close(current)
        for flow in self.flows.values():
            self._files_of_settings(flow)

    def _files_of_settings(self, flow: StepFlow) -> None:
        """Give a step the files without which it could not repeat a setting or an import."""
        for index, files in self.setting_files.items():
            later = bool(flow.units) and flow.units[0].index > index
            repeated = index in flow.fragments or index in flow.inline
            if repeated or (later and not is_import(self.analysis.units[index])):
                for name, version, site in files:
                    self._take(flow, name, version, site)

    def _enter(self, step: StepName, current: StepName | None, unit: Unit) -> StepName:
        if current is not None and current != step:
            self._close(current)
        self.last_units[step] = unit.index
        return step

    def _close(self, step: StepName) -> None:
        flow = self.flows[step]
        for name in self.forced.get(step, ()):
            version = self.versions.get(name)
            if version is not None and version.step != step:
                self._produce(flow, name, version.site, passing=True)
        self.ends[step] = dict(self.versions)

    def _parameter_unit(self, unit: Unit) -> None:
        for name, site in unit.effects.binds.items():
            self.versions[name] = Version(name, parameter=True, site=site)

    def _replay_unit(self, unit: Unit, owner: Owner) -> bool:
        """Make the unit's names replayable; False if it reads what cannot be replayed."""
        effects = unit.effects
        found = self._needed_to_replay(unit, owner)
        if found is None:
            return False
        made, needs, files = found
        if owner.step is not None:
            for name, site in effects.reads.items():
                self._use(self.flows[owner.step], name, site)
        self.closures[unit.index] = (made, needs)
        for name, site in {**effects.changes, **effects.binds}.items():
            if name in effects.changes and name in self.versions and name not in effects.binds:
                site = self.versions[name].site
            self.versions[name] = Version(
                name, fragments=made, home=owner.step, parameters=needs, site=site
            )
        for name in effects.deletes:
            version = self.versions.pop(name, None)
            for index in version.fragments if version is not None else ():
                if name in self.analysis.units[index].effects.binds:
                    self.undone.setdefault(index, set()).add(unit.index)
        self.replayed.add(unit.index)
        if files:
            self.setting_files[unit.index] = files
        if owner.step is not None:
            self._use_settings(self.flows[owner.step], unit)
            self.flows[owner.step].units.append(unit)
        return True

    def _needed_to_replay(
        self, unit: Unit, owner: Owner
    ) -> tuple[frozenset[int], frozenset[str], list[tuple[str, Version, Site]]] | None:
        """Return the fragments, parameters and files that a unit needs; None if also a value."""
        effects = unit.effects
        fragments = {unit.index}
        parameters: set[str] = set()
        files: list[tuple[str, Version, Site]] = []
        for name in (*effects.reads, *effects.changes, *effects.maybe):
            version = self.versions.get(name)
            if version is None:
                continue
            repeats = owner.setting or is_import(unit)
            if version.step is not None and repeats and name.startswith(PREFIX):
                files.append((name, version, effects.reads.get(name, version.site)))
                continue
            if version.step is not None:
                constant = self.constants.get(version) if owner.setting else None
                if constant is None:
                    return None
                fragments.add(constant)
                continue
            fragments |= version.fragments
            parameters |= version.parameters
            if version.parameter:
                parameters.add(name)
        return frozenset(fragments), frozenset(parameters), files

    def _step_unit(self, unit: Unit, flow: StepFlow) -> None:
        effects = unit.effects
        self._use_settings(flow, unit)
        flow.units.append(unit)
        for path in effects.data_files:
            self.file_readers.setdefault(PREFIX + path, set()).add(flow.name)
        for name, site in effects.reads.items():
            self._use(flow, name, site)
        for name, site in effects.changes.items():
            if name not in effects.binds or name in effects.maybe or name in effects.reads:
                self._produce(flow, name, site, passing=True)
        for name, site in effects.binds.items():
            self._produce(flow, name, site, passing=name in effects.maybe)
            self.constants.pop(self.versions[name], None)
            if is_constant(unit):
                self.constants[self.versions[name]] = unit.index
        for name, site in effects.deletes.items():
            version = self.versions.pop(name, None)
            if version is not None and version.step != flow.name:
                flow.produced.setdefault(name, site)
            if version is not None and version.fragments:
                # A step that repeats what bound it must be told that it is gone.
                self.versions[name] = Version(name, step=flow.name, site=site)

    def _use_settings(self, flow: StepFlow, unit: Unit) -> None:
        for name in self.carried_settings:
            self._use(flow, name, Site(unit.cell.index, unit.first))

    def _use(self, flow: StepFlow, name: str, site: Site) -> None:
        version = self.versions.get(name)
        if version is None:
            return
        if name.startswith("@file:"):
            self.file_readers.setdefault(name, set()).add(flow.name)
        if version.step == flow.name and name in flow.passed:
            # Bound here on some paths only, or changed through another name:
            # what the step reads may be what it was given.
            version = flow.passed[name][0]
        flow.used.add(id(version))
        self._take(flow, name, version, site)

    def _take(self, flow: StepFlow, name: str, version: Version, site: Site) -> None:
        if version.step is not None:
            if version.step != flow.name:
                flow.inputs.setdefault(name, (version, site))
        elif version.parameter:
            flow.parameters.setdefault(name, site)
        elif version.home != flow.name:
            for index in version.fragments:
                self._replay(flow, index)
            for parameter in version.parameters:
                flow.parameters.setdefault(parameter, site)

    def _replay(self, flow: StepFlow, index: int) -> None:
        """Let a step repeat a unit: in front of its own, or where it stands among them."""
        among = bool(flow.units) and flow.units[0].index < index
        into = flow.inline if among else flow.fragments
        if index not in into:
            into.add(index)
            for name, _, _ in self.setting_files.get(index, ()):
                self.file_readers.setdefault(name, set()).add(flow.name)
            for undoing in self.undone.get(index, ()):
                if flow.units and flow.units[-1].index < undoing:
                    continue
                for needed in self.closures[undoing][0]:
                    self._replay(flow, needed)

    def _produce(self, flow: StepFlow, name: str, site: Site, *, passing: bool) -> None:
        version = self.versions.get(name)
        if version is not None and version.step == flow.name:
            return
        if name.startswith(SETTINGS):
            self.carried_settings.add(name)
        if name.startswith("@file:"):
            before: set[StepName] = set()
            for other, readers in self.file_readers.items():
                # Who needs a folder to be there does not look at what is in it.
                folder = other.endswith("/") and other != name
                if not folder and overlap(other[len(PREFIX) :], name[len(PREFIX) :]):
                    before |= readers - {flow.name}
            self.file_readers.pop(name, None)
            if version is not None and version.step is not None:
                before.add(version.step)
            for step in before:
                flow.file_order.setdefault(step, (name, site))
        if passing and version is not None:
            flow.passed.setdefault(name, (version, site))
        flow.produced.setdefault(name, site)
        self.versions[name] = Version(name, step=flow.name, site=site)

    # -- backward: needs ---------------------------------------------------------

    def _pass_back(self) -> None:
        for flow in reversed(self.flows.values()):
            for name in list(flow.needed):
                passed = flow.passed.get(name)
                if passed is not None:
                    flow.used.add(id(passed[0]))
                    self._take(flow, name, passed[0], passed[1])
            for name, (version, _) in flow.inputs.items():
                assert version.step is not None
                self.flows[version.step].needed.setdefault(name, set()).add(flow.name)
        for flow in self.flows.values():
            self._definitions_of_inputs(flow)

    def _definitions_of_inputs(self, flow: StepFlow) -> None:
        """Let the step replay the classes and functions that its inputs refer to."""
        for name, (version, site) in list(flow.inputs.items()):
            assert version.step is not None
            value = self.value_after(version.step, name)
            parts = _with_classes(value)
            if any(item.kind in _UNKNOWN for item in parts):
                self._definitions_of_producer(flow, self.flows[version.step], site)
            for item in parts:
                made = item.cls if item.kind == "instance" else item
                while made is not None:
                    found = self.definitions.get(id(made))
                    if found is not None:
                        defined = self.ends[version.step].get(found[0])
                        if defined is not None and found[1] in defined.fragments:
                            self._take(flow, found[0], defined, site)
                    bases = made.class_code.bases if made.class_code is not None else ()
                    made = bases[0] if bases else None

    def _definitions_of_producer(self, flow: StepFlow, producer: StepFlow, site: Site) -> None:
        """Let the step replay what an unknown value of ``producer`` may refer to."""
        there = producer.fragments | {unit.index for unit in producer.units}
        ends = self.ends[producer.name]
        units = self.analysis.units
        for index in sorted(there):
            for name in units[index].defines:
                defined = ends.get(name)
                if defined is not None and index in defined.fragments:
                    self._take(flow, name, defined, site)

    def value_after(self, step: StepName, name: str) -> Value:
        """Return a name's value at the end of a step."""
        return self.values_after(step).get(name, frozenset())

    def values_after(self, step: StepName) -> dict[str, Value]:
        """Return all names' values at the end of a step."""
        index = self.last_units[step]
        snapshots = self.analysis.snapshots
        found = snapshots.get(index)
        if found is None:
            later = [key for key in snapshots if key >= index]
            found = snapshots[min(later)] if later else {}
        return found

    # -- shared objects ------------------------------------------------------------

    def changed_after(self, step: StepName, value: Value) -> set[Obj]:
        """Return the objects reachable from ``value`` that change after ``step``."""
        end = self.last_units[step]
        return {item for item in reach(value) if self._last_change.get(item, -1) > end}

    def classes_by_value(self, step: StepName, value: Value) -> set[Obj]:
        """Return the notebook's classes that ``value`` needs and that no source can bring back.

        A class whose state has changed travels by value; all its instances
        must travel with it, or ``isinstance`` would no longer hold.
        """
        found: set[Obj] = set()
        ends = self.ends[step]
        for item in reach(value):
            made = item.cls if item.kind == "instance" else item
            if made is None or made.kind != "class":
                continue
            defined = self.definitions.get(id(made))
            version = ends.get(defined[0]) if defined is not None else None
            if version is None or version.step is not None:
                found.add(made)
        return found

    def _force_shared(self) -> bool:
        """Let a step also give the names that share a later-changed object with what it gives."""
        grew = False
        order = list(self.flows)
        used_after: set[int] = set()
        for step in reversed(order):
            flow = self.flows[step]
            if step in self.last_units and flow.needed:
                grew |= self._force_for(step, flow, used_after)
            used_after |= flow.used
        return grew

    def _force_for(self, step: StepName, flow: StepFlow, used_after: set[int]) -> bool:
        values = self.values_after(step)
        own: set[Obj] = set()
        for name in flow.needed:
            value = values.get(name, frozenset())
            own |= self.changed_after(step, value) | self.classes_by_value(step, value)
        if not own:
            return False
        grew = False
        for name, version in self.ends[step].items():
            if version.step == step or id(version) not in used_after:
                continue
            if name.startswith("@") or name in self.forced.get(step, ()):
                continue
            value = values.get(name, frozenset())
            parts = set(reach(value))
            parts |= {item.cls for item in parts if item.cls is not None}
            if not own.isdisjoint(parts):
                self.forced.setdefault(step, set()).add(name)
                grew = True
        return grew


def _with_classes(value: Value) -> set[Obj]:
    """Return what can be reached from ``value`` and from the classes of its instances."""
    found = set(reach(value))
    classes = {item.cls for item in found if item.kind == "instance" and item.cls is not None}
    return found.union(reach(classes))


def _last_changes(units: Iterable[Unit]) -> dict[Obj, int]:
    found: dict[Obj, int] = {}
    for unit in units:
        for item in unit.effects.changed_objects:
            found[item] = unit.index
    return found
