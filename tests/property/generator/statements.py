"""Plain statements: bindings, aliases, changes in place, deletions."""

from __future__ import annotations

from collections.abc import Callable

from tests.property.generator.writer import DATA, KEYS, Writer

Template = Callable[[Writer], str | None]


def assign(w: Writer) -> str | None:
    kind = w.draw.pick(DATA)
    return f"{w.target()} = {w.expression(kind)}"


def assign_new(w: Writer) -> str | None:
    return f"{w.target()} = {w.literal(w.draw.pick(DATA[:-1]))}"


def alias(w: Writer) -> str | None:
    kind = w.draw.pick(("LI", "LI", "LL", "DI", "DL", "SI", "T", "BA", "Q", "obj", "A", "IT"))
    path = w.path(kind)
    return f"{w.target()} = {path}" if path else None


def unpack(w: Writer) -> str | None:
    a, b = w.target(), w.target()
    x, y = w.value(1), w.value(1)
    items, rows = w.path("LI"), w.path("LL", "T")
    forms = [f"{a}, {b} = {x}, {y}", f"{a}, {b} = {b}, {a}", f"({a}, {b}) = [{x}, {y}]",
             f"{a} = {b} = {x}", f"{a}, ({b}, *_) = {x}, [{y}, 1]", f"[{a}, *{b}] = [{x}, {y}]"]  # fmt: skip
    if items:
        forms += [f"{a}, *{b} = {items}", f"*{a}, {b} = {items}", f"{a}, {b} = {items}[:2]"]
    if rows:
        forms += [f"{a}, {b} = {rows}", f"{a}, *{b} = {rows}", f"{a} = {b} = {rows}[0]"]
    return w.draw.pick(forms)


def annotated(w: Writer) -> str | None:
    return f"{w.target()}: {w.draw.pick(('int', 'list', 'object'))} = {w.value(1)}"


def augmented(w: Writer) -> str | None:
    kind = w.draw.pick(("I", "I", "S", "LI", "LL", "SI", "DI", "T", "BA"))
    path = w.path(kind)
    if path is None:
        return None
    n = w.expression("I", 1)
    match kind:
        case "I":
            return f"{path} {w.draw.pick(('+=', '-='))} {n}"
        case "S":
            return f"{path} += {w.expression('S', 1)}"
        case "LI":
            return w.draw.pick((f"{path} += {w.expression('LI', 1)}", f"{path} *= 2"))
        case "LL":
            return f"{path} += [{w.expression('LI', 1)}]"
        case "SI":
            return w.draw.pick((f"{path} |= {{{n}}}", f"{path} -= {{1}}"))
        case "DI":
            return f"{path} |= {{'m': {n}}}"
        case "T":
            return f"{path} += ({n},)"
        case _:
            return f"{path} += b'z'"


def change_list(w: Writer) -> str | None:
    path = w.path("LI")
    if path is None:
        return None
    n, items = w.expression("I", 1), w.expression("LI", 1)
    return w.draw.pick(
        (f"{path}.append({n})", f"{path}.append({n})", f"{path}.extend({items})", f"{path}.pop()",
         f"{path}.insert(0, {n})", f"{path}.reverse()", f"{path}.sort()", f"{path}.clear()",
         f"{path}[0] = {n}", f"{path}[-1] += {n}", f"{path}[:1] = {items}", f"del {path}[0]",
         f"del {path}[1:]", f"{path}.remove({path}[0])", f"{path}[:] = {items}",
         f"{path}.sort(key=lambda i: -i)", f"list.append({path}, {n})",
         f"{path}.__setitem__(0, {n})", f"[{path}.append(i) for i in range(2)]")
    )  # fmt: skip


def change_nested(w: Writer) -> str | None:
    path = w.path("LL")
    if path is None:
        return None
    n, items = w.expression("I", 1), w.expression("LI", 1)
    return w.draw.pick(
        (f"{path}.append({items})", f"{path}[0].append({n})", f"{path}[-1] += [{n}]",
         f"{path}[0] = {items}", f"{path}[0][0] = {n}", f"del {path}[0][0]", f"{path}.pop()",
         f"{path}.append({path}[0])", f"{path}[-1].extend({items})", f"{path}.reverse()",
         f"list(map(lambda i: i.append({n}), {path}))", f"[i.append({n}) for i in {path}]",
         f"for i in {path}:\n    i.append({n})", f"for i, j in enumerate({path}):\n    j.append(i)",
         f"for {path}[0] in [{items}]:\n    pass", f"{path}[0], {path}[-1] = {path}[-1], {path}[0]")
    )  # fmt: skip


def change_dict(w: Writer) -> str | None:
    path = w.path("DI")
    if path is None:
        return None
    n, key = w.expression("I", 1), w.draw.pick(KEYS)
    return w.draw.pick(
        (f"{path}[{key}] = {n}", f"{path}.update(k={n})", f"{path}.setdefault({key}, {n})",
         f"{path}.pop({key}, 0)", f"{path}['k'] += {n}", f"del {path}['k']", f"{path}.clear()",
         f"{path}.popitem()", f"{path}.update({w.expression('DI', 1)})",
         f"for i in list({path}):\n    {path}[i] = {n}",
         f"{path}.__setitem__({key}, {n})")
    )  # fmt: skip


def change_dict_of_lists(w: Writer) -> str | None:
    path = w.path("DL")
    if path is None:
        return None
    n, items, key = w.expression("I", 1), w.expression("LI", 1), w.draw.pick(KEYS)
    return w.draw.pick(
        (f"{path}[{key}] = {items}", f"{path}['k'].append({n})", f"{path}.setdefault({key}, []).append({n})",
         f"for i in {path}.values():\n    i.append({n})", f"{path}.get('k', []).append({n})",
         f"for i, j in {path}.items():\n    j += [{n}]", f"{path}.pop('k', None)",
         f"{path}['k'] = {path}.get('m', [])", f"next(iter({path}.values())).append({n})",
         f"{path}.update(m={items})")
    )  # fmt: skip


def change_other(w: Writer) -> str | None:
    kind = w.draw.pick(("SI", "BA", "Q", "T"))
    path = w.path(kind)
    if path is None:
        return None
    n = w.expression("I", 1)
    match kind:
        case "SI":
            return w.draw.pick((f"{path}.add({n})", f"{path}.discard({n})", f"{path}.update({{{n}}})",
                                f"{path}.difference_update({{1}})", f"{path}.clear()"))  # fmt: skip
        case "BA":
            return w.draw.pick((f"{path}[0] = 7", f"{path}.append(65)", f"{path}.extend(b'q')",
                                f"{path}.reverse()", f"memoryview({path})[0] = 66"))  # fmt: skip
        case "Q":
            return w.draw.pick((f"{path}.append({n})", f"{path}.popleft()", f"{path}.rotate(1)",
                                f"{path}.appendleft({n})", f"{path}[0] = {n}"))  # fmt: skip
        case _:
            return w.draw.pick(
                (f"{path}[1].append({n})", f"{path}[0].append({n})", f"{path}[-1].update(k={n})")
            )


def delete(w: Writer) -> str | None:
    if w.scopes:
        return None
    names = w.world.names()
    if not names:
        return None
    name = w.draw.pick(names)
    return w.draw.pick((f"del {name}", f"del {name}\n{name} = {w.value(1)}"))


def copied(w: Writer) -> str | None:
    path = w.path("LL", "DL", "LI", "obj", "LO", "T", "A", "SI")
    if path is None:
        return None
    a = w.target()
    return w.draw.pick(
        (f"import copy\n{a} = copy.copy({path})", f"import copy\n{a} = copy.deepcopy({path})",
         f"from copy import deepcopy as dc\n{a} = dc({path})", f"{a} = type({path})({path})",
         f"import copy\n{a} = copy.deepcopy([{path}, {path}])")
    )  # fmt: skip


def shown(w: Writer) -> str | None:
    names = w.world.names()
    if not names or w.scopes:
        return f"print({w.expression('I', 1)})"
    kind = w.draw.pick(("I", "LI", "LL", "DI", "DL", "S", "T", "BA"))
    path = w.path(kind)
    if path is None:
        return None
    other = w.path(kind) or path
    return w.draw.pick(
        (f"print({path})", f"print({path}, {other})", f"print({path} is {other})", f"{path}",
         f"print(f'{{{path}}}')" if "'" not in path else f"print({path})",
         f"print({path} == {other})", f"print(id({path}) == id({other}))")
    )  # fmt: skip


def shown_state(w: Writer) -> str | None:
    """Show a set, an instance or an iterator in a form that does not vary."""
    path = w.path("SI")
    obj = w.path("obj")
    forms = []
    if path:
        forms += [f"print(sorted({path}))", f"print(len({path}))"]
    if obj:
        forms += [f"print(sorted(vars({obj})))", f"print(type({obj}).__name__)",
                  f"print([i for i in vars({obj}).values() if isinstance(i, (int, list))])"]  # fmt: skip
    return w.draw.pick(forms) if forms else None


def call(w: Writer) -> str | None:
    written = w.call(None)
    if written is None:
        return None
    return w.draw.pick((written, f"{w.target()} = {written}", f"print({written})"))


def cycle(w: Writer) -> str | None:
    path, other = w.path("LL", "LI"), w.path("LL", "LI")
    obj, mate = w.path("obj"), w.path("obj")
    forms = []
    if path and other:
        forms += [f"{path}.append({other})", f"{path}.append({path})"]
    if obj and mate:
        forms += [f"{obj}.mate = {mate}", f"{obj}.me = {obj}\n{mate}.mate = {obj}"]
    return w.draw.pick(forms) if forms else None


def dynamic(w: Writer) -> str | None:
    a, n = w.target(), w.expression("I", 1)
    path = w.path("LI")
    forms = [f"exec('{a} = 5')", f"{a} = eval('1 + 2')", f"globals()['{a}'] = {n}"]
    names = w.world.names()
    if names:
        name = w.draw.pick(names)
        forms += [f"{a} = eval('{name}')", f"{a} = globals()['{name}']", f"exec('{a} = {name}')",
                  f"{a} = vars()['{name}']", f"{a} = '{name}' in globals()"]  # fmt: skip
    if path and "'" not in path:
        forms += [f"exec('{path}.append(1)')", f"eval('{path}.append(2)')"]
    return w.draw.pick(forms)


def iterator(w: Writer) -> str | None:
    a = w.target()
    items, it = w.path("LI", "LL"), w.path("IT")
    forms = []
    if items:
        forms += [f"{a} = iter({items})", f"{a} = iter({items}[:])"]
    if it:
        b = w.target()
        forms += [f"{b} = next({it}, 0)", f"{b} = list({it})", f"print(next({it}, None))"]
    return w.draw.pick(forms) if forms else None


PLAIN: tuple[Template, ...] = (
    assign, assign, assign_new, assign_new, alias, alias, unpack, annotated, augmented, augmented,
    change_list, change_list, change_nested, change_dict, change_dict_of_lists, change_other,
    delete, copied, shown, shown, shown_state, call, call, cycle, dynamic, iterator,
)  # fmt: skip
