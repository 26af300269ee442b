"""Whole programs: some templates, repeated, then cut into cells and steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.property.generator.classes import CLASSES
from tests.property.generator.control import CONTROL
from tests.property.generator.drawing import Draw, HypothesisDraw, SeededDraw
from tests.property.generator.functions import FUNCTIONS
from tests.property.generator.libraries import ARRAYS, FILES, FRAMES, IMPORTS, RANDOM, STATE
from tests.property.generator.sandbox import Sandbox
from tests.property.generator.statements import PLAIN, Template
from tests.property.generator.world import World
from tests.property.generator.writer import Writer

Cells = list[tuple[str, str]]
STEPS = ("a", "b", "c", "d", "e", "f", "g")
_FAMILIES: dict[str, tuple[Sequence[Template], int]] = {
    "control": (CONTROL, 55),
    "functions": (FUNCTIONS, 65),
    "classes": (CLASSES, 45),
    "random": (RANDOM, 20),
    "arrays": (ARRAYS, 20),
    "frames": (FRAMES, 15),
    "files": (FILES, 12),
    "imports": (IMPORTS, 20),
    "state": (STATE, 5),
}
_PARAMETERS = ("rate = 3", "x = 2\nlabel = 'ab'", "items = [1, 2]", "y = 1\nz = {'k': 2}")
_SHOWN = ("I", "S", "LI", "LL", "DI", "DL", "T", "BA")


@dataclass(frozen=True, slots=True)
class Program:
    """A notebook that runs: ``cells`` are ``(role or step, source)`` pairs."""

    cells: Cells


def generate(draw: Draw, *, most: int = 16) -> Program:
    """Make one program of up to ``most`` statements."""
    with Sandbox() as sandbox:
        world = World(sandbox)
        writer = Writer(draw, world)
        parameters = draw.pick(_PARAMETERS) if draw.chance(30) else ""
        if parameters:
            world.accept(parameters)
        _grow(draw, writer, 3 + draw.below(most - 2))
        if len(world.statements) < 3:
            world.accept("x = [1]")
            world.accept("y = x")
        shown = _last_cell(draw, writer)
        metrics = _metrics(draw, writer)
        return Program(_cut(draw, world.statements, parameters, shown, metrics))


def from_seed(seed: int, *, most: int = 16) -> Program:
    """Return the program of a seed."""
    return generate(SeededDraw(seed), most=most)


@st.composite
def programs(draw: st.DrawFn, most: int = 16) -> Program:
    """Draw programs by Hypothesis."""
    return generate(HypothesisDraw(draw), most=most)


def _grow(draw: Draw, writer: Writer, count: int) -> None:
    """Let a program use few of the templates, often: they meet one another more."""
    families: list[Sequence[Template]] = [PLAIN, PLAIN]
    families += [family for family, share in _FAMILIES.values() if draw.chance(share)]
    chosen: list[Template] = []
    for family in families:
        chosen += [template for template in family if draw.chance(60)]
    for _ in range(count):
        template = draw.pick(chosen or list(PLAIN))
        text = template(writer)
        writer.scopes.clear()
        if text is not None:
            writer.world.accept(text)


def _last_cell(draw: Draw, writer: Writer) -> str:
    """Show what exists, so that it is needed."""
    world = writer.world
    lines = []
    for kind in _SHOWN:
        for path in world.paths(kind):
            if path.isidentifier() and draw.chance(50):
                lines.append(f"print({path})")
    return "\n".join(line for line in lines if world.accept(line)) if draw.chance(70) else ""


def _metrics(draw: Draw, writer: Writer) -> str:
    paths = [path for path in writer.paths("I") if "'" not in path]
    if not paths or not draw.chance(25):
        return ""
    path, other = draw.pick(paths), draw.pick(paths)
    return draw.pick((f"print({path})", f"score = {path}", f"print('score', {path})\nprint(f'{{{other}}}')",
                      f"{{'one': {path}, 'two': {other}}}", f"score = {path} + {other}\nprint(score)"))  # fmt: skip


def _cut(draw: Draw, statements: list[str], parameters: str, shown: str, metrics: str) -> Cells:
    extra = len(shown.splitlines())
    body = statements[bool(parameters) : len(statements) - extra]
    cells: list[str] = []
    while body:
        size = 1 + draw.below(3)
        cells.append("\n".join(body[:size]))
        body = body[size:]
    if shown:
        cells.append(shown)
    ends = sorted({draw.below(len(cells)) for _ in range(draw.below(5))} | {len(cells) - 1})
    tagged: Cells = []
    step = 0
    for index, source in enumerate(cells):
        tagged.append((_tag(draw, step, first=index == 0), source))
        if index in ends:
            step += 1
    if not any(tag.split()[0] in STEPS for tag, _ in tagged):
        tagged[-1] = (STEPS[0], tagged[-1][1])
    start = [("pipeline-parameters", parameters)] if parameters else []
    return [
        *start,
        *_without_dangling(tagged),
        *([("pipeline-metrics", metrics)] if metrics else []),
    ]


def _tag(draw: Draw, step: int, *, first: bool) -> str:
    if draw.chance(35 if first else 12):
        return draw.pick(("imports", "functions", "imports", "setup"))
    name = STEPS[step]
    return f"{name} {STEPS[draw.below(step)]}" if step and draw.chance(8) else name


def _without_dangling(cells: Cells) -> Cells:
    """Drop ``prev`` names of steps that came to nothing."""
    known: set[str] = set()
    result: Cells = []
    for tag, source in cells:
        name, *after = tag.split()
        result.append((" ".join([name, *(item for item in after if item in known)]), source))
        known.add(name)
    return result
