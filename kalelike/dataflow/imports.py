"""Imports: modules by path, helper modules beside the notebook, and star imports."""

from __future__ import annotations

import ast
from pathlib import Path

from kalelike.dataflow.files import normal_path
from kalelike.dataflow.machine import Frame
from kalelike.dataflow.magics import MagicEvaluator
from kalelike.dataflow.public_names import public_names, read_source
from kalelike.dataflow.scopes import bound_names
from kalelike.dataflow.values import SCALAR, FunctionCode, Obj, Value

# `pylab` gathers these: its names are looked up where they come from, the last of them first.
_PYLAB = (
    "matplotlib.cbook", "matplotlib.mlab", "matplotlib.dates", "matplotlib.pyplot", "numpy",
    "numpy.fft", "numpy.random", "numpy.linalg",
)  # fmt: skip
_PYLAB_MODULES = {
    "np": "numpy", "plt": "matplotlib.pyplot", "mpl": "matplotlib", "mlab": "matplotlib.mlab",
    "cbook": "matplotlib.cbook", "ma": "numpy.ma", "datetime": "datetime",
}  # fmt: skip
# What `from numpy import *` binds and its source shows nowhere: these are loaded when asked for.
_NUMPY_MODULES = (
    "linalg",
    "fft",
    "random",
    "polynomial",
    "ma",
    "char",
    "rec",
    "ctypeslib",
    "testing",
)
_LAMBDA = ast.Lambda(
    args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]),
    body=ast.Constant(value=None),
)


class ImportEvaluator(MagicEvaluator):
    """Binds what imports bind; reads helper modules' source, never runs it."""

    folder: Path | None = None

    def import_module(self, node: ast.Import) -> None:
        """Execute ``import a.b as c``."""
        for alias in node.names:
            root = alias.name.split(".")[0]
            bound = alias.asname or root
            path = alias.name if alias.asname else root
            self.store_name(bound, self.module_value(path, node), node)

    def import_from(self, node: ast.ImportFrom) -> None:
        """Execute ``from a import b, c as d`` and ``from a import *``."""
        module = node.module or ""
        if module == "__future__":
            if not self.frames:
                # IPython keeps a cell's future features for all later cells.
                self.fx.settings.setdefault("__future__", self.site(node))
            return
        self._read_module(module, node)
        local = self.local_module(module, node) if not node.level else None
        for alias in node.names:
            if alias.name == "*":
                self._import_star(module, local, node)
                continue
            bound = alias.asname or alias.name
            if local is not None and local.function is not None:
                scope = local.function.closure[0]
                value = scope.get(alias.name)
                if value is None:
                    value = self.module_value(f"{module}.{alias.name}", node)
                self.store_name(bound, value, node)
            else:
                path = f"{module}.{alias.name}"
                constant = path in self.library.modules["constants"]
                value = SCALAR if constant else self.module_value(path, node)
                self.store_name(bound, value, node)

    def module_value(self, path: str, node: ast.AST) -> Value:
        """Return what importing the dotted ``path`` gives."""
        self._read_module(path, node)
        local = self.local_module(path, node)
        return frozenset((local if local is not None else self.member(path, "module"),))

    def _read_module(self, path: str, node: ast.AST) -> None:
        """Record the reads of files that the notebook wrote and that are the module's source."""
        if not self.files:
            return
        for file in (f"{path.replace('.', '/')}.py", f"{path.split('.')[0]}.py"):
            # Python looks in the folder in which it began and in that where it is now.
            for place in {file, *filter(None, map(normal_path, self.in_folder(file)))}:
                for name in self.known_files(place):
                    self.record_read(name, node)

    # -- helper modules ------------------------------------------------------

    def local_module(self, path: str, node: ast.AST) -> Obj | None:
        """Interpret a helper module beside the notebook, once; None if there is none."""
        if self.folder is None or not path:
            return None
        key = "local:" + path
        known = self._paths.get(key)
        if known is not None:
            return known
        places = (f"{path.replace('.', '/')}.py", f"{path.replace('.', '/')}/__init__.py")
        written = [self.written_sources[item] for item in places if item in self.written_sources]
        source = written[0] if written else read_source(self.folder, path)
        if source is None:
            return None
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            return None
        made = self._paths[key] = Obj("localmodule", self.site(node), path)
        scope: dict[str, Value] = {}
        code = FunctionCode(
            _LAMBDA, path, self.site(node).cell, frozenset(), frozenset(), frozenset(),
            is_generator=False, returns_early=False, closure=(scope,),
        )  # fmt: skip
        made.function = code
        self.keep_alive.append(tree)
        self._run_module(tree, scope, code, node)
        made.hold(item for value in scope.values() for item in value)
        return made

    def _run_module(
        self, tree: ast.Module, scope: dict[str, Value], code: FunctionCode, node: ast.AST
    ) -> None:
        names = frozenset(name for statement in tree.body for name in bound_names(statement))
        module_code = FunctionCode(
            _LAMBDA, code.name, code.cell, names, frozenset(), frozenset(),
            is_generator=False, returns_early=False,
        )  # fmt: skip
        module_code.module = self._paths["local:" + code.name]
        frame = Frame(module_code, scope, self.site(node).cell, self.context_of(node))
        frames, self.frames = self.frames, [frame]
        bound, dead, self.dead = set(self.bound), self.dead, False
        try:
            self.execute(tree.body)
        finally:
            self.frames = frames
        self.bound, self.dead = bound, dead

    # -- star imports --------------------------------------------------------------

    def _import_star(self, module: str, local: Obj | None, node: ast.ImportFrom) -> None:
        if local is not None and local.function is not None:
            for name, value in local.function.closure[0].items():
                if not name.startswith("_"):
                    self.store_name(name, value, node)
            return
        if module not in ("pylab", "matplotlib.pylab"):
            self._bind_public(module, node)
            return
        for origin in _PYLAB:
            self._bind_public(origin, node)
        for name, path in _PYLAB_MODULES.items():
            self.store_name(name, frozenset((self.member(path, "module"),)), node)

    def _bind_public(self, module: str, node: ast.ImportFrom) -> None:
        names = public_names(module)
        if names is None:
            star = f"@star:{module}"
            self.stars.append(star)
            self.bind_global(star, SCALAR, node)
            return
        for name in (*(_NUMPY_MODULES if module == "numpy" else ()), *names):
            self.store_name(name, self.member_value(f"{module}.{name}"), node)
