"""What the library model says of packages that need not be installed here, by table."""

from __future__ import annotations

import pytest

from kalelike.dataflow.library import load_library
from tests.dataflow.tagged import Cells
from tests.dataflow.test_edges import edges_of
from tests.dataflow.test_refusals import refusals

TORCH = ("imports", "import torch\nfrom torch import nn, optim\nimport torch.nn.functional as F\n"
                    "from torch.utils.data import DataLoader, TensorDataset")  # fmt: skip
NET = ("functions", "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
                    "        self.fc = nn.Linear(2, 1)\n    def forward(self, x):\n"
                    "        return self.fc(x)")  # fmt: skip

EDGES: list[tuple[str, Cells, str]] = [
    ("torch optimizer and its model", [
        TORCH, ("a", "model = nn.Linear(2, 1)\nopt = optim.Adam(model.parameters())"),
        ("b", "opt.step()"), ("c", "y = model(1)")], "a>b:model,opt b>c:model"),
    ("torch training loop", [
        TORCH, NET, ("a", "model = Net()\nopt = optim.SGD(model.parameters(), lr=.1)"),
        ("b", "for x, y in [(1, 2)]:\n    opt.zero_grad()\n    loss = F.mse_loss(model(x), y)\n"
              "    loss.backward()\n    opt.step()"),
        ("c", "model.eval()\nwith torch.no_grad():\n    p = model(1)"), ("d", "q = model, opt")],
     "a>b:model,opt b>c:model,opt c>d:model,opt"),
    ("torch train function", [
        TORCH, NET, ("functions", "def train(model, opt, data):\n    model.train()\n"
                                  "    for x, y in data:\n        loss = F.mse_loss(model(x), y)\n"
                                  "        loss.backward()\n        opt.step()\n    return loss.item()"),
        ("a", "model = Net()\nopt = optim.SGD(model.parameters(), lr=.1)\ndata = [(1, 2)]"),
        ("b", "last = train(model, opt, data)"), ("c", "y = model(1)")],
     "a>b:data,model,opt b>c:model"),
    ("torch state dict is loaded in place", [
        TORCH, ("a", "model = nn.Linear(2, 1)\nbest = nn.Linear(2, 1)"),
        ("b", "best.load_state_dict(model.state_dict())"), ("c", "y = best(1)")],
     "a>b:best,model b>c:best"),
    ("torch gradient of a tensor of one's own", [
        TORCH, ("a", "w = torch.ones(3, requires_grad=True)\nb = torch.zeros(1).requires_grad_()"),
        ("b", "loss = (w * w).sum() + b\nloss.backward()"), ("c", "y = w.grad, b.grad")],
     "a>b:b,w b>c:b,w"),
    ("torch gradients wait for the optimizer", [
        TORCH, NET, ("a", "model = Net()\nopt = optim.SGD(model.parameters(), lr=.1)"),
        ("b", "loss = (model(1) - 2) ** 2\nloss.backward()"), ("c", "opt.step()"),
        ("d", "y = model(1)")], "a>b:model,opt b>c:model,opt c>d:model"),
    ("torch gradients reach a module that is not called", [
        TORCH, ("a", "model = nn.Linear(2, 1)\nx = torch.ones(1, 2)"),
        ("b", "F.linear(x, model.weight).sum().backward()"), ("c", "g = model.weight.grad")],
     "a>b:model,x b>c:model"),
    ("torch tensor and its array", [
        TORCH, ("a", "t = torch.zeros(3, 3)\nrow = t[1]\nn = t.numpy()"), ("b", "row += 1"),
        ("c", "y = n, t")], "a>b:n,row,t b>c:n,t"),
    ("torch seed and stream", [
        TORCH, ("a", "torch.manual_seed(0)\nx = torch.rand(3)"), ("b", "y = 1"),
        ("c", "z = torch.randn(2)")], "a>c:@random:torch"),
    ("torch seed in set-up", [
        ("imports", "import torch\nfrom torch import nn\ntorch.manual_seed(1)"),
        ("a", "model = nn.Linear(2, 1)"), ("b", "x = torch.rand(2)")], "a>b:@random:torch"),
    ("keras seeds every library's generator", [
        ("imports", "import keras\nimport numpy as np\nkeras.utils.set_random_seed(1)"),
        ("a", "X = np.random.rand(8, 3)"),
        ("b", "model = keras.Sequential([keras.layers.Dense(1)])\nmodel.compile(loss='mse')"),
        ("c", "h = model.fit(X, X[:, 0])"), ("d", "p = model.predict(X)")],
     "a>b:@random:numpy a>c:X a>d:X b>c:@random:keras,@random:numpy,@random:torch,model c>d:model"),
    ("keras names its layers by counters", [
        ("imports", "from keras import Sequential, layers"), ("a", "m = Sequential([layers.Dense(1)])"),
        ("b", "n = Sequential([layers.Dense(1)])"), ("c", "m.summary()"), ("d", "n.summary()")],
     "a>b:@random:keras-names a>c:m b>d:n"),
    ("keras layers under other names", [
        ("imports", "import keras"), ("a", "m = keras.Sequential([keras.layers.Dense(1)])\n"
                                            "first = m.layers[0]"),
        ("b", "m.compile('adam', 'mse')\nm.fit([1], [1])"), ("c", "w = first.get_weights()")],
     "a>b:@random:keras-names,first,m b>c:first"),
    ("keras functional models share layers", [
        ("imports", "import keras\nfrom keras import layers"),
        ("a", "i = keras.Input((3,))\nh = layers.Dense(2)(i)"), ("b", "enc = keras.Model(i, h)"),
        ("c", "whole = keras.Model(i, layers.Dense(1)(h))"),
        ("d", "whole.compile('sgd', 'mse')\nwhole.fit([1], [1])"), ("e", "z = enc.predict([1])")],
     "a>b:@random:keras-names,h,i b>c:@random:keras-names,enc,h,i c>d:@random:keras-names,enc,whole"
     " d>e:enc"),
    ("a model of one's own classes may draw when it predicts", [
        ("imports", "import keras"),
        ("functions", "class Sampling(keras.layers.Layer):\n    def call(self, x):\n        return x"),
        ("a", "i = keras.Input((3,))\nm = keras.Model(i, Sampling()(i))"),
        ("b", "p = m.predict([1])"), ("c", "q = m.predict([1])")], "a>b:m b>c:m"),
    ("tensorflow seed and stream", [
        ("imports", "import tensorflow as tf"), ("a", "tf.random.set_seed(1)\nx = tf.random.normal((2,))"),
        ("b", "y = 1"), ("c", "z = tf.random.uniform((2,))")], "a>c:@random:keras"),
    ("data sets that shuffle change when they are used", [
        ("imports", "import tensorflow as tf"),
        ("a", "d = tf.data.Dataset.from_tensor_slices([1, 2])\ns = d.shuffle(2).batch(1)"),
        ("b", "for x in s:\n    print(x)"), ("c", "for x in d:\n    print(x)"),
        ("d", "for x in s.map(lambda v: v):\n    print(x)")], "a>b:s a>c:d b>d:s"),
    ("passes over a derived data set shuffle the first one", [
        ("imports", "import tensorflow as tf"), ("a", "d = tf.data.Dataset.range(9).shuffle(3)"),
        ("b", "x = list(d.batch(2))"), ("c", "y = [v for v in d]")], "a>b:d b>c:d"),
    ("a loader draws from the generator that it has", [
        TORCH, ("a", "g = torch.Generator().manual_seed(1)\n"
                     "l = DataLoader(TensorDataset(torch.ones(4)), shuffle=True, generator=g)"),
        ("b", "x = [v for v in l]"), ("c", "z = list(l)"),
        ("d", "w = torch.rand(2, generator=g)")], "a>b:g,l b>c:g,l c>d:g"),
    ("a callback writes while the model is trained", [
        ("imports", "import keras"),
        ("a", "m = keras.Sequential([keras.layers.Dense(1)])\n"
              "c = keras.callbacks.ModelCheckpoint(filepath='best.keras', save_best_only=True)"),
        ("b", "m.fit([1], [1], callbacks=[c])"), ("c", "n = keras.models.load_model('best.keras')")],
     "a>b:c,m a>c:@random:keras-names b>c:@file:best.keras"),
    ("a seeded torch generator made at once", [
        TORCH, ("a", "g = torch.Generator().manual_seed(1)"), ("b", "x = torch.rand(2, generator=g)"),
        ("c", "y = torch.rand(2, generator=g)")], "a>b:g b>c:g"),
    ("torch generator object", [
        TORCH, ("a", "g = torch.Generator()\ng.manual_seed(1)"), ("b", "x = torch.rand(2, generator=g)"),
        ("c", "y = torch.rand(2, generator=g)")], "a>b:g b>c:g"),
    ("keras fit", [
        ("imports", "from tensorflow import keras"),
        ("a", "m = keras.Sequential([keras.layers.Dense(1)])\nm.compile(loss='mse')"),
        ("b", "history = m.fit([1], [1])"), ("c", "y = m.predict([1])"), ("d", "z = history.history")],
     "a>b:m b>c:m b>d:history"),
    ("xgboost wrapper", [
        ("imports", "import xgboost as xgb"), ("a", "m = xgb.XGBClassifier()"), ("b", "m.fit([[1]], [1])"),
        ("c", "y = m.predict([[1]])")], "a>b:m b>c:m"),
    ("lightgbm wrapper", [
        ("imports", "from lightgbm import LGBMRegressor"), ("a", "m = LGBMRegressor()"),
        ("b", "m.fit([[1]], [1])"), ("c", "y = m.predict([[1]])")], "a>b:m b>c:m"),
    ("dask is evaluated late", [
        ("imports", "import dask.dataframe as dd"), ("a", "d = dd.read_csv('i.csv')\ns = d.v.sum()"),
        ("b", "y = s.compute()")], "a>b:s"),
    ("unknown library may change what it is given", [
        ("imports", "import somelib"), ("a", "x = [1]"), ("b", "somelib.tune(x)"), ("c", "y = x")],
     "a>b:x b>c:x"),
    ("unknown method may change its object", [
        ("imports", "import somelib"), ("a", "x = somelib.Thing()"), ("b", "x.frobnicate()"),
        ("c", "y = x")], "a>b:x b>c:x"),
    ("polars is immutable", [
        ("imports", "import polars as pl"), ("a", "df = pl.DataFrame({'v': [1]})"),
        ("b", "n = df.shape"), ("c", "m = df.head()")], "a>b:df a>c:df"),
    ("networkx graph", [
        ("imports", "import networkx as nx"), ("a", "g = nx.Graph()"), ("b", "g.add_edge(1, 2)"),
        ("c", "n = len(g)")], "a>b:g b>c:g"),
    ("tqdm hands on what it wraps", [
        ("imports", "from tqdm import tqdm"), ("a", "x = [[1], [2]]"),
        ("b", "for r in tqdm(x):\n    r.append(0)"), ("c", "y = x")], "a>b:x b>c:x"),
    ("seaborn draws with the global generator", [
        ("imports", "import numpy as np\nimport seaborn as sns\nnp.random.seed(0)"),
        ("a", "d = [1, 2]"), ("b", "sns.barplot(x=d)"), ("c", "y = np.random.rand()")],
     "a>b:d b>c:@random:numpy"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "expected"), [row[1:] for row in EDGES], ids=[row[0] for row in EDGES]
)
def test_edges(cells: Cells, expected: str) -> None:
    """The graph has exactly these edges, each for exactly these names."""
    assert edges_of(cells) == " ".join(sorted(expected.split()))


@pytest.mark.parametrize("path", sorted(load_library().uncrossable))
def test_what_cannot_cross_is_named_before_the_run(path: str) -> None:
    """Every entry of the model refuses, and its text has a remedy."""
    module, _, name = path.rpartition(".")
    if path == "sqlite3.Cursor":
        make = "import sqlite3\nc = sqlite3.connect('o.db').cursor()"
    elif module == "builtins":
        make = f"c = {name}(b'x')"
    elif module == "IPython.display":
        make = f"c = {name}()"
    else:
        make = f"from {module} import {name}\nc = {name}('x')"
    (found,) = refusals([("a", make), ("b", "y = c")])
    assert found.code.name == "cannot-cross"
    assert (found.location.number, found.location.line) == (2, 1)
    assert found.hint
