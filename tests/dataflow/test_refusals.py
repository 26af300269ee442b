"""What is refused or warned of before anything runs: code, cell and line, by table."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalelike.diagnostics import Diagnostic, Severity
from kalelike.errors import CompileError
from kalelike.graph.build import build_graph
from tests.dataflow.tagged import Cells, tagged_notebook

_CACHED = "import functools\n@functools.cache\ndef f(a):\n    return [a]"
_VOTES = """class Votes(BaseEstimator):
    def __init__(self, models):
        self.models = models
        self.named = {str(i): m for i, m in enumerate(models)}
    def fit(self, x, y):
        self.fitted = []
        for m in self.models:
            one = clone(m).fit(x, y)
            self.fitted.append(one)
        return self
    def predict(self, x):
        found = np.asarray([m.predict(x) for m in self.fitted]).T
        return np.apply_along_axis(lambda v: np.argmax(np.bincount(v)), axis=1, arr=found)
    def predict_proba(self, x):
        return np.average(np.asarray([m.predict_proba(x) for m in self.fitted]), axis=0)
    def get_params(self, deep=True):
        out = self.named.copy()
        for name, step in self.named.items():
            for key, value in step.get_params(deep=True).items():
                out[name + key] = value
        return out
"""
REFUSED: list[tuple[str, Cells, str, int, int]] = [
    ("typo", [("a", "value = 1"), ("b", "y = 0\nx = valeu")], "undefined-name", 2, 2),
    ("used before it is defined", [("a", "y = x"), ("b", "x = 1")], "defined-later", 1, 1),
    ("only in a skipped cell", [("skip", "x = 1"), ("a", "y = x")], "skip-only-name", 2, 1),
    ("deleted", [("a", "x = 1\ndel x"), ("b", "y = x")], "defined-later", 2, 1),
    ("undefined in a called function", [("functions", "def f():\n    return nope"), ("a", "f()")],
     "undefined-name", 1, 2),
    ("syntax", [("a", "x = 1"), ("b", "y = 2\nz = (")], "syntax-error", 2, 2),
    ("generator", [("a", "g = (i for i in range(3))"), ("b", "y = list(g)")], "cannot-cross", 2, 1),
    ("generator function", [("functions", "def f():\n    yield 1"), ("a", "g = f()"),
                            ("b", "y = next(g)")], "cannot-cross", 3, 1),
    ("open file", [("a", "f = open('o.txt', 'w')"), ("b", "f.write('1')")], "cannot-cross", 2, 1),
    ("database", [("imports", "import sqlite3"), ("a", "c = sqlite3.connect('o.db')"),
                  ("b", "c.execute('x')")], "cannot-cross", 3, 1),
    ("lock", [("imports", "import threading"), ("a", "l = threading.Lock()"), ("b", "l.acquire()")],
     "cannot-cross", 3, 1),
    ("pool of CatBoost", [("imports", "from catboost import Pool"), ("a", "p = Pool([[1]], [1])"),
                          ("b", "print(p)")], "cannot-cross", 3, 1),
    ("history of another step", [("a", "1 + 1"), ("b", "y = _")], "history-read", 2, 1),
    ("folder chosen by a computed value", [
        ("imports", "import os"), ("a", "d = input()\nos.chdir(d)"), ("b", "y = 1")],
     "state-cannot-move", 2, 2),
    ("environment set from a computed value", [
        ("imports", "import os"), ("a", "d = input()\nos.environ['X'] = d"), ("b", "y = 1")],
     "state-cannot-move", 2, 2),
    ("environment set from a name that a value replaced", [
        ("imports", "import os"), ("a", "d = 'x'\nd = input()\nos.environ['X'] = d"), ("b", "y = 1")],
     "state-cannot-move", 2, 3),
    ("kept result changed by name", [
        ("functions", _CACHED), ("a", "x = f(1)"), ("b", "x.append(2)"), ("c", "print(f(1))")],
     "state-cannot-move", 3, 1),
    ("kept result changed where it is asked for", [
        ("functions", _CACHED), ("a", "x = f(1)"), ("b", "y = f(1)\ny.append(2)"), ("c", "print(x)")],
     "state-cannot-move", 3, 2),
    ("kept frame given a column", [
        ("functions", "import functools\nimport pandas as pd\n@functools.lru_cache(maxsize=None)\n"
                      "def f():\n    return pd.DataFrame({'v': [1]})"),
        ("a", "d = f()\nd['w'] = 2"), ("b", "print(f())")], "state-cannot-move", 2, 2),
    ("function that keeps results and counts its calls", [
        ("functions", "import functools\nn = []\n@functools.cache\ndef f(a):\n    n.append(a)\n    return a"),
        ("a", "x = f(1)"), ("b", "y = f(1)"), ("c", "print(n)")], "state-cannot-move", 2, 1),
    ("no step at all", [("imports", "import os")], "no-steps", 0, 0),
]  # fmt: skip

ALLOWED: list[tuple[str, Cells]] = [
    ("a library's constant and type stored into a frame", [
        ("imports", "import numpy as np\nimport pandas as pd"),
        ("a", "df = pd.DataFrame([[1., np.nan], [3, 4]])\ndf.iloc[:1, 1] = np.nan\n"
              "df.iloc[:1, 0] = np.float64\ndf.iloc[1:, 0] = 0\nx = [np.nan][0]"), ("b", "y = df")]),
    ("function that keeps its results, which stay", [
        ("functions", _CACHED), ("a", "x = f(1)"), ("b", "y = list(f(1))\ny.append(2)"), ("c", "print(x)")]),
    ("name tested by try", [("a", "try:\n    q = z\nexcept NameError:\n    q = 0")]),
    ("name on a path not taken", [("a", "if False:\n    q = z")]),
    ("function never called", [("functions", "def f():\n    return nope"), ("a", "x = 1")]),
    ("history within a step", [("a", "1 + 1"), ("a", "y = _")]),
    ("what IPython provides", [("a", "display(1)\nget_ipython()\nprint(__name__)")]),
    ("generator used where it is made", [("a", "g = (i for i in [1])\ny = list(g)"), ("b", "z = y")]),
    ("file closed where it is opened", [("a", "with open('o.txt') as f:\n    t = f.read()"),
                                        ("b", "y = t")]),
    ("import or dictionary, by a branch", [
        ("a", "f = len('ab') > 5\nif f:\n    import json as m\nelse:\n    m = {}"),
        ("b", "m['k'] = 1"), ("c", "print(m)")]),
    ("import or dictionary, by what is installed", [
        ("a", "try:\n    import nowhere_at_all as m\nexcept ImportError:\n    m = {}"),
        ("b", "m['k'] = 1"), ("c", "print(m)")]),
    ("column of a frame that gets other columns", [
        ("imports", "import pandas as pd"),
        ("a", "df = pd.DataFrame({'v': [1., 2.]})\nv = df['v']"),
        ("b", "df['w'] = v * 2"), ("c", "print(v, df)")]),
    ("column made after its frame was written into", [
        ("imports", "import numpy as np\nimport pandas as pd"),
        ("a", "df = pd.DataFrame({'v': [1., 2.]})\nx = [1.0]"),
        ("b", "df.loc[0, 'v'] = 5\nv = df['v']\nprint(np.nan in [np.nan])"), ("c", "print(v, df)")]),
    ("memory filled before it is shown", [
        ("imports", "import numpy as np"),
        ("a", "x = np.empty(3)\nx[:] = 1\nprint(x)\ny = np.empty(2)\ny.fill(0)\nnp.empty(1);"),
        ("b", "np.multiply(x, 2, out=x)\nnp.empty(3, dtype=object)")]),
    ("annotation only", [("a", "x: int\nx = 1")]),
    ("class name in its own method", [("a", "class C:\n    def m(self):\n        return C\nC().m()")]),
    ("constant of a library in a column", [
        ("imports", "import numpy as np\nimport pandas as pd"),
        ("a", "d = pd.DataFrame({'g': [1]})\nd['x'] = np.nan\nfor _, part in d.groupby('g'):\n"
              "    v = part['x'].values\n    v[1:] -= v[:-1]"), ("b", "print(d)")]),
    ("function of a library beside what is changed", [
        ("imports", "import numpy as np\nimport pandas as pd"),
        ("a", "d = {'frame': pd.DataFrame({'g': [1]}), 'how': np.mean}\nd['frame']['k'] = 1\n"
              "t = d['frame'].agg({'g': [np.mean, np.sum]})\nrow = t.iloc[0]\nrow['z'] = 2"),
        ("b", "print(d, t)")]),
    ("estimator that clones estimators", [
        ("imports", "import numpy as np\nfrom sklearn.base import BaseEstimator, clone\n"
                    "from sklearn.pipeline import make_pipeline\nfrom sklearn.svm import SVC\n"
                    "from sklearn.model_selection import cross_val_score, GridSearchCV"),
        ("functions", _VOTES), ("a", "x, y = np.ones((9, 2)), np.ones(9)\na, b = SVC(), make_pipeline(SVC())\n"
                                "m = Votes([a, b])\nevery = [a, b, m]"),
        ("b", "for one in every:\n    s = cross_val_score(one, x, y)"),
        ("c", "for one in every:\n    one.fit(x, y)\n    p = one.predict(x)\nm.get_params()\n"
              "g = GridSearchCV(m, {'a': [1]})\ng.fit(x, y)\nprint(clone(m).fit(x, y).predict(x))\n"
              "for _ in range(2):\n    m = Votes([m, clone(m)])\n    m.fit(x, y)")]),
    ("pylab", [("imports", "%pylab inline"), ("a", "x = linspace(0, 1)\nplt.plot(x)"),
               ("b", "print(x, np.pi, randn(2))")]),
    ("star import of pylab", [("imports", "from pylab import *"), ("a", "x = arange(3)\nplot(x)"),
                              ("b", "print(x, np.pi, linalg.norm(x))")]),
    ("unknown star import", [("imports", "from nowhere_at_all import *"), ("a", "y = thing")]),
]  # fmt: skip

WARNED: list[tuple[str, Cells, str, Severity]] = [
    ("code in a string", [("a", "s = input()\nexec(s)")], "dynamic-code", Severity.WARNING),
    ("parameter reassigned", [("pipeline-parameters", "p = 1"), ("a", "p = 2"), ("b", "y = p")],
     "parameter-reassigned", Severity.NOTE),
    ("path not known", [("a", "p = input()\nopen(p, 'w').write('1')"), ("b", "y = 1")],
     "undecidable-path", Severity.WARNING),
    ("code from a value in a setting", [
        ("imports", "import pandas as pd"),
        ("a", "w = int(input())\npd.options.display.float_format = lambda v: f'{v:.{w}f}'"),
        ("b", "y = 1")],
     "state-cannot-move", Severity.WARNING),
    ("logging from a value", [
        ("imports", "import logging"), ("a", "w = int(input())\nlogging.disable(w)"), ("b", "y = 1")],
     "state-cannot-move", Severity.WARNING),
    ("column whose frame is written into later", [
        ("imports", "import pandas as pd"),
        ("a", "df = pd.DataFrame({'v': [1., 2.]})\nv = df['v'].values"),
        ("b", "df.loc[0, 'v'] = 5"), ("c", "print(v, df)")],
     "memory-split", Severity.WARNING),
    ("frame of an array that is written into later", [
        ("imports", "import numpy as np\nimport pandas as pd"),
        ("a", "x = np.zeros((2, 2))\ndf = pd.DataFrame(x)"), ("b", "x[0, 0] = 5"), ("c", "print(df)")],
     "memory-split", Severity.WARNING),
    ("NaN searched by identity", [
        ("imports", "import numpy as np"), ("a", "x = [np.nan]"), ("b", "print(np.nan in x)")],
     "identity-not-kept", Severity.WARNING),
    ("base of an array", [
        ("imports", "import numpy as np"), ("a", "x = np.zeros(3)\ny = x[1:]"),
        ("b", "print(y.base is x)")],
     "identity-not-kept", Severity.WARNING),
    ("memory shown as it is", [
        ("imports", "import numpy as np"), ("a", "x = np.empty(3)\ny = x\ny")],
     "uninitialised-memory", Severity.WARNING),
    ("memory printed", [("imports", "import numpy as np"), ("a", "print(np.empty_like([1.0]))")],
     "uninitialised-memory", Severity.WARNING),
    ("computed parameter", [("pipeline-parameters", "a = 1\nb = a * 2"), ("s", "y = b")],
     "computed-parameter", Severity.NOTE),
]  # fmt: skip


def refusals(cells: Cells) -> tuple[Diagnostic, ...]:
    """Return the errors that stop the notebook."""
    with pytest.raises(CompileError) as caught:
        build_graph(tagged_notebook(cells))
    return tuple(d for d in caught.value.diagnostics if d.severity is Severity.ERROR)


@pytest.mark.parametrize(
    ("cells", "code", "number", "line"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_refused(cells: Cells, code: str, number: int, line: int) -> None:
    """The one error has this code and points at this cell and line."""
    found = refusals(cells)
    assert [item.code.name for item in found] == [code]
    place = found[0].location
    assert (place.number or 0, place.line or 0) == (number, line)
    assert found[0].hint


@pytest.mark.parametrize("cells", [row[1] for row in ALLOWED], ids=[row[0] for row in ALLOWED])
def test_allowed(cells: Cells) -> None:
    """What runs in the notebook is not refused."""
    graph = build_graph(tagged_notebook(cells))
    assert graph.steps
    told = {item.code.name for item in graph.diagnostics}
    assert told.isdisjoint({"uninitialised-memory", "memory-split", "identity-not-kept"})


@pytest.mark.parametrize(
    ("cells", "code", "severity"), [row[1:] for row in WARNED], ids=[row[0] for row in WARNED]
)
def test_told(cells: Cells, code: str, severity: Severity) -> None:
    """What may surprise is told, and does not stop the compile."""
    found = build_graph(tagged_notebook(cells)).diagnostics
    assert [(item.code.name, item.severity) for item in found] == [(code, severity)]


def test_all_mistakes_are_told_at_once() -> None:
    """Users meet every mistake in one go."""
    found = refusals([("a", "x = nope1"), ("b", "y = nope2"), ("c", "z = nope3")])
    assert [item.location.number for item in found] == [1, 2, 3]


def test_a_helper_that_sets_and_calls_at_import_is_imported_again(tmp_path: Path) -> None:
    """Whatever it calls is its own affair; its settings hold in each step that imports it."""
    (tmp_path / "start.py").write_text(
        "import numpy as np\nimport matplotlib.pyplot as plt\nfrom somewhere import unheard_of\n"
        "plt.rc('axes', prop_cycle=unheard_of(plt))\nnp.set_printoptions(precision=3)\n",
        "utf-8",
    )
    cells = [("a", "from start import *\nx = np.ones(3)"), ("b", "print(np.sum(x))")]
    graph = build_graph(tagged_notebook(cells, str(tmp_path)))
    assert [item.code.name for item in graph.diagnostics] == []
    assert "from start import *" in "".join(item.source for item in graph.steps[1].preamble)
