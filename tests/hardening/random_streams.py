"""Random numbers are those of the notebook: seeds, streams, generators, estimators."""

from __future__ import annotations

from tests.probes.probe import Probe

NP = ("imports", "import numpy as np\nimport random\nimport pandas as pd")
SK = ("imports", "import numpy as np\nimport pandas as pd\nfrom sklearn.ensemble import "
      "RandomForestClassifier\nfrom sklearn.cluster import KMeans\nfrom sklearn.model_selection "
      "import train_test_split, cross_val_score, KFold, ShuffleSplit, GridSearchCV\n"
      "from sklearn.linear_model import SGDClassifier, LogisticRegression\n"
      "from sklearn.neural_network import MLPClassifier\nfrom sklearn.utils import shuffle, resample\n"
      "from sklearn.datasets import make_blobs\nfrom sklearn.pipeline import make_pipeline\n"
      "from sklearn.decomposition import PCA\nnp.random.seed(5)")  # fmt: skip
DATA = ("step:data", "X = np.arange(40.).reshape(20, 2)\ny = np.array([0, 1] * 10)")


def sk(id: str, use: str) -> Probe:
    """The stream after ``use`` is seen by the next step."""
    return Probe(id, use, [SK, DATA, ("step:a", use), ("step:b", "print(np.random.rand())")])


PROBES = [
    Probe("seed-in-parameters", "the seed is a parameter", [
        NP, ("pipeline-parameters", "SEED = 3"), ("step:a", "np.random.seed(SEED)\nx = np.random.rand()"),
        ("step:b", "print(x, np.random.rand())")]),
    Probe("seed-in-function", "a helper seeds", [
        NP, ("functions", "def seed_everything(n):\n    random.seed(n)\n    np.random.seed(n)"),
        ("step:a", "seed_everything(2)"), ("step:b", "x = random.random()"),
        ("step:c", "print(x, np.random.rand(), random.random())")]),
    Probe("seed-called-in-setup", "set-up calls the helper", [
        ("imports", "import random\nimport numpy as np\ndef seed_all(n):\n    random.seed(n)\n"
                    "    np.random.seed(n)\nseed_all(4)"),
        ("step:a", "x = np.random.rand(), random.random()"),
        ("step:b", "print(x, np.random.rand(), random.random())")]),
    Probe("reseeded", "a later step seeds again", [
        NP, ("step:a", "np.random.seed(1)\nx = np.random.rand()"), ("step:b", "np.random.seed(1)\ny = np.random.rand()"),
        ("step:c", "print(x == y, np.random.rand())")]),
    Probe("draw-in-helper", "a helper draws", [
        NP, ("functions", "def noise(n):\n    return np.random.normal(size=n)"),
        ("step:a", "np.random.seed(0)"), ("step:b", "u = noise(2)"), ("step:c", "print(u, noise(2))")]),
    Probe("draw-in-method", "a method draws", [
        NP, ("functions", "class Env:\n    def step(self):\n        return random.choice([1, 2, 3, 4])"),
        ("step:a", "random.seed(0)\ne = Env()"), ("step:b", "u = [e.step() for _ in range(3)]"),
        ("step:c", "print(u, [e.step() for _ in range(3)])")]),
    Probe("draw-in-apply", "pandas calls a function that draws", [
        NP, ("step:a", "np.random.seed(0)\ndf = pd.DataFrame({'v': [1, 2]})"),
        ("step:b", "df['n'] = df.v.apply(lambda v: v + np.random.rand())"),
        ("step:c", "print(df, np.random.rand())")]),
    Probe("pandas-sample", "DataFrame.sample", [
        NP, ("step:a", "np.random.seed(0)\ndf = pd.DataFrame({'v': range(9)})"),
        ("step:b", "s = df.sample(3)"), ("step:c", "print(s, df.sample(3))")]),
    Probe("state-saved", "get_state and set_state", [
        NP, ("step:a", "np.random.seed(0)\nstate = np.random.get_state()\nx = np.random.rand()"),
        ("step:b", "np.random.set_state(state)\ny = np.random.rand()"), ("step:c", "print(x == y, np.random.rand())")]),
    Probe("branches", "three branches draw", [
        NP, ("step:a", "np.random.seed(0)"), ("step:b prev:a", "u = np.random.rand()"),
        ("step:c prev:a", "v = np.random.rand()"), ("step:d prev:a", "w = np.random.rand()"),
        ("step:e", "print(u, v, w)")]),
    Probe("conditional-draw", "a draw on one path", [
        NP, ("step:a", "np.random.seed(0)\nq = 1"), ("step:b", "if q:\n    u = np.random.rand()"),
        ("step:c", "print(u, np.random.rand())")]),
    Probe("rng-object", "a Generator is passed to a function", [
        NP, ("functions", "def draw(rng):\n    return rng.integers(100)"),
        ("step:a", "rng = np.random.default_rng(1)"), ("step:b", "u = draw(rng)"),
        ("step:c", "print(u, draw(rng))")]),
    Probe("rng-shuffle", "a Generator shuffles in place", [
        NP, ("step:a", "rng = np.random.default_rng(1)\nx = np.arange(5)"), ("step:b", "rng.shuffle(x)"),
        ("step:c", "print(x, rng.random())")]),
    Probe("rng-attribute", "a Generator held by an object", [
        NP, ("functions", "class Agent:\n    def __init__(self, s):\n        self.rng = np.random.default_rng(s)\n"
                          "    def act(self):\n        return self.rng.integers(9)"),
        ("step:a", "a = Agent(1)"), ("step:b", "u = a.act()"), ("step:c", "print(u, a.act())")]),
    Probe("random-state-object", "RandomState as random_state", [
        SK, DATA, ("step:a", "rs = np.random.RandomState(3)\nA, B = train_test_split(X, random_state=rs)"),
        ("step:b", "C, D = train_test_split(X, random_state=rs)"), ("step:c", "print(A[:2], C[:2], rs.rand())")]),
    Probe("random-random", "random.Random", [
        NP, ("step:a", "r = random.Random(1)"), ("step:b", "u = r.random()"), ("step:c", "print(u, r.choice([1, 2, 3]))")]),
    Probe("aliased-function", "a draw under another name", [
        ("imports", "from numpy.random import rand, seed as plant\nfrom random import random as r01, seed"),
        ("step:a", "plant(1)\nseed(2)"), ("step:b", "u = rand(), r01()"), ("step:c", "print(u, rand(), r01())")]),
    Probe("function-as-value", "a drawing function is passed on", [
        NP, ("step:a", "np.random.seed(1)"), ("step:b", "u = [f() for f in (np.random.rand, np.random.randn)]"),
        ("step:c", "print(u, np.random.rand())")]),
    sk("sk-split", "A, B = train_test_split(X)"),
    sk("sk-split-seeded", "A, B = train_test_split(X, random_state=0)"),
    sk("sk-forest", "m = RandomForestClassifier(3).fit(X, y)"),
    sk("sk-kmeans", "m = KMeans(2, n_init=2).fit(X)"),
    sk("sk-mlp", "m = MLPClassifier((2,), max_iter=3, solver='sgd')\nimport warnings\n"
                 "with warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    m.fit(X, y)"),
    sk("sk-sgd", "m = SGDClassifier(max_iter=5, tol=None).fit(X, y)"),
    sk("sk-cv", "s = cross_val_score(RandomForestClassifier(2), X, y, cv=2)"),
    sk("sk-kfold", "s = list(KFold(2, shuffle=True).split(X))"),
    sk("sk-shuffle", "A, B = shuffle(X, y)"),
    sk("sk-resample", "A = resample(X)"),
    sk("sk-blobs", "A, B = make_blobs(5)"),
    sk("sk-grid-draws", "g = GridSearchCV(RandomForestClassifier(2), {'max_depth': [1, 2]}, cv=2).fit(X, y);"),
    sk("sk-pipeline", "p = make_pipeline(PCA(1), RandomForestClassifier(2)).fit(X, y)"),
    sk("sk-models-loop", "for m in (RandomForestClassifier(2), LogisticRegression()):\n    m.fit(X, y)"),
    sk("sk-predict-steady", "m = RandomForestClassifier(2, random_state=0).fit(X, y)\np = m.predict(X)"),
    Probe("sk-fit-later", "the estimator is made in one step and fitted in another", [
        SK, DATA, ("step:a", "m = RandomForestClassifier(2)"), ("step:b", "m.fit(X, y);"),
        ("step:c", "print(np.random.rand(), m.predict(X))")]),
]  # fmt: skip
