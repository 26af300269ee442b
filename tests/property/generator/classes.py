"""Classes of every make, and what is done to them and to their instances."""

from __future__ import annotations

from tests.property.generator.functions import body
from tests.property.generator.statements import Template
from tests.property.generator.world import ClassShape, Signature
from tests.property.generator.writer import Writer

_NONE: frozenset[str] = frozenset()


def _shape(
    w: Writer, name: str, takes: tuple[str, ...], *methods: tuple[str, tuple[str, ...], str]
) -> None:
    found = tuple((method, Signature(kinds, gives)) for method, kinds, gives in methods)
    w.world.shapes[name] = ClassShape(takes, found, _NONE)


def holder(w: Writer) -> str | None:
    """A class that keeps what it is given and changes it."""
    name = w.world.fresh("C")
    n, path = w.expression("I", 1), w.path("LI")
    change = w.draw.pick(
        (f"{path}.append(a)" if path else "pass", "self.n += a", "self.items.append(a)")
    )
    extra = w.draw.pick(
        ("", "    def __len__(self):\n        return len(self.items)\n",
         "    def __iter__(self):\n        return iter(self.items)\n",
         "    def __call__(self, a):\n        self.items.append(a)\n        return self.n\n",
         f"    @property\n    def total(self):\n        return sum(self.items) + {n}\n",
         f"    def __getitem__(self, i):\n        return self.items[i] + {n}\n",
         f"    def __add__(self, o):\n        return self.n + {n}\n",
         "    def __iadd__(self, o):\n        self.items.append(o)\n        return self\n",
         "    def __setitem__(self, i, v):\n        self.items.append(v)\n",
         f"    def __bool__(self):\n        return self.n > {n}\n",
         "    def __eq__(self, o):\n        return self.n == getattr(o, 'n', None)\n    __hash__ = None\n",
         f"    def __repr__(self):\n        return f'<{{self.n}} {{{n if chr(39) not in n else 1}}}>'\n",
         "    def __enter__(self):\n        self.items.append(1)\n        return self\n"
         "    def __exit__(self, *a):\n        self.items.append(2)\n",
         f"    def __getattr__(self, name):\n        if name[:1] == '_':\n            raise AttributeError(name)\n"
         f"        return {n}\n",
         "    def __contains__(self, i):\n        self.items.append(i)\n        return True\n")
    )  # fmt: skip
    kinds = {"self": "obj", "a": "I"}
    written = body(w, kinds, "I", 1).replace("\n", "\n    ")
    _shape(w, name, ("LI",), ("add", ("I",), "I"), ("get", (), "LI"), ("other", ("I",), "I"))
    return (
        f"class {name}:\n    def __init__(self, items, n=0):\n        self.items = items\n        self.n = n\n"
        f"    def add(self, a):\n        {change}\n        return self.n\n"
        f"    def get(self):\n        return self.items\n    def other(self, a):\n    {written}\n{extra}"
    ).rstrip("\n")


def with_state(w: Writer) -> str | None:
    """A class whose own attributes change."""
    name = w.world.fresh("C")
    n, items = w.expression("I", 1), w.expression("LI", 1)
    _shape(w, name, (), ("add", ("I",), "I"), ("get", (), "LI"))
    return w.draw.pick(
        (f"class {name}:\n    n = {n}\n    items = []\n    def add(self, a):\n        {name}.n += a\n        return {name}.n\n"
         f"    def get(self):\n        return self.items",
         f"class {name}:\n    n = 0\n    items = {items}\n    def add(self, a):\n        self.items.append(a)\n"
         f"        type(self).n += 1\n        return self.n\n    def get(self):\n        return self.items",
         f"class {name}:\n    items = []\n    @classmethod\n    def add(cls, a):\n        cls.items.append(a)\n"
         f"        return len(cls.items)\n    @staticmethod\n    def get():\n        return {items}",
         f"class {name}:\n    items = [i for i in range(3)]\n    n = len(items)\n    def add(self, a):\n"
         f"        self.n = a\n        return a\n    def get(self):\n        return {name}.items",
         f"class {name}:\n    made = []\n    def __init__(self):\n        {name}.made.append(len({name}.made))\n"
         f"    def add(self, a):\n        return a + len(self.made)\n    def get(self):\n        return self.made")
    )  # fmt: skip


def derived(w: Writer) -> str | None:
    bases = [path for path in w.world.paths("cls") if path in w.world.shapes]
    if not bases:
        return None
    base, name = w.draw.pick(bases), w.world.fresh("C")
    shape = w.world.shapes[base]
    w.world.shapes[name] = shape
    n = w.expression("I", 1)
    path = w.path("LI")
    return w.draw.pick(
        (f"class {name}({base}):\n    pass", f"class {name}({base}):\n    extra = {n}\n    def add(self, a):\n"
         f"        return super().add(a) + {n}",
         f"class {name}({base}):\n    def get(self):\n        return {path or '[]'}",
         f"class {name}({base}):\n    def __init__(self, *a):\n        super().__init__(*a)\n        self.more = [{n}]",
         f"class {name}({base}):\n    n = {n}\n    items = [{n}]")
    )  # fmt: skip


def library_made(w: Writer) -> str | None:
    name = w.world.fresh("C")
    n, items = w.expression("I", 1), w.expression("LI", 1)
    _shape(w, name, (), ("add", ("I",), "I"))
    return w.draw.pick(
        (f"from dataclasses import dataclass, field\n@dataclass\nclass {name}:\n    n: int = {n}\n"
         f"    items: list = field(default_factory=list)\n    def add(self, a):\n        self.items.append(a)\n        return self.n",
         f"from dataclasses import dataclass\n@dataclass\nclass {name}:\n    items: list\n    n: int = 1\n"
         f"    def add(self, a):\n        self.items.append(a)\n        return a\nx = {name}({items})",
         f"from enum import Enum\nclass {name}(Enum):\n    A = 1\n    B = 2\n    def add(self, a):\n        return a + {n}\nx = {name}.A",
         f"from collections import namedtuple\n{name} = namedtuple('{name}', 'n items')\nx = {name}({n}, {items})",
         f"from typing import NamedTuple\nclass {name}(NamedTuple):\n    n: int\n    items: list\nx = {name}({n}, {items})",
         f"class {name}(list):\n    def add(self, a):\n        self.append(a)\n        return len(self)\nx = {name}({items})",
         f"class {name}(dict):\n    def add(self, a):\n        self[str(a)] = a\n        return len(self)\nx = {name}(k={n})",
         f"class {name}:\n    __slots__ = ('n', 'items')\n    def __init__(self):\n        self.n, self.items = {n}, {items}\n"
         f"    def add(self, a):\n        self.n += a\n        return self.n\nx = {name}()",
         f"class {name}:\n    class Inner:\n        n = {n}\n    def __init__(self):\n        self.inner = {name}.Inner()\n"
         f"    def add(self, a):\n        {name}.Inner.n += a\n        return self.inner.n\nx = {name}()",
         f"class Base{name}:\n    known = []\n    def __init_subclass__(cls):\n        Base{name}.known.append(cls.__name__)\n"
         f"class {name}(Base{name}):\n    def add(self, a):\n        return len(self.known) + a\nx = {name}()",
         f"class {name}:\n    only = None\n    def __new__(cls):\n        if cls.only is None:\n"
         f"            cls.only = super().__new__(cls)\n            cls.only.items = []\n        return cls.only\n"
         f"    def add(self, a):\n        self.items.append(a)\n        return len(self.items)\nx = {name}()\ny = {name}()",
         f"class {name}(Exception):\n    def __init__(self, n=0):\n        super().__init__(n)\n        self.n = n\n"
         f"    def add(self, a):\n        self.n += a\n        return self.n\ntry:\n    raise {name}({n})\nexcept {name} as e:\n    x = e",
         f"def mk{name}(n):\n    class {name}:\n        items = [n]\n        def add(self, a):\n            self.items.append(a)\n"
         f"            return n\n    return {name}\n{name} = mk{name}({n})\nx = {name}()",
         f"from abc import ABC, abstractmethod\nclass A{name}(ABC):\n    @abstractmethod\n    def add(self, a): ...\n"
         f"class {name}(A{name}):\n    def add(self, a):\n        return a + {n}\nx = {name}()")
    )  # fmt: skip


def instance(w: Writer) -> str | None:
    classes = [path for path in w.world.paths("cls") if path in w.world.shapes]
    if not classes:
        return None
    name, a = w.draw.pick(classes), w.target()
    arguments = ", ".join(w.expression(kind, 1) for kind in w.world.shapes[name].takes)
    made = f"{name}({arguments})"
    return w.draw.pick(
        (f"{a} = {made}", f"{a} = {made}", f"{a} = [{made}, {made}]", f"{a} = {{'k': {made}}}",
         f"{a} = {made}\n{w.target()} = {a}", f"print({made}.add(1))")
    )  # fmt: skip


def change_instance(w: Writer) -> str | None:
    path = w.path("obj")
    if path is None:
        return None
    n, items, a = w.expression("I", 1), w.expression("LI", 1), w.target()
    other = w.path("obj") or path
    return w.draw.pick(
        (f"{path}.n = {n}", f"{path}.items = {items}", f"{path}.n += {n}", f"{path}.items.append({n})", f"{path}.add({n})",
         f"{a} = {path}.items", f"{a} = {path}.add", f"{path}.new = {n}", f"del {path}.n", f"setattr({path}, 'n', {n})",
         f"{a} = getattr({path}, 'items', None)", f"{path}.__dict__['n'] = {n}", f"{a} = vars({path})",
         f"{path}.f = lambda: {n}", f"print({path}.n, {path}.items)", f"print(isinstance({path}, type({other})))",
         f"print({path} is {other})", f"print(len({path}))", f"{a} = list({path})", f"{a} = {path}({n})",
         f"{a} = {path} + {n}", f"{path} += {n}", f"{path}[0] = {n}", f"{a} = {path}[0]", f"print({n} in {path})",
         f"with {path} as {a}:\n    pass", f"if {path}:\n    {a} = {n}", f"print(f'{{{path}}}')" if "'" not in path else "pass",
         f"{a} = {path}.total", f"print({path} == {other})", f"{a} = {path}.anything", f"{a} = [i for i in {path}]",
         f"{path}.add = {path}.add", f"{a} = {path}._replace(n={n})")
    )  # fmt: skip


def change_class(w: Writer) -> str | None:
    names = [path for path in w.world.paths("cls") if path in w.world.shapes]
    if not names:
        return None
    name, n, items, a = w.draw.pick(names), w.expression("I", 1), w.expression("LI", 1), w.target()
    return w.draw.pick(
        (f"{name}.n = {n}", f"{name}.items = {items}", f"{name}.items.append({n})", f"{name}.add = lambda self, a: {n}",
         f"{a} = {name}", f"{a} = {name}.items", f"{name}.more = staticmethod(lambda: {n})", f"print({name}.n)",
         f"setattr({name}, 'n', {n})", f"{a} = {name}.add", f"print({name}.__name__, issubclass({name}, object))",
         f"def add(self, a):\n    return a + {n}\n{name}.add = add", f"{a} = list({name})", f"{a} = {name}.__subclasses__()")
    )  # fmt: skip


CLASSES: tuple[Template, ...] = (
    holder, holder, with_state, derived, library_made, library_made, instance, instance, instance,
    change_instance, change_instance, change_instance, change_instance, change_class, change_class,
)  # fmt: skip
