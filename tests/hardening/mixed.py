"""Further patterns of real notebooks, several at once."""

from __future__ import annotations

from tests.probes.probe import Probe

LIBS = (
    "imports",
    "import numpy as np\nimport pandas as pd\nimport random\nfrom scipy import stats",
)


def row(id: str, make: str, change: str, show: str, **more: object) -> Probe:
    cells = [LIBS, ("step:a", make), ("step:b", change), ("step:c", show)]
    return Probe(id, change, cells, **more)  # type: ignore[arg-type]


PROBES = [
    row("scipy-rvs", "np.random.seed(0)", "x = stats.norm.rvs(size=2)", "print(x, stats.uniform.rvs())"),
    row("scipy-frozen", "np.random.seed(0)\nd = stats.norm(3)", "x = d.rvs()", "print(x, d.rvs())"),
    row("globals-update", "conf = {'q': 5, 'r': 6}", "globals().update(conf)", "print(q + r)"),
    row("globals-setdefault", "n = 1", "globals().setdefault('made', 7)", "print(made)"),
    row("setattr-module", "n = 1", "setattr(np, 'extra_x', 4)", "print(np.extra_x)"),
    row("setattr-known", "class T: pass\nt = T()", "for k, v in {'a': 1, 'b': 2}.items():\n    setattr(t, k, v)", "print(t.a, t.b)"),
    row("run-line-magic", "n = 1", "get_ipython().run_line_magic('precision', '2')", "print(repr(0.5), n)\n0.123456"),
    row("iterrows-write", "df = pd.DataFrame({'v': [1, 2]})", "for i, r in df.iterrows():\n    df.at[i, 'w'] = r.v * 2", "print(df)"),
    row("apply-appends", "seen = []\ndf = pd.DataFrame({'v': [1, 2]})", "_ = df.v.apply(seen.append)", "print(seen)"),
    row("apply-lambda-counter", "n = {'k': 0}\ndef f(v):\n    n['k'] += v\n    return v", "y = pd.Series([1, 2]).map(f)", "print(n, list(y))"),
    row("sorted-key-counts", "calls = []\ndef key(v):\n    calls.append(v)\n    return -v", "s = sorted([1, 2], key=key)", "print(calls, s)"),
    row("groupby-apply", "df = pd.DataFrame({'k': list('aab'), 'v': [1, 2, 3]})\nparts = {}\ndef keep(g):\n    parts[len(parts)] = g.v.sum()\n    return g.v.sum()",
        "r = [keep(g) for _, g in df.groupby('k')]", "print(parts, r)"),
    row("global-in-branch", "mode = 'x'\ndef f():\n    global level\n    if mode == 'x':\n        level = 3\nlevel = 0", "f()", "print(level)"),
    row("return-before-global", "def f(stop):\n    global level\n    if stop:\n        return\n    level = 3\nlevel = 0", "f(True)", "print(level)"),
    row("while-true-break", "n = 0", "while True:\n    n += 1\n    last = n * 2\n    if n > 2:\n        break", "print(n, last)"),
    row("try-finally", "log = []", "try:\n    log.append(1)\nfinally:\n    log.append(2)\n    done = True", "print(log, done)"),
    row("del-attribute", "class T: pass\nt = T()\nt.v = 1", "del t.v", "print(hasattr(t, 'v'))"),
    row("dict-comprehension-objects", "objs = [[1], [2]]\nby = {i: o for i, o in enumerate(objs)}",
        "for o in by.values():\n    o.append(0)", "print(objs)"),
    row("config-object", "class Config:\n    lr = 0.1\n    names = ['a']\ncfg = Config()", "cfg.lr = 0.2\ncfg.names.append('b')\nConfig.epochs = 3", "print(cfg.lr, Config.lr, Config.names, cfg.epochs)"),
    row("registry-by-decorator", "REG = {}\ndef register(name):\n    def deco(f):\n        REG[name] = f\n        return f\n    return deco",
        "@register('twice')\ndef twice(v):\n    return v * k\nk = 2", "print(REG['twice'](4), sorted(REG))"),
    row("observer", "class Bus:\n    def __init__(self):\n        self.subs = []\n    def on(self, f):\n        self.subs.append(f)\n    def emit(self, v):\n        for f in self.subs:\n            f(v)\nbus = Bus()\ngot = []\nbus.on(got.append)\nbus.on(lambda v: got.append(v * factor))\nfactor = 10",
        "bus.emit(2)", "print(got)"),
    row("memo-dict-in-closure", "def mk():\n    memo = {}\n    def f(n):\n        if n not in memo:\n            memo[n] = n * n\n        return memo[n]\n    f.memo = memo\n    return f\nf = mk()",
        "f(3)\nf(4)", "print(f.memo)"),
    row("stack-and-queue", "stack, queue = [1], [2]", "stack.append(queue.pop(0))\nqueue.append(stack)", "print(stack, queue, queue[0] is stack)"),
    row("matrix-rows", "m = [[0] * 2 for _ in range(2)]\nrow = m[0]", "row[1] = 5", "print(m)"),
    row("linked-frames", "train, test = pd.DataFrame({'v': [1]}), pd.DataFrame({'v': [2]})\nboth = [train, test]",
        "for d in both:\n    d['t'] = d['v'] + 1\nfor d in both:\n    d.drop(columns='v', inplace=True)", "print(train, test)"),
    row("frame-in-function-global", "df = pd.DataFrame({'v': [1, 2]})\ndef add():\n    global df\n    df = df.assign(w=df.v * 2)", "add()", "print(df)"),
    row("column-loop-variable", "df = pd.DataFrame({'a': [1.], 'b': [2.]})", "for col in df.columns:\n    df[col] = df[col] * 10", "print(df, col)"),
    row("np-view-function", "x = np.zeros(4)\ndef half(a):\n    return a[:2]\nh = half(x)", "h[:] = 1", "print(x)"),
    row("class-with-shared-array", "class D:\n    def __init__(self, a):\n        self.a = a\n    def view(self):\n        return self.a[1:]\nx = np.zeros(3)\nd = D(x)\nv = d.view()",
        "v += 1", "print(x, d.a)"),
    row("string-builder", "out = ''\nparts = []", "for i in range(3):\n    out += str(i)\n    parts += [out]", "print(out, parts)"),
    row("swap-in-tuple", "a, b = [1], [2]\npair = (a, b)", "pair = pair[::-1]\npair[0].append(9)", "print(a, b, pair)"),
    row("iterator-shared", "it = iter(range(4))\ntake = lambda: next(it)", "first = take()", "print(first, take(), list(it))"),
    row("type-called", "Row = type('Row', (), {'v': 3})\nr = Row()", "r.v += 1", "print(r.v, Row.v)"),
    row("exec-def", "exec('def g(v):\\n    return v + base')\nbase = 1", "y = g(2)", "print(y, g(base))"),
    row("star-args-mutated", "def f(*lists, **named):\n    for l in lists:\n        l.append(1)\n    named['k'].append(2)\nu, w, k = [], [], []", "f(u, w, k=k)", "print(u, w, k)"),
    row("spread-mutated", "def f(a, b):\n    a.append(1)\n    b['z'] = 2\nargs = ([], {})", "f(*args)", "print(args)"),
    row("kwargs-spread-mutated", "def f(a):\n    a.append(1)\nkw = {'a': []}", "f(**kw)", "print(kw)"),
    row("walrus-alias", "x = []", "if (y := x) is not None:\n    y.append(1)", "print(x)"),
    row("conditional-alias", "x, z = [], []\nflag = True", "y = x if flag else z\ny.append(1)", "print(x, z)"),
    row("or-alias", "x = [0]", "y = x or []\ny.append(1)", "print(x)"),
    row("max-alias", "x, z = [3], [1]", "max(x, z).append(1)", "print(x, z)"),
    row("next-alias", "x, z = [3], [1]", "next(v for v in (x, z) if v[0] == 1).append(5)", "print(x, z)"),
    row("pop-alias", "x = [[1], [2]]\nkeep = x[-1]", "x.pop().append(3)", "print(x, keep)"),
    row("setdefault-alias", "d = {}\nl = d.setdefault('k', [])", "l.append(1)", "print(d)"),
    row("copy-constructor-alias", "inner = [1]\nd = {'a': inner}\ne = {**d}\nf = [*d.values()]", "e['a'].append(2)\nf[0].append(3)", "print(d, inner)"),
    row("groupby-object-later", "df = pd.DataFrame({'k': list('ab'), 'v': [1, 2]})\ng = df.groupby('k')", "df['v'] = 9", "print(g.v.sum().to_dict(), df)"),
    row("numpy-iter", "x = np.zeros((2, 2))", "for r in x:\n    r[0] = 7", "print(x)"),
    row("numpy-enumerate", "x = np.zeros((2, 2))", "for i, r in enumerate(x):\n    r[i] = 7", "print(x)"),
    row("numpy-zip", "x = np.zeros((2, 2))\ny = [[], []]", "for r, l in zip(x, y):\n    r[0] = 7\n    l.append(1)", "print(x, y)"),
    row("nditer", "x = np.zeros(3)", "with np.nditer(x, op_flags=['readwrite']) as it:\n    for v in it:\n        v[...] = 4", "print(x)"),
    row("vectorize", "hits = []\nf = np.vectorize(lambda v: hits.append(v) or v)", "y = f([1, 2])", "print(len(hits) >= 2)"),
    row("thread-pool", "from concurrent.futures import ThreadPoolExecutor\nout = {}\ndef work(i):\n    out[i] = i * i", "with ThreadPoolExecutor(2) as p:\n    list(p.map(work, range(3)))", "print(sorted(out.items()))"),
    row("thread-run", "import threading\nout = []\ndef work():\n    out.append(1)", "t = threading.Thread(target=work)\nt.start()\nt.join()", "print(out)"),
    row("functools-reduce", "from functools import reduce\nacc = []", "r = reduce(lambda a, v: a.append(v) or a, [1, 2], acc)", "print(acc, r is acc)"),
    row("itertools-chain", "import itertools\nl, m = [[1]], [[2]]", "for v in itertools.chain(l, m):\n    v.append(0)", "print(l, m)"),
    row("memmap", "x = np.memmap('m.dat', dtype='f4', mode='w+', shape=(3,))", "x[0] = 1", "print(x)",
        refused=(("cannot-cross", 3, 1), ("cannot-cross", 4, 1))),
    row("excel-file", "f = pd.ExcelFile('nothing.xlsx')", "y = f.parse()", "print(y)", refused=(("cannot-cross", 3, 1),)),
]  # fmt: skip
