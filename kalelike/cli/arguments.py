"""The commands and their arguments. Nothing here loads what a command needs to run."""

from __future__ import annotations

import argparse
from typing import NoReturn

from kalelike import __version__
from kalelike.cli.exits import EPILOG
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


def make_parser() -> ArgumentParser:
    """Return the whole command line; each command names its module and is loaded by it."""
    parser = ArgumentParser(
        prog=NAME,
        description=_DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_compile(commands)
    _add_build(commands)
    _add_lock(commands)
    _add_run(commands)
    _add_verify(commands)
    _add_graph(commands)
    _add_check(commands)
    _add_show(commands)
    _add_runs(commands)
    _add_upload(commands)
    _add_logs(commands)
    _add_cancel(commands)
    _add_pull(commands)
    return parser


def _command(
    commands: argparse._SubParsersAction[ArgumentParser], name: str, help_text: str, module: str
) -> ArgumentParser:
    parser = commands.add_parser(
        name,
        help=help_text,
        description=f"{help_text[0].upper()}{help_text[1:]}.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(module=f"kalelike.cli.{module}")
    return parser


def _add_json(parser: ArgumentParser, what: str) -> None:
    parser.add_argument("--json", action="store_true", help=f"write {what} to standard output")


def _add_auto(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--auto",
        action="store_true",
        help="take headings and data flow as step boundaries, for a notebook without tags",
    )


def _add_store(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--store",
        metavar="DIR",
        help="where runs and results are kept (default: $KALELIKE_STORE, else `.kalelike` "
        "beside the notebook)",
    )


def _add_server(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("Kubeflow (--engine kfp)")
    group.add_argument(
        "--host", metavar="URL", help="the Pipelines API, for example http://127.0.0.1:8888"
    )
    group.add_argument("--context", metavar="NAME", help="a server described in kalelike.toml")
    group.add_argument("--namespace", metavar="NAME", help="the namespace, where there are several")
    group.add_argument("--experiment", metavar="NAME", help="the experiment of the run")
    group.add_argument("--service-account", metavar="NAME", help="the account of the steps")
    group.add_argument(
        "--registry",
        metavar="HOST/PATH",
        help="build the images that are missing there, and push them before the run",
    )
    _add_inline(group)


def _add_inline(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--inline",
        action="store_true",
        default=None,
        help="carry code and runtime inside the pipeline, for any image with Python and pip; "
        "a first step installs the pinned packages that the image lacks",
    )
    parser.add_argument("--image", metavar="REF", help="the image of steps that name none")
    parser.add_argument(
        "--index-url", metavar="URL", help="the package index that the first step installs from"
    )


def _add_compile(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(
        commands, "compile", "compile a notebook to Kubeflow Pipelines YAML", "compile_command"
    )
    parser.add_argument("notebook", metavar="NOTEBOOK", help="the .ipynb file")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the YAML file to write (default: the notebook's `output_path` setting, "
        "else its name with `.yaml`, in the current folder)",
    )
    _add_inline(parser)
    parser.add_argument(
        "--build",
        action="store_true",
        help="build the steps' images and name them in the YAML: by digest with --push",
    )
    _add_images(parser)
    _add_auto(parser)
    _add_json(parser, "one JSON object")


def _add_images(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--registry",
        metavar="HOST/PATH",
        help="where the images belong, such as registry.example.com/team",
    )
    parser.add_argument("--push", action="store_true", help="push the images to the registry")
    _add_base(parser)


def _add_base(parser: argparse._ActionsContainer) -> None:
    base = parser.add_mutually_exclusive_group()
    base.add_argument(
        "--base",
        metavar="IMAGE",
        help="the base image of steps that name none (default: the official one of this Python)",
    )
    base.add_argument(
        "--base-from-host",
        action="store_true",
        help="make a base image of this machine's Python, where none can be pulled",
    )
    parser.add_argument(
        "--platform",
        metavar="OS/ARCH",
        help="what the images run on: linux/amd64 or linux/arm64 (default: as this machine)",
    )


def _add_build(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(
        commands, "build", "build an image for each step of a notebook", "build_command"
    )
    parser.add_argument("notebook", metavar="NOTEBOOK", help="the .ipynb file")
    _add_images(parser)
    parser.add_argument(
        "--plan",
        metavar="DIR",
        help="write Dockerfiles and their context for another builder, and build nothing",
    )
    _add_auto(parser)
    _add_json(parser, "one JSON object")


def _add_lock(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(
        commands, "lock", "write down the packages and base of a notebook's images, with hashes",
        "lock_command",
    )  # fmt: skip
    parser.add_argument("notebook", metavar="NOTEBOOK", help="the .ipynb file")
    _add_base(parser)
    _add_auto(parser)
    _add_json(parser, "one JSON object")


def _add_run(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(
        commands, "run", "run a notebook's pipeline here, or on Kubeflow", "run_command"
    )
    parser.add_argument(
        "source", metavar="NOTEBOOK|PIPELINE.yaml", help="a notebook, or a compiled pipeline"
    )
    parser.add_argument(
        "-p",
        "--parameter",
        dest="parameters",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a pipeline parameter; may be repeated",
    )
    parser.add_argument(
        "-j", "--jobs", type=_positive, metavar="N", help="steps at a time (default: one a core)"
    )
    parser.add_argument("--no-cache", action="store_true", help="run every step again")
    _add_auto(parser)
    _add_store(parser)
    parser.add_argument(
        "--engine",
        choices=("local", "docker", "kfp"),
        help="what runs the steps (default: the project file's `engine`, else local)",
    )
    _add_base(parser.add_argument_group("images (--engine docker, or kfp with --registry)"))
    _add_server(parser)
    parser.add_argument(
        "--detach", action="store_true", help="kfp: submit, and return without following"
    )
    parser.add_argument(
        "--start-method",
        choices=("fork", "spawn"),
        help="how a step's process starts (default: fork where the system has it)",
    )
    parser.add_argument(
        "--timeout", type=_seconds, metavar="SECONDS", help="time limit for the whole run"
    )
    parser.add_argument(
        "--fail-fast",
        action="store_true",
        help="stop everything at the first failure (default: independent steps go on)",
    )
    _add_json(parser, "one JSON object for each event")


def _add_upload(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(
        commands,
        "upload",
        "put a notebook's pipeline on a Kubeflow server: a new version only if it changed",
        "upload_command",
    )
    parser.add_argument(
        "source", metavar="NOTEBOOK|PIPELINE.yaml", help="a notebook, or a compiled pipeline"
    )
    _add_auto(parser)
    _add_store(parser)
    _add_server(parser)
    _add_json(parser, "one JSON object")


def _add_logs(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(commands, "logs", "print the log of a step of a run", "logs_command")
    parser.add_argument("run", metavar="RUN", help="a run, or the beginning of its name")
    parser.add_argument("step", metavar="STEP", help="the step's name")
    _add_store(parser)
    _add_json(parser, "errors as one JSON object")


def _add_pull(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(
        commands,
        "pull",
        "bring a result of a run on Kubeflow into the local store",
        "pull_command",
    )
    parser.add_argument("run", metavar="RUN", help="a run, or the beginning of its name")
    parser.add_argument(
        "result",
        metavar="STEP.NAME",
        help="a value by its name, or the step's `report`, `notebook` or `metrics`",
    )
    _add_store(parser)
    _add_json(parser, "one JSON object")


def _add_cancel(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(commands, "cancel", "end a run, here or on Kubeflow", "cancel_command")
    parser.add_argument("run", metavar="RUN", help="a run, or the beginning of its name")
    _add_store(parser)
    _add_json(parser, "one JSON object")


def _add_verify(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(
        commands,
        "verify",
        "run a notebook and its pipeline, and prove that both compute the same",
        "verify_command",
    )
    parser.add_argument("notebook", metavar="NOTEBOOK", help="the .ipynb file")
    _add_auto(parser)
    parser.add_argument(
        "--rtol", type=_tolerance, default=1e-9, metavar="X", help="relative (default: 1e-9)"
    )
    parser.add_argument(
        "--atol", type=_tolerance, default=1e-12, metavar="X", help="absolute (default: 1e-12)"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="run the notebook twice, and fail over values that are not covered or not "
        "the same in both runs",
    )
    parser.add_argument(
        "--engine",
        choices=("local", "kfp"),
        help="what runs the steps (default: the project file's `engine`, else local)",
    )
    _add_server(parser)
    parser.add_argument(
        "-j", "--jobs", type=_positive, metavar="N", help="steps at a time (default: 1)"
    )
    parser.add_argument(
        "--timeout", type=_seconds, metavar="SECONDS", help="time limit for the pipeline"
    )
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
    _add_json(parser, "one JSON object for each event, the outcome last,")


def _add_graph(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(
        commands, "graph", "show the steps and what flows between them", "graph_command"
    )
    parser.add_argument("notebook", metavar="NOTEBOOK", help="the .ipynb file")
    parser.add_argument(
        "--format", choices=("text", "svg", "mermaid", "json"), default="text", help="the picture"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write to a file")
    parser.add_argument(
        "--explain",
        metavar="STEP[.NAME]",
        help="name the cells and lines that make the edges of a step, or of one of its names",
    )
    _add_auto(parser)
    _add_json(parser, "errors (and the graph) as one JSON object")


def _add_check(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(
        commands,
        "check",
        "tell what Kubeflow would refuse or silently drop in a pipeline document",
        "check_command",
    )
    parser.add_argument(
        "document",
        metavar="PIPELINE.yaml",
        help="any KFP v2 pipeline document, or - for standard input",
    )
    _add_json(parser, "one JSON object")


def _add_show(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(
        commands, "show", "show a past run: steps, times, metrics, results, logs", "show_command"
    )
    parser.add_argument(
        "run",
        metavar="RUN|NOTEBOOK",
        nargs="?",
        help="a run, or the beginning of its name, or a notebook (default: the latest run)",
    )
    _add_store(parser)
    parser.add_argument("--html", metavar="FILE", help="write the run as one HTML page")
    parser.add_argument("--log", metavar="STEP", help="print the log of a step")
    parser.add_argument("--value", metavar="STEP.NAME", help="print a value that a step gave")
    parser.add_argument(
        "--follow", action="store_true", help="follow a run on Kubeflow that still goes on"
    )
    _add_json(parser, "one JSON object")


def _add_runs(commands: argparse._SubParsersAction[ArgumentParser]) -> None:
    parser = _command(commands, "runs", "list the runs in a store", "runs_command")
    _add_store(parser)
    parser.add_argument(
        "-n", "--limit", type=_positive, default=20, metavar="N", help="how many (default: 20)"
    )
    _add_json(parser, "one JSON object")


def _positive(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number from 1 on")
    return value


def _tolerance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is not a number from 0 to 1")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of seconds above 0")
    return value
