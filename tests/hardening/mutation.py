"""Changes in place through methods and calls: every later reader sees them."""

from __future__ import annotations

from tests.probes.probe import Probe

PD = ("imports", "import numpy as np\nimport pandas as pd")
FRAME = ("step:a", "df = pd.DataFrame({'k': list('abab'), 'v': [3., 1., None, 2.]})")


def frame(id: str, change: str, show: str = "print(df)") -> Probe:
    return Probe(id, change, [PD, FRAME, ("step:b", change), ("step:c", show)])


def plain(id: str, make: str, change: str, show: str = "print(x)") -> Probe:
    return Probe(id, change, [PD, ("step:a", make), ("step:b", change), ("step:c", show)])


SKLEARN = (
    "imports",
    "import numpy as np\nimport pandas as pd\nfrom sklearn.linear_model import LinearRegression, "
    "LogisticRegression, SGDClassifier\nfrom sklearn.preprocessing import StandardScaler\n"
    "from sklearn.pipeline import Pipeline, make_pipeline\nfrom sklearn.model_selection import "
    "GridSearchCV\nfrom sklearn.ensemble import RandomForestClassifier, VotingClassifier",
)
DATA = ("step:data", "X = np.arange(20.).reshape(10, 2)\ny = (X[:, 0] > 8).astype(int)")

PROBES = [
    frame("pd-loc", "df.loc[df.v.isna(), 'v'] = 0"),
    frame("pd-iloc", "df.iloc[0, 1] = 9"),
    frame("pd-at", "df.at[1, 'v'] = 7"),
    frame("pd-inplace", "df.dropna(inplace=True)\ndf.rename(columns={'v': 'w'}, inplace=True)"),
    frame("pd-inplace-variable", "flag = True\ndf.fillna(0, inplace=flag)"),
    frame("pd-insert", "df.insert(0, 'n', range(4))"),
    frame("pd-pop", "v = df.pop('v')", "print(df, v)"),
    frame("pd-del", "del df['v']"),
    frame("pd-columns", "df.columns = ['a', 'b']"),
    frame("pd-index", "df.index = list('wxyz')"),
    frame("pd-index-name", "df.index.name = 'id'"),
    frame("pd-update", "df.update(pd.DataFrame({'v': [8.]}))"),
    frame("pd-attrs", "df.attrs['unit'] = 'm'", "print(df.attrs)"),
    frame("pd-augmented-column", "df['v'] *= 2"),
    frame("pd-function", "def clean(d):\n    d['w'] = d['v'].fillna(0)\nclean(df)"),
    frame("pd-loop", "for c in ['p', 'q']:\n    df[c] = 1"),
    frame("pd-flags", "df.flags.allows_duplicate_labels = False", "print(df.flags)"),
    plain("pd-series", "x = pd.Series([1, 2])", "x[0] = 9\nx.name = 's'"),
    plain("pd-list-of-frames", "u = pd.DataFrame({'v': [1]})\nw = pd.DataFrame({'v': [2]})\nx = [u, w]",
          "for d in x:\n    d['t'] = d.v * 2", "print(u, w)"),
    plain("pd-dict-of-frames", "u = pd.DataFrame({'v': [1]})\nx = {'u': u}",
          "x['u']['n'] = 5", "print(u)"),
    plain("np-item", "x = np.zeros(3)", "x[1] = 5"),
    plain("np-slice-view", "x = np.zeros(4)\nv = x[1:3]", "v += 2", "print(x, v)"),
    plain("np-reshape-view", "x = np.zeros(4)\nv = x.reshape(2, 2)", "v[0, 0] = 1", "print(x)"),
    plain("np-transpose", "x = np.zeros((2, 3))\nv = x.T", "v[0] = 1", "print(x)"),
    plain("np-sort", "x = np.array([3, 1, 2])", "x.sort()"),
    plain("np-fill", "x = np.zeros(3)", "x.fill(4)"),
    plain("np-out", "x = np.ones(3)", "np.add(x, 1, out=x)"),
    plain("np-out-other", "x = np.ones(3)\no = np.zeros(3)", "np.multiply(x, 5, o)", "print(o)"),
    plain("np-at", "x = np.zeros(3)", "np.add.at(x, [0, 0], 1)"),
    plain("np-put", "x = np.zeros(3)", "np.put(x, [1], 7)"),
    plain("np-copyto", "x = np.zeros(3)", "np.copyto(x, 3)"),
    plain("np-fill-diagonal", "x = np.zeros((2, 2))", "np.fill_diagonal(x, 5)"),
    plain("np-flat", "x = np.zeros((2, 2))", "x.flat[1] = 3"),
    plain("np-real", "x = np.zeros(2, complex)", "x.real[:] = 3"),
    plain("np-mask", "x = np.arange(4)", "x[x > 1] = 0"),
    plain("np-resize", "x = np.arange(4)", "x.resize((2, 2), refcheck=False)"),
    plain("np-setflags", "x = np.arange(4)", "x.setflags(write=False)", "print(x.flags.writeable)"),
    plain("np-shape", "x = np.arange(4)", "x.shape = (2, 2)"),
    plain("np-partition", "x = np.array([3, 1, 2])", "x.partition(1)"),
    plain("np-shuffle", "x = np.arange(5)\nnp.random.seed(0)", "np.random.shuffle(x)"),
    plain("np-values", "d = pd.Series([1., 2.])\nx = d.to_numpy().copy()", "x[0] = 4", "print(x, d)"),
    plain("list-sort", "x = [3, 1]", "x.sort()"),
    plain("list-slice", "x = [3, 1]", "x[1:] = [7, 8]"),
    plain("list-del", "x = [3, 1]", "del x[0]"),
    plain("list-nested", "x = [[1], [2]]\ny = x[0]", "y.append(5)", "print(x)"),
    plain("list-extend-alias", "x = []\ny = [x]", "y[0].extend([1])"),
    plain("list-augmented", "x = [1]\ny = x", "x += [2]", "print(y)"),
    plain("list-reverse", "x = [1, 2]", "x.reverse()"),
    plain("list-in-default", "def f(a, acc=[]):\n    acc.append(a)\n    return acc\nx = f(1)",
          "y = f(2)", "print(f(3))"),
    plain("dict-setdefault", "x = {}", "x.setdefault('k', []).append(1)"),
    plain("dict-update", "x = {}", "x.update(a=1)"),
    plain("dict-pop", "x = {'a': 1}", "x.pop('a')"),
    plain("dict-items", "x = {'a': [1]}", "for k, v in x.items():\n    v.append(2)"),
    plain("dict-values", "x = {'a': [1]}", "[v.append(2) for v in x.values()]"),
    plain("dict-or", "x = {'a': 1}", "x |= {'b': 2}"),
    plain("dict-get", "x = {'a': []}", "x.get('a').append(3)"),
    plain("dict-view-later", "x = {'a': 1}\nk = list(x.keys())", "x['b'] = 2", "print(x, k)"),
    plain("set-add", "x = {1}", "x.add(2)"),
    plain("set-ior", "x = {1}", "x |= {5}"),
    plain("defaultdict", "from collections import defaultdict\nx = defaultdict(list)",
          "x['k'].append(1)"),
    plain("counter", "from collections import Counter\nx = Counter('ab')", "x.update('aa')"),
    plain("deque", "from collections import deque\nx = deque([1], maxlen=2)", "x.appendleft(0)"),
    plain("heap", "import heapq\nx = [3, 4]", "heapq.heappush(x, 1)"),
    plain("bisect", "import bisect\nx = [1, 3]", "bisect.insort(x, 2)"),
    plain("bytearray", "x = bytearray(b'ab')", "x[0] = 65"),
    plain("setattr", "from types import SimpleNamespace\nx = SimpleNamespace(a=1)",
          "setattr(x, 'b', 2)\ndelattr(x, 'a')"),
    plain("vars", "class T: pass\nx = T()", "vars(x)['n'] = 3\nx.__dict__.update(m=4)",
          "print(x.n, x.m)"),
    plain("operator-setitem", "import operator\nx = [1]", "operator.setitem(x, 0, 9)"),
    plain("map-append", "x = []", "list(map(x.append, [1, 2]))"),
    plain("method-as-value", "x = []\nadd = x.append", "add(5)"),
    plain("partial", "from functools import partial\nx = []\nadd = partial(list.append, x)", "add(5)"),
    plain("unbound-method", "x = []", "list.append(x, 5)"),
    plain("for-over-object", "class B:\n    def __init__(self):\n        self.items = [[1], [2]]\n"
          "    def __iter__(self):\n        return iter(self.items)\nx = B()",
          "for i in x:\n    i.append(0)", "print(x.items)"),
    plain("property-setter", "class P:\n    _v = 0\n    @property\n    def v(self):\n        return self._v\n"
          "    @v.setter\n    def v(self, n):\n        log.append(n)\n        self._v = n\nlog = []\nx = P()",
          "x.v = 4", "print(x.v, log)"),
    plain("getattr-hook", "class G:\n    def __init__(self):\n        self.seen = []\n"
          "    def __getattr__(self, n):\n        if n[0] == chr(95):\n            raise AttributeError(n)\n        self.seen.append(n)\n        return 1\nx = G()",
          "x.foo", "print(x.seen)"),
    plain("setitem-hook", "class S:\n    def __init__(self):\n        self.d = {}\n"
          "    def __setitem__(self, k, v):\n        self.d[k] = v\n        total.append(v)\n"
          "total = []\nx = S()", "x['a'] = 2", "print(x.d, total)"),
    plain("context-manager", "class C:\n    def __enter__(self):\n        log.append('in')\n"
          "        return self\n    def __exit__(self, *a):\n        log.append('out')\nlog = []\nx = C()",
          "with x as c:\n    log.append('mid')", "print(log, c is x)"),
    plain("contextlib", "from contextlib import contextmanager\nlog = []\n@contextmanager\n"
          "def timer(n):\n    log.append(n)\n    yield n\n    log.append(-n)",
          "with timer(3) as t:\n    log.append(0)", "print(log, t)"),
    plain("iadd-hook", "class A:\n    def __init__(self):\n        self.n = []\n    def __iadd__(self, o):\n"
          "        self.n.append(o)\n        return self\nx = A()\ny = x", "x += 3", "print(y.n)"),
    plain("operator-changes-other", "class L:\n    def __lshift__(self, o):\n        o.append(1)\n"
          "        return self\nx = []\nl = L()", "l << x"),
    plain("class-attribute", "class K:\n    seen = []\n    def go(self):\n        self.seen.append(1)\nx = K()",
          "x.go()", "print(K.seen, x.seen)"),
    plain("class-counter", "class K:\n    n = 0\n    def __init__(self):\n        K.n += 1\nx = K()",
          "y = K()", "print(K.n)"),
    plain("function-attribute", "def f():\n    f.calls += 1\nf.calls = 0", "f()\nf()", "print(f.calls)"),
    plain("monkeypatch-class", "class K:\n    def go(self):\n        return 1\nx = K()",
          "def go2(self):\n    return 2\nK.go = go2", "print(x.go(), K().go())"),
    plain("monkeypatch-instance", "class K:\n    def go(self):\n        return 1\nx = K()",
          "x.go = lambda: 5", "print(x.go())"),
    Probe("sk-fit", "fit changes its receiver", [
        SKLEARN, DATA, ("step:a", "m = LinearRegression()"), ("step:b", "m.fit(X, y)"),
        ("step:c", "print(m.coef_.round(4))")]),
    Probe("sk-partial-fit", "partial_fit", [
        SKLEARN, DATA, ("step:a", "m = SGDClassifier(random_state=0)"),
        ("step:b", "m.partial_fit(X, y, classes=[0, 1])"), ("step:c", "m.partial_fit(X, y)"),
        ("step:d", "print(m.coef_, m.t_)")]),
    Probe("sk-pipeline-scaler", "a pipeline holds its scaler", [
        SKLEARN, DATA, ("step:a", "scaler = StandardScaler()\npipe = Pipeline([('s', scaler), "
                        "('m', LogisticRegression())])"),
        ("step:b", "pipe.fit(X, y)"),
        ("step:c", "print(scaler.mean_, pipe.named_steps['s'] is scaler)")]),
    Probe("sk-set-params", "set_params of a nested estimator", [
        SKLEARN, DATA, ("step:a", "pipe = make_pipeline(StandardScaler(), LogisticRegression())"),
        ("step:b", "pipe.set_params(logisticregression__C=.5)"),
        ("step:c", "print(pipe.get_params()['logisticregression__C'])")]),
    Probe("sk-grid", "a search leaves its estimator, and fits itself", [
        SKLEARN, DATA, ("step:a", "base = LogisticRegression()\nsearch = GridSearchCV(base, {'C': [.1, 1]}, cv=2)"),
        ("step:b", "search.fit(X, y);"),
        ("step:c", "print(search.best_params_, hasattr(base, 'coef_'), search.best_estimator_.C)")]),
    Probe("sk-loop", "models in a dictionary are fitted in a loop", [
        SKLEARN, DATA, ("step:a", "models = {'a': LinearRegression(), 'b': LogisticRegression()}\nfirst = models['a']"),
        ("step:b", "for name, m in models.items():\n    m.fit(X, y)"),
        ("step:c", "print({n: m.score(X, y) for n, m in models.items()}, first.coef_)")]),
    Probe("sk-helper", "a helper fits what it is given", [
        SKLEARN, ("functions", "def train(m, X, y):\n    m.fit(X, y)\n    return m"), DATA,
        ("step:a", "m = LinearRegression()"), ("step:b", "n = train(m, X, y)"),
        ("step:c", "print(m.coef_.round(3), m is n)")]),
    Probe("sk-attribute", "an attribute of a model is set", [
        SKLEARN, DATA, ("step:a", "m = LinearRegression().fit(X, y)"), ("step:b", "m.coef_[0] = 0"),
        ("step:c", "print(m.predict(X).round(3))")]),
    Probe("mpl-axes", "axes are drawn on by a later step", [
        ("imports", "import matplotlib.pyplot as plt"),
        ("step:a", "fig, axes = plt.subplots(2)\nplt.close(fig)"),
        ("step:b", "axes[0].plot([1, 2], label='l')\naxes[0].legend()\naxes[1].set_xlabel('x')"),
        ("step:c", "print(len(fig.axes[0].lines), fig.axes[1].get_xlabel(), fig.axes[0] is axes[0])")]),
    Probe("mpl-current", "the current figure of pyplot is process-wide", [
        ("imports", "%matplotlib inline\nimport matplotlib.pyplot as plt"),
        ("step:a", "fig = plt.figure()\nplt.plot([1, 2])"), ("step:b", "print(len(fig.axes))")]),
]  # fmt: skip
