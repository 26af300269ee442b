"""Notebooks whose pipelines fail at run elsewhere: what crosses, what is in scope."""

from __future__ import annotations

from tests.probes.probe import Probe

NUMPY = ("imports", "import numpy as np")
PANDAS = ("imports", "import numpy as np\nimport pandas as pd")

PROBES = [
    Probe("c26", "a name whose type changes", [
        ("imports", "import numpy as np\nimport pandas as pd\n"
                    "from sklearn.preprocessing import StandardScaler"),
        ("step:a", "X = pd.DataFrame({'u': [1., 2, 3], 'v': [3., 2, 4]})"),
        ("step:b", "scaler = StandardScaler()\nX = scaler.fit_transform(X)"),
        ("step:c", "print(type(X).__name__, X.sum().round(6), scaler.mean_)")]),
    Probe("e48", "labels become numbers", [
        ("imports", "import pandas as pd\nfrom sklearn.preprocessing import LabelEncoder"),
        ("step:a", "y = pd.Series(['b', 'a', 'b'])"),
        ("step:b", "le = LabelEncoder()\ny = le.fit_transform(y)"),
        ("step:c", "print(y, le.classes_, le.inverse_transform(y))")]),
    Probe("e22", "own transformer in a pipeline", [
        ("imports", "import numpy as np\nfrom sklearn.base import BaseEstimator, TransformerMixin\n"
                    "from sklearn.pipeline import Pipeline\n"
                    "from sklearn.linear_model import LinearRegression"),
        ("functions", "class Square(BaseEstimator, TransformerMixin):\n"
                      "    def fit(self, X, y=None):\n        self.n_ = X.shape[1]\n"
                      "        return self\n"
                      "    def transform(self, X):\n        return np.hstack([X, X ** 2])"),
        ("step:a", "X = np.arange(12.).reshape(6, 2)\ny = X[:, 0] ** 2"),
        ("step:b", "model = Pipeline([('s', Square()), ('r', LinearRegression())]).fit(X, y)"),
        ("step:c", "print(model.predict(X).round(4), model.named_steps['s'].n_,\n"
                   "      isinstance(model.named_steps['s'], Square))")]),
    Probe("c23", "FunctionTransformer of an own function", [
        ("imports", "import numpy as np\nfrom sklearn.preprocessing import FunctionTransformer\n"
                    "from sklearn.pipeline import make_pipeline\n"
                    "from sklearn.linear_model import LinearRegression"),
        ("functions", "def log(X):\n    return np.log(X + OFFSET)\nOFFSET = 1.0"),
        ("step:a", "X = np.arange(10.).reshape(5, 2)\ny = X.sum(axis=1)"),
        ("step:b", "model = make_pipeline(FunctionTransformer(log), LinearRegression())\n"
                   "model.fit(X, y);"),
        ("step:c", "print(model.predict(X).round(5), model[0].func is log)")]),
    Probe("c20", "an Enum of the notebook", [
        ("functions", "from enum import Enum\nclass Mode(Enum):\n    TRAIN = 1\n    TEST = 2"),
        ("step:a", "mode = Mode.TEST\ntable = {Mode.TRAIN: 5, Mode.TEST: 6}"),
        ("step:b", "print(mode is Mode.TEST, mode == Mode.TEST, table[Mode.TRAIN], mode)")]),
    Probe("g24", "round of a numpy scalar", [
        NUMPY, ("step:a", "m = np.float64(2.71828)"), ("step:b", "print(round(m, 2), type(m))")]),
    Probe("g25", "JSON of a numpy scalar", [
        ("imports", "import json\nimport numpy as np"), ("step:a", "m = np.float64(0.5)"),
        ("step:b", "print(json.dumps({'m': m}))")]),
    Probe("c25", "object array", [
        NUMPY, ("step:a", "a = np.array([{'k': 1}, None, 'text'], dtype=object)"),
        ("step:b", "print(a, a.dtype, a[0]['k'])")]),
    Probe("c28", "default_rng", [
        NUMPY, ("step:a", "rng = np.random.default_rng(7)\nx = rng.normal(size=3)"),
        ("step:b", "y = rng.normal(size=3)"), ("step:c", "print(x, y, rng.integers(100))")]),
    Probe("c27", "GroupBy", [
        PANDAS, ("step:a", "df = pd.DataFrame({'k': list('aab'), 'v': [1, 2, 4]})\n"
                           "g = df.groupby('k')"),
        ("step:b", "print(g.v.sum().to_dict(), len(g))")]),
    Probe("c29", "masked array", [
        NUMPY, ("step:a", "m = np.ma.masked_array([1., 2., 9.], mask=[0, 0, 1])"),
        ("step:b", "print(m, m.mean(), type(m).__name__, m.mask)")]),
    Probe("c19", "class whose method reads a step's global", [
        ("functions", "class Scale:\n    def apply(self, v):\n        return v * factor"),
        ("step:a", "factor = 3\nx = [1, 2]"),
        ("step:b", "print([Scale().apply(v) for v in x])")]),
    Probe("c70", "class whose method calls a helper", [
        ("functions", "def half(v):\n    return v / 2\nclass Model:\n    def predict(self, v):\n"
                      "        return half(v) + bias\nbias = 10"),
        ("step:a", "m = Model()"), ("step:b", "print(m.predict(4))")]),
    Probe("d13", "class in a step, with an import of that step", [
        ("step:a", "import math\nclass Circle:\n    def __init__(self, r):\n        self.r = r\n"
                   "    def area(self):\n        return math.pi * self.r ** 2\nc = Circle(2)"),
        ("step:b", "print(round(c.area(), 3), type(c).__name__, isinstance(c, Circle))")]),
    Probe("c05", "comprehension variables do not leak", [
        ("step:a", "n = 5\nrows = [n for n in range(3)]\ntable = {k: v for k, v in zip('ab', rows)}"),
        ("step:b", "print(n, rows, table)")]),
    Probe("c06", "lambda arguments do not leak", [
        ("step:a", "data = [3, 1, 2]\nkey = 'top'\norder = sorted(data, key=lambda key: -key)"),
        ("step:b", "print(key, order)")]),
    Probe("c03", "diamond of which one branch adds a column", [
        PANDAS, ("step:load", "df = pd.DataFrame({'v': [1, 2, 3]})"),
        ("step:add prev:load", "df['w'] = df.v * 2"),
        ("step:base prev:load", "total = df.v.sum()"),
        ("step:join prev:add prev:base", "print(df.w.sum() + total, list(df.columns))")]),
    Probe("c04", "best is an alias of one of the models", [
        ("imports", "import numpy as np\nfrom sklearn.linear_model import LinearRegression, Ridge"),
        ("step:a", "X = np.arange(8.).reshape(4, 2)\ny = X[:, 0] * 3\n"
                   "models = {'lr': LinearRegression(), 'ridge': Ridge()}"),
        ("step:b", "best = models['lr']\nbest.fit(X, y)"),
        ("step:c", "print(models['lr'].predict(X).round(3), models['lr'] is best)")]),
    Probe("c07", "names in a query", [
        PANDAS, ("step:a", "df = pd.DataFrame({'v': [1, 5, 9]})\nmin_v = 4"),
        ("step:b", "print(df.query('v > @min_v').v.tolist())")]),
    Probe("c08", "star import", [
        ("imports", "import pandas as pd\nfrom math import *"),
        ("step:a", "df = pd.DataFrame({'v': [1., 4.]})"),
        ("step:b", "print(df.v.map(sqrt).sum(), floor(pi))")]),
    Probe("c14", "global in a function", [
        ("functions", "counter = 0\ndef count():\n    global counter\n    counter += 1\n"
                      "    return counter"),
        ("step:a", "x = count()"), ("step:b", "y = count()"), ("step:c", "print(x, y, counter)")]),
    Probe("c43", "a name that only a branch not taken binds", [
        ("step:a", "n = 1\nif n > 5:\n    extra = 'yes'"),
        ("step:b", "print('extra' in globals(), n)")]),
    Probe("c43b", "a name bound on one path, read on that path", [
        ("step:a", "n = 7\nif n > 5:\n    extra = 'yes'"),
        ("step:b", "if n > 5:\n    print(extra)")]),
    Probe("c45", "match captures", [
        ("step:a", "match {'kind': 'dot', 'at': (1, 2)}:\n    case {'kind': k, 'at': (px, py)}:\n"
                   "        size = 3"),
        ("step:b", "print(k, px, py, size)")]),
    Probe("c44a", "names made of texts that no reading can know", [
        ("step:a", "for n in range(2):\n    globals()[f'u{n}'] = [n]"), ("step:b", "u1.append(7)"),
        ("step:c", "exec(' '.join(['w', '=', 'u1']))\nz = 3"), ("step:d", "print(u0, u1, w, w is u1, z)")]),
    Probe("c44", "globals by name", [
        ("step:a", "for name in ('u', 'v'):\n    globals()[name + '_1'] = name * 2"),
        ("step:b", "print(globals()['u_1'], v_1)")]),
    Probe("c71", "dotted import in a step", [
        ("step:a", "import xml.etree.ElementTree\ntext = '<a><b/></a>'"),
        ("step:b", "tree = xml.etree.ElementTree.fromstring(text)\nprint(tree.tag, len(tree))")],
        cold=True),
    Probe("c47", "a variable called filter", [
        ("step:a", "filter = 'odd'\nid = 3"), ("step:b", "print(filter, id)")]),
    Probe("c49", "get_ipython", [
        ("step:a", "shell = get_ipython()\nname = type(shell).__name__[-5:]"),
        ("step:b", "print(name.lower(), get_ipython() is not None)")]),
    Probe("c49b", "get_ipython kept in a name that another step uses", [
        ("step:a", "shell = get_ipython()"), ("step:b", "shell.run_line_magic('pwd', '')")],
        refused=(("cannot-cross", 2, 1),)),
    Probe("c53", "database connection", [
        ("imports", "import sqlite3"), ("step:a", "con = sqlite3.connect(':memory:')"),
        ("step:b", "con.execute('create table t (v)')")], refused=(("cannot-cross", 3, 1),)),
    Probe("c63", "generator as the last expression", [
        ("step:a", "x = [1, 2]\n(i for i in x)"), ("step:b", "print(x)")]),
    Probe("c37", "steps without prev", [
        ("step:a", "x = 1"), ("step:b", "y = x + 1"), ("step:c", "print(x + y)")]),
    Probe("c54", "imports without a tag", [
        ("", "import math"), ("step:a", "x = math.sqrt(9)"), ("step:b", "print(x, math.pi > 3)")]),
    Probe("c61", "a variable of a skipped cell", [
        ("skip", "path = 'x'"), ("step:a", "y = 1"), ("step:b", "z = 2\nprint(path)")],
        refused=(("skip-only-name", 3, 2),)),
    Probe("d03", "prev on the second cell of a step", [
        ("step:a", "open('o.log', 'w').close()"), ("step:b", "x = 1"),
        ("step:b prev:a", "print(x)")]),
    Probe("c39", "a float32 metric", [
        NUMPY, ("step:a", "acc = np.float32(0.25)"), ("pipeline-metrics", "print(acc)")]),
    Probe("e35a", "parameter with a quote", [
        ("pipeline-parameters", "who = \"it's\""), ("step:a", "x = who * 2"),
        ("step:b", "print(x, who)")]),
    Probe("e35c", "parameter with a line break", [
        ("pipeline-parameters", "text = 'one\\ntwo: {{x}} $(y)'"), ("step:a", "x = len(text)"),
        ("step:b", "print(repr(text), x)")]),
    Probe("f01", "what stands after a failing line does not run", [
        ("step:a", "score = 0.4"),
        ("step:b", "print(score)\nassert score > 0.5, 'too low'\nopen('pushed', 'w').close()"),
        ("step:b", "open('pushed', 'w').close()"), ("step:c", "print(score)")], fails="b"),
]  # fmt: skip
