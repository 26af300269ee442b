"""What an inline pipeline brings along: the entry point, local files, and pins of packages.

Everything is taken from what is installed here; nothing is asked of an index.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path

import kalelike
from kalelike.cli.environment import imported_modules
from kalelike.diagnostics import Diagnostic, Location, Severity, diagnose
from kalelike.emit.inline import pack_code
from kalelike.emit.setup import Bundle, check_bundle
from kalelike.errors import CompileError
from kalelike.graph.model import PipelineGraph

# What the entry point itself imports, and from which version on any will do.
_RUNTIME = {"cloudpickle": "3.0", "ipython": "8.12", "matplotlib-inline": "0.1.6"}
_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(.*)")


@dataclass(slots=True)
class Bundler:
    """Makes the bundle of a graph; ``told`` collects what the user should know about it.

    ``folder`` is the notebook's, ``index_url`` the package index that the
    first step installs from (None: the image's own).
    """

    folder: Path
    index_url: str | None = None
    told: list[Diagnostic] = field(default_factory=list)

    def __call__(self, graph: PipelineGraph) -> Bundle:
        """Return the bundle; raises :class:`CompileError` for what cannot be brought along."""
        bundle, note = _make_bundle(graph, self.folder, self.index_url)
        self.told.append(note)
        return bundle


def _make_bundle(
    graph: PipelineGraph, folder: Path, index_url: str | None
) -> tuple[Bundle, Diagnostic]:
    finder = _Finder(folder.resolve(), graph.notebook.location)
    finder.find(imported_modules(graph))
    files = {**finder.files, **_data_files(graph, folder.resolve(), finder.problems)}
    packages = finder.packages()
    content: dict[str, object] = {
        "runtime": runtime_sources(),
        "files": {name: base64.b64encode(data).decode() for name, data in sorted(files.items())},
        "packages": packages,
        "constraints": finder.constraints(),
        "index_url": index_url or "",
    }
    text = json.dumps(content, sort_keys=True)
    bundle = Bundle(pack_code(text), hashlib.sha256(text.encode()).hexdigest()[:16])
    sizes = {"the entry point": 0, **{name: len(data) for name, data in files.items()}}
    problems = [
        *finder.problems, *check_bundle(graph, bundle, max(sizes, key=lambda name: sizes[name])),
    ]  # fmt: skip
    if problems:
        raise CompileError(problems)
    names = ", ".join(f"{item['name']} {item['version']}" for item in packages)
    note = diagnose(
        "installs-at-start",
        f"a first step installs what the image lacks of: {names}",
        graph.notebook.location,
        "images that hold the packages start faster: kalelike build",
        Severity.NOTE,
    )
    return bundle, note


def runtime_sources() -> dict[str, str]:
    """Return the entry point's sources by path, without comments and docstrings."""
    root = Path(kalelike.__file__).parent
    paths = [root / "__init__.py", *sorted((root / "runtime").rglob("*.py"))]
    return {
        f"kalelike/{path.relative_to(root).as_posix()}": _bare(path.read_text("utf-8"))
        for path in paths
    }


def _bare(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            kept = [item for item in node.body if not _is_text(item)]
            node.body = kept or ([] if isinstance(node, ast.Module) else [ast.Pass()])
    return ast.unparse(tree) + "\n"


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _data_files(
    graph: PipelineGraph, folder: Path, problems: list[Diagnostic]
) -> Mapping[str, bytes]:
    found: dict[str, bytes] = {}
    for step in graph.steps:
        for name in step.data_files:
            path = (folder / name).resolve()
            if not path.is_relative_to(folder) or Path(name).is_absolute():
                problems.append(_cannot(f"step {step.name} reads {name}, which is not in the"
                                        " notebook's folder", step.location,
                                        "move it beside the notebook, or read it from a bucket"
                                        " or a volume"))  # fmt: skip
            elif path.is_file():
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def _cannot(message: str, place: Location, hint: str) -> Diagnostic:
    return diagnose("cannot-carry", message, place, hint)


class _Finder:
    """Follows imports to distributions, and to modules beside the notebook."""

    def __init__(self, folder: Path, place: Location) -> None:
        self.folder = folder
        self.place = place
        self.files: dict[str, bytes] = {}
        self.problems: list[Diagnostic] = []
        self._direct: dict[str, metadata.Distribution] = {}
        self._owners = metadata.packages_distributions()

    def find(self, modules: Iterable[str]) -> None:
        """Follow top-level modules, those of local modules included."""
        waiting, seen = list(modules), {*sys.stdlib_module_names, "kalelike"}
        while waiting:
            module = waiting.pop()
            if module in seen:
                continue
            seen.add(module)
            spec = PathFinder.find_spec(module, [str(self.folder)])
            if spec is not None and (spec.origin or spec.submodule_search_locations):
                waiting += self._local(spec.origin, spec.submodule_search_locations)
                continue
            for name in dict.fromkeys(self._owners.get(module, ())):
                self._take(name)

    def _local(self, origin: str | None, locations: Iterable[str] | None) -> list[str]:
        """Take a module beside the notebook; returns what it imports."""
        places = list(locations or ())
        paths = sorted(Path(places[0]).rglob("*.py")) if places else [Path(origin or "")]
        found: list[str] = []
        for path in paths:
            data = path.read_bytes()
            self.files[path.resolve().relative_to(self.folder).as_posix()] = data
            found += _imports(data)
        return found

    def _take(self, name: str) -> None:
        distribution = metadata.distribution(name)
        if distribution.read_text("direct_url.json") is not None:
            self.problems.append(
                _cannot(
                    f"{name} was installed from a folder or an address: no index has it",
                    self.place,
                    "build images, or put its modules beside the notebook",
                )
            )
            return
        self._direct[_key(name)] = distribution

    def packages(self) -> list[dict[str, str]]:
        """Return what is imported, and what the entry point needs, pinned."""
        found = [
            {"name": key, "version": _version(item), "least": ""}
            for key, item in self._direct.items()
            if key not in _RUNTIME
        ]
        for name, least in _RUNTIME.items():
            found.append({"name": name, "version": metadata.version(name), "least": least})
        return sorted(found, key=lambda item: item["name"])

    def constraints(self) -> list[str]:
        """Return pins of everything that the packages need, as far as it is installed here.

        One for a package that another system does not need has no effect there.
        """
        waiting = [*self._direct, *_RUNTIME]
        pins: dict[str, str] = {}
        while waiting:
            key = waiting.pop()
            if key in pins:
                continue
            try:
                item = metadata.distribution(key)
            except metadata.PackageNotFoundError:
                continue
            pins[key] = f"{key}=={_version(item)}"
            waiting += _needs(item)
        return sorted(pins.values())


def _needs(item: metadata.Distribution) -> Iterator[str]:
    for text in item.requires or ():
        match = _REQUIREMENT.match(text)
        if match is not None and "extra" not in match.group(2).partition(";")[2]:
            yield _key(match.group(1))


def _version(item: metadata.Distribution) -> str:
    """Return the version that an index knows: without a local part such as ``+cpu``."""
    return item.version.partition("+")[0]


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imports(source: bytes) -> list[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [item.name.partition(".")[0] for item in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module.partition(".")[0])
    return found
