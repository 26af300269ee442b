"""What commands that make images have in common: their options, and the work itself."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from kalelike.compiler import Compilation, name_images
from kalelike.diagnostics import Diagnostic
from kalelike.image.base import name_base
from kalelike.image.builder import BuiltImage
from kalelike.image.disk_errors import disk_errors
from kalelike.image.installed import Installed
from kalelike.image.pipeline import ImageOptions, build_pipeline, check_options, plan_pipeline
from kalelike.image.plan import Plans


def image_options(
    options: argparse.Namespace, registry: str | None, *, push: bool = False
) -> ImageOptions:
    """Return the images' options; raises ``BuildError`` for those that cannot be used.

    A command without an option of images has its default.
    """
    given = vars(options)
    found = ImageOptions(registry, given.get("base"), given.get("platform"))
    check_options(found, push=push)
    return found


def build_images(
    compilation: Compilation, options: argparse.Namespace, wanted: ImageOptions, *, push: bool
) -> tuple[tuple[BuiltImage, ...], tuple[Diagnostic, ...]]:
    """Build the images of all steps that are not there; raises ``BuildError``."""
    from kalelike.image.docker_builder import DockerBuilder

    installed = Installed.here()
    builder = DockerBuilder(installed, wanted.machine, _tell)
    if vars(options).get("base_from_host"):
        wanted = replace(wanted, base=builder.base_from_host())
    return build_pipeline(
        compilation.graph, compilation.codes, wanted, builder, installed, push=push
    )


def with_images(
    compilation: Compilation,
    options: argparse.Namespace,
    registry: str | None,
    *,
    push: bool = False,
    inline: bool = False,
) -> Compilation:
    """Build the images, and compile again with their names in the document."""
    wanted = image_options(options, registry, push=push)
    images, found = build_images(compilation, options, wanted, push=push)
    names = {item.step: item.reference for item in images}
    built = name_images(compilation, names, inline=inline)
    return replace(built, diagnostics=(*built.diagnostics, *found))


def plan_for_others(compilation: Compilation, wanted: ImageOptions) -> Plans:
    """Plan the images without a builder: base images are known by their names."""
    folder = Path(compilation.graph.notebook.path).parent
    with disk_errors(folder):
        return plan_pipeline(
            compilation.graph, compilation.codes, wanted, name_base, Installed.here()
        )


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
