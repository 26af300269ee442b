"""Writes expressions and picks objects, by kind, in the scope that is being written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.property.generator.drawing import Draw
from tests.property.generator.world import Signature, World

NAMES = ("x", "y", "z", "u", "v", "w", "p", "q")
LOCALS = ("i", "j", "k", "a", "b", "t", "x", "y")
KEYS = ("'k'", "'m'", "'n'")
DATA = ("I", "S", "LI", "LL", "DI", "DL", "SI", "T", "BA", "Q", "obj")


@dataclass(slots=True)
class Scope:
    """A function's body while it is written: its variables and their kinds."""

    kinds: dict[str, str] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)


class Writer:
    """Expressions of a wanted kind over what exists."""

    def __init__(self, draw: Draw, world: World) -> None:
        self.draw = draw
        self.world = world
        self.scopes: list[Scope] = []

    # -- names and objects -------------------------------------------------------

    def paths(self, kind: str) -> list[str]:
        """Expressions for existing objects of a kind: locals first, then globals not hidden."""
        found: list[str] = []
        hidden: set[str] = set()
        for scope in reversed(self.scopes):
            for name, known in scope.kinds.items():
                if name not in hidden:
                    found += _local_paths(name, known, kind)
            hidden |= scope.kinds.keys()
        for path in self.world.paths(kind):
            if path.split(".")[0].split("[")[0] not in hidden:
                found.append(path)
        return found

    def path(self, *kinds: str) -> str | None:
        """Pick an existing object of one of the kinds; None if there is none."""
        found = [path for kind in kinds for path in self.paths(kind)]
        return self.draw.pick(found) if found else None

    def target(self) -> str:
        """Pick a name to bind: a new one, or one that is taken."""
        if self.scopes:
            return self.draw.pick(LOCALS)
        names = self.world.names()
        if names and self.draw.chance(25):
            return self.draw.pick(names)
        return self.draw.pick(NAMES)

    # -- expressions -------------------------------------------------------------

    def expression(self, kind: str, depth: int = 0) -> str:
        """Write an expression of a kind; existing objects are the likeliest."""
        if self.draw.chance(55 if depth == 0 else 75):
            path = self.path(kind)
            if path is not None:
                return path
        if depth >= 2:
            return self.literal(kind)
        forms = _FORMS.get(kind, ())
        if not forms or self.draw.chance(30):
            return self.literal(kind)
        made = self.draw.pick(forms)(self, depth + 1)
        return made if made is not None else self.literal(kind)

    def literal(self, kind: str) -> str:
        """Write a new object of a kind."""
        draw = self.draw
        number = str(draw.below(6))
        match kind:
            case "I":
                return number
            case "S":
                return draw.pick(("'k'", "'m'", "'ab'", "''"))
            case "LI":
                return draw.pick(
                    ("[]", f"[{number}]", f"[1, {number}, 3]", f"list(range({number}))")
                )
            case "LL":
                return draw.pick(("[[1], [2]]", f"[[], [{number}]]"))
            case "DI":
                return draw.pick(("{}", f"{{'k': {number}}}", f"dict(k=1, m={number})"))
            case "DL":
                return draw.pick((f"{{'k': [{number}]}}", "{'k': [], 'm': [1]}"))
            case "SI":
                return draw.pick(("{1, 2}", f"set([{number}])", f"{{{number}}}"))
            case "T":
                return draw.pick((f"({number}, [1])", "([1], [2])", f"(1, {number})"))
            case "BA":
                return "bytearray(b'abc')"
            case "Q":
                return f"__import__('collections').deque([{number}, 2])"
            case _:
                return "None"

    def value(self, depth: int = 0) -> str:
        """Write an expression of any kind of data."""
        return self.expression(self.draw.pick(DATA), depth)

    def condition(self, depth: int = 1) -> str:
        """Write a condition."""
        draw = self.draw
        left, right = self.expression("I", depth), self.expression("I", depth)
        plain = f"{left} {draw.pick(('<', '>', '==', '!=', '<='))} {right}"
        other = self.path("LI", "DI", "LL", "SI")
        if other is not None and draw.chance(30):
            return draw.pick((other, f"not {other}", f"len({other}) > 1", f"{left} in {other}"))
        if draw.chance(10):
            return draw.pick(("True", "False"))
        return f"{plain} {draw.pick(('and', 'or'))} {right}" if draw.chance(10) else plain

    def call(self, gives: str | None, depth: int = 1) -> str | None:
        """Write a call of an existing function or method that gives a kind (None: any)."""
        found: list[tuple[str, Signature]] = []
        for path in self.paths("fn"):
            if "." in path and self.scopes:
                continue
            signature = self._signature(path)
            if signature is not None and gives in (None, signature.gives):
                found.append((path, signature))
        for path in self.paths("obj"):
            shape = self.world.shapes.get(self._class_of(path))
            for name, signature in shape.methods if shape else ():
                if gives in (None, signature.gives):
                    found.append((f"{path}.{name}", signature))
        if not found:
            return None
        path, signature = self.draw.pick(found)
        return self.apply(path, signature, depth)

    def apply(self, path: str, signature: Signature, depth: int = 1) -> str:
        """Write a call with arguments that fit."""
        arguments = [self.expression(kind, depth) for kind in signature.takes]
        return f"{path}({', '.join(arguments)})"

    def _signature(self, path: str) -> Signature | None:
        if path.split(".")[0] in {name for scope in self.scopes for name in scope.kinds}:
            return None
        try:
            return self.world.signature(path)
        except Exception:
            return None

    def _class_of(self, path: str) -> str:
        try:
            return type(self.world.value(path)).__name__
        except Exception:
            return ""


def _local_paths(name: str, known: str, kind: str) -> list[str]:
    found = [name] if known == kind else []
    if kind == "LI":
        found += {"LL": [f"{name}[0]", f"{name}[-1]"], "DL": [f"{name}['k']"]}.get(known, [])
    if kind == "I":
        found += {"LI": [f"{name}[0]"], "DI": [f"{name}['k']"]}.get(known, [])
    return found


Form = Callable[[Writer, int], str | None]


def _numbers(w: Writer, depth: int) -> str:
    a, b = w.expression("I", depth), w.expression("I", depth)
    return w.draw.pick((f"{a} + {b}", f"{a} - {b}", f"{a} * {b} % 97", f"-{a}", f"abs({a})"))


def _of_list(w: Writer, depth: int) -> str:
    items = w.expression("LI", depth)
    return w.draw.pick(
        (f"len({items})", f"sum({items})", f"max({items}, default=0)", f"{items}[0]", f"{items}[-1]",
         f"sum(i for i in {items})", f"{items}.count(1)", f"next(iter({items}), 0)",
         f"sum(map(lambda i: i + 1, {items}))")
    )  # fmt: skip


def _of_dict(w: Writer, depth: int) -> str:
    items = w.expression("DI", depth)
    return w.draw.pick(
        (f"{items}['k']", f"{items}.get('k', 0)", f"sum({items}.values())", f"len({items})",
         f"{items}.setdefault('k', 4)")
    )  # fmt: skip


def _choice(kind: str) -> Form:
    def write(w: Writer, depth: int) -> str:
        a, b = w.expression(kind, depth), w.expression(kind, depth)
        return w.draw.pick((f"({a} if {w.condition(depth)} else {b})", f"({a} or {b})"))

    return write


def _called(kind: str) -> Form:
    return lambda w, depth: w.call(kind, depth)


def _walrus(w: Writer, depth: int) -> str | None:
    return f"({w.target()} := {w.expression('I', depth)})" if not w.scopes else None


def _texts(w: Writer, depth: int) -> str:
    a, b = w.expression("S", depth), w.expression("I", depth)
    other = w.value(depth)
    return w.draw.pick(
        (f"{a} + {a}", f"str({b})", f"f'{{{b}}}-{{{_in_fstring(a)}}}'", f"'-'.join([{a}, {a}])",
         f"{a}.upper()", f"'%s/%d' % ({a}, {b})", f"'{{}}'.format({b})", f"repr({_in_fstring(other)})",
         f"str(eval('{b}'))" if "'" not in b else a)
    )  # fmt: skip


def _in_fstring(text: str) -> str:
    return "1" if "'" in text or "{" in text or "\\" in text or ":=" in text else text


def _lists(w: Writer, depth: int) -> str:
    a, b = w.expression("LI", depth), w.expression("LI", depth)
    n = w.expression("I", depth)
    return w.draw.pick(
        (f"{a} + {b}", f"{a}[1:]", f"{a}[:]", f"list({a})", f"sorted({a})", f"[*{a}, {n}]",
         f"[i + 1 for i in {a}]", f"[i for i in {a} if i > {n}]", f"[i + {n} for i in {a}]",
         f"list(map(lambda i: i + {n}, {a}))", f"list(filter(None, {a}))", f"{a}.copy()",
         f"[i for i, j in zip({a}, {b})]", f"list(reversed({a}))", f"[*{a}, *{b}]")
    )  # fmt: skip


def _held(w: Writer, depth: int) -> str:
    a, b = w.expression("LI", depth), w.expression("LI", depth)
    return w.draw.pick(
        (f"max([{a}, {b}], key=len)", f"[{a}, {b}][0]", f"dict(k={a})['k']", f"(lambda i: i)({a})",
         f"next(iter([{a}]))", f"[i for i in [{a}]][0]", f"list(map(lambda i: i, [{a}]))[0]",
         f"list(zip([{a}], [{b}]))[0][1]", f"sorted([{a}, {b}])[0]", f"({a}, {b})[1]",
         f"list({{'k': {a}}}.values())[0]", f"{{'k': {a}}}.get('k')", f"[{a}].pop()",
         f"list(filter(None, [{a}, [1]]))[0]", f"{{'k': {a}}}.setdefault('k', [])")
    )  # fmt: skip


def _nested(w: Writer, depth: int) -> str:
    a, b = w.expression("LI", depth), w.expression("LI", depth)
    c = w.expression("LL", depth)
    return w.draw.pick(
        (f"[{a}, {b}]", f"[{a}, {a}]", f"[{a}] * 2", f"list({c})", f"{c}[:1]", f"{c} + [{a}]",
         f"[i for i in {c}]", f"[list(i) for i in {c}]", f"list({{'k': {a}, 'm': {b}}}.values())",
         f"[{a} for i in range(2)]", f"[j for j in ({a}, {b})]", f"list(zip({a}, {b})) and [{a}]")
    )  # fmt: skip


def _dicts(w: Writer, depth: int) -> str:
    n, a, b = w.expression("I", depth), w.expression("DI", depth), w.expression("DI", depth)
    return w.draw.pick(
        (f"{{'k': {n}}}", f"{{**{a}, 'm': {n}}}", f"dict({a})", f"{a} | {b}", f"{a}.copy()",
         f"{{i: j for i, j in {a}.items()}}", f"{{str(i): i for i in range({n} % 5)}}",
         f"dict(zip('km', [{n}, 2]))")
    )  # fmt: skip


def _dicts_of_lists(w: Writer, depth: int) -> str:
    a, b, c = w.expression("LI", depth), w.expression("LI", depth), w.expression("DL", depth)
    return w.draw.pick(
        (f"{{'k': {a}, 'm': {b}}}", f"{{'k': {a}, 'm': {a}}}", f"dict({c})", f"{{**{c}}}",
         f"dict.fromkeys(['k', 'm'], {a})", f"{{i: {a} for i in 'km'}}", f"{c} | {{'n': {a}}}",
         f"dict(k={a})", f"{{i: j for i, j in {c}.items()}}")
    )  # fmt: skip


def _sets(w: Writer, depth: int) -> str:
    a, b = w.expression("SI", depth), w.expression("LI", depth)
    return w.draw.pick(
        (f"{a} | {{7}}", f"set({b})", f"{a}.copy()", f"{{i for i in {b}}}", f"{a} - {{1}}")
    )


def _tuples(w: Writer, depth: int) -> str:
    a, b, n = w.expression("LI", depth), w.expression("DI", depth), w.expression("I", depth)
    return w.draw.pick((f"({a}, {b})", f"({n}, {a})", f"tuple([{a}, {a}])", f"({n}, {n})"))


_FORMS: dict[str, Sequence[Form]] = {
    "I": (_numbers, _of_list, _of_dict, _choice("I"), _called("I"), _called("I"), _walrus),
    "S": (_texts, _texts, _choice("S"), _called("S")),
    "LI": (_lists, _lists, _held, _held, _choice("LI"), _called("LI"), _called("LI")),
    "LL": (_nested, _nested, _choice("LL"), _called("LL")),
    "DI": (_dicts, _dicts, _choice("DI"), _called("DI")),
    "DL": (_dicts_of_lists, _called("DL")),
    "SI": (_sets,),
    "T": (_tuples, _called("T")),
}
