"""Values that cross unchanged, and those that are named before the run because they cannot."""

from __future__ import annotations

from tests.probes.probe import Probe


def cross(id: str, make: str, use: str, setup: str = "") -> Probe:
    head = [("functions", setup)] if setup else []
    return Probe(id, make, [*head, ("step:a", make), ("step:b", use)])


def refused(id: str, make: str, use: str, line: int = 1) -> Probe:
    return Probe(
        id, make, [("step:a", make), ("step:b", use)], refused=(("cannot-cross", 2, line),)
    )


PROBES = [
    Probe("class-attribute-equal-to-its-base", "an attribute of its own, the same object as the base's", [
        ("step:a", "class A:\n    n = 1\nclass B(A):\n    n = A.n\nA.m = 0\nB.m = 0"),
        ("step:b", "A.n = 5\nprint(B.n, sorted(k for k in vars(B) if k[0] != '_'))")]),
    refused("generator", "g = (v for v in range(3))", "print(list(g))"),
    refused("generator-function", "def f():\n    yield 1\ng = f()", "print(list(g))"),

    cross("map-object", "g = map(str, [1, 2])\nfirst = next(g)", "print(first, list(g))"),
    cross("iterator-half-used", "it = iter([1, 2, 3])\nfirst = next(it)", "print(first, list(it))"),
    cross("zip-half-used", "z = zip('ab', [1, 2])\nfirst = next(z)", "print(first, list(z))"),
    cross("enumerate-half-used", "z = enumerate('ab')\nfirst = next(z)", "print(first, list(z))"),
    cross("itertools", "import itertools\nc = itertools.count(3)\nfirst = next(c)", "print(first, next(c))"),
    cross("reversed", "r = reversed([1, 2])\nfirst = next(r)", "print(first, list(r))"),

    cross("match", "import re\nm = re.search(r'(?P<k>a+)b', 'xaab')", "print(m.group('k'), m.span(), m.re.pattern, m.pos)"),
    cross("matches", "import re\nms = [*re.finditer('a|b', 'xabba')]\nat = re.compile('b').match('xb', 1)\nall = re.fullmatch('a|ab', 'ab')",
        "print([(m[0], m.start(), m.pos) for m in ms], at.span(), all[0])"),

    cross("range", "r = range(3)", "print(list(r), r)"),
    refused("file", "f = open('x.txt', 'w')", "f.write('1')"),
    refused("file-by-pathlib", "from pathlib import Path\nf = Path('x.txt').open('w')", "f.write('1')"),
    refused("connection", "import sqlite3\nc = sqlite3.connect(':memory:')", "c.execute('select 1')"),
    refused("cursor", "import sqlite3\nc = sqlite3.connect(':memory:')\ncur = c.cursor()", "cur.execute('select 1')"),
    refused("lock", "import threading\nl = threading.Lock()", "l.acquire()"),
    refused("event", "import threading\nl = threading.Event()", "l.set()"),
    refused("queue", "import queue\nq = queue.Queue()", "q.put(1)"),
    refused("socket", "import socket\ns = socket.socket()", "s.close()"),
    refused("pool", "from concurrent.futures import ThreadPoolExecutor\np = ThreadPoolExecutor(2)", "p.shutdown()"),
    refused("csv-reader", "import csv\nr = csv.reader(open('x.csv'))", "print(list(r))"),
    refused("process", "import subprocess\np = subprocess.Popen(['true'])", "p.wait()"),
    refused("coroutine", "async def f():\n    return 1\nc = f()", "print(await c)"),
    refused("task", "import asyncio\nasync def f():\n    return 1\nt = asyncio.ensure_future(f())", "print(await t)"),
    refused("weakref", "import weakref\nclass T: pass\nt = T()\nw = weakref.ref(t)", "print(w())"),
    refused("frame-object", "import inspect\nf = inspect.currentframe()", "print(f.f_lineno)"),
    refused("generator-in-list", "gs = [(v for v in range(3))]", "print(list(gs[0]))"),
    refused("memoryview", "m = memoryview(b'ab')", "print(m[0])"),
    refused("zipfile", "import zipfile\nz = zipfile.ZipFile('x.zip', 'w')", "z.close()"),
    refused("temporary-file", "import tempfile\nt = tempfile.NamedTemporaryFile()", "t.close()"),
    cross("module", "import math\nm = math", "print(m.floor(2.5), m is math)"),
    cross("module-in-dict", "import math, json\nlibs = {'m': math, 'j': json}", "print(libs['m'].floor(2.5), libs['j'] is json)"),
    cross("builtin-function", "f = len\ng = [abs, max]", "print(f([1]), g[0](-2), f is len)"),
    cross("library-function", "import json\nf = json.dumps", "print(f([1]), f is json.dumps)"),
    cross("bound-method", "x = []\nadd = x.append\nadd(1)", "add(2)\nprint(x)"),
    cross("class-object", "K = T\nmake = {'t': T}", "print(K is T, make['t']().v)", "class T:\n    v = 3"),
    cross("instance-method", "go = T().go", "print(go(2))", "class T:\n    def go(self, n):\n        return n + 1"),
    cross("static-and-class-methods", "t = T()", "print(t.s(1), T.s(2), t.c(), T.c())",
          "class T:\n    n = 5\n    @staticmethod\n    def s(v):\n        return v * 2\n    @classmethod\n    def c(cls):\n        return cls.n"),
    cross("made-by-a-pool", "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as p:\n    items = list(p.map(make, range(2)))",
          "print([i.v for i in items], isinstance(items[0], T))",
          "class T:\n    def __init__(self, v):\n        self.v = v\ndef make(v):\n    return T(v)"),
    cross("unpickled", "import pickle\nt = pickle.loads(pickle.dumps(T(3)))", "print(t.v, isinstance(t, T))",
          "class T:\n    def __init__(self, v):\n        self.v = v"),
    cross("unpickled-two-steps-on", "import pickle\nt = pickle.loads(pickle.dumps(T(3)))\nu = {'t': t}", "w = u['t']\nprint(w.v)",
          "class T:\n    def __init__(self, v):\n        self.v = v"),
    cross("singleton", "t = T()", "print(t is T(), T.made)",
          "class T:\n    made = None\n    def __new__(cls):\n        if cls.made is None:\n            cls.made = super().__new__(cls)\n        return cls.made"),
    cross("sentinel", "MISSING = object()\nx = MISSING\ny = [MISSING]", "print(x is MISSING, y[0] is MISSING)"),
    cross("enum-member", "m = Mode.B\ntable = {Mode.A: 1}", "print(m is Mode.B, table[Mode.A], Mode['A'])",
          "from enum import IntEnum\nclass Mode(IntEnum):\n    A = 1\n    B = 2"),
    cross("enum-in-step", "from enum import Enum\nclass Mode(Enum):\n    A = 1\nm = Mode.A", "print(m is Mode.A, m.name)"),
    cross("dataclass-nested", "p = Line(Point(1), [Point(2)])", "print(p, isinstance(p.a, Point), p == Line(Point(1), [Point(2)]))",
          "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n@dataclass\nclass Line:\n    a: Point\n    rest: list"),
    cross("namedtuple-function", "from collections import namedtuple\nP = namedtuple('P', 'x y')\np = P(1, 2)", "print(p.x, isinstance(p, P), p)"),
    cross("typed-dict", "d = D(x=1)", "print(d, D.__annotations__)", "from typing import TypedDict\nclass D(TypedDict):\n    x: int"),
    cross("list-subclass", "x = L([1, 2])\nx.note = 'n'", "print(x, x.total(), x.note, type(x) is L)", "class L(list):\n    def total(self):\n        return sum(self)"),
    cross("dict-subclass", "x = D(a=1)", "print(x['zz'], x, isinstance(x, D))", "class D(dict):\n    def __missing__(self, k):\n        return k * 2"),
    cross("frame-subclass", "import pandas as pd\nclass F(pd.DataFrame):\n    @property\n    def _constructor(self):\n        return F\n    def top(self):\n        return self.iloc[0]\nf = F({'v': [1]})",
          "print(f.top(), type(f) is F)"),
    cross("array-subclass", "import numpy as np\nclass A(np.ndarray):\n    def twice(self):\n        return self * 2\na = np.arange(3).view(A)", "print(a.twice(), type(a) is A)"),
    cross("exception", "err = ValueError('x', 3)", "print(repr(err), err.args)"),
    cross("exception-group", "eg = ExceptionGroup('g', [ValueError(1)])", "print(repr(eg))"),
    cross("regex", "import re\np = re.compile(r'(\\d+)')", "print(p.findall('a1b22'))"),
    cross("dates", "import datetime as dt\nd = dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc)", "print(d, d.utcoffset(), type(d))"),
    cross("zoneinfo", "from zoneinfo import ZoneInfo\nimport datetime as dt\nd = dt.datetime(2024, 7, 1, tzinfo=ZoneInfo('UTC'))", "print(d, d.tzinfo)"),
    cross("decimal-fraction", "from decimal import Decimal\nfrom fractions import Fraction\nx = Decimal('1.10'), Fraction(1, 3)", "print(x)"),
    cross("big-int-nan", "x = [2 ** 100, float('nan'), float('inf'), -0.0, 1j]", "print(x)"),
    cross("frozenset", "x = frozenset({1}), {2, 3}, b'by', bytearray(b'ba')", "print(x)"),
    cross("ordered", "from collections import OrderedDict, ChainMap\nx = OrderedDict(b=1, a=2), ChainMap({'a': 1}, {'b': 2})", "print(x)"),
    cross("simple-namespace", "from types import SimpleNamespace, MappingProxyType\nx = SimpleNamespace(a=[1])", "print(x)"),
    cross("path", "from pathlib import Path\np = Path('a') / 'b'", "print(p, p.name)"),
    cross("uuid", "import uuid\nu = uuid.UUID(int=5)", "print(u)"),
    cross("slice-ellipsis", "x = [slice(1, 2), Ellipsis, NotImplemented, None]", "print(x)"),
    cross("recursive", "x = {'a': 1}\nx['self'] = x", "print(x['self'] is x)"),
    cross("deep", "x = []\nfor _ in range(300):\n    x = [x]", "n = 0\nwhile x:\n    x = x[0]\n    n += 1\nprint(n)"),
    cross("lambda-in-object", "h = H(lambda v: v + k)", "print(h.f(1))", "class H:\n    def __init__(self, f):\n        self.f = f\nk = 5"),
    cross("transformer-in-search", "search = GridSearchCV(make_pipeline(Plus(), Ridge()), {'plus__n': [0, 1]}, cv=2).fit(X, y);",
          "print(search.best_params_, search.predict(X).round(3))",
          "import numpy as np\nfrom sklearn.base import BaseEstimator, TransformerMixin\nfrom sklearn.linear_model import Ridge\n"
          "from sklearn.pipeline import make_pipeline\nfrom sklearn.model_selection import GridSearchCV\n"
          "class Plus(TransformerMixin, BaseEstimator):\n    def __init__(self, n=0):\n        self.n = n\n"
          "    def fit(self, X, y=None):\n        return self\n    def transform(self, X):\n        return X + self.n\n"
          "X = np.arange(12.).reshape(6, 2)\ny = X.sum(axis=1)"),
]  # fmt: skip
