"""What commands that make images have in common: their options, and the work itself."""

from __future__ import annotations

import argparse
import sys

from kalelike.compiler import Compilation
from kalelike.diagnostics import Diagnostic
from kalelike.image.base import Base
from kalelike.image.builder import BuiltImage
from kalelike.image.installed import Installed
from kalelike.image.pipeline import ImageOptions, check_options, plan_pipeline
from kalelike.image.plan import Plans


def image_options(options: argparse.Namespace) -> ImageOptions:
    """Return the images' options; raises ``BuildError`` for those that cannot be used."""
    found = ImageOptions(options.registry, options.base, options.platform)
    check_options(found, push=options.push)
    return found


def build_images(
    compilation: Compilation, options: argparse.Namespace
) -> tuple[tuple[BuiltImage, ...], tuple[Diagnostic, ...]]:
    """Build the images of all steps that are not there; raises ``BuildError``."""
    from dataclasses import replace

    from kalelike.image.docker_builder import DockerBuilder

    wanted = image_options(options)
    installed = Installed.here()
    builder = DockerBuilder(installed, wanted.machine, _tell)
    if options.base_from_host:
        wanted = replace(wanted, base=builder.base_from_host())
    plans = plan_pipeline(
        compilation.graph, compilation.codes, wanted, builder.find_base, installed
    )
    return builder.build(plans.images, push=options.push), plans.diagnostics


def plan_for_others(compilation: Compilation, options: argparse.Namespace) -> Plans:
    """Plan the images without a builder: base images are known by their names."""
    wanted = image_options(options)
    return plan_pipeline(
        compilation.graph,
        compilation.codes,
        wanted,
        lambda name: Base(name, name),
        Installed.here(),
    )


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
