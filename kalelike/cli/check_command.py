"""``kalelike check``: what Kubeflow would refuse or drop in a pipeline document."""

from __future__ import annotations

import argparse
from pathlib import Path

from kalelike.cli.documents import read_text_file
from kalelike.cli.exits import Exit
from kalelike.cli.report import diagnostics_data, print_diagnostics, print_json, summary
from kalelike.diagnostics import Severity
from kalelike.lint.document import check_text


def run_command(options: argparse.Namespace) -> int:
    """Check a document; exit code 1 when anything but notes was found."""
    path = Path(options.document)
    found = check_text(read_text_file(path), path.name)
    bad = any(item.severity is not Severity.NOTE for item in found)
    code = Exit.FAILED if bad else Exit.OK
    if options.json:
        print_json({"ok": not bad, "exit_code": int(code), "diagnostics": diagnostics_data(found)})
        return code
    print_diagnostics(found, options.document)
    print(f"{path.name}: {summary(found) or 'nothing found'}")
    return code
