"""Chains the stages from a notebook file to a pipeline; holds no logic of its own."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kalelike.dataflow.partition import cut_to_undo, partition_notebook
from kalelike.diagnostics import Diagnostic, Location, diagnose, has_errors
from kalelike.emit import (
    PipelineDocument,
    check_foreign_files,
    check_images,
    check_limits,
    emit_pipeline,
    to_yaml,
)
from kalelike.emit.setup import Bundle
from kalelike.errors import CompileError
from kalelike.graph.build import build_graph
from kalelike.graph.model import PipelineGraph
from kalelike.graph.step_code import StepCodeDocument, step_codes
from kalelike.lint.document import check_documents, check_workflow_size
from kalelike.notebook.model import Notebook, StepName
from kalelike.notebook.read import read_notebook
from kalelike.notebook.roles import is_tagged, tag_notebook
from kalelike.notebook.settings import read_settings
from kalelike.runtime.atomic import write_text


@dataclass(frozen=True, slots=True)
class Compilation:
    """A compiled notebook: its graph, the steps' code and the KFP document."""

    graph: PipelineGraph
    codes: tuple[StepCodeDocument, ...]
    document: PipelineDocument
    diagnostics: tuple[Diagnostic, ...]


def analyse(path: str | Path, *, auto: bool = False) -> PipelineGraph:
    """Read a notebook file and return its graph; nothing is executed.

    Raises :class:`CompileError` with every mistake that could be found.
    """
    with _collection_paused():
        notebook = read_notebook(path)
        if auto and not is_tagged(notebook):
            return _build_untagged(notebook)
        return build_graph(tag_notebook(notebook))


def _build_untagged(notebook: Notebook) -> PipelineGraph:
    """Choose steps, and join those between which something cannot pass to one."""
    settings = read_settings(notebook)
    joined: frozenset[int] = frozenset()
    while True:
        tagged = partition_notebook(notebook, settings, joined)
        try:
            return build_graph(tagged)
        except CompileError as error:
            cut = cut_to_undo(tagged, error.diagnostics)
            if cut is None:
                raise
            joined |= {cut}


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Syntax trees are many, live, and free of garbage: collecting doubles the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def compile_notebook(
    path: str | Path,
    *,
    auto: bool = False,
    inline: bool = False,
    image: str | None = None,
    bundler: Callable[[PipelineGraph], Bundle] | None = None,
) -> Compilation:
    """Compile a notebook file; nothing is executed or written.

    ``auto`` lets headings and data flow choose the steps. ``inline`` carries
    the steps' code in the document, so that no image has to hold it. ``image``
    is the image of steps that name none, in the place of the notebook's.
    ``bundler`` collects what a plain image lacks (see ``emit.setup``).
    Raises :class:`CompileError` with every mistake that could be found.
    """
    with _collection_paused():
        graph = analyse(path, auto=auto)
        if image is not None:
            graph = replace(graph, options=replace(graph.options, base_image=image))
        bundle = bundler(graph) if bundler is not None else None
        built = _emit(graph, step_codes(graph), inline=inline, bundle=bundle)
    told = (*check_images(graph), *check_foreign_files(graph))
    return replace(built, diagnostics=(*built.diagnostics, *told))


def name_images(
    compilation: Compilation, images: Mapping[StepName, str], *, inline: bool = False
) -> Compilation:
    """Compile again, with images that were built for the steps in the document.

    Raises :class:`CompileError` as :func:`compile_notebook` does.
    """
    return _emit(compilation.graph, compilation.codes, inline=inline, images=images)


def _emit(
    graph: PipelineGraph,
    codes: tuple[StepCodeDocument, ...],
    *,
    inline: bool,
    images: Mapping[StepName, str] | None = None,
    bundle: Bundle | None = None,
) -> Compilation:
    by_step = {item.step: item for item in codes}
    document = emit_pipeline(graph, by_step, inline=inline, images=images, bundle=bundle)
    findings = check_documents(document.ir, document.platform, graph.notebook.name)
    if has_errors(findings):
        raise CompileError((*graph.diagnostics, *findings))
    return Compilation(graph, codes, document, (*graph.diagnostics, *findings))


def check_cluster(compilation: Compilation) -> tuple[Diagnostic, ...]:
    """Return which of the document's sizes a cluster would not take; none holds for a local run."""
    graph, document = compilation.graph, compilation.document
    size = check_workflow_size(document.ir, document.platform, graph.notebook.name)
    return (*check_limits(graph, document), *size)


def write_compilation(compilation: Compilation, output: Path, code_dir: Path) -> None:
    """Write the document to ``output`` and the steps' code into ``code_dir``.

    Each file is written aside and renamed. Raises :class:`CompileError` with
    code KL009 when a place cannot be written.
    """
    try:
        write_codes(compilation, code_dir)
        write_text(output, to_yaml(compilation.document))
    except OSError as error:
        place = str(error.filename or output)
        raise CompileError(
            [
                diagnose(
                    "output-not-writable",
                    f"{place} cannot be written: {error.strerror or error}",
                    Location(place),
                    "choose another place with -o",
                )
            ]
        ) from error


def write_codes(compilation: Compilation, code_dir: Path) -> None:
    """Write the steps' code documents, which the entry point finds by step and hash."""
    code_dir.mkdir(parents=True, exist_ok=True)
    for code in compilation.codes:
        write_text(code_dir / f"{code.step}-{code.sha}.json", code.text)
