"""Notebooks without tags, as people write them: steps come from headings, or from data flow."""

from __future__ import annotations

Cells = list[tuple[str, str]]
MD = "markdown"

HOUSES: Cells = [
    (MD, "# House prices\nA look at prices."),
    ("", "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\n%matplotlib inline\n"
         "import warnings\nwarnings.filterwarnings('ignore')"),
    ("", "plt.rcParams['figure.figsize'] = (4, 3)\npd.set_option('display.precision', 3)"),
    (MD, "## 1. Load the data"),
    ("", "rng = np.random.default_rng(0)\ndf = pd.DataFrame({'area': rng.uniform(30, 200, 80), "
         "'rooms': rng.integers(1, 7, 80), 'town': rng.choice(['A', 'B', None], 80)})\n"
         "df['price'] = df.area * 3 + df.rooms * 10 + rng.normal(0, 5, 80)"),
    ("", "df.head()"),
    ("", "df.info()\ndf.describe()"),
    (MD, "### Missing values"),
    ("", "df.isna().sum()"),
    (MD, "## 2. Clean"),
    ("", "def fill(frame, column, value):\n    frame[column] = frame[column].fillna(value)\n    return frame"),
    ("", "fill(df, 'town', 'unknown')\ndf['log_area'] = np.log(df['area'])\ndf.drop(columns=['area'], inplace=True)"),
    ("", "for c in ['rooms', 'log_area']:\n    df[c] = (df[c] - df[c].mean()) / df[c].std()"),
    (MD, "## 3. Explore"),
    ("", "fig, ax = plt.subplots()\nax.scatter(df.rooms, df.price)\nax.set_title('rooms')\nplt.show()"),
    ("", "df.groupby('town').price.agg(['mean', 'count'])"),
    (MD, "## 4. Model"),
    ("", "from sklearn.model_selection import train_test_split\nfrom sklearn.linear_model import Ridge\n"
         "from sklearn.ensemble import RandomForestRegressor\nfrom sklearn.metrics import mean_absolute_error"),
    ("", "X = pd.get_dummies(df.drop(columns='price'))\ny = df['price']\n"
         "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)"),
    ("", "models = {'ridge': Ridge(), 'forest': RandomForestRegressor(5, random_state=0)}\nscores = {}\n"
         "for name, m in models.items():\n    m.fit(X_train, y_train)\n"
         "    scores[name] = mean_absolute_error(y_test, m.predict(X_test))\nscores"),
    (MD, "## 5. Results"),
    ("", "best = min(scores, key=scores.get)\nprint(f'best: {best} {scores[best]:.2f}')\nmodels[best]"),
    ("", "pd.Series(scores).sort_values()"),
]  # fmt: skip

WORDS: Cells = [
    ("", "import re\nimport random\nfrom collections import Counter, defaultdict\nrandom.seed(7)"),
    ("", "texts = ['the cat sat', 'the dog ran far', 'a cat ran'] * 3\nlabels = [0, 1, 0] * 3"),
    ("", "def tokens(text):\n    return re.findall(r'\\w+', text.lower())\nclass Vocabulary:\n"
         "    def __init__(self):\n        self.ids = {}\n    def add(self, word):\n"
         "        return self.ids.setdefault(word, len(self.ids))\n    def __len__(self):\n        return len(self.ids)"),
    ("", "counts = Counter()\nfor t in texts:\n    counts.update(tokens(t))\ncounts.most_common(3)"),
    ("", "vocab = Vocabulary()\nfor w in counts:\n    vocab.add(w)\nlen(vocab)"),
    ("", "encoded = [[vocab.ids[w] for w in tokens(t)] for t in texts]"),
    ("", "order = list(range(len(encoded)))\nrandom.shuffle(order)\norder"),
    ("", "train, test = order[:6], order[6:]"),
    ("", "weights = defaultdict(float)\nfor i in train:\n    for w in encoded[i]:\n"
         "        weights[w, labels[i]] += 1"),
    ("", "def predict(ids):\n    return max((0, 1), key=lambda c: sum(weights[w, c] for w in ids))"),
    ("", "hits = [predict(encoded[i]) == labels[i] for i in test]\nsum(hits) / len(hits)"),
    ("", "sample = [random.choice(texts) for _ in range(3)]\nsample"),
    ("", "print({t: predict([vocab.add(w) for w in tokens(t)]) for t in sample}, len(vocab))"),
]  # fmt: skip

REPORT: Cells = [
    (MD, "Quarterly report\n================\n```\n# not a heading\n```"),
    ("", "import pandas as pd\nfrom pathlib import Path\nOUT = Path('report')\nOUT.mkdir(exist_ok=True)"),
    (MD, "# Data"),
    ("", "sales = pd.DataFrame({'q': [1, 1, 2, 2], 'shop': list('ABAB'), 'sum': [10., 20, 30, None]})\n"
         "sales.to_csv(OUT / 'sales.csv', index=False)"),
    (MD, "# Summary\n\nBy quarter."),
    ("", "loaded = pd.read_csv(OUT / 'sales.csv')\ntable = loaded.pivot_table(index='q', columns='shop', values='sum')\ntable"),
    ("", "table.to_csv(f'{OUT}/table.csv')\nhtml = table.to_html()\n(OUT / 'table.html').write_text(html);"),
    (MD, "# Check"),
    ("", "import os\nprint(sorted(os.listdir(OUT)), pd.read_csv('report/table.csv').shape)"),
    ("", "assert 'table' in (OUT / 'table.html').read_text()\n!ls report | wc -l"),
]  # fmt: skip

SIMULATION: Cells = [
    (MD, "# Walks"),
    ("", "import numpy as np"),
    ("", "np.random.seed(42)"),
    ("", "n, steps = 5, 50"),
    (MD, "# One walk"),
    ("", "walk = np.cumsum(np.random.choice([-1, 1], steps))\nwalk[-5:]"),
    (MD, "# Many walks"),
    ("", "def simulate(k):\n    return np.cumsum(np.random.choice([-1, 1], (k, steps)), axis=1)"),
    ("", "walks = simulate(n)\nends = walks[:, -1]\nends"),
    (MD, "# Bias"),
    ("", "walks[walks < 0] = 0\nends.mean()"),
    ("", "rest = np.random.rand(2)\nprint(rest, walks.max())"),
]  # fmt: skip

SCRATCH: Cells = [
    ("", "x = [3, 1, 2]"),
    ("", "y = sorted(x)\nprint(y)"),
]

NOTEBOOKS: dict[str, tuple[Cells, str, list[str]]] = {
    "houses": (HOUSES, "headings", ["load-the-data", "clean", "explore", "model", "results"]),
    "words": (WORDS, "data flow", ["part-1", "part-2"]),
    "report": (REPORT, "headings", ["start", "data", "summary", "check"]),
    "simulation": (SIMULATION, "headings", ["walks", "one-walk", "many-walks", "bias"]),
    "scratch": (SCRATCH, "data flow", ["part-1"]),
}
"""Cells, what the steps must come from, and their names."""
