"""``kalelike check``: what Kubeflow would refuse or drop in a pipeline document."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kalelike.cli.documents import read_text_file
from kalelike.cli.exits import Exit
from kalelike.cli.report import diagnostics_data, print_diagnostics, print_json, summary
from kalelike.diagnostics import Diagnostic, Location, Severity, diagnose
from kalelike.errors import KalelikeError
from kalelike.lint.document import LARGEST_UPLOAD, UNREADABLE, check_text

STDIN = "-"


def run_command(options: argparse.Namespace) -> int:
    """Check a document; the findings go to standard output.

    Notes alone are no findings: they tell what is right and worth knowing.
    """
    source = "<stdin>" if options.document == STDIN else Path(options.document).name
    found = check_text(_read(options.document), source)
    code = _exit_code(found)
    if options.json:
        ok = code is Exit.OK
        print_json({"ok": ok, "exit_code": int(code), "diagnostics": diagnostics_data(found)})
        return code
    print_diagnostics(found, options.document, sys.stdout)
    print(f"{source}: {summary(found) or 'nothing found'}")
    return code


def _exit_code(found: tuple[Diagnostic, ...]) -> Exit:
    if any(item.code.name in UNREADABLE for item in found):
        return Exit.BAD_INPUT
    if any(item.severity is not Severity.NOTE for item in found):
        return Exit.FAILED
    return Exit.OK


def _read(document: str) -> str:
    if document != STDIN:
        return read_text_file(Path(document), LARGEST_UPLOAD)
    try:
        # One byte more than KFP takes tells that the document is too large.
        return sys.stdin.buffer.read(LARGEST_UPLOAD + 1).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Location("<stdin>")
        message = f"byte {error.start} is not UTF-8 text"
        raise KalelikeError([diagnose("not-utf8", message, place)]) from None
