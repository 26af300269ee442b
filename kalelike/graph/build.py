"""From linked statements to the graph of steps."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace

from kalelike.dataflow.interpreter import analyse_notebook
from kalelike.dataflow.linking import DYNAMIC, Linkage, Linker, StepFlow
from kalelike.dataflow.ownership import METRICS_STEP, SETUP_STEP, Ownership, own_units
from kalelike.dataflow.units import Analysis, Unit
from kalelike.dataflow.values import Site, reach
from kalelike.diagnostics import Diagnostic, Location, has_errors
from kalelike.errors import CompileError
from kalelike.graph.checks import check_flows
from kalelike.graph.metrics import unit_metrics
from kalelike.graph.model import (
    Edge,
    Fragment,
    Input,
    Metric,
    Output,
    PipelineGraph,
    Reason,
    Step,
    StepRole,
)
from kalelike.graph.names import artifact_key
from kalelike.graph.parameters import read_parameters
from kalelike.graph.ports import group_outputs
from kalelike.graph.reasons import producing_reasons, using_reasons
from kalelike.graph.slices import relevant_units
from kalelike.notebook.model import Cell, Role, StepDeclaration, StepName, TaggedNotebook

_UNKNOWN = frozenset({"opaque", "anything", "instance", "class", "function", "generator"})


def build_graph(tagged: TaggedNotebook) -> PipelineGraph:
    """Analyse a tagged notebook and return its graph of steps.

    Pure: nothing is executed or written. Raises :class:`CompileError` with
    everything that keeps the pipeline from computing what the notebook
    computes.
    """
    return _GraphBuilder(tagged).build()


class _GraphBuilder:
    def __init__(self, tagged: TaggedNotebook) -> None:
        self.tagged = tagged
        self.analysis: Analysis = analyse_notebook(tagged)
        self.ownership: Ownership = own_units(self.analysis)
        self.linkage: Linkage = Linker(self.analysis, self.ownership).link()
        self.cells: dict[int, Cell] = {item.cell.index: item.cell for item in tagged.cells}
        self.declared: dict[StepName, StepDeclaration] = {item.name: item for item in tagged.steps}
        self.outputs: dict[StepName, tuple[Output, ...]] = {}
        self.by_name: dict[StepName, tuple[str, ...]] = {}
        self.settings = [
            index for index in sorted(self.linkage.replayed) if self.ownership.owners[index].setting
        ]
        self.definitions = sorted(self._single_definitions().items())
        self.own_cells: dict[StepName, set[int]] = {}
        for item in self.tagged.cells:
            if item.step is not None:
                self.own_cells.setdefault(item.step, set()).add(item.cell.index)

    def _single_definitions(self) -> dict[str, int]:
        """Functions and classes that are defined at one place only, with their units."""
        bound: dict[str, int] = {}
        for unit in self.analysis.units:
            for name in unit.effects.binds:
                bound[name] = bound.get(name, 0) + 1
        return {
            name: unit.index
            for unit in self.analysis.units
            for name in unit.defines
            if bound[name] == 1
        }

    def _by_name(self, flow: StepFlow) -> tuple[str, ...]:
        """The definitions that every reader of this step's values replays from source.

        What no reader is known to need travels by value. What one of them
        needs is repeated by all that may meet an instance of it, so that there
        is one class of that name in every step.
        """
        ends = self.linkage.ends.get(flow.name, {})
        readers = {name for users in flow.needed.values() for name in users}
        flows = [self.linkage.flows[name] for name in sorted(readers)]
        found = []
        for name, index in self.definitions:
            if name not in ends or index not in ends[name].fragments:
                continue
            if any(index in reader.fragments for reader in flows):
                found.append(name)
                for reader in flows:
                    if self._may_hold_anything(flow, reader):
                        reader.fragments |= ends[name].fragments
        return tuple(found)

    def _may_hold_anything(self, flow: StepFlow, reader: StepFlow) -> bool:
        linker = self.linkage.linker
        given = [n for n, (version, _) in reader.inputs.items() if version.step == flow.name]
        values = [linker.value_after(flow.name, name) for name in given]
        return any(item.kind in _UNKNOWN for value in values for item in reach(value))

    def build(self) -> PipelineGraph:
        diagnostics: list[Diagnostic] = list(self.tagged.diagnostics)
        parameters, problems = read_parameters(self.analysis, self.ownership)
        diagnostics.extend(problems)
        flows = self._ordered_flows()
        diagnostics.extend(
            check_flows(self.tagged, self.analysis, self.ownership, self.linkage, flows)
        )
        if has_errors(diagnostics):
            raise CompileError(diagnostics)
        for flow in flows:
            self.outputs[flow.name] = group_outputs(flow, self.linkage.linker)
        self.by_name = {flow.name: self._by_name(flow) for flow in flows}
        taken: set[str] = set()
        steps = tuple(self._step(flow, taken) for flow in flows)
        edges = tuple(edge for flow in flows for edge in self._edges(flow))
        return PipelineGraph(
            self.tagged.notebook,
            self.tagged.options,
            parameters,
            steps,
            edges,
            tuple(diagnostics),
        )

    def _ordered_flows(self) -> list[StepFlow]:
        """Steps in notebook order; declared steps without code are kept, implied ones are not."""
        flows = self.linkage.flows
        order = [name for name in flows if flows[name].units]
        positions = {name: flows[name].units[0].index for name in order}
        for declaration in self.tagged.steps:
            if declaration.name not in positions:
                flows.setdefault(declaration.name, StepFlow(declaration.name))
                positions[declaration.name] = self._position(declaration)
                order.append(declaration.name)
        return [flows[name] for name in sorted(order, key=lambda name: positions[name])]

    def _position(self, declaration: StepDeclaration) -> int:
        index = declaration.location.index or 0
        later = [unit.index for unit in self.analysis.units if unit.cell.index >= index]
        return min(later, default=len(self.analysis.units))

    # -- steps -----------------------------------------------------------------

    def _step(self, flow: StepFlow, taken: set[str]) -> Step:
        declaration = self.declared.get(flow.name)
        options = (
            declaration.options if declaration is not None else self.tagged.options.step_defaults
        )
        metrics = tuple(
            metric
            for unit in flow.units
            if unit.tagged.role is Role.METRICS
            for metric in unit_metrics(unit, taken)
        )
        outputs = self.outputs[flow.name]
        location = declaration.location if declaration is not None else flow.units[0].cell.location
        fragments = self._fragments(flow)
        return Step(
            name=flow.name,
            role=self._role(flow.name),
            cells=self._cells_of(flow),
            preamble=tuple(self._fragment(index) for index in sorted(fragments)),
            inputs=self._inputs(flow),
            outputs=outputs,
            parameters=self._parameters(flow, fragments),
            metrics=metrics,
            after=self._after(flow, declaration),
            options=options,
            location=location,
            key_sources=self._key_sources(flow, metrics, outputs, fragments),
            data_files=tuple(
                sorted({path for unit in flow.units for path in unit.effects.data_files})
            ),
            definitions=self.by_name[flow.name],
            foreseen=self._foreseen(flow, outputs),
        )

    def _foreseen(self, flow: StepFlow, outputs: tuple[Output, ...]) -> tuple[str, ...]:
        if not any(DYNAMIC in output.names for output in outputs):
            return ()
        return tuple(sorted({name for unit in flow.units for name in unit.effects.binds}))

    def _role(self, name: StepName) -> StepRole:
        if name in self.declared:
            return StepRole.STEP
        if name == METRICS_STEP:
            return StepRole.METRICS
        assert name == SETUP_STEP
        return StepRole.SETUP

    def _cells_of(self, flow: StepFlow) -> tuple[Cell, ...]:
        """The step's own cells whole; of others, the lines that it runs, at their own places."""
        units: dict[int, list[Unit]] = {}
        for unit in flow.units:
            units.setdefault(unit.cell.index, []).append(unit)
        whole = self.own_cells.get(flow.name, set())
        cells = []
        for index in sorted({*units, *whole}):
            cell = self.cells[index]
            if index in whole:
                cells.append(cell)
                continue
            kept = [number for unit in units[index] for number in range(unit.first, unit.last + 1)]
            wanted = set(kept)
            lines = [
                line if number in wanted else ""
                for number, line in enumerate(cell.source.splitlines(), start=1)
            ]
            cells.append(replace(cell, source="\n".join(lines)))
        return tuple(cells)

    def _fragments(self, flow: StepFlow) -> set[int]:
        """The units to replay: what the step needs, and the settings made before it."""
        fragments = set(flow.fragments)
        first = flow.units[0].index if flow.units else 0
        for index in self.settings:
            if index < first and self.ownership.owners[index].step != flow.name:
                fragments |= self.linkage.closures[index][0]
        own = {unit.index for unit in flow.units}
        return fragments - own

    def _fragment(self, index: int) -> Fragment:
        unit = self.analysis.units[index]
        return Fragment(
            unit.cell, unit.first, unit.source, self._kind(unit), tuple(unit.effects.binds)
        )

    def _kind(self, unit: Unit) -> str:
        if all(isinstance(item, ast.Import | ast.ImportFrom | ast.Try) for item in unit.statements):
            return "import"
        if unit.defines:
            return "definition"
        if any(name.startswith("@random:") for name in unit.effects.binds):
            return "seed"
        return "setting" if self.ownership.owners[unit.index].setting else "constant"

    def _parameters(self, flow: StepFlow, fragments: Iterable[int]) -> tuple[str, ...]:
        names = set(flow.parameters)
        for index in fragments:
            names |= self.linkage.closures.get(index, (frozenset(), frozenset()))[1]
        return tuple(sorted(names))

    def _after(self, flow: StepFlow, declaration: StepDeclaration | None) -> tuple[StepName, ...]:
        prev = declaration.after if declaration is not None else ()
        return tuple(dict.fromkeys((*prev, *sorted(flow.file_order))))

    def _key_sources(
        self,
        flow: StepFlow,
        metrics: tuple[Metric, ...],
        outputs: tuple[Output, ...],
        fragments: Iterable[int],
    ) -> tuple[str, ...]:
        wanted = {name for output in outputs for name in output.names}
        for metric in metrics:
            wanted |= {
                node.id
                for node in ast.walk(ast.parse(metric.expression, mode="eval"))
                if isinstance(node, ast.Name)
            }
        relevant = relevant_units(flow.units, wanted)
        replayed = [self.analysis.units[index] for index in sorted(fragments)]
        return tuple(unit.normalised() for unit in (*replayed, *relevant))

    # -- what flows ----------------------------------------------------------------

    def _inputs(self, flow: StepFlow) -> tuple[Input, ...]:
        taken: set[str] = set()
        found: dict[tuple[StepName, str], list[str]] = {}
        for name, (version, _) in flow.inputs.items():
            producer = version.step
            assert producer is not None
            output = next(item for item in self.outputs[producer] if name in item.names)
            found.setdefault((producer, output.key), []).append(name)
        return tuple(
            Input(artifact_key(output, taken), producer, output, tuple(sorted(names)))
            for (producer, output), names in sorted(found.items())
        )

    def _edges(self, flow: StepFlow) -> list[Edge]:
        edges = []
        for name, (version, site) in sorted(flow.inputs.items()):
            producer = version.step
            assert producer is not None
            kind = "file" if name.startswith("@file:") else "state" if name[0] == "@" else "data"
            maker = self.linkage.flows[producer]
            made = maker.produced.get(name, version.site)
            reasons = (
                *producing_reasons(maker, name, made, self._place),
                *using_reasons(flow, name, site, self._place),
            )
            edges.append(Edge(producer, flow.name, name, kind, reasons))
        declaration = self.declared.get(flow.name)
        for step in declaration.after if declaration is not None else ():
            assert declaration is not None
            reason = Reason(declaration.location, f"tag prev:{step}")
            edges.append(Edge(step, flow.name, "", "order", (reason,)))
        for step, (name, site) in sorted(flow.file_order.items()):
            text = f"step {flow.name} writes {name[6:]}, which step {step} uses as it was"
            edges.append(Edge(step, flow.name, "", "order", (Reason(self._place(site), text),)))
        return edges

    def _place(self, site: Site) -> Location:
        cell = self.cells.get(site.cell)
        return (
            cell.location.at(site.line, site.column)
            if cell is not None
            else self.tagged.notebook.location
        )
