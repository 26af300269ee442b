"""What draws from a global random generator, by table: a later draw must wait for it."""

from __future__ import annotations

import pytest

from tests.dataflow.test_edges import edges_of

NUMPY = [
    ("scipy.stats.permutation_test", "from scipy import stats", "stats.permutation_test(1, 2)"),
    ("scipy.stats.bootstrap", "from scipy import stats", "stats.bootstrap((1,), max)"),
    ("a seed that is None", "from scipy import stats", "stats.bootstrap((1,), max, rng=None)"),
    ("a frozen distribution", "from scipy.stats import norm", "norm(0, 1).rvs(3)"),
    ("scipy's k-means", "from scipy.cluster.vq import kmeans", "kmeans([[1.]], 1)"),
    ("scipy.optimize", "from scipy import optimize", "optimize.basinhopping(abs, 1)"),
    ("sparse", "import scipy.sparse as sp", "sp.rand(3, 3)"),
    ("sparse eigenvalues", "from scipy.sparse.linalg import svds", "svds([[1.]])"),
    ("statsmodels sample", "import statsmodels.api as sm", "sm.tsa.arma_generate_sample(1, 1, 1)"),
    ("statsmodels process", "from statsmodels.tsa.arima_process import ArmaProcess",
     "ArmaProcess([1], [1]).generate_sample(10)"),
    ("statsmodels simulate", "import statsmodels.api as sm", "sm.tsa.SARIMAX([1]).fit().simulate(9)"),
    ("statsmodels regimes", "import statsmodels.api as sm",
     "sm.tsa.MarkovRegression([1], k_regimes=2).fit(search_reps=20)"),
    ("statsmodels imputation", "from statsmodels.imputation import mice",
     "mice.MICEData([1]).update_all()"),
    ("seaborn by kind", "import seaborn as sns", "sns.jointplot(x=[1], y=[2], kind='reg')"),
    ("networkx layout", "import networkx as nx", "nx.spring_layout([1])"),
    ("sklearn function", "from sklearn.utils.extmath import randomized_svd", "randomized_svd(1, 3)"),
    ("sklearn mutual information", "from sklearn.feature_selection import mutual_info_classif",
     "mutual_info_classif([[1]], [1])"),
    ("sklearn sample", "from sklearn.metrics import silhouette_score",
     "silhouette_score([[1]], [1], sample_size=1)"),
    ("sklearn estimator", "from sklearn.neighbors import NeighborhoodComponentsAnalysis as N",
     "N().fit([[1]], [1])"),
]  # fmt: skip
STEADY = [
    ("a seed", "from scipy import stats", "stats.bootstrap((1,), max, rng=1)"),
    ("a test", "from scipy import stats", "stats.ttest_ind([1], [2])"),
    ("a plot", "import seaborn as sns", "sns.jointplot(x=[1], y=[2])"),
    ("a seeded plot", "import seaborn as sns", "sns.barplot(x=[1], seed=3)"),
    ("a score", "from sklearn.metrics import silhouette_score", "silhouette_score([[1]], [1])"),
    ("a seeded graph", "import networkx as nx", "nx.gnp_random_graph(9, .5, seed=1)"),
]


def _edges(imports: str, drawing: str, module: str = "numpy") -> str:
    first = {"numpy": "import numpy as np\nnp.random.seed(0)", "random": "random.seed(0)"}[module]
    then = {"numpy": "np.random.rand()", "random": "random.random()"}[module]
    return edges_of([("imports", f"import random\n{imports}"), ("s", first), ("a", drawing),
                     ("b", f"z = {then}")])  # fmt: skip


@pytest.mark.parametrize(
    ("imports", "drawing"), [row[1:] for row in NUMPY], ids=[row[0] for row in NUMPY]
)
def test_a_draw_from_numpy(imports: str, drawing: str) -> None:
    """The step that draws next gets the generator from the one that draws first."""
    assert _edges(imports, drawing) == "a>b:@random:numpy s>a:@random:numpy"


@pytest.mark.parametrize(
    "drawing", ["nx.gnp_random_graph(9, .5)", "nx.barabasi_albert_graph(9, 2)"]
)
def test_a_draw_from_python(drawing: str) -> None:
    """Graphs are made with Python's generator."""
    found = _edges("import networkx as nx", drawing, "random")
    assert found == "a>b:@random:python s>a:@random:python"


@pytest.mark.parametrize(
    ("imports", "drawing"), [row[1:] for row in STEADY], ids=[row[0] for row in STEADY]
)
def test_no_draw(imports: str, drawing: str) -> None:
    """What has a seed of its own, or draws nothing, stands apart."""
    assert _edges(imports, drawing) == "s>b:@random:numpy"
