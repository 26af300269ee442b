"""Notebooks whose pipelines finish elsewhere with another answer, and say nothing."""

from __future__ import annotations

from tests.equivalence.harness import Verdict
from tests.probes.probe import Probe, edges

NUMPY = ("imports", "import numpy as np")
PANDAS = ("imports", "import numpy as np\nimport pandas as pd")


def _branches_in_order(verdict: Verdict) -> None:
    assert ("svm", "rf", "best") in edges(verdict) or ("svm", "rf", "") in edges(verdict)


PROBES = [
    Probe("c15", "a dictionary of the functions cell is filled by steps", [
        ("functions", "scores = {}\ndef record(name, v):\n    scores[name] = v"),
        ("step:lr", "record('lr', .8)"), ("step:rf", "record('rf', .9)"),
        ("step:show", "print(scores)")]),
    Probe("c16", "a constant of the imports cell is reassigned", [
        ("imports", "best = 0"), ("step:a", "best = 7"), ("step:b", "print(best)")]),
    Probe("c36", "a parameter is reassigned", [
        ("pipeline-parameters", "epochs = 3"), ("step:a", "epochs = epochs * 2"),
        ("step:b", "print(epochs)")], told=("parameter-reassigned",)),
    Probe("c50", "two branches bind one name", [
        ("step:load", "x = [1, 2]"),
        ("step:svm prev:load", "name, score = 'svm', .9 * sum(x)"),
        ("step:rf prev:load", "name, score = 'rf', .7 * sum(x)"),
        ("step:show prev:svm prev:rf", "print(name, score)")]),
    Probe("c50b", "two branches keep the better", [
        ("step:load", "best = ('none', 0)"),
        ("step:svm prev:load", "if .9 > best[1]:\n    best = ('svm', .9)"),
        ("step:rf prev:load", "if .7 > best[1]:\n    best = ('rf', .7)"),
        ("step:show prev:svm prev:rf", "print(best)")], check=_branches_in_order),
    Probe("d09", "a sibling reads a frame that the other changes", [
        PANDAS, ("step:load", "df = pd.DataFrame({'v': [1, 2, 3, 4]})"),
        ("step:scale prev:load", "df['v'] = df['v'] * 10"),
        ("step:total prev:load", "total = df['v'].sum()"),
        ("step:show prev:scale prev:total", "print(total)")]),
    Probe("c21", "dataclass", [
        ("functions", "from dataclasses import dataclass, field\n@dataclass\nclass Point:\n"
                      "    x: int\n    tags: list = field(default_factory=list)"),
        ("step:a", "p = Point(3)\np.tags.append('t')"),
        ("step:b", "print(isinstance(p, Point), p == Point(3, ['t']), p)")]),
    Probe("c22", "named tuple and its methods", [
        ("functions", "from typing import NamedTuple\nclass Row(NamedTuple):\n    a: int\n    b: str\n"
                      "    def both(self):\n        return self.b * self.a"),
        ("step:a", "rows = [Row(2, 'x'), Row(1, 'y')]"),
        ("step:b", "print([r.both() for r in rows], isinstance(rows[0], Row), rows[0]._asdict())")]),
    Probe("d07", "an optimizer shares the model's weights", [
        NUMPY,
        ("functions", "class Net:\n    def __init__(self):\n        self.w = np.zeros(3)\n"
                      "    def parameters(self):\n        return [self.w]\n"
                      "class SGD:\n    def __init__(self, params):\n        self.params = params\n"
                      "    def step(self):\n        for p in self.params:\n            p += 1.0"),
        ("step:a", "net = Net()\nopt = SGD(net.parameters())"),
        ("step:b", "opt.step()\nopt.step()"), ("step:c", "print(net.w)")]),
    Probe("c59", "figure and axes", [
        ("imports", "%matplotlib inline\nimport matplotlib.pyplot as plt"),
        ("step:a", "fig, ax = plt.subplots()\nax.plot([1, 2])"),
        ("step:b", "ax.set_title('done')"),
        ("step:c", "print(fig.axes[0].get_title(), fig.axes[0] is ax)")]),
    Probe("c30", "a seed in the imports cell", [
        ("imports", "import numpy as np\nnp.random.seed(3)"),
        ("step:a", "x = np.random.rand(2)"), ("step:b", "y = np.random.rand(2)"),
        ("step:c", "print(x, y)")]),
    Probe("e49", "a seed of random in the imports cell", [
        ("imports", "import random\nrandom.seed(3)"),
        ("step:a", "x = random.random()"), ("step:b", "y = random.random()"),
        ("step:c", "print(x, y, x == y)")]),
    Probe("c30b", "a seed in a step, draws in later ones", [
        NUMPY, ("step:seed", "np.random.seed(1)"), ("step:a", "x = np.random.rand()"),
        ("step:quiet", "q = 5"), ("step:b", "print(x, np.random.rand(), q)")]),
    Probe("c30c", "two branches draw from one stream", [
        ("imports", "import numpy as np\nnp.random.seed(0)"),
        ("step:load", "n = 3"), ("step:left prev:load", "u = np.random.rand(n)"),
        ("step:right prev:load", "v = np.random.rand(n)"),
        ("step:join prev:left prev:right", "print(u, v)")]),
    Probe("e35b", "parameter with backslashes", [
        ("pipeline-parameters", "folder = 'C:\\\\new\\\\table'"), ("step:a", "x = len(folder)"),
        ("step:b", "print(folder, x)")]),
    Probe("p01", "two branches append to one list", [
        ("step:load", "shared = []"), ("step:l prev:load", "shared.append(1)"),
        ("step:r prev:load", "shared.append(2)"), ("step:join prev:l prev:r", "print(shared)")]),
    Probe("p02", "aliased dictionaries", [
        ("step:a", "first = {'v': 1}\nsecond = first"), ("step:b", "first['v'] = 9"),
        ("step:c", "print(second['v'], first is second)")]),
    Probe("p03", "a reassigned fraction parameter", [
        ("pipeline-parameters", "lr = 0.1"), ("step:a", "lr = lr * 2"), ("step:b", "print(lr)")]),
]  # fmt: skip
