"""``kalelike run``: a notebook, or a compiled pipeline, runs on this machine."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kalelike.cli.configuration import command_config
from kalelike.cli.environment import environment_key, environment_lines, imported_modules
from kalelike.cli.exits import Exit
from kalelike.cli.progress import make_progress
from kalelike.cli.report import print_diagnostics
from kalelike.cli.warm_imports import warm_imports
from kalelike.config import Config
from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.errors import BackendError
from kalelike.run.backend import RunOptions
from kalelike.runtime.parameters import parse_text

if TYPE_CHECKING:
    from kalelike.run.local.launcher import LauncherKind

STORE = ".kalelike"


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to run, wherever it came from."""

    ir: Mapping[str, Any]
    platform: Mapping[str, Any] | None
    name: str
    notebook: str
    folder: Path
    types: Mapping[str, tuple[str, str]]
    sources: tuple[str, ...]
    modules: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    graph: str | None


def run_command(options: argparse.Namespace) -> int:
    """Run to the end; raises ``KalelikeError`` for what cannot be run at all."""
    config = command_config(options)
    if config.engine == "kfp":
        from kalelike.cli.kfp_command import run_on_kubeflow

        return run_on_kubeflow(options, config)
    from kalelike.run.local.engine import run_pipeline

    in_containers = config.engine == "docker"
    path = Path(options.source)
    store = store_folder(config.store, path)
    if _is_document(path):
        job = _from_document(path, store)
        if in_containers:
            _check_containers(job)
    else:
        job = _from_notebook(options, config, store, build=in_containers)
    given = parse_parameters(options.parameters, job.types, job.notebook)
    if not options.json:
        print_diagnostics(job.diagnostics, options.source)
    lines = environment_lines(job.modules, job.folder)
    progress = make_progress(options.json, job.folder / job.notebook)
    with progress:
        result = run_pipeline(
            job.ir,
            job.platform,
            given,
            RunOptions(
                store=store,
                notebook_dir=job.folder,
                code_dir=store / "code",
                pipeline=job.name,
                notebook=job.notebook,
                jobs=options.jobs or max(2, os.cpu_count() or 1),
                cache=not options.no_cache,
                start_method=options.start_method,
                timeout=options.timeout,
                fail_fast=options.fail_fast,
                imports=warm_imports(job.sources, job.folder),
                environment_key=environment_key(lines),
                by_image=in_containers,
                graph=job.graph,
            ),
            progress.tell,
            _launcher_kind(config.engine),
        )
    progress.summary(result, store)
    if result.status == "interrupted":
        return Exit.INTERRUPTED
    return Exit.OK if result.status == "succeeded" else Exit.FAILED


def _launcher_kind(engine: str) -> LauncherKind:
    if engine == "docker":
        from kalelike.run.docker.launcher import CONTAINERS

        return CONTAINERS
    from kalelike.run.local.processes import PROCESSES

    return PROCESSES


def store_folder(given: str | None, source: Path) -> Path:
    """Return the store's folder: as given, from the environment, else beside the source."""
    named = given or os.environ.get("KALELIKE_STORE")
    return Path(named).resolve() if named else source.resolve().parent / STORE


def _is_document(path: Path) -> bool:
    return path.suffix.lower() in (".yaml", ".yml")


def _from_notebook(
    options: argparse.Namespace, config: Config, store: Path, *, build: bool
) -> _Job:
    from kalelike.compiler import compile_notebook, write_codes
    from kalelike.graph.render.svg import render_svg

    compilation = compile_notebook(options.source, auto=options.auto)
    if build:
        from kalelike.cli.images import with_images

        compilation = with_images(compilation, options, config.registry)
    graph = compilation.graph
    try:
        write_codes(compilation, store / "code")
    except OSError as error:
        raise _unusable(store, error) from error
    fragments = [item.source for step in graph.steps for item in step.preamble]
    cells = [cell.source for step in graph.steps for cell in step.cells]
    return _Job(
        compilation.document.ir,
        compilation.document.platform,
        graph.options.name,
        graph.notebook.name,
        Path(options.source).resolve().parent,
        {item.name: (item.key, item.kfp_type) for item in graph.parameters},
        tuple(dict.fromkeys((*fragments, *cells))),
        imported_modules(graph),
        compilation.diagnostics,
        render_svg(graph),
    )


def _unusable(store: Path, error: OSError) -> BackendError:
    why = error.strerror or str(error)
    place = Location(str(store))
    hint = "name another place with --store"
    return BackendError(
        [diagnose("store-unusable", f"{store} cannot be written: {why}", place, hint)]
    )


def _from_document(path: Path, store: Path) -> _Job:
    from kalelike.cli.documents import read_document, step_sources

    document = read_document(path)
    ir: Mapping[str, Any] = document.ir
    declared = ir["root"].get("inputDefinitions", {}).get("parameters", {})
    sources = step_sources(ir, (store / "code", path.resolve().parent / STORE / "code"))
    return _Job(
        ir,
        document.platform,
        str(ir["pipelineInfo"]["name"]),
        path.name,
        path.resolve().parent,
        {name: (name, spec["parameterType"]) for name, spec in declared.items()},
        sources,
        tuple(dict.fromkeys(name.partition(".")[0] for name in warm_imports(sources, Path("/")))),
        (),
        None,
    )


def _check_containers(job: _Job) -> None:
    """Refuse what the docker engine cannot start: it gives a step its code, not its packages."""
    from kalelike.emit.setup import brings_everything

    if brings_everything(dict(job.ir)):
        message = "its images hold neither kalelike nor packages: it was compiled with --inline"
        hint = "run the notebook itself with --engine docker, or this pipeline without --engine"
        place = Location(job.notebook)
        raise BackendError([diagnose("image-without-kalelike", message, place, hint)])


def parse_parameters(
    texts: Sequence[str], types: Mapping[str, tuple[str, str]], source: str
) -> dict[str, object]:
    """Return the values of ``-p name=value``, by the parameters' keys in the document.

    Raises ``BackendError`` with every one that is unknown or does not fit.
    """
    values: dict[str, object] = {}
    problems: list[Diagnostic] = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            message = f"-p {text} has no value"
            problems.append(
                diagnose("bad-argument", message, Location(source), f"write -p {text}=VALUE")
            )
        elif name not in types:
            problems.append(_unknown(name, types, source))
        else:
            key, kind = types[name]
            try:
                values[key] = parse_text(value, kind)
            except ValueError as error:
                message = f"parameter {name}: {error}"
                problems.append(diagnose("bad-parameter-value", message, Location(source)))
    if problems:
        raise BackendError(problems)
    return values


def _unknown(name: str, types: Mapping[str, object], source: str) -> Diagnostic:
    from difflib import get_close_matches

    close = get_close_matches(name, list(types), n=1)
    known = f"the parameters are: {', '.join(types)}" if types else "it has no parameters"
    hint = f"did you mean {close[0]}?" if close else known
    return diagnose("unknown-parameter", f"there is no parameter {name}", Location(source), hint)
