"""The commands and their arguments. Nothing here loads what a command needs to run."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from typing import NamedTuple, NoReturn

from kalelike import __version__
from kalelike.cli.exits import EPILOG
from kalelike.cli.shared_arguments import (
    add_auto,
    add_base,
    add_engine,
    add_images,
    add_inline,
    add_jobs,
    add_json,
    add_notebook,
    add_run,
    add_server,
    add_source,
    add_store,
    add_timeout,
    age,
    positive,
    tolerance,
)
from kalelike.diagnostics import Location, diagnose
from kalelike.errors import KalelikeError

_DESCRIPTION = "Turns a tagged Jupyter notebook into a Kubeflow pipeline, and runs it here."

NAME = "kalelike"


class ArgumentParser(argparse.ArgumentParser):
    """A parser whose complaints are diagnostics like any other."""

    def error(self, message: str) -> NoReturn:
        """Raise a bad-argument diagnostic in place of printing and leaving."""
        hint = f"see `{self.prog} --help`"
        raise KalelikeError([diagnose("bad-argument", message, Location(self.prog), hint)])


class _Command(NamedTuple):
    """A command: its name, of which its module has its own, its help, and its arguments."""

    name: str
    help: str
    add_arguments: Callable[[ArgumentParser], None]


def make_parser(arguments: Collection[str]) -> ArgumentParser:
    """Return the parser of a command line; each command names its module and is loaded by it.

    ``arguments`` are what it is to parse: commands that are not among them get
    no arguments of their own, which takes time.
    """
    parser = ArgumentParser(
        prog=NAME,
        description=_DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        added = commands.add_parser(
            command.name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        added.set_defaults(module=f"kalelike.cli.{command.name}_command")
        if command.name in arguments:
            command.add_arguments(added)
    return parser


def _add_compile(parser: ArgumentParser) -> None:
    add_notebook(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the YAML file to write (default: the notebook's `output_path` setting, "
        "else its name with `.yaml`, in the current folder)",
    )
    add_inline(parser)
    parser.add_argument(
        "--build",
        action="store_true",
        help="build the steps' images and name them in the YAML: by digest with --push",
    )
    add_images(parser)
    add_auto(parser)
    add_json(parser, "one JSON object")


def _add_build(parser: ArgumentParser) -> None:
    add_notebook(parser)
    add_images(parser)
    parser.add_argument(
        "--plan",
        metavar="DIR",
        help="write Dockerfiles and their context for another builder, and build nothing",
    )
    add_auto(parser)
    add_json(parser, "one JSON object")


def _add_lock(parser: ArgumentParser) -> None:
    add_notebook(parser)
    add_base(parser)
    add_auto(parser)
    add_json(parser, "one JSON object")


def _add_run(parser: ArgumentParser) -> None:
    add_source(parser)
    parser.add_argument(
        "-p",
        "--parameter",
        dest="parameters",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a pipeline parameter; may be repeated",
    )
    add_jobs(parser, "one a core")
    parser.add_argument("--no-cache", action="store_true", help="run every step again")
    add_auto(parser)
    add_store(parser)
    add_engine(parser, "local", "docker", "kfp")
    add_base(parser.add_argument_group("images (--engine docker, or kfp with --registry)"))
    add_server(parser)
    parser.add_argument(
        "--detach", action="store_true", help="kfp: submit, and return without following"
    )
    parser.add_argument(
        "--start-method",
        choices=("fork", "spawn"),
        help="how a step's process starts (default: fork where the system has it)",
    )
    add_timeout(parser, "the whole run")
    parser.add_argument(
        "--fail-fast",
        action="store_true",
        help="stop everything at the first failure (default: independent steps go on)",
    )
    add_json(parser, "one JSON object for each event")


def _add_verify(parser: ArgumentParser) -> None:
    add_notebook(parser)
    add_auto(parser)
    parser.add_argument(
        "--rtol", type=tolerance, default=1e-9, metavar="X", help="relative (default: 1e-9)"
    )
    parser.add_argument(
        "--atol", type=tolerance, default=1e-12, metavar="X", help="absolute (default: 1e-12)"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="run the notebook twice, and fail over values that are not covered or not "
        "the same in both runs",
    )
    add_engine(parser, "local", "kfp")
    add_server(parser)
    add_jobs(parser, "1")
    add_timeout(parser, "the pipeline")
    parser.add_argument(
        "--start-method",
        choices=("spawn", "fork"),
        default="spawn",
        help="how a step's process starts (default: spawn, a fresh interpreter; fork is faster)",
    )
    parser.add_argument("--junit", metavar="FILE", help="write the outcome as JUnit XML")
    parser.add_argument(
        "--certificate", metavar="FILE", help="write hashes of all that was verified, and verdict"
    )
    parser.add_argument(
        "--check",
        metavar="CERTIFICATE",
        help="run nothing; tell whether a certificate still fits the notebook, its data and "
        "the environment",
    )
    add_json(parser, "one JSON object for each event, the outcome last,")


def _add_graph(parser: ArgumentParser) -> None:
    add_notebook(parser)
    parser.add_argument(
        "--format", choices=("text", "svg", "mermaid", "json"), default="text", help="the picture"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write to a file")
    parser.add_argument(
        "--explain",
        metavar="STEP[.NAME]",
        help="name the cells and lines that make the edges of a step, or of one of its names",
    )
    add_auto(parser)
    add_json(parser, "errors (and the graph) as one JSON object")


def _add_check(parser: ArgumentParser) -> None:
    parser.add_argument(
        "document",
        metavar="PIPELINE.yaml",
        help="any KFP v2 pipeline document, or - for standard input",
    )
    add_json(parser, "one JSON object")


def _add_show(parser: ArgumentParser) -> None:
    parser.add_argument(
        "run",
        metavar="RUN|NOTEBOOK",
        nargs="?",
        help="a run, or the beginning of its name, or a notebook (default: the latest run)",
    )
    add_store(parser)
    parser.add_argument("--html", metavar="FILE", help="write the run as one HTML page")
    parser.add_argument("--log", metavar="STEP", help="print the log of a step")
    parser.add_argument("--value", metavar="STEP.NAME", help="print a value that a step gave")
    parser.add_argument(
        "--follow", action="store_true", help="follow a run on Kubeflow that still goes on"
    )
    add_json(parser, "one JSON object")


def _add_runs(parser: ArgumentParser) -> None:
    add_store(parser)
    parser.add_argument(
        "-n", "--limit", type=positive, default=20, metavar="N", help="how many (default: 20)"
    )
    add_json(parser, "one JSON object")


def _add_prune(parser: ArgumentParser) -> None:
    add_store(parser)
    parser.add_argument(
        "--keep", type=positive, metavar="N", help="keep the newest N runs of each pipeline"
    )
    parser.add_argument(
        "--older-than",
        type=age,
        metavar="AGE",
        help="remove only runs that began longer ago: 30d, 12h or 45m",
    )
    parser.add_argument("--dry-run", action="store_true", help="tell what would go, and keep it")
    add_json(parser, "one JSON object")


def _add_upload(parser: ArgumentParser) -> None:
    add_source(parser)
    add_auto(parser)
    add_store(parser)
    add_server(parser)
    add_json(parser, "one JSON object")


def _add_logs(parser: ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument("step", metavar="STEP", help="the step's name")
    add_store(parser)
    add_json(parser, "errors as one JSON object")


def _add_cancel(parser: ArgumentParser) -> None:
    add_run(parser)
    add_store(parser)
    add_json(parser, "one JSON object")


def _add_pull(parser: ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument(
        "result",
        metavar="STEP.NAME",
        help="a value by its name, or the step's `report`, `notebook` or `metrics`",
    )
    add_store(parser)
    add_json(parser, "one JSON object")


_COMMANDS = (
    _Command("compile", "compile a notebook to Kubeflow Pipelines YAML", _add_compile),
    _Command("build", "build an image for each step of a notebook", _add_build),
    _Command(
        "lock", "write down the packages and base of a notebook's images, with hashes", _add_lock
    ),
    _Command("run", "run a notebook's pipeline here, or on Kubeflow", _add_run),
    _Command(
        "verify",
        "run a notebook and its pipeline, and prove that both compute the same",
        _add_verify,
    ),
    _Command("graph", "show the steps and what flows between them", _add_graph),
    _Command(
        "check",
        "tell what Kubeflow would refuse or silently drop in a pipeline document",
        _add_check,
    ),
    _Command("show", "show a past run: steps, times, metrics, results, logs", _add_show),
    _Command("runs", "list the runs in a store", _add_runs),
    _Command("prune", "remove old runs from a store, and what only they need", _add_prune),
    _Command(
        "upload",
        "put a notebook's pipeline on a Kubeflow server: a new version only if it changed",
        _add_upload,
    ),
    _Command("logs", "print the log of a step of a run", _add_logs),
    _Command("cancel", "end a run, here or on Kubeflow", _add_cancel),
    _Command("pull", "bring a result of a run on Kubeflow into the local store", _add_pull),
)
