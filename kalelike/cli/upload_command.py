"""``kalelike upload``: a pipeline version on the server, new only if something changed."""

from __future__ import annotations

import argparse

from kalelike.cli.configuration import command_config
from kalelike.cli.exits import Exit
from kalelike.cli.kfp_command import read_job, target_of, with_notebook
from kalelike.cli.report import print_diagnostics, print_json
from kalelike.run.kfp.engine import upload_pipeline


def run_command(options: argparse.Namespace) -> int:
    """Upload; raises ``KalelikeError`` for what cannot be uploaded."""
    config = command_config(options)
    job = read_job(options, config)
    if not options.json:
        print_diagnostics(job.diagnostics, options.source)
    target = target_of(with_notebook(config, job))
    version, host = upload_pipeline(job.document, target, job.name)
    if options.json:
        print_json(
            {
                "ok": True, "host": host, "pipeline": version.pipeline, "version": version.name,
                "pipeline_id": version.pipeline_id, "version_id": version.version_id,
                "new_version": version.made,
            }
        )  # fmt: skip
    elif version.made:
        print(f"uploaded to {host}: version {version.name} ({version.version_id})")
    else:
        print(f"nothing changed: {host} has it as version {version.name} ({version.version_id})")
    return Exit.OK
