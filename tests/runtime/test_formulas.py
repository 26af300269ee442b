"""Design matrices of formulas come back with all that is known of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import patsy

from kalelike.runtime.formulas import reduce_formula_part
from kalelike.runtime.values import load_values, save_values

FRAME = pd.DataFrame({"x": [1.0, 2.0, 4.0], "g": list("aba"), "y": [3.0, 1.0, 2.0]})


def test_a_design_matrix_builds_the_same_from_new_data(tmp_path: Path) -> None:
    """Its factors keep what they learned: the mean of ``standardize``, the levels of ``C``."""
    y, X = patsy.dmatrices("y ~ standardize(x) + C(g) + np.log(x)", FRAME)
    save_values(tmp_path / "a", ("y", "X"), {"y": y, "X": X}, frozenset())
    found = load_values(tmp_path / "a", {})["X"]
    assert type(found) is type(X)
    assert (np.asarray(found) == np.asarray(X)).all()
    assert found.design_info.column_names == X.design_info.column_names
    new = FRAME.iloc[[2, 1]] * 1
    made = [patsy.build_design_matrices([m.design_info], new)[0] for m in (X, found)]
    assert (np.asarray(made[0]) == np.asarray(made[1])).all()


def test_a_class_whose_module_is_no_text_is_not_of_formulas() -> None:
    """Compiled functions have a class with a descriptor for its module, as this one has."""
    compiled = type("compiled", (), {"__module__": property(str)})
    assert not isinstance(compiled.__module__, str)
    assert reduce_formula_part(compiled()) is None
