"""Arguments that several commands take."""

from __future__ import annotations

from argparse import ArgumentTypeError, _ActionsContainer

Container = _ActionsContainer
"""A parser, or a group of one."""


def add_notebook(parser: Container) -> None:
    """Add the notebook."""
    parser.add_argument("notebook", metavar="NOTEBOOK", help="the .ipynb file")


def add_source(parser: Container) -> None:
    """Add what there is to run."""
    parser.add_argument(
        "source", metavar="NOTEBOOK|PIPELINE.yaml", help="a notebook, or a compiled pipeline"
    )


def add_run(parser: Container) -> None:
    """Add the run in a store."""
    parser.add_argument("run", metavar="RUN", help="a run, or the beginning of its name")


def add_jobs(parser: Container, default: str) -> None:
    """Add how many steps run at a time."""
    parser.add_argument(
        "-j", "--jobs", type=positive, metavar="N", help=f"steps at a time (default: {default})"
    )


def add_timeout(parser: Container, what: str) -> None:
    """Add the time limit of ``what``."""
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help=f"time limit for {what}")


def add_engine(parser: Container, *names: str) -> None:
    """Add the engine, by its names."""
    parser.add_argument(
        "--engine",
        choices=names,
        help="what runs the steps (default: the project file's `engine`, else local)",
    )


def add_json(parser: Container, what: str) -> None:
    """Add ``--json``, which writes ``what``."""
    parser.add_argument("--json", action="store_true", help=f"write {what} to standard output")


def add_auto(parser: Container) -> None:
    """Add ``--auto``."""
    parser.add_argument(
        "--auto",
        action="store_true",
        help="take headings and data flow as step boundaries, for a notebook without tags",
    )


def add_store(parser: Container) -> None:
    """Add the store."""
    parser.add_argument(
        "--store",
        metavar="DIR",
        help="where runs and results are kept (default: $KALELIKE_STORE, else `.kalelike` "
        "beside the notebook)",
    )


def add_server(parser: Container) -> None:
    """Add what tells of a Kubeflow server, and how steps get there."""
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
    add_inline(group)


def add_inline(parser: Container) -> None:
    """Add what decides how a compiled pipeline carries its code."""
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


def add_images(parser: Container) -> None:
    """Add where images belong, and what they are made from."""
    parser.add_argument(
        "--registry",
        metavar="HOST/PATH",
        help="where the images belong, such as registry.example.com/team",
    )
    parser.add_argument("--push", action="store_true", help="push the images to the registry")
    add_base(parser)


def add_base(parser: Container) -> None:
    """Add the base of images, and their platform."""
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


def positive(text: str) -> int:
    """Read a whole number from 1 on."""
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1:
        raise ArgumentTypeError(f"`{text}` is not a whole number from 1 on")
    return value


def tolerance(text: str) -> float:
    """Read a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise ArgumentTypeError(f"`{text}` is not a number from 0 to 1")
    return value


_AGES = {"m": 60.0, "h": 3600.0, "d": 86400.0}


def age(text: str) -> float:
    """Read a span of time, such as ``30d``, in seconds."""
    number, unit = text[:-1], text[-1:]
    if unit not in _AGES or not (number.isascii() and number.isdigit()):
        raise ArgumentTypeError(f"`{text}` is not a number of days, hours or minutes, such as 30d")
    return int(number) * _AGES[unit]


def seconds(text: str) -> float:
    """Read a number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ArgumentTypeError(f"`{text}` is not a number of seconds above 0")
    return value
