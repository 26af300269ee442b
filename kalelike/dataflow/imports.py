"""Imports: modules by path, helper modules beside the notebook, and star imports."""

from __future__ import annotations

import ast
import sys
from functools import lru_cache
from pathlib import Path

from kalelike.dataflow.files import normal_path
from kalelike.dataflow.machine import Frame
from kalelike.dataflow.magics import MagicEvaluator
from kalelike.dataflow.scopes import bound_names
from kalelike.dataflow.values import SCALAR, FunctionCode, Obj, Site, Value

_MAX_MODULE_BYTES = 400_000
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
            # IPython keeps a cell's future features for all later cells.
            self.fx.settings.setdefault("__future__", self.site(node))
            return
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
                self.store_name(bound, self.module_value(f"{module}.{alias.name}", node), node)

    def module_value(self, path: str, node: ast.AST) -> Value:
        """Return what importing the dotted ``path`` gives."""
        if self.files:
            for file in (f"{path.replace('.', '/')}.py", f"{path.split('.')[0]}.py"):
                # Python looks in the folder in which it began and in that where it is now.
                for place in {file, *filter(None, map(normal_path, self.in_folder(file)))}:
                    for name in self.known_files(place):
                        self.record_read(name, node)
        local = self.local_module(path, node)
        return frozenset((local if local is not None else self.member(path, "module"),))

    # -- helper modules ------------------------------------------------------

    def local_module(self, path: str, node: ast.AST) -> Obj | None:
        """Interpret a helper module beside the notebook, once; None if there is none."""
        if self.folder is None or not path:
            return None
        key = "local:" + path
        known = self._paths.get(key)
        if known is not None:
            return known
        source = _read_source(self.folder, path)
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
        names = public_names(module)
        if names is None:
            star = f"@star:{module}"
            self.stars.append(star)
            self.bind_global(star, SCALAR, node)
            return
        for name in names:
            self.store_name(name, frozenset((self.member(f"{module}.{name}"),)), node)


def _read_source(folder: Path, path: str) -> str | None:
    base = folder.joinpath(*path.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        try:
            if candidate.is_file() and candidate.stat().st_size <= _MAX_MODULE_BYTES:
                return candidate.read_text("utf-8")
        except (OSError, UnicodeDecodeError, ValueError):
            return None
    return None


@lru_cache(maxsize=64)
def public_names(module: str) -> tuple[str, ...] | None:
    """Return what ``from module import *`` binds, from source; None if it cannot be known.

    Built-in modules of the interpreter are asked directly: they are part of
    Python itself and run no foreign code.
    """
    if module in sys.builtin_module_names or module in _C_MODULES:
        loaded = __import__(module)
        return tuple(name for name in dir(loaded) if not name.startswith("_"))
    source = _module_source(module)
    if source is None:
        return None
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    return _exported(tree)


_C_MODULES = frozenset({"math", "cmath", "time", "itertools", "_random", "array", "zlib"})


def _module_source(module: str) -> str | None:
    for entry in sys.path:
        if entry and (source := _read_source(Path(entry), module)) is not None:
            return source
    return None


def _exported(tree: ast.Module) -> tuple[str, ...] | None:
    names: list[str] = []
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and any(a.name == "*" for a in statement.names):
            return None
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if any(isinstance(item, ast.Name) and item.id == "__all__" for item in targets):
            value = statement.value if isinstance(statement, ast.Assign) else None
            if isinstance(value, ast.List | ast.Tuple) and all(
                isinstance(item, ast.Constant) for item in value.elts
            ):
                return tuple(
                    str(item.value) for item in value.elts if isinstance(item, ast.Constant)
                )
            return None
        if (
            isinstance(statement, ast.AugAssign)
            and isinstance(statement.target, ast.Name)
            and statement.target.id == "__all__"
        ):
            return None
        names.extend(sorted(bound_names(statement)))
    return tuple(dict.fromkeys(name for name in names if not name.startswith("_")))


__all__ = ["ImportEvaluator", "Site", "public_names"]
