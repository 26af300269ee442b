"""What is installed in this environment, read from the metadata folders on its path.

``importlib.metadata.packages_distributions`` reads every record of every
distribution, and its import alone costs more than a whole cached run; so the
folders are read directly, each file at most once and only when it is asked for.
The formats are those of the specifications "Recording installed projects" and
"Core metadata" of the Python Packaging Authority.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from urllib.parse import urlsplit

_REQUIRES = re.compile(r"^Requires-Dist: *([^\r\n]+)", re.MULTILINE)
_EXTRAS = re.compile(r"^Provides-Extra: *([^\r\n]+)", re.MULTILINE)
_VERSION = re.compile(r"^Version: *([^\r\n]+)", re.MULTILINE)


def canonical(name: str) -> str:
    """Return a distribution's name in the form in which names are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed distribution: its name as it spells it, version, and metadata folder."""

    name: str
    version: str
    folder: Path

    @property
    def key(self) -> str:
        """The name in the form in which names are compared."""
        return canonical(self.name)

    @property
    def requires(self) -> tuple[str, ...]:
        """Its requirements as they stand (PEP 508), markers and extras included."""
        return tuple(_REQUIRES.findall(_head(self.folder)))

    @property
    def extras(self) -> tuple[str, ...]:
        """The names of its extras."""
        return tuple(_EXTRAS.findall(_head(self.folder)))

    @property
    def record(self) -> bytes:
        """The list of its files, empty where the installer wrote none."""
        return _read(self.folder / "RECORD")

    @property
    def direct_url(self) -> Mapping[str, object] | None:
        """Where it was installed from if that was no index (PEP 610)."""
        try:
            data = json.loads(_read(self.folder / "direct_url.json") or b"null")
        except ValueError:
            return None
        return data if isinstance(data, dict) else None

    @property
    def project(self) -> Path | None:
        """The folder of the source that it was installed from, editable or not."""
        url = self.direct_url
        if url is not None and str(url.get("url", "")).startswith("file:") and "dir_info" in url:
            from urllib.request import url2pathname  # loads an HTTP client

            return Path(url2pathname(urlsplit(str(url["url"])).path))
        develop = self.folder.suffix == ".egg-info" and self.folder.parent
        if develop and any((develop / name).is_file() for name in ("pyproject.toml", "setup.py")):
            return develop
        return None


class Installed:
    """The distributions on a search path; earlier folders hide later ones."""

    def __init__(self, folders: Iterable[str]) -> None:
        self.folders = tuple(dict.fromkeys(Path(item) for item in folders if item))

    @classmethod
    def here(cls) -> Installed:
        """Return the environment that this process runs in."""
        return cls(sys.path)

    @cached_property
    def _by_key(self) -> dict[str, Distribution]:
        found: dict[str, Distribution] = {}
        for folder in self.folders:
            for path in (*sorted(folder.glob("*.dist-info")), *sorted(folder.glob("*.egg-info"))):
                item = _distribution(path)
                if item is not None:
                    found.setdefault(item.key, item)
        return found

    def find(self, name: str) -> Distribution | None:
        """Return the distribution of a name, however it is spelt."""
        return self._by_key.get(canonical(name))

    @lru_cache(maxsize=1024)  # noqa: B019 - an environment is looked at for one command
    def owners(self, module: str) -> tuple[Distribution, ...]:
        """Return the distributions that hold a module; a namespace package has several.

        ``module`` is dotted, and its end may name what is no module: only as
        much of it is used as tells several owners apart.
        """
        root = module.partition(".")[0]
        direct = self._by_key.get(canonical(root))
        if direct is not None and _is_sole_owner(direct, root):
            return (direct,)
        found = [item for item in self._by_key.values() if _holds(item, root)]
        parts = module.split(".")
        for length in range(2, len(parts) + 1):
            if len(found) < 2:
                break
            found = [item for item in found if _holds(item, "/".join(parts[:length]))] or found
        return tuple(found) or self._editable_owners(root)

    def _editable_owners(self, root: str) -> tuple[Distribution, ...]:
        """Return whose source folder holds the module: an editable install records no files."""
        origin = module_origin(root, [])
        if origin is None:
            return ()
        return tuple(
            item
            for item in self._by_key.values()
            if item.project is not None and origin.is_relative_to(item.project)
        )


def module_origin(root: str, folders: Sequence[str]) -> Path | None:
    """Return a top-level module's file, or its folder for a package; nothing is imported.

    ``folders`` are searched before this process's own path.
    """
    spec = PathFinder.find_spec(root, [*folders, *sys.path])
    if spec is None:
        # Editable installs may hook themselves in beside the path.
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if "editable" in type(finder).__module__ or "editable" in repr(finder):
                spec = find(root, None) if find is not None else None
            if spec is not None:
                break
    return _origin(spec) if spec is not None else None


def _origin(spec: ModuleSpec) -> Path | None:
    for location in spec.submodule_search_locations or ():
        return Path(location)
    return Path(spec.origin) if spec.origin and spec.has_location else None


def _distribution(path: Path) -> Distribution | None:
    name, _, version = path.stem.rpartition("-")
    if path.suffix == ".egg-info":
        name, _, version = path.stem.partition("-")
        match = _VERSION.search(_head(path))
        version = match.group(1).strip() if match else version.partition("-py")[0]
    return Distribution(name, version, path) if name and version else None


def _is_sole_owner(item: Distribution, root: str) -> bool:
    """Tell whether a distribution holds the module itself, which a namespace package has not."""
    record = b"\n" + item.record
    return any(f"\n{root}{end}".encode() in record for end in (".py,", "/__init__.py,"))


def _holds(item: Distribution, path: str) -> bool:
    record = b"\n" + item.record
    if any(f"\n{path}{end}".encode() in record for end in "/."):
        return True
    return path in _read(item.folder / "top_level.txt").decode("utf-8", "replace").split()


@lru_cache(maxsize=4096)
def _head(folder: Path) -> str:
    """The header of a distribution's metadata, without its description."""
    for name in ("METADATA", "PKG-INFO"):
        data = _read(folder / name if folder.is_dir() else folder)
        if data:
            head = data.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0]
            return head.decode("utf-8", "replace")
    return ""


@lru_cache(maxsize=4096)
def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
