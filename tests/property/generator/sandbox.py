"""Keeps what generated programs do to the process and to files from outliving them."""

from __future__ import annotations

import decimal
import math
import os
import random
import sys
import tempfile
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Sandbox:
    """A folder of its own and the process as it was, as often as it is entered."""

    def __enter__(self) -> Self:
        import numpy

        self._numpy: Any = numpy
        self._root = tempfile.TemporaryDirectory(prefix="program-")
        self._count = 0
        self._folder = os.getcwd()
        self._filters = list(warnings.filters)
        self._saved = (
            dict(os.environ), list(sys.path), dict(vars(math)), decimal.getcontext().copy(),
            sys.getrecursionlimit(), random.getstate(), numpy.random.get_state(), numpy.get_printoptions(),
        )  # fmt: skip
        return self

    def enter(self) -> None:
        """Begin again: an empty folder, and the process as it was."""
        self._restore()
        warnings.simplefilter("ignore")
        random.seed(0)
        self._numpy.random.seed(0)
        self._count += 1
        folder = Path(self._root.name, str(self._count))
        folder.mkdir()
        os.chdir(folder)

    def _restore(self) -> None:
        environment, path, constants, context, limit, state, stream, printing = self._saved
        os.environ.clear()
        os.environ.update(environment)
        sys.path[:] = path
        vars(math).update(constants)
        decimal.setcontext(context.copy())
        sys.setrecursionlimit(limit)
        random.setstate(state)
        self._numpy.random.set_state(stream)
        self._numpy.set_printoptions(**printing)
        pandas: Any = sys.modules.get("pandas")
        if pandas is not None:
            pandas.reset_option("display.max_rows")
        warnings.filters[:] = self._filters  # type: ignore[index]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()
        os.chdir(self._folder)
        self._root.cleanup()
