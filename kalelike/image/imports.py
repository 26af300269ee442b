"""The modules that a piece of source imports, and how much it depends on each."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from kalelike.notebook.ipython_syntax import Magic, transform_cell


class Need(Enum):
    """What happens where the module is missing."""

    REQUIRED = "required"
    """The import statement fails."""
    DEFERRED = "deferred"
    """It fails only if a function is called, or a branch is taken."""
    OPTIONAL = "optional"
    """The code says itself what to do then: ``try: import x except ImportError: …``."""


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module: a dotted name as far as the statement tells, and its line (1-based).

    ``from a import b`` gives ``a.b``, since ``b`` may be a module.
    """

    module: str
    line: int
    need: Need

    @property
    def root(self) -> str:
        """The top-level module."""
        return self.module.partition(".")[0]


def cell_imports(source: str) -> tuple[Import, ...]:
    """Return the imports of a notebook cell, those of its magics included."""
    cell = transform_cell(source)
    found = list(_of_tree(cell.tree)) if cell.tree is not None else list(_of_lines(source))
    magics = (*cell.magics, *([cell.automagic] if cell.automagic is not None else ()))
    found += [item for magic in magics for item in _of_magic(magic)]
    return tuple(found)


def module_imports(source: str) -> tuple[Import, ...]:
    """Return the imports of a Python module; relative ones stay inside it and are left out."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tuple(_of_tree(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return tuple(_of_lines(source))


def _of_lines(source: str) -> Iterator[Import]:
    """What is not Python as a whole may still hold lines that are imports by themselves."""
    for number, line in enumerate(source.splitlines(), start=1):
        if re.match(r"\s*(import|from)\s", line):
            try:
                tree = ast.parse(line.strip())
            except (SyntaxError, ValueError):
                continue
            yield from (Import(item.module, number, item.need) for item in _of_tree(tree))


def _of_magic(magic: Magic) -> Iterator[Import]:
    words = magic.argument.split()
    names: tuple[str, ...] = ()
    if magic.kind == "line" and magic.name == "load_ext" and words:
        names = (words[0],)
    elif magic.kind == "line" and magic.name == "matplotlib":
        names = ("matplotlib",)
    elif magic.kind == "line" and magic.name == "pylab":
        names = ("matplotlib", "numpy")
    # IPython looks for an extension under its own name as well.
    need = Need.DEFERRED if magic.name == "load_ext" else Need.REQUIRED
    yield from (Import(name, magic.line, need) for name in names)


def _of_tree(tree: ast.AST) -> Iterator[Import]:
    yield from _walk(tree, Need.REQUIRED)


def _walk(node: ast.AST, need: Need) -> Iterator[Import]:
    yield from _imports_of(node, need)
    if _forgives(node):
        need = Need.OPTIONAL
    elif need is Need.REQUIRED and isinstance(
        node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.If | ast.Match | ast.Try
    ):
        need = Need.DEFERRED
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, need)


def _imports_of(node: ast.AST, need: Need) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno, need) for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            name = node.module if alias.name == "*" else f"{node.module}.{alias.name}"
            yield Import(name, node.lineno, need)
    elif isinstance(node, ast.Call) and node.args and _is_import_call(node.func):
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            name = first.value
            if name and not name.startswith(".") and all(map(str.isidentifier, name.split("."))):
                yield Import(name, node.lineno, need if need is Need.OPTIONAL else Need.DEFERRED)


def _is_import_call(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("import_module", "__import__", "importorskip")


_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def _forgives(node: ast.AST) -> bool:
    """Tell whether an import that fails inside does no harm."""
    if isinstance(node, ast.Try):
        return any(map(_catches_import_error, node.handlers))
    return isinstance(node, ast.With) and any(_suppresses(item.context_expr) for item in node.items)


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or _names_import_error(handler.type)


def _names_import_error(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return any(map(_names_import_error, node.elts))
    return getattr(node, "id", None) in _IMPORT_ERRORS


def _suppresses(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", None))
    return name == "suppress" and any(map(_names_import_error, node.args))
