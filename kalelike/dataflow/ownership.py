"""Which step runs each unit, and which units can be replayed by every step that needs them."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from kalelike.dataflow.units import Analysis, Unit
from kalelike.notebook.model import Role, StepName

SETUP_STEP = StepName("setup")
_ANOTHER = StepName("")
_CODE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
METRICS_STEP = StepName("pipeline-metrics")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who runs a unit.

    ``step`` runs it as its own; ``replayable`` units are also repeated by the
    steps that need them; ``fallback`` runs what turns out not to be replayable.
    """

    step: StepName | None
    replayable: bool
    parameter: bool = False
    fallback: StepName | None = None
    setting: bool = False


@dataclass(frozen=True, slots=True)
class Ownership:
    """The owner of every unit, and all steps in notebook order."""

    owners: tuple[Owner, ...]
    steps: tuple[StepName, ...]


def own_units(analysis: Analysis) -> Ownership:
    """Give every unit of the notebook its owner."""
    units = analysis.units
    declared = [unit.tagged.step for unit in units]
    between = _inside_steps(units)
    following = _next_steps(declared)
    metrics = _metric_owners(units)
    owners: list[Owner] = []
    order: list[StepName] = []
    previous: StepName | None = None
    for position, unit in enumerate(units):
        step = declared[position] or between.get(position)
        if unit.tagged.role is Role.METRICS and step is None:
            step = metrics[position]
        owner = _own_unit(unit, step, previous, following[position])
        owners.append(owner)
        runs = owner.step or owner.fallback
        if owner.step is not None:
            previous = owner.step
        if runs is not None and owner.step is not None and runs not in order:
            order.append(runs)
    if any(owner.fallback == SETUP_STEP for owner in owners) and SETUP_STEP not in order:
        order.insert(0, SETUP_STEP)
    return Ownership(tuple(owners), tuple(order))


def _own_unit(
    unit: Unit, step: StepName | None, previous: StepName | None, following: StepName | None
) -> Owner:
    effects = unit.effects
    setup = unit.tagged.role in (Role.IMPORTS, Role.FUNCTIONS, Role.SETUP, Role.PARAMETERS)
    if unit.tagged.role is Role.PARAMETERS and is_literal_assignment(unit):
        return Owner(None, replayable=False, parameter=True)
    setting = is_setting(unit)
    if step is not None and not setup:
        return Owner(step, replayable=is_definition(unit) or setting, setting=setting)
    if not setup:
        return Owner(step, replayable=False)
    if effects.shows and not effects.binds and not effects.changes and not setting:
        return Owner(following or previous or SETUP_STEP, replayable=False)
    pure = is_pure(unit) or setting
    return Owner(step, replayable=pure, fallback=previous or SETUP_STEP, setting=setting)


def _next_steps(declared: list[StepName | None]) -> list[StepName | None]:
    found: list[StepName | None] = []
    following: StepName | None = None
    for step in reversed(declared):
        following = step or following
        found.append(following)
    return found[::-1]


def _inside_steps(units: tuple[Unit, ...]) -> dict[int, StepName]:
    """Find set-up cells that stand between two cells of one step: they are run there."""
    found: dict[int, StepName] = {}
    last_seen: dict[StepName, int] = {}
    for position, unit in enumerate(units):
        step = unit.tagged.step
        if step is None:
            continue
        for inner in range(last_seen.get(step, position) + 1, position):
            if units[inner].tagged.step is None:
                found[inner] = step
        last_seen[step] = position
    return found


def _metric_owners(units: tuple[Unit, ...]) -> dict[int, StepName]:
    """Give a metric's unit to the one step that last made what it reads, if it is one."""
    makers: dict[str, StepName] = {}
    definers: dict[str, StepName] = {}
    order: dict[StepName, int] = {}
    found: dict[int, StepName] = {}
    for position, unit in enumerate(units):
        effects = unit.effects
        runs = unit.tagged.step
        if unit.tagged.role is Role.METRICS:
            sources = {makers[name] for name in effects.reads if name in makers}
            alters = any(name in makers for name in (*effects.changes, *effects.binds))
            last = max((order.get(item, -1) for item in sources), default=-1)
            # What a later step defines anew is not what the one that would run it has.
            anew = any(order[definers[name]] > last for name in effects.reads if name in definers)
            single = len(sources) == 1 and not (alters or anew) and _ANOTHER not in sources
            runs = found[position] = sources.pop() if single else METRICS_STEP
        if runs is not None:
            order.setdefault(runs, len(order))
        if runs is not None and is_definition(unit):
            if any(isinstance(item, _CODE) for item in unit.statements):
                definers.update(dict.fromkeys(effects.binds, runs))
        elif runs is not None:
            for name in (*effects.binds, *effects.changes):
                makers[name] = runs
                definers.pop(name, None)
        elif runs is None:
            # Set-up after a step: it is run by another one, if it needs what a step made.
            needs = any(name in makers for name in (*effects.reads, *effects.changes))
            for name in (*effects.binds, *effects.changes):
                if needs or not is_pure(unit):
                    makers[name] = _ANOTHER
                else:
                    makers.pop(name, None)
    return found


def is_literal_assignment(unit: Unit) -> bool:
    """Tell whether every statement binds names to literals."""
    return all(_literal(statement) for statement in unit.statements)


def _literal(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=targets, value=value):
            if not all(isinstance(item, ast.Name) for item in targets):
                return False
        case ast.AnnAssign(target=ast.Name(), value=ast.expr() as value):
            pass
        case _:
            return False
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def is_constant(unit: Unit) -> bool:
    """Tell whether the unit only binds one name to a number or text."""
    match unit.statements:
        case [ast.Assign(targets=[ast.Name()], value=ast.Constant())]:
            return True
        case _:
            return False


def is_import(unit: Unit) -> bool:
    """Tell whether the unit only imports modules."""
    return all(isinstance(item, ast.Import | ast.ImportFrom) for item in unit.statements)


def is_definition(unit: Unit) -> bool:
    """Tell whether the unit only imports or defines, so that a later step can repeat it."""
    effects = unit.effects
    if effects.impure or effects.dynamic or effects.deletes or _calls_unknown(unit):
        return False
    return all(_defines(statement) for statement in unit.statements)


def _calls_unknown(unit: Unit) -> bool:
    """Tell whether the unit calls what no model describes.

    What a helper module calls when it is imported is its own affair, as it is
    in an installed package: whoever imports it again has it run again.
    """
    return bool(unit.effects.calls_unknown) and not is_import(unit)


def _defines(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return True
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
            inner = [*body, *orelse, *final, *(item for h in handlers for item in h.body)]
            return any(isinstance(item, ast.Import | ast.ImportFrom) for item in body) and all(
                _defines(item) or _constant(item) for item in inner
            )
        case ast.Assign(
            targets=[ast.Name()],
            value=ast.Call(func=ast.Attribute(value=ast.Name(id="logging"), attr=made)),
        ):
            # A logger is the process's own, found by its name as a module is; a handler that
            # shows what is logged, and its format, are parts of that setting.
            return made in ("getLogger", "StreamHandler", "NullHandler", "Formatter")
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body):
            return all(_defines(item) for item in body)
        case _:
            return False


def _constant(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass():
            return True
        case ast.Assign(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return True
        case _:
            return False


def is_pure(unit: Unit) -> bool:
    """Tell whether a set-up unit can be repeated in every step with the same outcome."""
    effects = unit.effects
    if effects.impure or effects.dynamic or effects.unknown_paths.get("write"):
        return False
    if any(name.startswith("@file:") for name in effects.binds):
        return False
    if any(name.startswith("@random:") for name in effects.reads):
        return False
    bare = all(isinstance(item, ast.Expr) for item in unit.statements)
    return bare or not _calls_unknown(unit)


def is_setting(unit: Unit) -> bool:
    """Tell whether the unit only changes settings of the process.

    A helper's import may, too, and a definition by a decorator that registers it.
    """
    effects = unit.effects
    if not effects.settings or effects.impure or effects.dynamic or effects.unknown_paths:
        return False
    if any(name.startswith("@random:") for name in effects.reads):
        return False
    if _calls_unknown(unit) or effects.deletes:
        return False
    # A generator that is seeded again has its place loaded afterwards, by whoever draws from it.
    binds = any(not name.startswith("@random:") for name in effects.binds)
    repeatable = is_import(unit) or all(map(_decorated, unit.statements))
    defines = any(isinstance(item, ast.FunctionDef | ast.ClassDef) for item in unit.statements)
    return repeatable or not (binds or defines)


def _decorated(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef | ast.ClassDef) and bool(statement.decorator_list)
