"""Graphs built by hand: the pictures are tested apart from the analysis."""

from __future__ import annotations

from kalelike.graph.model import (
    ArtifactType,
    Edge,
    Input,
    Metric,
    Output,
    Parameter,
    PipelineGraph,
    Reason,
    Step,
    StepRole,
)
from kalelike.notebook.model import Cell, CellId, Notebook, StepName
from kalelike.notebook.options import PipelineOptions, StepOptions

NOTEBOOK = "flowers.ipynb"


def make_cell(index: int, source: str, number: int | None = None) -> Cell:
    number = index + 1 if number is None else number
    return Cell(index, CellId(f"c{index}"), "code", source, number=number, notebook=NOTEBOOK)


def make_step(
    name: str,
    cell: Cell,
    takes: dict[str, tuple[str, ...]] | None = None,
    after: tuple[str, ...] = (),
    parameters: tuple[str, ...] = (),
    metrics: tuple[str, ...] = (),
    role: StepRole = StepRole.STEP,
) -> Step:
    inputs = tuple(
        Input(names[0], StepName(producer), names[0], names)
        for producer, names in (takes or {}).items()
    )
    return Step(
        name=StepName(name),
        role=role,
        cells=(cell,),
        preamble=(),
        inputs=inputs,
        outputs=(Output("out", ("out",), ArtifactType.ARTIFACT),),
        parameters=parameters,
        metrics=tuple(Metric(item, item, cell.location) for item in metrics),
        after=tuple(StepName(item) for item in after),
        options=StepOptions(),
        location=cell.location,
    )


def make_graph(
    *steps: Step, parameters: tuple[Parameter, ...] = (), edges: tuple[Edge, ...] = ()
) -> PipelineGraph:
    cells = tuple(cell for step in steps for cell in step.cells)
    notebook = Notebook(NOTEBOOK, NOTEBOOK, cells, {}, "python", "python3", "0" * 64)
    return PipelineGraph(notebook, PipelineOptions("flowers"), parameters, steps, edges)


def chain_graph(count: int) -> PipelineGraph:
    """``count`` steps, each taking a value of the one before and of the first."""
    steps = []
    for index in range(count):
        takes = {f"s{index - 1}": (f"v{index - 1}",)} if index else {}
        if index > 1:
            takes["s0"] = ("v0",)
        steps.append(make_step(f"s{index}", make_cell(index, f"v{index} = 1"), takes))
    return make_graph(*steps)


def diamond() -> PipelineGraph:
    """Load, two independent branches, a join, and a step that only waits."""
    load = make_cell(0, "import pandas\ndf = pandas.read_csv(path)")
    left, right = make_cell(1, "a = df.mean()"), make_cell(2, "b = df.std()")
    join, push = make_cell(3, "# joined\nprint(a, b)"), make_cell(4, "!push")
    lr = Parameter("lr", "lr", "NUMBER_DOUBLE", 0.1, load.location)
    unused = Parameter("unused", "unused", "STRING", "x" * 200, load.location)
    reasons = (
        Reason(load.location.at(2), "binds df"),
        Reason(left.location.at(1), "reads df"),
    )
    edges = (
        Edge(StepName("load"), StepName("left"), "df", "data", reasons),
        Edge(
            StepName("left"),
            StepName("join"),
            "a",
            "data",
            (Reason(left.location.at(1), "binds a"), Reason(join.location.at(2), "reads a")),
        ),
        Edge(StepName("load"), StepName("right"), "@random:numpy", "state", ()),
        Edge(StepName("load"), StepName("right"), "@file:out.csv", "file", ()),
        Edge(
            StepName("join"),
            StepName("push"),
            "",
            "order",
            (Reason(push.location, "tag `prev:join`"),),
        ),
    )
    return make_graph(
        make_step("load", load, parameters=("lr",)),
        make_step("left", left, {"load": ("df",)}),
        make_step("right", right, {"load": ("df", "@random:numpy", "@file:out.csv")}),
        make_step("join", join, {"left": ("a",), "right": ("b",)}, metrics=("score",)),
        make_step("push", push, after=("join",)),
        parameters=(lr, unused),
        edges=edges,
    )
