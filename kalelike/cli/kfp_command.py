"""``kalelike run --engine kfp``: submit, and follow until the end or until Ctrl-C."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kalelike.cli.exits import Exit
from kalelike.cli.progress import make_progress
from kalelike.cli.report import print_diagnostics, print_json
from kalelike.cli.run_command import parse_parameters, store_folder
from kalelike.compiler import Compilation
from kalelike.config import Config
from kalelike.diagnostics import Diagnostic, diagnose, has_errors
from kalelike.emit import PipelineDocument
from kalelike.errors import BackendError
from kalelike.run.kfp.adjusting import without_cache
from kalelike.run.kfp.engine import Submission, follow, submit
from kalelike.run.kfp.follow import ContactLostError, Pace, RunGoneError
from kalelike.run.kfp.target import Target


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """A document for a server, and what the notebook says beside it."""

    document: PipelineDocument
    name: str
    notebook: str
    types: dict[str, tuple[str, str]]
    diagnostics: tuple[Diagnostic, ...]
    graph: str | None = None
    host: str | None = None
    experiment: str | None = None


def run_on_kubeflow(options: argparse.Namespace, config: Config) -> int:
    """Submit and follow; raises ``KalelikeError`` for what cannot be submitted at all."""
    job = read_job(options, config)
    config = with_notebook(config, job)
    given = parse_parameters(options.parameters, job.types, job.notebook)
    if not options.json:
        print_diagnostics(job.diagnostics, options.source)
    store = store_folder(config.store, Path(options.source))
    document = without_cache(job.document) if options.no_cache else job.document
    submitted = submit(
        Submission(
            document, target_of(config), store, job.name, job.notebook, given,
            config.experiment, config.service_account, config.pipeline_root, job.graph,
        )
    )  # fmt: skip
    version = submitted.version
    told = {
        "event": "Submitted", "run": submitted.run, "host": submitted.host,
        "kfp_run": submitted.run_id, "pipeline": version.pipeline, "version": version.name,
        "new_version": version.made,
    }  # fmt: skip
    if options.json:
        print_json(told)
    else:
        made = "new version" if version.made else "unchanged version"
        print(f"submitted to {submitted.host}: {made} {version.name}, run {submitted.run_id}")
    if options.detach:
        if not options.json:
            print(comeback(submitted.run, store))
        return Exit.OK
    notebook = Path(options.source).resolve().parent / job.notebook
    return follow_run(submitted.run, store, notebook, config, options.timeout, options.json)


def follow_run(
    run: str, store: Path, notebook: Path, config: Config, timeout: float | None, as_json: bool
) -> int:
    """Follow a run to its end, or say how to come back to it."""
    progress = make_progress(as_json, notebook)
    try:
        with progress:
            result, notes = follow(store, run, progress.tell, Pace(poll=config.poll), timeout)
    except KeyboardInterrupt:
        if not as_json:
            print(f"\nthe run goes on. {comeback(run, store)}")
        return Exit.INTERRUPTED
    except ContactLostError as error:
        _tell(error.diagnostics, as_json)
        if not as_json:
            print(f"the run goes on. {comeback(run, store)}")
        return Exit.LOST
    except RunGoneError as error:
        _tell(error.diagnostics, as_json)
        return Exit.FAILED
    progress.summary(result, store)
    _tell(notes, as_json)
    if result.status == "interrupted":
        return Exit.INTERRUPTED
    return Exit.OK if result.status == "succeeded" else Exit.FAILED


def _tell(found: tuple[Diagnostic, ...], as_json: bool) -> None:
    if as_json:
        for item in found:
            print_json({"event": "Notice", "diagnostic": item.as_dict()})
    else:
        print_diagnostics(found)


def comeback(run: str, store: Path) -> str:
    """Say how a run that goes on is found again, and ended."""
    return (
        f"follow it: kalelike show {run} --follow --store {store}\n"
        f"end it:    kalelike cancel {run} --store {store}"
    )


def target_of(config: Config) -> Target:
    """Return the server that the options name."""
    server = asdict(config.server)
    known = {"host": config.host, "namespace": config.namespace}
    names = Target.__dataclass_fields__
    return Target(**{**{key: value for key, value in server.items() if key in names}, **known})


def with_notebook(config: Config, job: RemoteJob) -> Config:
    """Fill what no other place sets from the notebook's own metadata."""
    return replace(
        config,
        host=config.host or job.host,
        experiment=config.experiment or job.experiment,
    )


def read_job(options: argparse.Namespace, config: Config) -> RemoteJob:
    """Read the document, or compile the notebook; raises ``KalelikeError``."""
    path = Path(options.source)
    if path.suffix.lower() in (".yaml", ".yml"):
        from kalelike.cli.documents import read_document

        document = read_document(path)
        ir: Any = document.ir
        declared = ir["root"].get("inputDefinitions", {}).get("parameters", {})
        types = {name: (name, spec["parameterType"]) for name, spec in declared.items()}
        return RemoteJob(document, str(ir["pipelineInfo"]["name"]), path.name, types, ())
    return _compile(options, config)


def compile_for_cluster(source: str, options: argparse.Namespace, config: Config) -> Compilation:
    """Compile a notebook for steps that find nothing of this machine.

    With a registry, the images that it lacks are built and pushed, and named
    by digest; ``--inline`` needs none. What is told about sizes, packages and
    images is among the diagnostics. Raises ``KalelikeError`` for what a
    cluster could not run.
    """
    from kalelike.cli.bundle import Bundler
    from kalelike.compiler import check_cluster, compile_notebook

    bundler = Bundler(Path(source).resolve().parent, config.index_url) if config.inline else None
    compilation = compile_notebook(
        source, auto=options.auto, inline=config.inline, image=config.image, bundler=bundler
    )
    if not config.inline and config.registry is None:
        _check_images(compilation)
    elif not config.inline:
        from kalelike.cli.images import with_images

        compilation = with_images(compilation, options, config.registry, push=True)
    sizes = check_cluster(compilation)
    if has_errors(sizes):
        raise BackendError(sizes)
    told = (*compilation.diagnostics, *sizes, *(bundler.told if bundler else ()))
    return replace(compilation, diagnostics=told)


def _check_images(compilation: Compilation) -> None:
    """Refuse steps that would run in an image of which it is known that it cannot."""
    from kalelike.emit import default_image

    graph = compilation.graph
    bare = [step for step in graph.steps if not step.options.image and not graph.options.base_image]
    if bare:
        raise BackendError(
            [
                diagnose(
                    "image-without-kalelike",
                    f"step {bare[0].name} would run in {default_image()}, which has neither"
                    " kalelike nor its code",
                    bare[0].location,
                    "have its image built and pushed: --registry HOST/PATH; or add --inline",
                )
            ]
        )


def submission_of(compilation: Compilation, config: Config) -> Submission:
    """Return what is submitted of a compiled notebook, without parameters."""
    settings = compilation.graph.options
    return Submission(
        compilation.document,
        replace(target_of(config), host=config.host or settings.kfp_host),
        Path(),
        settings.name,
        compilation.graph.notebook.name,
        {},
        config.experiment or settings.experiment,
        config.service_account,
        config.pipeline_root,
    )


def _compile(options: argparse.Namespace, config: Config) -> RemoteJob:
    from kalelike.graph.render.svg import render_svg

    compilation = compile_for_cluster(options.source, options, config)
    graph = compilation.graph
    return RemoteJob(
        compilation.document,
        graph.options.name,
        graph.notebook.name,
        {item.name: (item.key, item.kfp_type) for item in graph.parameters},
        compilation.diagnostics,
        render_svg(graph),
        graph.options.kfp_host,
        graph.options.experiment,
    )
