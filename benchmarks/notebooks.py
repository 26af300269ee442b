"""Synthetic notebooks for the benchmarks; both kalelike and Kale 2.3 compile them."""

from __future__ import annotations

import json
from pathlib import Path


def write_notebook(path: Path, cells: list[tuple[list[str], str]], name: str = "benchmark") -> Path:
    """Write a notebook of code cells given as (tags, source), with Kale's metadata."""
    data = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
            "kubeflow_notebook": {
                "pipeline_name": name,
                "experiment_name": name,
                "pipeline_description": "benchmark",
                "volumes": [],
            },
        },
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {"tags": tags},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for number, (tags, source) in enumerate(cells)
        ],
    }
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


FIVE_STEPS: list[tuple[list[str], str]] = [
    (
        ["imports"],
        "import numpy as np\nimport pandas as pd\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "from sklearn.metrics import accuracy_score\n"
        "from sklearn.model_selection import train_test_split",
    ),
    (["pipeline-parameters"], "rows = 1000\nseed = 7\ntest_size = 0.25"),
    (
        ["functions"],
        "def add_ratio(frame):\n    frame = frame.copy()\n"
        "    frame['ratio'] = frame['a'] / (frame['b'].abs() + 1)\n    return frame",
    ),
    (
        ["step:load"],
        "rng = np.random.default_rng(seed)\n"
        "df = pd.DataFrame(rng.normal(size=(rows, 3)), columns=['a', 'b', 'c'])\n"
        "df['y'] = (df['a'] + df['b'] > 0).astype(int)",
    ),
    (["step:clean", "prev:load"], "clean = add_ratio(df.dropna())\nclean = clean[clean['c'] > -3]"),
    (
        ["step:split", "prev:clean"],
        "X = clean.drop(columns='y')\ny = clean['y']\n"
        "X_train, X_test, y_train, y_test = train_test_split(\n"
        "    X, y, test_size=test_size, random_state=seed)",
    ),
    (
        ["step:train", "prev:split"],
        "model = LogisticRegression(max_iter=500)\nmodel.fit(X_train, y_train)",
    ),
    (
        ["step:score", "prev:train", "prev:split"],
        "accuracy = float(accuracy_score(y_test, model.predict(X_test)))\nprint(accuracy)",
    ),
    (["pipeline-metrics"], "print(accuracy)"),
]
"""A usual small notebook: load, clean, split, train, score."""


def many_steps(count: int, width: int = 5) -> list[tuple[list[str], str]]:
    """Return ``count`` steps in layers of ``width``: each reads two values of the layer above."""
    cells: list[tuple[list[str], str]] = [
        (["imports"], "import math"),
        (["functions"], "def combine(left, right):\n    return math.sqrt(left * left + right)"),
    ]
    for number in range(count):
        tags = [f"step:s{number}"]
        if number < width:
            source = f"v{number} = {number} + 1"
        else:
            first = (number // width - 1) * width
            left, right = first + number % width, first + (number + 1) % width
            tags += [f"prev:s{left}", f"prev:s{right}"]
            source = (
                f"total = combine(v{left}, v{right})\n"
                f"v{number} = [total * factor for factor in range(3)][-1]"
            )
        cells.append((tags, source))
    return cells


def many_cells(count: int, per_step: int = 10) -> list[tuple[list[str], str]]:
    """Return ``count`` cells of ordinary data work, in steps of ``per_step`` cells."""
    cells: list[tuple[list[str], str]] = [
        (["imports"], "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt"),
    ]
    bodies = (
        "frame_{n} = pd.DataFrame({{'a': np.arange({n} + 10), 'b': np.ones({n} + 10)}})\n"
        "frame_{n}['c'] = frame_{n}['a'] * frame_{n}['b']",
        "def describe_{n}(frame, limit=3):\n    means = frame.mean()\n"
        "    return {{name: round(value, limit) for name, value in means.items()}}",
        "# look at it\nsummary_{n} = frame_{m}.describe()\nsummary_{n}.head()",
        "values_{n} = [row ** 2 for row in frame_{m}['a'] if row % 2 == 0]\n"
        "total_{n} = sum(values_{n})\nprint(f'{{total_{n}:.2f}}')",
        "fig, ax = plt.subplots()\nax.plot(frame_{m}['a'])\nax.set_title('plot {n}')\nplt.show()",
    )
    for number in range(count - 1):
        block = number - number % len(bodies)
        source = bodies[number % len(bodies)].format(n=number, m=block)
        tags = [f"step:s{number // per_step}"] if number % per_step == 0 else []
        cells.append((tags, source))
    return cells
