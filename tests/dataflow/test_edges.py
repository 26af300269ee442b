"""Which step feeds which, by table: an id, the cells, and every edge with its names."""

from __future__ import annotations

import pytest

from kalelike.graph.build import build_graph
from tests.dataflow.tagged import Cells, tagged_notebook

RNG = "@random:python"
CLONING = """class Outer(BaseEstimator):
    def __init__(self, inner):
        self.inner = inner
    def fit(self, X, y=None):
        self.inner_ = clone(self.inner)
        self.inner_.fit(X, y)
        return self
class Other(Outer):
    def fit(self, X, y=None):
        self.inner_ = clone(self.inner)
        self.inner_.fit(X, y)
        return self
def ratio(X):
    return X[:, [0]] / X[:, [1]]"""
ROWS: list[tuple[str, Cells, str]] = [
    ("metric of a function that a later step defines anew", [
        ("a", "def f():\n    return 1\nx = 1"), ("b", "def f():\n    return 2\ny = f()"),
        ("pipeline-metrics", "m = f() + x\nprint(m)")], "a>pipeline-metrics:x"),
    ("array made by indexing numpy", [
        ("imports", "import numpy as np"), ("a", "x = np.ones(3)\nm = np.c_[x, x]\ng = np.mgrid[0:2]"),
        ("b", "m[0] = 5\ng[0][0] = 1"), ("c", "print(x, m, g)")], "a>b:g,m a>c:x b>c:g,m"),
    ("array in a file", [
        ("imports", "import numpy as np"), ("a", "m = np.memmap('m.bin', mode='w+', shape=3)\nm[:] = 1\ndel m"),
        ("b", "t = np.memmap('m.bin').sum()"), ("c", "u = np.memmap('m.bin', 'uint8', 'r').sum()")],
     "a>b: a>b:@file:m.bin b>c:@file:m.bin"),
    ("name deleted by a magic", [("a", "x = [1]"), ("b", "%xdel x"), ("c", "y = 1")], "a>b:x"),
    ("estimators that clone estimators of their own kind", [
        ("imports", "import numpy as np\nfrom sklearn.base import BaseEstimator, clone\n"
                    "from sklearn.pipeline import make_pipeline\n"
                    "from sklearn.preprocessing import FunctionTransformer, StandardScaler"),
        ("functions", CLONING),
        ("a", "X = np.ones((5, 3))\nt = make_pipeline(StandardScaler(), FunctionTransformer(ratio))\n"
              "model = Outer(make_pipeline(Outer(t), Other(t)))\nmodel.fit(X)"),
        ("b", "both = clone(make_pipeline(model, Other(model)))\nboth.fit(X)"),
        ("c", "again = clone(both)\nagain.fit(X)\nw = again.inner")], "a>b:X,model b>c:X,both"),
    ("plain", [("a", "x = 1"), ("b", "y = x")], "a>b:x"),
    ("chain skips the middle", [("a", "x = 1"), ("b", "y = 2"), ("c", "z = x + y")], "a>c:x b>c:y"),
    ("independent", [("a", "x = 1"), ("b", "y = 2")], ""),
    ("last binding wins", [("a", "x = 1"), ("b", "x = 2"), ("c", "y = x")], "b>c:x"),
    ("bound before use", [("a", "x = 1"), ("b", "x = 2\ny = x")], ""),
    ("augmented", [("a", "x = 1"), ("b", "x += 1"), ("c", "y = x")], "a>b:x b>c:x"),
    ("item", [("a", "d = {}"), ("b", "d['k'] = 1"), ("c", "y = d")], "a>b:d b>c:d"),
    ("attribute", [("a", "class T: pass\nt = T()"), ("b", "t.x = 1"), ("c", "y = t")],
     "a>b:t b>c:t"),
    ("method that changes", [("a", "x = []"), ("b", "x.append(1)"), ("c", "y = x")],
     "a>b:x b>c:x"),
    ("method that does not", [("a", "x = []"), ("b", "n = x.index(1)"), ("c", "y = x")],
     "a>b:x a>c:x"),
    ("readers are parallel", [("a", "x = [1]"), ("b", "u = sum(x)"), ("c", "v = len(x)")],
     "a>b:x a>c:x"),
    ("alias in one step", [("a", "x = []\ny = x"), ("b", "y.append(1)"), ("c", "z = x")],
     "a>b:x,y b>c:x"),
    ("alias made later", [("a", "x = []"), ("b", "y = x"), ("c", "y.append(1)"), ("d", "z = x")],
     "a>b:x b>c:x,y c>d:x"),
    ("alias never changed", [("a", "x = []"), ("b", "y = x"), ("c", "z = x, y")],
     "a>b:x a>c:x b>c:y"),
    ("alias in a container", [("a", "m = {'k': []}"), ("b", "v = m['k']"), ("c", "v.append(1)"),
                              ("d", "z = m")], "a>b:m b>c:m,v c>d:m"),
    ("copy is no alias", [("a", "import copy\nx = []"), ("b", "y = copy.deepcopy(x)"),
                          ("c", "y.append(1)"), ("d", "z = x")], "a>b:x b>c:y a>d:x"),
    ("function reads a global when called", [("functions", "def f():\n    return g"), ("a", "g = 1"),
                                             ("b", "y = f()")], "a>b:g"),
    ("function not called reads nothing", [("functions", "def f():\n    return g"), ("a", "g = 1"),
                                           ("b", "h = f")], ""),
    ("functions call functions", [("functions", "def f():\n    return g\ndef h():\n    return f()"),
                                  ("a", "g = 1"), ("b", "y = h()")], "a>b:g"),
    ("function passed to a library", [("functions", "def f(v):\n    return v + g"), ("a", "g = 1"),
                                      ("b", "y = list(map(f, [1]))")], "a>b:g"),
    ("function stores a global", [("functions", "n = 0\ndef f():\n    global n\n    n = 1"),
                                  ("a", "f()"), ("b", "y = n")], "a>b:n"),
    ("function changes its argument", [("functions", "def f(v):\n    v.append(1)"), ("a", "x = []"),
                                       ("b", "f(x)"), ("c", "y = x")], "a>b:x b>c:x"),
    ("function returns its argument", [("functions", "def f(v):\n    return v"), ("a", "x = []"),
                                       ("b", "y = f(x)"), ("c", "y.append(1)"), ("d", "z = x")],
     "a>b:x b>c:x,y c>d:x"),
    ("method reads a global", [("functions", "class C:\n    def m(self):\n        return g"),
                               ("a", "g = 1\nc = C()"), ("b", "y = c.m()")], "a>b:c,g"),
    ("special method reads a global", [
        ("functions", "class C:\n    def __add__(self, o):\n        return g"),
        ("a", "g = 1\nc = C()"), ("b", "y = c + 1")], "a>b:c,g"),
    ("method changes what it holds", [
        ("functions", "class O:\n    def __init__(self, m):\n        self.m = m\n"
                      "    def step(self):\n        self.m.append(1)"),
        ("a", "w = []\no = O(w)"), ("b", "o.step()"), ("c", "y = w")], "a>b:o,w b>c:w"),
    ("definition in a step is replayed", [("a", "def f():\n    return 1"), ("b", "y = f()")], ""),
    ("import in a step is replayed", [("a", "import json"), ("b", "y = json.dumps(1)")], ""),
    ("default argument of a step's value", [("a", "t = 5\ndef f(v=t):\n    return v"),
                                            ("b", "y = f()")], "a>b:f"),
    ("redefined function", [("a", "def f():\n    return 1"), ("b", "def f():\n    return 2"),
                            ("c", "y = f()")], ""),
    ("set-up constant", [("imports", "N = 3"), ("a", "x = N"), ("b", "y = N")], ""),
    ("set-up constant reassigned", [("imports", "N = 3"), ("a", "N = 4"), ("b", "y = N")], "a>b:N"),
    ("set-up object changed", [("imports", "D = {}"), ("a", "D['k'] = 1"), ("b", "y = D")],
     "a>b:D"),
    ("set-up with an effect runs once", [("imports", "import time\nt = time.time()"),
                                         ("a", "x = t"), ("b", "y = t")],
     "setup>a:t setup>b:t"),
    ("parameter", [("pipeline-parameters", "p = 1"), ("a", "x = p"), ("b", "y = p")], ""),
    ("parameter reassigned", [("pipeline-parameters", "p = 1"), ("a", "p = p + 1"), ("b", "y = p")],
     "a>b:p"),
    ("maybe bound", [("a", "x = 1"), ("b", "if x > 5:\n    x = 2"), ("c", "y = x")], "a>b:x b>c:x"),
    ("maybe bound, not read", [("a", "x = 1\nq = 0"), ("b", "if q:\n    x = 2"), ("c", "y = x")],
     "a>b:q,x b>c:x"),
    ("bound on every path", [("a", "x = 1\nq = 0"), ("b", "if q:\n    x = 2\nelse:\n    x = 3"),
                             ("c", "y = x")], "a>b:q b>c:x"),
    ("loop variable survives", [("a", "for i in range(3):\n    pass"), ("b", "y = i")], "a>b:i"),
    ("comprehension does not leak", [("a", "i = 1"), ("b", "l = [i for i in range(3)]"),
                                     ("c", "y = i")], "a>c:i"),
    ("lambda argument does not leak", [("a", "v = 1"), ("b", "f = lambda v: v\ny = f(2)")], ""),
    ("lambda reads a global when called", [("a", "k = 1\nf = lambda: k"), ("b", "y = f()")],
     "a>b:f,k"),
    ("walrus", [("a", "if (n := 3) > 2:\n    pass"), ("b", "y = n")], "a>b:n"),
    ("match capture", [("a", "match [1, 2]:\n    case [p, q]:\n        pass"), ("b", "y = p + q")],
     "a>b:p,q"),
    ("with target", [("a", "import io\nwith io.StringIO() as s:\n    v = s.getvalue()"),
                     ("b", "y = v")], "a>b:v"),
    ("except branch", [("a", "try:\n    v = 1\nexcept ValueError:\n    v = 2"), ("b", "y = v")],
     "a>b:v"),
    ("deleted and bound again", [("a", "x = 1"), ("b", "del x\nx = 2"), ("c", "y = x")],
     "a>b:x b>c:x"),
    ("unpacking keeps parts apart", [("a", "x, y = [], []"), ("b", "x.append(1)"), ("c", "z = y")],
     "a>b:x a>c:y"),
    ("swap", [("a", "x = []\ny = {}"), ("b", "x, y = y, x"), ("c", "z = x")], "a>b:x,y b>c:x"),
    ("star import", [("imports", "from math import *"), ("a", "x = 4"), ("b", "y = sqrt(x) + pi")],
     "a>b:x"),
    ("builtin shadowed", [("a", "filter = 3"), ("b", "y = filter")], "a>b:filter"),
    ("names in eval", [("a", "u = 1\nv = 2"), ("b", "y = eval('u + v')")], "a>b:u,v"),
    ("names in exec", [("a", "u = 1"), ("b", "exec('w = u')"), ("c", "y = w")], "a>b:u b>c:w"),
    ("names in a query", [
        ("imports", "import pandas as pd"), ("a", "df = pd.DataFrame()\nlow = 1"),
        ("b", "y = df.query('v > @low')")], "a>b:df,low"),
    ("globals by name", [("a", "x = 1"), ("b", "globals()['w'] = x"),
                         ("c", "y = globals()['w']")], "a>b:x b>c:w"),
    ("f-string", [("a", "x = 1"), ("b", "y = f'{x:>{x}}'")], "a>b:x"),
    ("seed in set-up, stream carried", [
        ("imports", "import random\nrandom.seed(1)"), ("a", "x = random.random()"),
        ("b", "y = 1"), ("c", "z = random.random()")], f"a>c:{RNG}"),
    ("seed in a step", [("imports", "import random"), ("a", "random.seed(1)"),
                        ("b", "y = random.random()")], f"a>b:{RNG}"),
    ("unseeded draws are independent", [
        ("imports", "import random"), ("a", "x = random.random()"), ("b", "y = random.random()")],
     ""),
    ("estimator without a seed draws", [
        ("imports", "import numpy as np\nfrom sklearn.ensemble import RandomForestClassifier\n"
                    "np.random.seed(0)"),
        ("a", "m = RandomForestClassifier().fit([[1]], [1])"), ("b", "y = np.random.rand()")],
     "a>b:@random:numpy"),
    ("estimator with a seed does not", [
        ("imports", "import numpy as np\nfrom sklearn.ensemble import RandomForestClassifier\n"
                    "np.random.seed(0)"),
        ("a", "m = RandomForestClassifier(random_state=1).fit([[1]], [1])"),
        ("b", "y = np.random.rand()")], ""),
    ("two models of one data set", [
        ("imports", "import pandas as pd\nfrom sklearn.svm import SVC\n"
                    "from sklearn.linear_model import Ridge"),
        ("load", "df = pd.read_csv('d.csv')\nX = df[['a']]\nt = df['b']"),
        ("svm", "m = SVC(random_state=0).fit(X, t)"), ("ridge", "r = Ridge(random_state=0).fit(X, t)")],
     "load>svm:X,t load>ridge:X,t"),
    ("file by literal path", [("a", "open('o.txt', 'w').write('1')"),
                              ("b", "y = open('o.txt').read()")], "a>b:@file:o.txt"),
    ("file by joined path", [
        ("imports", "import os\nOUT = 'out'"), ("a", "import numpy as np\n"
         "np.save(os.path.join(OUT, 'm.npy'), [1])"),
        ("b", "y = open(f'{OUT}/m.npy').read()")], "a>b:@file:out/m.npy"),
    ("file by pathlib", [("imports", "from pathlib import Path"),
                         ("a", "Path('o.txt').write_text('1')"),
                         ("b", "y = (Path('.') / 'o.txt').read_text()")], "a>b:@file:o.txt"),
    ("file in a written folder", [
        ("imports", "import os"), ("a", "os.makedirs('out')"),
        ("b", "open('out/x.txt', 'w').write('1')"), ("c", "y = os.listdir('out')")],
     "a>b:@file:out/ a>c:@file:out/ b>c:@file:out/x.txt"),
    ("two writers into a made folder are independent", [
        ("imports", "import os"), ("a", "os.makedirs('out')"),
        ("b", "open('out/x.txt', 'w').write('1')"), ("c", "open('out/y.txt', 'w').write('1')")],
     "a>b:@file:out/ a>c:@file:out/"),
    ("a writer waits for who lists the folder", [
        ("imports", "import os"), ("a", "os.makedirs('out')"), ("b", "y = os.listdir('out')"),
        ("c", "open('out/y.txt', 'w').write('1')")],
     "a>b:@file:out/ a>c:@file:out/ b>c:"),
    ("frame to CSV and back", [
        ("imports", "import pandas as pd"), ("a", "pd.DataFrame().to_csv('o.csv')"),
        ("b", "y = pd.read_csv('o.csv')")], "a>b:@file:o.csv"),
    ("shell reads a written file", [("a", "open('o.txt', 'w').write('1')"), ("b", "!cat o.txt")],
     "a>b:@file:o.txt"),
    ("timed statement", [("a", "x = 1"), ("b", "%time y = x"), ("c", "z = y")], "a>b:x b>c:y"),
    ("timed cell", [("a", "%%time\nx = 1"), ("b", "y = x")], "a>b:x"),
    ("captured output", [("a", "%%capture out\nprint(1)"), ("b", "y = out.stdout")], "a>b:out"),
    ("shell interpolation", [("a", "x = 1"), ("b", "!echo {x} $x")], "a>b:x"),
    ("shell assignment", [("a", "x = !ls"), ("b", "y = x[0]")], "a>b:x"),
    ("prev without data", [("a", "x = 1"), ("b a", "y = 2")], "a>b:"),
    ("prev beside data", [("a", "x = 1"), ("b", "y = 2"), ("c a b", "z = y")], "a>c: b>c: b>c:y"),
    ("augmented global in a loop", [("a", "t = 0"), ("b", "for i in range(3):\n    t += i"),
                                    ("c", "y = t")], "a>b:t b>c:t"),
    ("class state changed", [
        ("functions", "class C:\n    n = 0\n    def go(self):\n        C.n += 1"),
        ("a", "c = C()"), ("b", "c.go()"), ("c", "y = C.n")], "a>b:c b>c:C"),
    ("recursion", [("functions", "def f(n):\n    return g if n == 0 else f(n - 1)"), ("a", "g = 1"),
                   ("b", "y = f(3)")], "a>b:g"),
    ("closure keeps state", [
        ("a", "def mk():\n    l = []\n    def add(v):\n        l.append(v)\n    return add\nf = mk()"),
        ("b", "f(1)"), ("c", "f(2)")], "a>b:f b>c:f"),
    ("module written by a step", [
        ("a", "open('m.py', 'w').write('v = 1')"), ("b", "from m import f\nx = f()"),
        ("c", "y = f()"), ("d", "z = 1")], "a>b:@file:m.py a>c:@file:m.py"),
    ("module written again", [
        ("a", "open('m.py', 'w').write('v = 1')"), ("a", "import m"), ("b", "y = m.v"),
        ("d", "open('m.py', 'w').write('v = 2')")], "a>b:@file:m.py a>d: b>d:"),
    ("user decorator registers", [
        ("functions", "R = {}\ndef reg(f):\n    R[f.__name__] = f\n    return f\n@reg\n"
                      "def foo():\n    return g"), ("a", "g = 1"), ("b", "y = R['foo']()")], "a>b:g"),
]  # fmt: skip


def edges_of(cells: Cells) -> str:
    """Render a notebook's edges as the table writes them."""
    graph = build_graph(tagged_notebook(cells))
    names: dict[tuple[str, str, bool], list[str]] = {}
    for edge in graph.edges:
        names.setdefault((edge.producer, edge.consumer, edge.kind == "order"), []).append(edge.name)
    return " ".join(sorted(f"{a}>{b}:{','.join(sorted(n))}" for (a, b, _), n in names.items()))


@pytest.mark.parametrize(
    ("cells", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_edges(cells: Cells, expected: str) -> None:
    """The graph has exactly these edges, each for exactly these names."""
    assert edges_of(cells) == " ".join(sorted(expected.split()))
