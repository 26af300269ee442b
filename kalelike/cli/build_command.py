"""``kalelike build``: an image for each step, or plans of them for another builder."""

from __future__ import annotations

import argparse
from pathlib import Path

from kalelike.cli.configuration import command_config
from kalelike.cli.exits import Exit
from kalelike.cli.images import build_images, image_options, plan_for_others
from kalelike.cli.report import diagnostics_data, print_diagnostics, print_json
from kalelike.compiler import compile_notebook
from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BuildError
from kalelike.image.installed import Installed


def run_command(options: argparse.Namespace) -> int:
    """Build or plan, and say what was made; raises ``KalelikeError`` for what cannot be."""
    registry = command_config(options).registry
    wanted = image_options(options, registry, push=options.push)
    if options.plan and (options.push or options.base_from_host):
        message = "--plan builds nothing, so nothing can be pushed or made from this machine"
        hint = "leave out --plan, or --push and --base-from-host"
        raise BuildError([diagnose("bad-argument", message, Location("--plan"), hint)])
    compilation = compile_notebook(options.notebook, auto=options.auto)
    if options.plan:
        from kalelike.image.plan_folder import write_plans

        plans = plan_for_others(compilation, wanted)
        files = write_plans(plans.images, Path(options.plan), Installed.here(), wanted.machine)
        made: list[dict[str, object]] = [
            {"step": plan.step, "image": plan.reference, "dockerfile": str(file)}
            for plan, file in zip(plans.images, files, strict=True)
        ]
        found = plans.diagnostics
    else:
        built, found = build_images(compilation, options, wanted, push=options.push)
        made = [{"step": item.step, "image": item.reference, "made": item.made} for item in built]
    diagnostics = (*compilation.diagnostics, *found)
    if options.json:
        print_json({"ok": True, "exit_code": int(Exit.OK), "images": made,
                    "diagnostics": diagnostics_data(diagnostics)})  # fmt: skip
        return Exit.OK
    print_diagnostics(diagnostics, options.notebook)
    width = max(len(str(item["step"])) for item in made)
    for item in made:
        state = "" if item.get("made", True) else "  (unchanged)"
        print(f"{item['step']!s:{width}}  {item['image']}{state}")
    if options.plan:
        print(f"build each with: docker build -f {options.plan}/DOCKERFILE {options.plan}")
    return Exit.OK
