"""What each step needs of the user's environment: distributions, pinned, and local modules.

Everything comes from what is installed: a name that is not is never made up,
and never asked of an index.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from kalelike.diagnostics import Diagnostic, Location, Severity, diagnose
from kalelike.graph.model import PipelineGraph, Step
from kalelike.image.imports import Import, Need, cell_imports
from kalelike.image.installed import Distribution, Installed, canonical, module_origin
from kalelike.image.local_modules import LocalModule
from kalelike.image.pins import Pin, Source, close, marker_environment, pin_of, requirements_of
from kalelike.notebook.model import StepName

RUNTIME = ("cloudpickle", "ipython", "matplotlib-inline")
"""What the entry point itself imports, in every step."""

_PYTHON = frozenset({*sys.stdlib_module_names, *sys.builtin_module_names})

KERNELS = ("papermill", "pandas", "pyarrow")
"""What runs a step on another language's kernel, and what its data frames travel by."""

# What libraries name in their extras for those who develop them.
_TOOLS = re.compile(
    """asv|black|build|cibuildwheel|codecov|commitizen|coverage|cython|docutils|flake8|furo|gitpython
    |hatch|hypothesis|ipykernel|isort|jupyter|maturin|meson|mkdocs|mock|mypy|myst|nbconvert|nbsphinx
    |nbval|ninja|notebook|nox|numpydoc|pip$|pre-commit|pybind11|pydata-sphinx|pydocstyle|pylint
    |pyright|pytest|ruff|setuptools|sphinx|towncrier|tox|twine|types-|uv$|versioneer|virtualenv
    |wheel|xdoctest""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class StepRequirements:
    """What one step needs: pinned distributions, and modules that are shipped as files."""

    step: StepName
    pins: tuple[Pin, ...]
    modules: tuple[LocalModule, ...]


@dataclass(frozen=True, slots=True)
class Requirements:
    """What every step needs.

    ``runtime`` is what the entry point needs, and so is in every step's pins;
    ``roots`` maps imported modules to their distributions' names.
    """

    steps: tuple[StepRequirements, ...]
    runtime: tuple[Pin, ...]
    roots: Mapping[str, tuple[str, ...]]
    stated: tuple[Requirement, ...]
    """What the notebook asks for in its options."""
    wanted: tuple[Requirement, ...]
    """What of it the environment does not have."""
    diagnostics: tuple[Diagnostic, ...]


@dataclass(slots=True)
class _Needs:
    """What was found for one step so far."""

    roots: dict[str, Requirement] = field(default_factory=dict)
    modules: dict[str, LocalModule] = field(default_factory=dict)

    def add(self, other: _Needs) -> None:
        self.roots |= other.roots
        self.modules |= other.modules


def find_requirements(
    graph: PipelineGraph,
    installed: Installed,
    folder: Path,
    *,
    source: Source | None = None,
    modules: Mapping[str, tuple[str, ...]] | None = None,
    machine: str | None = None,
) -> Requirements:
    """Return what each step of a graph needs.

    ``folder`` is the notebook's. ``source`` gives versions and dependencies
    (a lock; the environment itself by default), and ``modules`` which of its
    distributions hold a module that is not installed here. ``machine`` is the image's
    architecture, as ``platform.machine()`` names it on Linux. A step also
    gets what the makers of its inputs need: an object loads only where its
    class is.
    """
    environment = marker_environment("Linux", machine)
    finder = _Finder(installed, folder, environment, modules or {})
    needs: dict[StepName, _Needs] = {}
    for step in graph.steps:
        own = finder.needs_of(step)
        for producer in dict.fromkeys(item.producer for item in step.inputs):
            own.add(needs[producer])
        needs[step.name] = own
    runtime = {name: Requirement(name) for name in RUNTIME}
    stated: dict[str, Requirement] = {}
    wanted: dict[str, Requirement] = {}
    steps = []
    for step in graph.steps:
        own = needs[step.name]
        for text in step.options.requirements:
            requirement = finder.stated(text, step)
            if requirement is not None:
                own.roots[text] = stated[text] = requirement
                if not _is_satisfied(requirement, source or installed):
                    wanted[text] = requirement
        closure = close((runtime | own.roots).values(), source or installed, environment)
        finder.tell_missing(closure.missing, step, wanted, locked=source is not None)
        pins = tuple(pin_of(item) for item in closure.found.values())
        shipped = tuple(own.modules[name] for name in sorted(own.modules))
        steps.append(StepRequirements(step.name, pins, shipped))
    basis = close(runtime.values(), source or installed, environment)
    return Requirements(
        tuple(steps),
        tuple(pin_of(item) for item in basis.found.values()),
        finder.owners,
        tuple(stated.values()),
        tuple(wanted.values()),
        tuple(finder.diagnostics),
    )


@lru_cache(maxsize=1)
def _companions() -> dict[str, tuple[str, ...]]:
    text = Path(__file__).with_name("companions.toml").read_text("utf-8")
    return {name: tuple(found) for name, found in tomllib.loads(text)["companions"].items()}


def _is_satisfied(requirement: Requirement, source: Source) -> bool:
    item = source.find(requirement.name)
    if item is None:
        return False
    if requirement.url is not None:
        return pin_of(item).url == requirement.url
    return requirement.specifier.contains(item.version, prereleases=True)


class _Finder:
    """Finds what imports lead to, and says what they do not lead to, once for each."""

    def __init__(
        self,
        installed: Installed,
        folder: Path,
        environment: Mapping[str, str],
        modules: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.installed = installed
        self.modules = modules
        self.environment = environment
        self.folder = folder.resolve()
        self.owners: dict[str, tuple[str, ...]] = {}
        self.diagnostics: list[Diagnostic] = []
        self._told: set[str] = set()

    def needs_of(self, step: Step) -> _Needs:
        """Return what a step's own code imports, through local modules too."""
        found = _Needs()
        if step.kernel is not None:
            self._add_kernel(found, step)
        given = {canonical(_name(text)) for text in step.options.requirements}
        waiting = list(_imports_of(step))
        seen: set[str] = set()
        while waiting:
            place, item = waiting.pop(0)
            if item.root in _PYTHON or item.module in seen:
                continue
            seen.add(item.module)
            origin = module_origin(item.root, [str(self.folder)])
            here = origin is not None and origin.parent == self.folder
            owners = () if here else self.installed.owners(item.module)
            if owners:
                self.owners[item.root] = tuple(owner.key for owner in owners)
                for owner in owners:
                    found.roots |= {each.name: each for each in self._with_companions(owner)}
            elif origin is not None and not _is_part_of_python(origin):
                waiting += self._take_module(found, item, origin, place)
            elif item.root in self.modules:
                self.owners[item.root] = self.modules[item.root]
                found.roots |= {name: Requirement(name) for name in self.modules[item.root]}
            elif canonical(item.root) not in given:
                self._tell_absent(item, place, step)
        return found

    def _add_kernel(self, found: _Needs, step: Step) -> None:
        here = [name for name in KERNELS if self.installed.find(name) or name in self.modules]
        found.roots |= {name: Requirement(name) for name in here}
        if KERNELS[0] not in here:
            self._tell(
                "kernel-not-here",
                f"step {step.name} runs on the kernel {step.kernel}, for which"
                f" {KERNELS[0]} is missing",
                step.location,
                "pip install 'kalelike[kernels]'",
            )

    def _take_module(
        self, found: _Needs, item: Import, origin: Path, place: Location
    ) -> list[tuple[Location, Import]]:
        if item.root in found.modules:
            return []
        module = found.modules[item.root] = LocalModule(item.root, origin)
        if module.folder != self.folder:
            self._tell(
                "shipped-as-files",
                f"module {item.root} belongs to no distribution: its files from {module.folder}"
                " go into the image as they are",
                place,
                "install it (`pip install -e .` will do) to have it built and versioned",
            )
        for path in module.held_back:
            self._tell(
                "file-not-shipped",
                f"{_relative(path, self.folder)} of module {item.root} is a link to elsewhere, or"
                " looks like a secret: it does not travel with the step",
                place,
                "read it from a variable or a mounted file (secret:, secret-volume:)",
            )
        return [
            (Location(_relative(path, self.folder), line=each.line), each)
            for path, each in module.imports
        ]

    def _with_companions(self, owner: Distribution) -> Iterator[Requirement]:
        """Yield a distribution, and what it uses where that is installed too.

        Many libraries do more, or something else, beside another one, without
        an import in the notebook: pandas with pyarrow, scikit-learn with
        pandas. Most name it in some extra, often one for their own tests.
        """
        yield Requirement(owner.key)
        if owner.key in RUNTIME:
            return
        named = [
            needed.name
            for extra in owner.extras
            for needed in requirements_of(owner, extra, self.environment)
        ]
        for name in map(canonical, (*named, *_companions().get(owner.key, ()))):
            if not _TOOLS.match(name) and self.installed.find(name) is not None:
                yield Requirement(name)

    def stated(self, text: str, step: Step) -> Requirement | None:
        """Read a requirement of a step's options (PEP 508)."""
        try:
            return Requirement(text)
        except InvalidRequirement as error:
            self._tell(
                "bad-option",
                f"step {step.name}: {text!r} is not a requirement: {str(error).splitlines()[0]}",
                step.location,
                "write it as for pip: name, name==1.2 or name[extra]>=1",
            )
            return None

    def tell_missing(
        self,
        missing: Mapping[str, str],
        step: Step,
        wanted: Mapping[str, Requirement],
        *,
        locked: bool,
    ) -> None:
        """Say what requirements lead to nothing that is installed, or locked."""
        asked = {canonical(item.name) for item in wanted.values()}
        for name, because in missing.items():
            if locked:
                code, message = (
                    "lock-outdated",
                    f"step {step.name} needs {name}, which is not in the lock",
                )
                hint = "write the lock again: kalelike lock"
            elif because and name not in asked:
                code = "dependency-not-installed"
                message = f"{because} asks for {name}, which is neither here nor in the images"
                hint = f"install it if it is needed: pip install {name}"
            else:
                code = "requirement-not-installed"
                message = f"step {step.name} asks for {name}, which is not installed here"
                hint = "install it, or let `kalelike lock` ask the package index for it"
            self._tell(code, message, step.location, hint)

    def _tell_absent(self, item: Import, place: Location, step: Step) -> None:
        if item.need is Need.REQUIRED and step.options.image is None:
            self._tell(
                "import-not-installed",
                f"no installed distribution and no file here holds the module {item.root}",
                place,
                f"install what holds it, or name its distribution with a tag on step {step.name}:"
                " requirement:NAME==VERSION",
            )
        elif item.need is Need.OPTIONAL:
            self._tell(
                "optional-import-absent",
                f"the optional module {item.root} is not installed here, nor in the image",
                place,
            )
        else:
            self._tell(
                "import-not-installed",
                f"the module {item.root} is not installed here, so the image does not get it",
                place,
                "install what holds it, if the step comes to this line",
                Severity.WARNING,
            )

    def _tell(
        self, code: str, message: str, place: Location, hint: str = "",
        severity: Severity | None = None,
    ) -> None:  # fmt: skip
        if message not in self._told:
            self._told.add(message)
            self.diagnostics.append(diagnose(code, message, place, hint, severity))


def _imports_of(step: Step) -> Iterator[tuple[Location, Import]]:
    for fragment in step.preamble:
        for item in cell_imports(fragment.source):
            yield fragment.cell.location.at(fragment.line + item.line - 1), item
    for cell in step.cells:
        for item in cell_imports(cell.source):
            yield cell.location.at(item.line), item


def _is_part_of_python(origin: Path) -> bool:
    return origin.is_relative_to(Path(sys.base_prefix, "lib")) and "site-packages" not in (
        origin.parts
    )


def _relative(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _name(text: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", text.strip())
    return match.group() if match else ""


def all_pins(steps: Iterable[StepRequirements]) -> tuple[Pin, ...]:
    """Return the pins of all steps, each once, sorted by name."""
    found = {pin: None for step in steps for pin in step.pins}
    return tuple(sorted(found, key=lambda pin: pin.name))
