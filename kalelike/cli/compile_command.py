"""``kalelike compile``: a notebook becomes a pipeline document and its steps' code."""

from __future__ import annotations

import argparse
from pathlib import Path

from kalelike.cli.configuration import command_config
from kalelike.cli.exits import Exit
from kalelike.cli.outputs import check_output
from kalelike.cli.report import diagnostics_data, print_diagnostics, print_json
from kalelike.compiler import (
    Compilation,
    check_cluster,
    compile_notebook,
    write_compilation,
)
from kalelike.diagnostics import Diagnostic, Location, diagnose, has_errors
from kalelike.errors import CompileError

CODE_FOLDER = Path(".kalelike/code")
"""Where the steps' code stands, beside the document: the entry point looks for it there."""


def run_command(options: argparse.Namespace) -> int:
    """Compile, write, and say what was written; raises ``KalelikeError`` for bad input."""
    if options.push and not options.build:
        message = "there are no images to push without --build"
        raise CompileError([diagnose("bad-argument", message, Location("--push"), "add --build")])
    if options.output:
        check_output(Path(options.output), options.notebook)
    config = command_config(options)
    bundler = None
    if config.inline and not options.build:
        from kalelike.cli.bundle import Bundler

        bundler = Bundler(Path(options.notebook).resolve().parent, config.index_url)
    compilation = compile_notebook(
        options.notebook,
        auto=options.auto,
        inline=config.inline,
        image=config.image,
        bundler=bundler,
    )
    if options.build:
        from kalelike.cli.images import with_images

        compilation = with_images(
            compilation, options, config.registry, push=options.push, inline=config.inline
        )
    told = bundler.told if bundler is not None else ()
    found = (*compilation.diagnostics, *check_cluster(compilation), *told)
    if has_errors(found):
        raise CompileError(found)
    output = Path(options.output or default_output(compilation, options.notebook))
    check_output(output, options.notebook)
    code_dir = output.parent / CODE_FOLDER
    write_compilation(compilation, output, code_dir)
    if options.json:
        print_json(_data(compilation, found, output, code_dir))
    else:
        print_diagnostics(found, options.notebook)
        _tell(compilation, output, code_dir)
    return Exit.OK


def default_output(compilation: Compilation, notebook: str) -> str:
    """Return the notebook's own ``output_path`` setting, else its name with ``.yaml``."""
    return compilation.graph.options.output_path or f"{Path(notebook).stem}.yaml"


def _tell(compilation: Compilation, output: Path, code_dir: Path) -> None:
    graph = compilation.graph
    steps, parameters = len(graph.steps), len(graph.parameters)
    print(
        f"{graph.notebook.name}: pipeline `{graph.options.name}`, {steps} step"
        f"{'' if steps == 1 else 's'}, {parameters} parameter{'' if parameters == 1 else 's'}"
    )
    print(f"  document     {output}")
    print(f"  steps' code  {code_dir}")


def _data(
    compilation: Compilation, found: tuple[Diagnostic, ...], output: Path, code_dir: Path
) -> dict[str, object]:
    graph = compilation.graph
    return {
        "ok": True,
        "exit_code": int(Exit.OK),
        "name": graph.options.name,
        "output": str(output),
        "code_dir": str(code_dir),
        "steps": [{"name": item.step, "code": item.sha} for item in compilation.codes],
        "parameters": [{"name": item.name, "type": item.kfp_type} for item in graph.parameters],
        "diagnostics": diagnostics_data(found),
    }
