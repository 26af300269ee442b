"""Branches, loops, exceptions, contexts and patterns around other statements."""

from __future__ import annotations

import textwrap

from tests.property.generator.statements import PLAIN, Template
from tests.property.generator.writer import Writer

_CALM = tuple(t for t in PLAIN if t.__name__ not in ("delete", "dynamic", "cycle"))


def block(w: Writer, most: int = 2) -> str:
    """Write a few plain statements, indented."""
    lines = []
    for _ in range(1 + w.draw.below(most)):
        made = w.draw.pick(_CALM)(w)
        if made is not None:
            lines.append(made)
    return textwrap.indent("\n".join(lines or ["pass"]), "    ")


def branch(w: Writer) -> str | None:
    text = f"if {w.condition()}:\n{block(w)}"
    if w.draw.chance(25):
        text += f"\nelif {w.condition()}:\n{block(w)}"
    if w.draw.chance(50):
        text += f"\nelse:\n{block(w)}"
    return text


def loop(w: Writer) -> str | None:
    draw = w.draw
    items, rows, table = w.path("LI"), w.path("LL"), w.path("DL")
    a, b = w.target(), w.target()
    heads = [f"for {a} in range({1 + draw.below(3)})", f"for {a} in range({draw.below(2)})"]
    if items:
        heads += [f"for {a} in {items}[:3]", f"for {a} in list({items})", f"for {a} in reversed({items}[:3])",
                  f"for {a}, {b} in enumerate({items}[:3])", f"for {a} in sorted({items})[:2]"]  # fmt: skip
    if rows:
        heads += [
            f"for {a} in {rows}[:2]",
            f"for {a} in list({rows})",
            f"for {a}, {b} in zip({rows}[:2], {rows})",
        ]
    if table:
        heads += [f"for {a} in list({table}.values())", f"for {a}, {b} in list({table}.items())"]
    inside = block(w)
    if draw.chance(25):
        inside += f"\n    if {w.condition()}:\n        {draw.pick(('break', 'continue'))}"
    if draw.chance(15):
        inside += "\n" + block(w)
    text = f"{draw.pick(heads)}:\n{inside}"
    if draw.chance(20):
        text += f"\nelse:\n{block(w)}"
    return text


def while_loop(w: Writer) -> str | None:
    counter = w.world.fresh("c")
    text = f"{counter} = 0\nwhile {counter} < {w.draw.below(4)}:\n    {counter} += 1\n{block(w)}"
    if w.draw.chance(30):
        text += f"\n    if {w.condition()}:\n        break"
    if w.draw.chance(30):
        text += f"\nelse:\n{block(w)}"
    return text


def attempt(w: Writer) -> str | None:
    draw = w.draw
    error = draw.pick(("ValueError('no')", "KeyError('k')", "IndexError"))
    raising = draw.pick((f"raise {error}", "[].pop()", "{}['k']", "pass", "int('q')", "1 / 0"))
    name = w.target()
    text = f"try:\n{block(w)}\n    {raising}\n"
    if draw.chance(30):
        text += block(w) + "\n"
    text += f"except Exception{draw.pick(('', ' as error', f' as {name}'))}:\n{block(w)}"
    if draw.chance(30):
        text += f"\nelse:\n{block(w)}"
    if draw.chance(30):
        text += f"\nfinally:\n{block(w)}"
    return text


def finally_only(w: Writer) -> str | None:
    return f"try:\n{block(w)}\nfinally:\n{block(w)}"


def context(w: Writer) -> str | None:
    a = w.target()
    path = w.value(1)
    inside = block(w)
    return w.draw.pick(
        (f"import contextlib\nwith contextlib.nullcontext({path}) as {a}:\n{inside}",
         f"import contextlib\nwith contextlib.suppress(Exception):\n{inside}\n    raise ValueError\n{a} = 1",
         f"import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n{inside}\n"
         f"    print(1)\n{a} = out.getvalue()",
         f"import contextlib\n@contextlib.contextmanager\ndef ctx(v):\n    v.append(1)\n    yield v\n"
         f"    v.append(2)\nwith ctx({w.expression('LI', 1)}) as {a}:\n{inside}")
    )  # fmt: skip


def match(w: Writer) -> str | None:
    subject = w.value(1)
    a, b = w.target(), w.target()
    cases = [f"case [{a}, {b}]", f"case [{a}, *{b}]", f"case {{'k': {a}}}", f"case {{'k': {a}, **{b}}}",
             f"case int() | str() as {a}", f"case list() as {a} if {w.condition()}", "case 0 | 1",
             f"case ({a}, [*{b}])", f"case [[*{a}], *{b}]", "case {}"]  # fmt: skip
    text = f"match {subject}:\n"
    for _ in range(1 + w.draw.below(2)):
        text += f"    {w.draw.pick(cases)}:\n{textwrap.indent(block(w), '    ')}\n"
    return text + w.draw.pick(
        (f"    case _:\n{textwrap.indent(block(w), '    ')}", f"    case {a}:\n        pass", "")
    ).rstrip("\n")


def comprehension(w: Writer) -> str | None:
    a, b = w.target(), w.target()
    items = w.expression("LI", 1)
    n = w.expression("I", 1)
    rows = w.path("LL")
    forms = [f"{a} = [{b} + {n} for {b} in {items}]", f"{a} = [({b} := j) for j in {items}]",
             f"{a} = any(({b} := j) > 1 for j in {items})", f"{a} = {{j: {n} for j in 'km'}}",
             f"{a} = sum(i * j for i in {items} for j in range(i % 3))",
             f"{a} = [[j for j in range(i % 3)] for i in {items}]",
             f"{a} = [lambda: i for i in range(2)]\nprint([{b}() for {b} in {a}])",
             f"{a} = [lambda i=i: i for i in range(2)]",
             f"{a} = {{i: j for i, j in zip('km', {items})}}"]  # fmt: skip
    if rows:
        forms += [f"{a} = [{b} for {b} in {rows}]", f"{a} = [j for i in {rows} for j in i]",
                  f"{a} = [i.pop() for i in {rows} if i]", f"{a} = [i for i in {rows} if i][:1]"]  # fmt: skip
    return w.draw.pick(forms)


def conditional_definition(w: Writer) -> str | None:
    a = w.target()
    x, y = w.value(1), w.value(1)
    return w.draw.pick(
        (f"if {w.condition()}:\n    {a} = {x}", f"if {w.condition()}:\n    {a} = {x}\nelse:\n    {a} = {y}",
         f"try:\n    {a}\nexcept NameError:\n    {a} = {x}",
         f"if '{a}' not in globals():\n    {a} = {x}",
         f"for {a} in {w.expression('LI', 1)}:\n    pass")
    )  # fmt: skip


CONTROL: tuple[Template, ...] = (
    branch, branch, loop, loop, loop, while_loop, attempt, finally_only, context, match,
    comprehension, comprehension, conditional_definition,
)  # fmt: skip
