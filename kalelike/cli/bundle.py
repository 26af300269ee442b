"""What an inline pipeline brings along: the entry point, local files, and pins of packages.

Everything is taken from what is installed here; nothing is asked of an index.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import kalelike
from kalelike.diagnostics import Diagnostic, Location, Severity, diagnose, has_errors
from kalelike.emit.setup import Bundle, check_bundle, pack_bundle
from kalelike.errors import CompileError
from kalelike.graph.data_files import data_paths
from kalelike.graph.model import PipelineGraph
from kalelike.image.installed import Installed
from kalelike.image.pins import Pin
from kalelike.image.requirements import Requirements, all_pins, find_requirements
from kalelike.image.shipping import shipped_files, why_not

Package = dict[str, str]
"""As the first step takes it: name, version, least (from which on any will do), text."""

# What the entry point itself imports, and from which version on any will do.
_RUNTIME = {"cloudpickle": "3.0", "ipython": "8.12", "matplotlib-inline": "0.1.6"}


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
        bundle, found = _make_bundle(graph, self.folder, self.index_url)
        self.told.extend(found)
        return bundle


def _make_bundle(
    graph: PipelineGraph, folder: Path, index_url: str | None
) -> tuple[Bundle, list[Diagnostic]]:
    place = graph.notebook.location
    needs = find_requirements(graph, Installed.here(), folder)
    found = list(needs.diagnostics)
    files = {**_modules(needs), **_data_files(graph, folder.resolve(), found)}
    packages = _packages(needs, found, place)
    content: dict[str, object] = {
        "runtime": runtime_sources(),
        "files": {name: _content(data) for name, data in sorted(files.items())},
        "packages": packages,
        "constraints": [
            f"{pin.name}=={_version(pin)}" for pin in all_pins(needs.steps) if not pin.project
        ],
        "index_url": index_url or "",
        "python": "{}.{}".format(*sys.version_info),
    }
    text = json.dumps(content, sort_keys=True)
    bundle = Bundle(pack_bundle(text), hashlib.sha256(text.encode()).hexdigest()[:16])
    sizes = {"the entry point": 0, **{name: len(data) for name, data in files.items()}}
    found += check_bundle(graph, bundle, max(sizes, key=lambda name: sizes[name]))
    if has_errors(found):
        raise CompileError(found)
    names = ", ".join(f"{item['name']} {item['version']}".strip() for item in packages)
    note = diagnose(
        "installs-at-start",
        f"a first step installs what the image lacks of: {names}",
        place,
        "images that hold the packages start faster: kalelike build",
        Severity.NOTE,
    )
    return bundle, [*found, note]


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


def _content(data: bytes) -> dict[str, str]:
    """Return a file's content; text stays text, which packs better than base64."""
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _data_files(
    graph: PipelineGraph, folder: Path, problems: list[Diagnostic]
) -> Mapping[str, bytes]:
    found: dict[str, bytes] = {}
    for step in graph.steps:
        for name, place in data_paths(step.data_files, folder):
            if not place.exists() and place.resolve().is_relative_to(folder):
                continue
            why = why_not(name, place, folder)
            if why:
                problems.append(_cannot(f"step {step.name} reads {name}, which {why}",
                                        step.location,
                                        "move it beside the notebook, or read it from a bucket"
                                        " or a volume (volume:, secret-volume:)"))  # fmt: skip
                continue
            found |= {at: path.read_bytes() for at, path in shipped_files(place, folder)}
    return found


def _cannot(message: str, place: Location, hint: str) -> Diagnostic:
    return diagnose("cannot-carry", message, place, hint)


def _modules(needs: Requirements) -> Mapping[str, bytes]:
    """Return the files of helper modules, placed where the step's own folder finds them."""
    return {
        path.relative_to(module.folder).as_posix(): path.read_bytes()
        for step in needs.steps
        for module in step.modules
        for path in module.files
    }


def _packages(needs: Requirements, problems: list[Diagnostic], place: Location) -> list[Package]:
    """Return what the notebook imports and what the entry point needs, pinned.

    What only the entry point's packages need is left to pip: an image that
    has them needs nothing more.
    """
    own = {pin.name for pin in needs.runtime}
    found: list[Package] = []
    for pin in all_pins(needs.steps):
        if pin.project is not None or pin.url:
            problems.append(
                _cannot(
                    f"{pin.name} was installed from {pin.url or pin.project}: no index has it",
                    place,
                    "build images with `kalelike build`, which brings its wheel along",
                )
            )
        elif pin.name in _RUNTIME or pin.name not in own:
            least = _RUNTIME.get(pin.name, "")
            found.append({"name": pin.name, "version": _version(pin), "least": least})
    found += [{"name": item.name, "version": "", "least": "", "text": str(item)}
              for item in needs.wanted]  # fmt: skip
    return found


def _version(pin: Pin) -> str:
    """Return the version that an index knows: without a local part such as ``+cpu``."""
    return pin.version.partition("+")[0]
