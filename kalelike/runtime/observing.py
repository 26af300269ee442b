"""What a process has computed, as fingerprints: taken of a step, and of the notebook itself.

Off by default. ``KALELIKE_FINGERPRINTS`` says how much: ``outputs`` (or 1) what a
step gives to others, ``all`` also what it was given, what its cells leave
behind, random generators, and files written. On Kubernetes, outputs are taken
unless it says ``none`` (or 0). ``KALELIKE_RANDOM_START`` starts the global
random generators from a text, so that two runs of unseeded code can be compared.
"""

from __future__ import annotations

import os
import random
import re
import sys
import types
import zlib
from collections.abc import Iterable, Mapping
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kalelike.runtime.file_watch import FileWatch
from kalelike.runtime.fingerprints import fingerprint, fingerprint_file
from kalelike.runtime.hidden_state import FILE, is_hidden, read_state
from kalelike.runtime.keras_state import read_seeds, start_seeds

DETAIL = "KALELIKE_FINGERPRINTS"
RANDOM_START = "KALELIKE_RANDOM_START"
_TORCH_START = 67280421310721
"""The seed with which torch starts: ``c10::detail::default_rng_seed_val``."""
KINDS = ("python", "numpy", "torch", "keras")
GENERATORS = tuple(f"@random:{kind}" for kind in (*KINDS, "keras-names"))

_WORD = re.compile(r"[^\W\d]\w*")
_IPYTHONS = re.compile(r"_+|_i+|_i?\d+|_[iod]h|_exit_code|In|Out|exit|quit|get_ipython|__\w+__")

Fingerprints = dict[str, dict[str, Any]]


class Detail(Enum):
    """How much is kept."""

    NONE = "none"
    OUTPUTS = "outputs"
    ALL = "all"


def wanted_detail(environ: Mapping[str, str] | None = None) -> Detail:
    """Return how much the environment asks for."""
    environ = os.environ if environ is None else environ
    cluster = "KUBERNETES_SERVICE_HOST" in environ
    named = environ.get(DETAIL) or ("outputs" if cluster else "none")
    return {
        "0": Detail.NONE,
        "1": Detail.OUTPUTS,
        "outputs": Detail.OUTPUTS,
        "all": Detail.ALL,
    }.get(named, Detail.NONE)


def own_names(namespace: Mapping[str, Any]) -> list[str]:
    """Return the names of a notebook's own values: no modules, nothing of IPython's."""
    return [
        name
        for name, value in namespace.items()
        if not _IPYTHONS.fullmatch(name) and not isinstance(value, types.ModuleType)
    ]


def observe(namespace: Mapping[str, Any], names: Iterable[str]) -> Fingerprints:
    """Return the fingerprints of those of the names that are bound."""
    return {name: fingerprint(namespace[name]) for name in names if name in namespace}


def observe_mentioned(namespace: Mapping[str, Any], source: str) -> Fingerprints:
    """Return the fingerprints of the values whose names a cell's source mentions."""
    words = set(_WORD.findall(source))
    return observe(namespace, [name for name in own_names(namespace) if name in words])


def observe_generators() -> Fingerprints:
    """Return the fingerprints of the global random generators that are loaded."""
    found = {name: read_state(name) for name in GENERATORS}
    return {name: fingerprint(state, parts=0) for name, state in found.items() if state is not None}


def start_generators(start: str, kinds: Iterable[str] = KINDS) -> None:
    """Start global random generators from a text; torch's and Keras' only where they are loaded."""
    number = zlib.crc32(start.encode())
    for kind in kinds:
        if kind == "python":
            random.seed(number)
        elif kind == "numpy" and find_spec("numpy") is not None:
            import numpy

            numpy.random.seed(number)
        elif kind == "torch" and "torch" in sys.modules:
            sys.modules["torch"].manual_seed(number)
        elif kind == "keras":
            start_seeds(number)


def is_seeded(kind: str) -> bool:
    """Tell whether a library that was only just imported was seeded by the same code."""
    if kind == "torch":
        return bool(sys.modules["torch"].initial_seed() != _TORCH_START)
    if kind == "keras":
        state = read_seeds() or {}
        return any(seeds[0] is not None for seeds in state.values())
    return False


class StepObserver:
    """Takes the fingerprints of one step while it runs; see the module for how many."""

    def __init__(self, namespace: dict[str, Any], detail: Detail) -> None:
        self._namespace = namespace
        self._detail = detail
        self._replayed: dict[str, int] = {}
        self._inputs: tuple[str, ...] = ()
        self._files: FileWatch | None = None
        self.found: dict[str, Any] = {}

    def begin(self, step: str) -> None:
        """Start, before anything of the step has run."""
        start = os.environ.get(RANDOM_START)
        if start is not None:
            start_generators(f"{start}/{step}")

    def files_given(self) -> None:
        """Watch for files from here on, where those that the step is given are in place."""
        if self._detail is Detail.ALL:
            self._files = FileWatch()

    def replayed(self) -> None:
        """Note what the replayed code has bound."""
        if self._detail is Detail.ALL:
            names = own_names(self._namespace)
            self._replayed = {name: id(self._namespace[name]) for name in names}

    def given(self, names: Iterable[str]) -> None:
        """Take what the step was given."""
        if self._detail is not Detail.ALL:
            return
        self._inputs = tuple(name for name in names if not is_hidden(name))
        self.found["given"] = observe(self._namespace, self._inputs)
        self.found["generators_given"] = observe_generators()
        self.found["cells"] = {}

    def after_cell(self, index: int, source: str) -> None:
        """Take what a cell leaves behind under the names that it mentions."""
        if self._detail is Detail.ALL:
            self.found["cells"][str(index)] = observe_mentioned(self._namespace, source)

    def end(self, outputs: Iterable[str]) -> None:
        """Take what the step gives, and everything else that it has bound or was given."""
        if self._detail is Detail.NONE:
            return
        names = tuple(outputs)
        private = self._detail is Detail.OUTPUTS
        plain = [name for name in names if not is_hidden(name)]
        if private:
            self.found["end"] = {
                name: fingerprint(self._namespace[name], private=True)
                for name in plain
                if name in self._namespace
            }
        else:
            replayed = {
                name
                for name in own_names(self._namespace)
                if self._replayed.get(name) == id(self._namespace[name])
                and name not in self._inputs
                and name not in plain
            }
            own = [name for name in own_names(self._namespace) if name not in replayed]
            self.found["end"] = observe(self._namespace, dict.fromkeys((*plain, *own)))
            self.found["replayed"] = observe(self._namespace, sorted(replayed))
            self.found["generators"] = observe_generators()
            assert self._files is not None
            self.found["files"] = self._files.written()
        self._hidden(names, private)

    def _hidden(self, names: Iterable[str], private: bool) -> None:
        for name in names:
            if name.startswith(FILE):
                path = Path(name.removeprefix(FILE))
                if path.is_file():
                    self.found["end"][name] = fingerprint_file(path, load=True, private=private)
            elif is_hidden(name):
                state = read_state(name)
                if state is not None:
                    self.found["end"][name] = fingerprint(state, parts=0)
