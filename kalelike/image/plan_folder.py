"""A pipeline's plans as a folder that any builder of Dockerfiles can build from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BuildError
from kalelike.image.archives import Archives
from kalelike.image.disk_errors import disk_errors
from kalelike.image.dockerfile import LAYERS, render_dockerfile
from kalelike.image.installed import Installed
from kalelike.image.plan import ImagePlan
from kalelike.image.wheels import cache_folder
from kalelike.runtime.atomic import written_aside

INDEX = "images.json"


def write_plans(
    plans: Sequence[ImagePlan], folder: Path, installed: Installed, machine: str
) -> tuple[Path, ...]:
    """Write one context with a Dockerfile for each step; return the Dockerfiles.

    ``images.json`` lists them with the names that the images are to have. An
    earlier plan in the folder is replaced as a whole. Raises ``BuildError``.
    """
    if folder.exists() and not (folder / INDEX).is_file() and any(folder.iterdir()):
        message = f"{folder} holds other files than a plan"
        hint = "name a folder that is empty or new"
        raise BuildError([diagnose("output-not-writable", message, Location(str(folder)), hint)])
    files = [folder / f"Dockerfile.{plan.tag}" for plan in plans]
    with disk_errors(folder.parent, cache_folder()), written_aside(folder) as aside:
        archives = Archives(aside / LAYERS, installed, machine)
        archives.prepare(layer for plan in plans for layer in plan.layers)
        for plan, file in zip(plans, files, strict=True):
            for layer in plan.layers:
                archives.write(plan, layer)
            (aside / file.name).write_text(render_dockerfile(plan), "utf-8")
        index = [
            {"step": plan.step, "dockerfile": file.name, "image": plan.reference}
            for plan, file in zip(plans, files, strict=True)
        ]
        (aside / INDEX).write_text(json.dumps(index, indent=1) + "\n", "utf-8")
    return tuple(files)
