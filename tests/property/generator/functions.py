"""Functions of every make: readers and writers of globals, closures, generators, decorators."""

from __future__ import annotations

import textwrap

from tests.property.generator.control import CONTROL, block
from tests.property.generator.statements import PLAIN, Template
from tests.property.generator.world import Signature
from tests.property.generator.writer import Scope, Writer

_IN_BODY = tuple(
    t for t in (*PLAIN, *CONTROL)
    if t.__name__ not in ("delete", "dynamic", "conditional_definition", "while_loop", "iterator")
)  # fmt: skip
_KINDS = ("I", "LI", "LI", "LL", "DI", "DL", "S")


def name_of(w: Writer) -> str:
    """Pick the name of a function: mostly new, sometimes one that is defined already."""
    known = [name for name in w.world.signatures if name in w.world.namespace]
    if known and w.draw.chance(12):
        return w.draw.pick(known)
    return w.world.fresh("f")


def register(
    w: Writer, name: str, takes: tuple[str, ...], gives: str, *, generator: bool = False
) -> None:
    """Note how the function is called."""
    w.world.signatures[name] = Signature(takes, gives, generator)


def body(w: Writer, kinds: dict[str, str], gives: str, most: int = 2) -> str:
    """Write a function's body that ends by returning a kind."""
    scope = Scope(dict(kinds))
    w.scopes.append(scope)
    lines = []
    for _ in range(w.draw.below(most + 1)):
        made = w.draw.pick(_IN_BODY)(w)
        if made is not None:
            lines.append(made)
    lines.append(f"return {w.expression(gives)}")
    w.scopes.pop()
    return textwrap.indent("\n".join(lines), "    ")


def plain(w: Writer) -> str | None:
    name, gives = name_of(w), w.draw.pick(_KINDS)
    kinds = {key: w.draw.pick(_KINDS) for key in ("a", "b")[: w.draw.below(3)]}
    text = f"def {name}({', '.join(kinds)}):\n{body(w, kinds, gives)}"
    register(w, name, tuple(kinds.values()), gives)
    return text


def with_defaults(w: Writer) -> str | None:
    name, gives = name_of(w), w.draw.pick(_KINDS)
    kind = w.draw.pick(_KINDS)
    default = w.expression(kind)
    form = w.draw.pick((f"a, b={default}", f"a, *, b={default}", f"a, b={default}, *c, **d"))
    text = f"def {name}({form}):\n{body(w, {'a': 'I', 'b': kind}, gives)}"
    register(w, name, ("I",), gives)
    return text


def collecting(w: Writer) -> str | None:
    """A mutable default argument that remembers, or a function attribute that does."""
    name = name_of(w)
    register(w, name, ("I",), "LI")
    return w.draw.pick(
        (f"def {name}(a, seen=[]):\n    seen.append(a)\n    return seen",
         f"def {name}(a):\n    {name}.seen.append(a)\n    return {name}.seen\n{name}.seen = []",
         f"def {name}(a, *, seen={{}}):\n    seen[str(a)] = a\n    return list(seen.values())",
         f"def {name}(*args, **kwargs):\n    return [*args, *kwargs.values()]",
         f"def {name}(a, seen={w.expression('LI', 1)}):\n    seen.append(a)\n    return seen")
    )  # fmt: skip


def global_writer(w: Writer) -> str | None:
    name = name_of(w)
    register(w, name, (), "I")
    names = [path for path in w.paths("I") if path.isidentifier()]
    known = w.draw.pick(names) if names else "x"
    new = w.draw.pick(("x", "y", "z", "g"))
    n = w.expression("I", 1)
    register(w, name, (), "I")
    return w.draw.pick(
        (f"def {name}():\n    global {known}\n    {known} += 1\n    return {known}",
         f"def {name}():\n    global {new}\n    {new} = {n}\n    return {new}",
         f"def {name}():\n    global {new}\n    {new} = [{n}]\n    return len({new})",
         f"def {name}():\n    globals()['{new}'] = {n}\n    return 1",
         f"def {name}():\n    global {known}\n    for {known} in range(3):\n        pass\n    return {known}",
         f"def {name}():\n    global {new}\n    import math as {new}\n    return 1",
         f"def {name}():\n    global {new}\n    def {new}():\n        return {n}\n    return {new}()")
    )  # fmt: skip


def global_changer(w: Writer) -> str | None:
    name = name_of(w)
    path = w.path("LI", "LL", "DL", "DI")
    if path is None:
        return None
    register(w, name, ("I",), "I")
    kind = next(k for k in ("LI", "LL", "DL", "DI") if path in w.paths(k))
    change = {"LI": f"{path}.append(a)", "LL": f"{path}.append([a])", "DI": f"{path}[str(a)] = a",
              "DL": f"{path}.setdefault('k', []).append(a)"}[kind]  # fmt: skip
    return w.draw.pick(
        (f"def {name}(a):\n    {change}\n    return len({path})",
         f"def {name}(a):\n    if a > 2:\n        {change}\n    return a",
         f"def {name}(a):\n    def inner():\n        {change}\n    inner()\n    return a",
         f"def {name}(a):\n    t = {path}\n    t and {change}\n    return len(t)",
         f"def {name}(a):\n    try:\n        {change}\n    finally:\n        return a")
    )  # fmt: skip


def closure(w: Writer) -> str | None:
    maker, made, other = w.world.fresh("mk"), name_of(w), w.world.fresh("f")
    items, n = w.expression("LI", 1), w.expression("I", 1)
    inner = w.world.fresh("h")
    register(w, made, (), "I")
    register(w, inner, (), "I")
    register(w, other, (), "LI")
    return w.draw.pick(
        (f"def {maker}(s):\n    def {inner}():\n        nonlocal s\n        s += 1\n        return s\n"
         f"    return {inner}\n{made} = {maker}({n})",
         f"def {maker}(s):\n    def {inner}():\n        s.append(1)\n        return len(s)\n"
         f"    return {inner}\n{made} = {maker}({items})",
         f"def {maker}(s):\n    def {inner}():\n        s.append(1)\n        return len(s)\n    def {other}():\n"
         f"        return s\n    return {inner}, {other}\n{made}, {other} = {maker}({items})",
         f"def {maker}(s):\n    return lambda: s\n{made} = {maker}({n})",
         f"def {maker}():\n    s = 0\n    def {inner}():\n        nonlocal s\n        s += {n}\n        return s\n"
         f"    return {{'k': {inner}}}\n{made} = {maker}()['k']",
         f"import functools\ndef {maker}(a, b):\n    a.append(b)\n    return len(a)\n"
         f"{made} = functools.partial({maker}, {items})")
    )  # fmt: skip


def generator(w: Writer) -> str | None:
    name, a = name_of(w), w.target()
    items, n = w.expression("LI", 1), w.expression("I", 1)
    path = w.path("LI")
    change = f"    {path}.append(7)\n" if path else ""
    text = w.draw.pick(
        (f"def {name}(a):\n    for i in a:\n        yield i + 1\n", f"def {name}(a):\n{change}    yield from a\n{change}",
         f"def {name}(a):\n    i = yield 1\n{change}    yield a\n",
         f"def {name}(a):\n    try:\n        yield from a\n    finally:\n        pass\n{change}")
    )  # fmt: skip
    use = w.draw.pick(
        (f"{a} = list({name}({items}))", f"for {a} in {name}({items}):\n    pass", f"{a} = next({name}({items}), 0)",
         f"{a} = [i for i in {name}({items})]", f"{a} = sum(1 for i in {name}({items}))",
         f"{a}, *t = {name}({items}), {n}\n{a} = list({a})", f"{a} = {name}({items})\n{a} = list({a})", "")
    )  # fmt: skip
    return (text + use).rstrip("\n")


def recursion(w: Writer) -> str | None:
    name = name_of(w)
    g = w.expression("I", 1)
    path = w.path("LI")
    forms = [f"def {name}(a):\n    return {g} if a <= 0 or a > 9 else {name}(a - 1) + 1"]
    if path:
        forms += [f"def {name}(a):\n    if a <= 0 or a > 9:\n        return len({path})\n    {path}.append(a)\n"
                  f"    return {name}(a - 1)"]  # fmt: skip
    other = w.world.fresh("f")
    forms += [f"def {name}(a):\n    return {g} if a <= 0 or a > 9 else {other}(a - 1)\n"
              f"def {other}(a):\n    return {name}(a - 1)"]  # fmt: skip
    register(w, name, ("I",), "I")
    return w.draw.pick(forms)


def decorated(w: Writer) -> str | None:
    deco, name = w.world.fresh("d"), name_of(w)
    path = w.path("LI")
    registry = w.path("DF") or "R"
    start = "" if registry != "R" or "R" in w.world.namespace else "R = {}\n"
    register(w, name, ("I",), "I")
    n = w.expression("I", 1)
    change = f"        {path}.append(a)\n" if path else ""
    return w.draw.pick(
        (f"import functools\ndef {deco}(fn):\n    @functools.wraps(fn)\n    def inner(a):\n{change}"
         f"        return fn(a) + {n}\n    return inner\n@{deco}\ndef {name}(a):\n    return a * 2",
         f"{start}def {deco}(fn):\n    {registry}[fn.__name__] = fn\n    return fn\n@{deco}\ndef {name}(a):\n"
         f"    return a + {n}",
         f"import functools\n@functools.lru_cache\ndef {name}(a):\n{change[4:]}    return a + {n}",
         f"class {deco}:\n    def __init__(self, fn):\n        self.fn, self.calls = fn, 0\n"
         f"    def __call__(self, a):\n        self.calls += 1\n        return self.fn(a) + self.calls\n"
         f"@{deco}\ndef {name}(a):\n    return a",
         f"def {deco}(k):\n    def outer(fn):\n        fn.k = k\n        return fn\n    return outer\n@{deco}({n})\n"
         f"def {name}(a):\n    return a + {name}.k")
    )  # fmt: skip


def anonymous(w: Writer) -> str | None:
    a, n = w.target(), w.expression("I", 1)
    items = w.expression("LI", 1)
    path = w.path("LI")
    name = w.path("fn")
    forms = [f"{a} = [lambda: {n}]", f"{a} = {{'k': lambda: {n}, 'm': lambda: 1}}", f"{a} = lambda i=1: i + {n}",
             f"{a} = sorted({items}, key=lambda i: -i * {n})", f"{a} = list(map(lambda i: i * {n}, {items}))",
             f"{a} = max({items}, key=lambda i: i % 3, default=0)"]  # fmt: skip
    if path:
        forms += [f"{a} = lambda i=0: {path}.append(i)", f"{a} = [lambda: {path}]\nprint({a}[0]())",
                  f"{a} = list(map({path}.append, [1, 2]))", f"{a} = {path}.append\n{a}(3)"]  # fmt: skip
    if name:
        forms += [f"{a} = {{'k': {name}}}", f"{a} = [{name}, {name}]", f"{a} = list(map({name}, {items}[:2]))",
                  f"{a} = {name}"]  # fmt: skip
    return w.draw.pick(forms)


def stored_call(w: Writer) -> str | None:
    """Call a function out of a container."""
    path = w.path("LF", "DF")
    if path is None:
        return None
    n = w.expression("I", 1)
    a = w.target()
    where = "[0]" if path in w.paths("LF") else "['k']"
    return w.draw.pick(
        (f"{a} = {path}{where}()", f"print({path}{where}({n}))", f"for {a} in {path}:\n    pass",
         f"{a} = [i() for i in ({path}.values() if hasattr({path}, 'values') else {path})]")
    )  # fmt: skip


def attribute(w: Writer) -> str | None:
    names = [path for path in w.world.paths("fn") if path.isidentifier()]
    if not names:
        return None
    name, n = w.draw.pick(names), w.expression("I", 1)
    return w.draw.pick(
        (f"{name}.k = {n}", f"{name}.items = {w.expression('LI', 1)}", f"print({name}.__name__)",
         f"{name}.__defaults__ = ({n},)", f"print(vars({name}))", f"{name}.items.append({n})")
    )  # fmt: skip


def shadowing(w: Writer) -> str | None:
    """Names of builtins and of globals used for something else."""
    items, n, name = w.expression("LI", 1), w.expression("I", 1), w.world.fresh("f")
    register(w, name, (), "I")
    return w.draw.pick(
        (f"sum = {n}", f"len = lambda i: {n}", "del sum", "max = min", f"def id(i):\n    return {n}",
         f"def {name}():\n    x = {n}\n    return x", f"def {name}(x={n}):\n    x += 1\n    return x",
         f"def {name}():\n    x = {items}\n    x.append(1)\n    return len(x)",
         f"def {name}():\n    import math as x\n    return x.floor(1.5)",
         f"def {name}():\n    def x():\n        return {n}\n    return x()")
    )  # fmt: skip


def asynchronous(w: Writer) -> str | None:
    name = w.world.fresh("co")
    n, a = w.expression("I", 1), w.target()
    return (
        f"import asyncio\nasync def {name}():\n    return {n}\n{a} = asyncio.new_event_loop().run_until_complete({name}())"
        if w.draw.chance(5)
        else None
    )


FUNCTIONS: tuple[Template, ...] = (
    plain, plain, plain, with_defaults, collecting, global_writer, global_writer, global_changer,
    global_changer, closure, closure, generator, recursion, decorated, anonymous, anonymous,
    stored_call, attribute, shadowing,
)  # fmt: skip

__all__ = ["FUNCTIONS", "block"]
