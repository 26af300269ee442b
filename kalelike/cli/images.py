"""What commands that make images have in common: their options, and the work itself."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from kalelike.compiler import Compilation, name_images
from kalelike.diagnostics import Diagnostic
from kalelike.image.base import Base
from kalelike.image.builder import BuiltImage
from kalelike.image.installed import Installed
from kalelike.image.pipeline import ImageOptions, check_options, plan_pipeline
from kalelike.image.plan import Plans


def image_options(options: argparse.Namespace) -> ImageOptions:
    """Return the images' options; raises ``BuildError`` for those that cannot be used."""
    registry = getattr(options, "registry", None)
    found = ImageOptions(registry, options.base, options.platform)
    check_options(found, push=getattr(options, "push", False))
    return found


def build_images(
    compilation: Compilation, options: argparse.Namespace
) -> tuple[tuple[BuiltImage, ...], tuple[Diagnostic, ...]]:
    """Build the images of all steps that are not there; raises ``BuildError``."""
    from kalelike.image.docker_builder import DockerBuilder

    wanted = image_options(options)
    installed = Installed.here()
    builder = DockerBuilder(installed, wanted.machine, _tell)
    if options.base_from_host:
        wanted = replace(wanted, base=builder.base_from_host())
    plans = plan_pipeline(
        compilation.graph, compilation.codes, wanted, builder.find_base, installed
    )
    return builder.build(plans.images, push=getattr(options, "push", False)), plans.diagnostics


def with_images(
    compilation: Compilation, options: argparse.Namespace, *, inline: bool = False
) -> Compilation:
    """Build the images, and compile again with their names in the document."""
    images, found = build_images(compilation, options)
    names = {item.step: item.reference for item in images}
    built = name_images(compilation, names, inline=inline)
    return replace(built, diagnostics=(*built.diagnostics, *found))


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
