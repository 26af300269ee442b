"""Names that share an object move together, or it is said that they cannot."""

from __future__ import annotations

from tests.probes.probe import Probe

PD = ("imports", "import numpy as np\nimport pandas as pd")


def row(id: str, make: str, change: str, show: str) -> Probe:
    return Probe(id, change, [PD, ("step:a", make), ("step:b", change), ("step:c", show)])


PROBES = [
    row("plain", "x = []\ny = x", "y.append(1)", "print(x, x is y)"),
    row("identity-only", "x = object\ny = [1]\nz = y", "n = 1", "print(y is z, x is object, n)"),
    row("swap", "x, y = [1], [2]\nx, y = y, x", "x.append(3)", "print(x, y)"),
    row("chain", "x = y = z = []", "z.append(1)", "print(x, y, x is z)"),
    row("in-tuple", "x = []\nt = (x, 1)", "t[0].append(1)", "print(x)"),
    row("best-of", "models = {'a': [1], 'b': [2]}\nbest = models[max(models)]",
        "best.append(9)", "print(models)"),
    row("best-by-key", "models = [[1, 5], [2]]\nbest = max(models, key=len)", "best.append(9)",
        "print(models, best is models[0])"),
    row("sorted-elements", "rows = [[2], [1]]\nordered = sorted(rows)", "ordered[0].append(9)",
        "print(rows)"),
    row("filter-elements", "rows = [[2], [1]]\nkept = [r for r in rows if r[0] > 1]",
        "kept[0].append(9)", "print(rows)"),
    row("attribute", "class H:\n    pass\nh = H()\nx = []\nh.items = x", "h.items.append(1)",
        "print(x, h.items is x)"),
    row("constructor", "class H:\n    def __init__(self, v):\n        self.v = v\nx = []\nh = H(x)",
        "h.v.append(1)", "print(x)"),
    row("method-returns-part", "class H:\n    def __init__(self):\n        self.v = []\n"
        "    def part(self):\n        return self.v\nh = H()\np = h.part()", "p.append(1)", "print(h.v)"),
    row("linked", "class N:\n    def __init__(self, p=None):\n        self.p, self.kids = p, []\n"
        "        if p: p.kids.append(self)\nroot = N()\nkid = N(root)", "kid.name = 'k'",
        "print(root.kids[0].name, kid.p is root)"),
    row("cycle", "x = []\nx.append(x)\ny = [x]", "y[0].append(1)", "print(len(x), x[0] is x)"),
    row("closure", "def mk():\n    n = []\n    def add(v):\n        n.append(v)\n        return n\n"
        "    def get():\n        return n\n    return add, get\nadd, get = mk()", "add(1)", "print(get())"),
    row("closure-counter", "def mk():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n"
        "        return n\n    def see():\n        return n\n    return up, see\nup, see = mk()",
        "up()\nup()", "print(see())"),
    row("default-argument", "acc = []\ndef f(v, into=acc):\n    into.append(v)\nf(0)", "f(1)",
        "print(acc)"),
    row("partial-alias", "from functools import partial\nacc = []\nf = partial(list.append, acc)", "f(1)",
        "print(acc)"),
    row("frame-copy", "df = pd.DataFrame({'v': [1]})\nd = df.copy()", "d['v'] = 9", "print(df, d)"),
    row("frame-same", "df = pd.DataFrame({'v': [1]})\nd = df", "d['w'] = 9", "print(df, d is df)"),
    row("frame-of-dict", "raw = {'v': [1, 2]}\ndf = pd.DataFrame(raw)", "raw['v'].append(3)",
        "print(df, raw)"),
    row("frame-to-numpy", "df = pd.DataFrame({'v': [1., 2.], 'w': [3., 4.]})\na = df.to_numpy()",
        "df.iloc[0, 0] = 9", "print(df, a)"),
    row("frame-values", "df = pd.DataFrame({'v': [1., 2.], 'w': [3., 4.]})\na = df.values",
        "df.iloc[0, 0] = 9", "print(df, a)"),
    row("frame-asarray", "df = pd.DataFrame({'v': [1., 2.], 'w': [3., 4.]})\na = np.asarray(df)",
        "df.iloc[1, 1] = 9", "print(df, a)"),
    row("series-values", "s = pd.Series([1., 2.])\na = s.values", "s.iloc[0] = 9", "print(s, a)"),
    row("frame-cell", "x = [1]\ndf = pd.DataFrame({'v': [x]})", "x.append(2)", "print(df, x)"),
    row("frame-cell-by-column", "x = [1]\ndf = pd.DataFrame({'v': [x]})", "df['v'][0].append(2)",
        "print(df, x)"),
    row("frame-cell-of-a-copy", "x = [1]\ndf = pd.DataFrame({'v': [x]}).copy()", "df.v[0].append(2)",
        "print(df, x)"),
    row("frame-cell-by-loc", "x = [1]\ndf = pd.DataFrame({'v': [x]})", "df.loc[0, 'v'].append(2)",
        "print(df, x)"),
    row("enum-value", "import enum\nclass E(enum.Enum):\n    A = []\n    B = 2", "E.A.value.append(1)",
        "print(E.A.value, E.A)"),
    row("asarray", "x = np.zeros(3)\ny = np.asarray(x)", "y[0] = 1", "print(x)"),
    row("array-copy", "x = np.zeros(3)\ny = np.array(x)", "y[0] = 1", "print(x)"),
    row("ravel", "x = np.zeros((2, 2))\ny = x.ravel()", "y[0] = 1", "print(x)"),
    row("split-views", "x = np.arange(4)\nl, r = np.split(x, 2)", "l[0] = 9\nr[0] = 8", "print(x)"),
    row("unpacked-rows", "x = np.zeros((2, 2))\nu, v = x", "u[0] = 5", "print(x, v)"),
    row("diagonal", "x = np.eye(2)\nrows = list(x)", "rows[0][1] = 5", "print(x)"),
    row("copy-shallow", "import copy\nx = [[1]]\ny = copy.copy(x)", "y[0].append(2)", "print(x, y)"),
    row("copy-deep", "import copy\nx = [[1]]\ny = copy.deepcopy(x)", "y[0].append(2)", "print(x, y)"),
    row("list-of", "x = [[1]]\ny = list(x)", "y[0].append(2)\ny.append(3)", "print(x, y)"),
    row("dict-of", "x = {'a': []}\ny = dict(x)", "y['a'].append(2)", "print(x, y)"),
    row("multiplied", "x = [[]] * 2", "x[0].append(1)", "print(x)"),
    row("zip-pairs", "x = [[1], [2]]\npairs = list(zip('ab', x))", "pairs[0][1].append(5)", "print(x)"),
    row("from-function", "store = {}\ndef slot(k):\n    return store.setdefault(k, [])\ns = slot('a')",
        "s.append(1)", "print(store)"),
    row("weights", "class Net:\n    def __init__(self):\n        self.w = np.zeros(2)\n"
        "    def parameters(self):\n        return [self.w]\nclass Opt:\n    def __init__(self, ps):\n"
        "        self.ps = list(ps)\n    def step(self):\n        for p in self.ps:\n            p -= 1\n"
        "net = Net()\nopt = Opt(net.parameters())", "opt.step()", "print(net.w)"),
    row("class-registry", "class R:\n    known = {}\n    def __init_subclass__(cls):\n"
        "        R.known[cls.__name__] = cls\nclass A(R):\n    pass", "class B(R):\n    pass",
        "print(sorted(R.known), R.known['A'] is A)"),
    row("global-list-in-helper", "seen = []\ndef note(v):\n    seen.append(v)\n    return v",
        "z = [note(v) for v in range(2)]", "print(seen, z)"),
    row("generator-function-over-list", "x = [1]\ndef walk():\n    for v in x:\n        yield v\nw = walk",
        "x.append(2)", "print(list(w()))"),
    Probe("view-and-branches", "parallel readers of an alias that one changes", [
        ("step:a", "x = [1]\ny = x"), ("step:b prev:a", "n = len(x)"), ("step:c prev:a", "y.append(2)"),
        ("step:d", "print(n, x, y is x)")]),
    Probe("alias-made-between", "an alias made by a step that only reads", [
        ("step:a", "x = [1]"), ("step:b", "y = x"), ("step:c", "z = [x, y]"),
        ("step:d", "y.append(2)"), ("step:e", "print(x, z, x is y)")]),
    Probe("two-steps-one-object", "two later steps change it under two names", [
        ("step:a", "d = {'n': 0}\ne = d"), ("step:b", "d['n'] += 1"), ("step:c", "e['n'] += 1"),
        ("step:d", "print(d, e)")]),
]  # fmt: skip
