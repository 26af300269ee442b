"""Notebooks that others carry right too: they must not get worse here."""

from __future__ import annotations

from tests.equivalence.harness import Verdict
from tests.probes.probe import Probe

PANDAS = ("imports", "import numpy as np\nimport pandas as pd")
IRIS = (
    "imports",
    "import numpy as np\nimport pandas as pd\nfrom sklearn.datasets import load_iris\n"
    "from sklearn.linear_model import LogisticRegression\nfrom sklearn.ensemble import "
    "RandomForestClassifier\nfrom sklearn.model_selection import train_test_split\n"
    "from sklearn.metrics import accuracy_score",
)


def _logged(verdict: Verdict) -> None:
    log = (verdict.folder("a") / "log.txt").read_text("utf-8")
    assert "seen by the user" in log


PROBES = [
    Probe("c01", "change in place", [
        PANDAS, ("step:a", "df = pd.DataFrame({'v': [1, 2]})"), ("step:b", "df['w'] = df.v * 2"),
        ("step:c", "print(df.w.sum())")]),
    Probe("c02", "append", [
        ("step:a", "x = [1]"), ("step:b", "x.append(2)"), ("step:c", "print(x)")]),
    Probe("c13", "top-level await", [
        ("imports", "import asyncio"),
        ("functions", "async def slow(v):\n    await asyncio.sleep(0)\n    return v + 1"),
        ("step:a", "x = await slow(1)"), ("step:b", "print(x, await slow(x))")]),
    Probe("c17", "functions that call functions", [
        ("functions", "def inner(v):\n    return v + base\ndef outer(v):\n    return inner(v) * 2"),
        ("step:a", "base = 10"), ("step:b", "print(outer(1))")]),
    Probe("c18", "closure", [
        ("functions", "def adder(n):\n    def add(v):\n        return v + n\n    return add"),
        ("step:a", "plus = adder(3)"), ("step:b", "print(plus(4))")]),
    Probe("c24", "a scalar is formatted", [
        ("imports", "import numpy as np"), ("step:a", "m = np.mean([1, 2, 4])"),
        ("step:b", "print(f'{m:.3f} {m!r}')")]),
    Probe("c48", "display", [
        PANDAS, ("step:a", "df = pd.DataFrame({'v': [1, 2]})\ndisplay(df)\ndf.describe()"),
        ("step:b", "display(df.v.sum())\ndf")]),
    Probe("c51", "long and foreign texts", [
        ("step:a", "text = '''ein\\ttext\nüber \"zwei\" 'Zeilen' {x} $HOME \\\\ 文 🙂'''"),
        ("step:b", "print(text, len(text))")]),
    Probe("c55", "decorators", [
        ("functions", "import functools\ncalls = []\ndef traced(f):\n    @functools.wraps(f)\n"
                      "    def inner(*a):\n        calls.append(f.__name__)\n        return f(*a)\n"
                      "    return inner\n@traced\ndef twice(v):\n    return v * 2"),
        ("step:a", "x = twice(3)"), ("step:b", "y = twice(x)"), ("step:c", "print(x, y, calls)")]),
    Probe("c57", "lru_cache", [
        ("functions", "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef fib(n):\n"
                      "    return n if n < 2 else fib(n - 1) + fib(n - 2)"),
        ("step:a", "x = fib(12)"), ("step:b", "print(x, fib(15))")]),
    Probe("c60", "a boosted model", [
        ("imports", "import numpy as np\nfrom sklearn.ensemble import GradientBoostingClassifier"),
        ("step:a", "rng = np.random.default_rng(0)\nX = rng.normal(size=(60, 3))\ny = X[:, 0] > 0"),
        ("step:b", "m = GradientBoostingClassifier(n_estimators=5, random_state=0).fit(X, y)"),
        ("step:c", "print(m.score(X, y), m.predict(X)[:5])")]),
    Probe("c62", "del", [
        ("step:a", "x = 1\ntmp = 2\ndel tmp"), ("step:b", "print(x, 'tmp' in globals())")]),
    Probe("d02", "iris in five steps", [
        IRIS, ("pipeline-parameters", "test_size = 0.25\nseed = 3"),
        ("step:load", "data = load_iris(as_frame=True)\ndf = data.frame"),
        ("step:split", "X = df.drop(columns='target')\ny = df.target\nX_train, X_test, y_train, "
                       "y_test = train_test_split(X, y, test_size=test_size, random_state=seed)"),
        ("step:lr", "lr = LogisticRegression(max_iter=500).fit(X_train, y_train)\n"
                    "lr_acc = accuracy_score(y_test, lr.predict(X_test))"),
        ("step:rf", "rf = RandomForestClassifier(10, random_state=seed).fit(X_train, y_train)\n"
                    "rf_acc = accuracy_score(y_test, rf.predict(X_test))"),
        ("step:best", "best = max([('lr', lr_acc), ('rf', rf_acc)], key=lambda p: p[1])\n"
                      "print(best)"),
        ("pipeline-metrics", "print(lr_acc)\nprint(rf_acc)")]),
    Probe("d10", "a step of many cells", [
        ("step:a", "x = 1"), ("", "x += 1"), ("", "y = x * 2"), ("step:b", "z = y"), ("", "print(z)")]),
    Probe("d11", "what the user prints is in the log", [
        ("step:a", "print('seen by the user')"), ("step:b", "print(2)")],
        check=_logged),
    Probe("d12", "recursion over a global", [
        ("functions", "def walk(n):\n    return [] if n == 0 else [depth - n, *walk(n - 1)]"),
        ("step:a", "depth = 4"), ("step:b", "print(walk(depth))")]),
    Probe("e24", "numpy scalars keep their type", [
        ("imports", "import numpy as np"),
        ("step:a", "a, b, c = np.int32(3), np.float32(.5), np.bool_(True)"),
        ("step:b", "print(type(a), type(b), type(c), f'{b:.1f}', a + 1)")]),
    Probe("e36", "in-place operators", [
        ("imports", "import numpy as np"), ("step:a", "a = np.arange(4.)\nb = a"),
        ("step:b", "a += 1"), ("step:c", "a *= b"), ("step:d", "print(a, b, a is b)")]),
    Probe("e40", "walrus", [
        ("step:a", "if (n := len('abc')) > 2:\n    m = n"), ("step:b", "print(n, m)")]),
    Probe("e41", "f-string with a format of its own", [
        ("step:a", "value, width = 3.14159, 8"), ("step:b", "print(f'{value:{width}.2f}|')")]),
    Probe("e42", "a value skips steps", [
        ("step:a", "x = 5"), ("step:b", "y = 1"), ("step:c", "z = y + 1"), ("step:d", "print(x + z)")]),
    Probe("e43", "try and except", [
        ("step:a", "try:\n    v = int('x')\nexcept ValueError as error:\n    v = -1\n"
                   "    why = str(error)"),
        ("step:b", "print(v, why)")]),
    Probe("e44", "with and loops", [
        ("step:a", "import io\nwith io.StringIO('1\\n2\\n') as f:\n    for line in f:\n"
                   "        last = int(line)"),
        ("step:b", "print(last)")]),
    Probe("e45", "starred assignment", [
        ("step:a", "head, *tail = [1, 2, 3]"), ("step:b", "print(head, tail)")]),
    Probe("e46", "class inheritance", [
        ("functions", "class Base:\n    kind = 'base'\n    def name(self):\n        return self.kind\n"
                      "class Child(Base):\n    kind = 'child'\n    def name(self):\n"
                      "        return super().name() + '!'"),
        ("step:a", "c = Child()"), ("step:b", "print(c.name(), isinstance(c, Base))")]),
    Probe("e47", "groupby, merge, apply", [
        PANDAS, ("step:a", "df = pd.DataFrame({'k': list('abab'), 'v': range(4)})"),
        ("step:b", "sums = df.groupby('k', as_index=False).v.sum()\n"
                   "df = df.merge(sums, on='k', suffixes=('', '_sum'))"),
        ("step:c", "print(df.apply(lambda r: r.v / r.v_sum, axis=1).round(3).tolist())")]),
]  # fmt: skip
