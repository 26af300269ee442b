"""Where names come from: scopes, conditions, strings, deletion, imports."""

from __future__ import annotations

from tests.probes.probe import Probe


def row(id: str, make: str, use: str, setup: str = "", **more: object) -> Probe:
    head = [("functions", setup)] if setup else []
    return Probe(id, use, [*head, ("step:a", make), ("step:b", use)], **more)  # type: ignore[arg-type]


PROBES = [
    Probe("import-or-dictionary", "a name that is a module on one path, and changed on the other", [
        ("step:a", "f = len('ab') > 5\nif f:\n    import json as m\nelse:\n    m = {}"),
        ("step:b", "m['k'] = 1"), ("step:c", "print(m)")]),
    Probe("import-or-stand-in", "a stand-in for a module that is not installed", [
        ("step:a", "try:\n    import nowhere_at_all as m\nexcept ImportError:\n    m = {}"),
        ("step:b", "m['k'] = 1"), ("step:c", "print(m)")]),
    row("if-else", "n = 3\nif n > 2:\n    v = 'big'\nelse:\n    v = 'small'", "print(v)"),
    row("maybe-rebound", "v = 1\nn = 3", "if n > 5:\n    v = 2\nprint(v)"),
    row("while-else", "n = 0\nwhile n < 3:\n    n += 1\nelse:\n    done = True", "print(n, done)"),
    row("for-else", "for i in []:\n    pass\nelse:\n    v = 'none'", "print(v)"),
    row("loop-may-be-empty", "rows = []\nlast = None\nfor r in rows:\n    last = r", "print(last)"),
    row("walrus-in-comprehension", "got = [last := v for v in range(3)]", "print(got, last)"),
    row("walrus-in-while", "it = iter([1, 2, 0])\nwhile (v := next(it)):\n    pass\ndel it", "print(v)"),
    row("comprehension-shadow", "x = 'outer'\nl = [x for x in range(2)]\ns = {x: x for x in 'ab'}",
        "print(x, l, s)"),
    row("nested-comprehension", "m = [[1, 2], [3]]", "print([v for r in m for v in r if v > k])", "k = 1"),
    row("class-body", "unit = 3\nclass T:\n    size = unit * 2\n    sizes = [size]", "print(T.size, T.sizes)"),
    row("class-body-loop", "class T:\n    for i in range(3):\n        pass", "print(T.i)"),
    row("nested-class", "class T:\n    class In:\n        v = 4\nt = T.In()", "print(t.v, isinstance(t, T.In))"),
    row("metaclass", "class M(type):\n    def __new__(m, n, b, d):\n        d['made'] = True\n"
        "        return super().__new__(m, n, b, d)\nclass T(metaclass=M):\n    pass", "print(T.made)"),
    row("slots", "class T:\n    __slots__ = ('v',)\n    def __init__(self):\n        self.v = 3\nt = T()",
        "t.v += 1\nprint(t.v)"),
    row("abc", "from abc import ABC, abstractmethod\nclass B(ABC):\n    @abstractmethod\n    def go(self): ...\n"
        "class C(B):\n    def go(self):\n        return 7\nc = C()", "print(c.go(), isinstance(c, B))"),
    row("protocol-generic", "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass Box(Generic[T]):\n"
        "    def __init__(self, v: T) -> None:\n        self.v = v\nb = Box(3)", "print(b.v, type(b).__name__)"),
    row("enum-flag", "from enum import Flag, auto\nclass F(Flag):\n    A = auto()\n    B = auto()\nf = F.A | F.B",
        "print(f, F.A in f)"),
    row("dataclass-frozen", "from dataclasses import dataclass, replace\n@dataclass(frozen=True, order=True)\n"
        "class P:\n    x: int = 0\np = P(2)", "print(replace(p, x=5), sorted([P(3), p]))"),
    row("exception-class", "class Oops(ValueError):\n    def __init__(self, n):\n        super().__init__(n)\n"
        "        self.n = n\ntry:\n    raise Oops(3)\nexcept Oops as e:\n    kept = e", "print(kept.n, isinstance(kept, ValueError))"),
    row("decorator-with-state", "x = f(2)", "print(f(2), cache)",
        "cache = {}\ndef memo(g):\n    def inner(v):\n        if v not in cache:\n            cache[v] = g(v)\n"
        "        return cache[v]\n    return inner\n@memo\ndef f(v):\n    return v * factor\nfactor = 3"),
    row("decorator-class", "x = twice(3)", "print(x, twice.calls, twice(4), twice.calls)",
        "class Counted:\n    def __init__(self, f):\n        self.f, self.calls = f, 0\n    def __call__(self, v):\n"
        "        self.calls += 1\n        return self.f(v)\n@Counted\ndef twice(v):\n    return v * 2"),
    row("mutual-recursion", "n = 5", "print(even(n), odd(n))",
        "def even(n):\n    return True if n == zero else odd(n - 1)\ndef odd(n):\n"
        "    return False if n == zero else even(n - 1)\nzero = 0"),
    row("recursive-closure", "def mk():\n    def fact(n):\n        return 1 if n < 2 else n * fact(n - 1)\n    return fact\nf = mk()",
        "print(f(5))"),
    row("lambda-table", "base = 10\nops = {'add': lambda v: v + base, 'neg': lambda v: -v}", "print(ops['add'](1), ops['neg'](2))"),
    row("late-binding", "fs = [lambda: i for i in range(3)]\ngs = []\nfor j in range(3):\n    gs.append(lambda: j)",
        "print([f() for f in fs], [g() for g in gs])"),
    row("default-early-binding", "n = 1\ndef f(v=n):\n    return v\nn = 2", "print(f(), n)"),
    row("global-function-later-rebound", "k = 1\ndef f():\n    return k\nfirst = f()\nk = 5", "print(first, f())"),
    row("global-declared-at-use", "def init():\n    global table\n    table = {'a': 1}\ninit()", "print(table)"),
    row("global-del", "def drop():\n    global tmp\n    del tmp\ntmp = 1\ndrop()", "print('tmp' in globals())"),
    row("function-redefined", "def f():\n    return 1\na = f()\ndef f():\n    return 2", "print(a, f())"),
    row("function-wrapped-later", "def f(v):\n    return v + 1\nold = f\ndef f(v):\n    return old(v) * 10", "print(f(1), old(1))"),
    row("class-redefined", "class T:\n    v = 1\nt = T()\nclass T:\n    v = 2", "print(t.v, T().v, isinstance(t, T))"),
    row("method-added-later", "class T:\n    pass\ndef go(self):\n    return 'went'\nT.go = go\nt = T()", "print(t.go())"),
    row("builtin-shadowed", "list_ = [3, 1]\nsum = 0\nfor v in list_:\n    sum += v\nmax = lambda v: 'mine'", "print(sum, max([1]))"),
    row("builtin-restored", "len = 5\nprint(len)\ndel len", "print(len([1, 2]))"),
    row("type-annotations", "from __future__ import annotations\ndef f(v: Missing) -> Nope:\n    return v\nx: 'Other' = 3",
        "print(f(x))"),
    row("star-args", "def f(*a, k=1, **kw):\n    return a, k, kw\nargs, kws = [1, 2], {'z': 3}", "print(f(*args, k=5, **kws))"),
    row("unpack-nested", "(a, (b, *c)), d = (1, (2, 3, 4)), {'k': [5]}", "print(a, b, c, d)"),
    row("chained-comparison-walrus", "if 0 < (n := 5) < 10:\n    ok = n", "print(ok)"),
    row("try-import", "try:\n    import not_there_at_all as lib\nexcept ImportError:\n    lib = None\n"
        "    have = False\nelse:\n    have = True", "print(lib, have)"),
    row("import-in-function", "def f():\n    import json\n    return json.dumps([1])\nx = f()", "print(x, f())"),
    row("import-alias-rebound", "import math as m\nx = m.sqrt(4)\nm = 3", "print(x, m)"),
    row("import-conditional", "use = True\nif use:\n    import json as codec\nelse:\n    import pickle as codec", "print(codec.dumps([1]))"),
    row("from-import-submodule", "from os import path\nimport os.path as osp", "print(path.join('a', 'b'), osp is path)"),
    row("importlib", "import importlib\nm = importlib.import_module('math')\nx = m.pi", "print(round(x, 3), m.floor(2.5))"),
    row("eval-known", "u, v = 2, 3", "print(eval('u * v + w'))", "w = 1"),
    row("eval-unknown", "u, v = 2, 3\nexpr = ' * '.join(['u', 'v'])", "print(eval(expr))", told=("dynamic-code",)),
    row("exec-known", "exec('q = 4\\nr = q + 1')", "print(q, r)"),
    row("exec-rebinds", "x = 1\nexec('x = x + 1')", "print(x)"),
    row("exec-unknown-rebinds", "x = 1\ncode = 'x = ' + str(7)", "exec(code)\nprint(x)"),
    row("locals-at-top", "locals()['w'] = 3", "print(w)"),
    row("vars-format", "who, n = 'me', 2", "print('{who} {n}'.format(**globals()))", told=("dynamic-code",)),
    row("format-map", "who = 'me'", "print('%(who)s' % globals())", told=("dynamic-code",)),
    row("f-string-nested", "v, w = 3.14159, 2", "print(f'{v:.{w}f} {\"x\" + str(w)!r} {w=}')"),
    row("query-names", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 5, 9]})\nlow, names = 2, [9]",
        "print(df.query('v > @low and v not in @names').v.tolist(), df.eval('v * @low').tolist())"),
    row("query-variable-text", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 5]})\nlow = 2\nq = 'v > @low'",
        "print(df.query(q).v.tolist())"),
    row("del-then-rebind", "x = [1]\ny = x\ndel x", "x = 5\nprint(x, y)"),
    row("del-item", "d = {'a': 1, 'b': 2}", "del d['a']\nprint(d)"),
    row("del-loop", "for i in range(2):\n    pass\ndel i", "print('i' in dir())"),
    row("nameerror-tested", "flag = 1", "try:\n    cached\nexcept NameError:\n    cached = flag * 2\nprint(cached)"),
    row("in-globals-tested", "flag = 1", "if 'model' not in globals():\n    model = flag + 1\nprint(model)"),
    row("async-functions", "import asyncio\nasync def f(v):\n    return v * k\nk = 3\nx = await asyncio.gather(f(1), f(2))", "print(x, await f(5))"),
    row("async-comprehension", "async def gen():\n    for i in range(3):\n        yield i\nx = [v async for v in gen()]", "print(x)"),
    row("semicolons", "x = 1; y = 2; x += y", "print(x); print(y)"),
    row("type-alias", "from typing import TypeAlias\nPair: TypeAlias = tuple[int, int]\np: Pair = (1, 2)", "print(p, Pair)"),
    row("conditional-function", "fast = False\nif fast:\n    def f():\n        return 'fast'\nelse:\n    def f():\n        return 'slow'", "print(f())"),
    row("function-in-loop", "fs = {}\nfor k in (1, 2):\n    def f(v, k=k):\n        return v * k\n    fs[k] = f", "print(fs[1](5), fs[2](5), f(1))"),
    row("functools-singledispatch", "from functools import singledispatch\n@singledispatch\ndef show(v):\n    return 'any'\n"
        "@show.register\ndef _(v: int):\n    return 'int'\nx = show(1)", "print(x, show(2), show('t'))"),
    row("total-ordering", "from functools import total_ordering\n@total_ordering\nclass V:\n    def __init__(s, n):\n        s.n = n\n"
        "    def __eq__(s, o):\n        return s.n == o.n\n    def __lt__(s, o):\n        return s.n < o.n\nvs = [V(2), V(1)]",
        "print([v.n for v in sorted(vs)], vs[0] >= vs[1])"),
    row("cached-property", "from functools import cached_property\nclass T:\n    n = 0\n    @cached_property\n    def v(self):\n"
        "        self.n += 1\n        return self.n\nt = T()", "print(t.v, t.v, t.n)"),
    row("magic-capture", "%%capture cap\nprint('hidden')\nx = 3", "print(cap.stdout, x)"),
    row("magic-timeit-out", "r = [1]\n%timeit -n1 -r1 r.append(2)", "print(len(r) > 0)"),
    Probe("notebook-star-helper", "a star import of a helper module that imports others", [
        ("imports", "from preamble import *"), ("step:a", "df = pd.DataFrame({'v': [1, 2]})"),
        ("step:b", "print(shout(df.v.sum()), np.pi > LIMIT)")],
        files={"preamble.py": "import numpy as np\nimport pandas as pd\nLIMIT = 3\n\ndef shout(v):\n    return f'{v}!'\n"}),
    Probe("star-with-all", "a helper with __all__", [
        ("imports", "from tools import *"), ("step:a", "x = go(2)"), ("step:b", "print(x, go(3), K)")],
        files={"tools.py": "__all__ = ['go', 'K']\nK = 10\n_hidden = 5\n\ndef go(v):\n    return v * K + _hidden\n"}),
    Probe("star-of-package", "a star import inside a package's __init__", [
        ("imports", "from pack import *"), ("step:a", "x = go(2)"), ("step:b", "print(x, go(3), more.LEVEL)")],
        files={"pack/__init__.py": "from .core import *\nfrom . import more\n",
               "pack/core.py": "def go(v):\n    return v * 7\n", "pack/more.py": "LEVEL = 4\n"}),
    Probe("star-installed", "star imports of installed modules", [
        ("imports", "from math import *\nfrom statistics import *\nfrom itertools import *\nfrom collections import *"),
        ("step:a", "x = mean([1, 2, 3])"), ("step:b", "print(x, list(islice(count(2), 2)), Counter('aa'), floor(pi))")]),
    Probe("star-numpy", "a star import of a library that hides builtins", [
        ("imports", "from numpy import *"), ("step:a", "x = array([1., 2.])"), ("step:b", "print(sum(x), sqrt(x), max(x))")]),
    Probe("helper-state", "a helper module keeps state", [
        ("imports", "import counter"), ("step:a", "counter.bump()"), ("step:b", "counter.bump()\nprint(counter.n)")],
        files={"counter.py": "n = 0\ndef bump():\n    global n\n    n += 1\n"},
        refused=(("state-cannot-move", 3, 1),)),
]  # fmt: skip
