"""Check the sample pipelines of a checkout of kubeflow/pipelines, and print what is found.

``python tests/lint/check_samples.py DIR [--all]``: DIR is the checkout (or any
folder of compiled pipelines). Files that are no KFP v2 pipeline are counted
and passed over; ``--all`` shows notes too. The exit code is 1 where a sample
of a folder called ``valid`` has an error.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from kalelike.diagnostics import Diagnostic, Severity
from kalelike.lint.document import UNREADABLE, check_text

SHOWN = {Severity.ERROR, Severity.WARNING}


def check_folder(folder: Path) -> dict[Path, tuple[Diagnostic, ...]]:
    """Return what is found in every YAML file that speaks of a schema version."""
    found = {}
    for path in sorted(folder.rglob("*.yaml")):
        text = path.read_text("utf-8", errors="replace")
        if "schemaVersion" in text or "pipelineInfo" in text or "invalid" in path.parts:
            found[path] = check_text(text, path.name)
    return found


def main() -> int:
    """Print one line for each finding, then counts by code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="show notes too")
    options = parser.parse_args()
    started = time.process_time()
    found = check_folder(options.folder)
    seconds = time.process_time() - started
    codes: Counter[str] = Counter()
    refused = 0
    for path, diagnostics in found.items():
        place = path.relative_to(options.folder)
        for item in diagnostics:
            codes[f"{item.severity.value} {item.code.id} {item.code.name}"] += 1
            if options.all or item.severity in SHOWN:
                print(
                    f"{place}:{item.location.line}: {item.severity.value} {item.code.id}"
                    f" [{item.code.name}] {item.location.path}: {item.message}"
                )
        errors = [item for item in diagnostics if item.severity is Severity.ERROR]
        refused += bool(errors) and "valid" in path.parts
    unreadable = sum(any(d.code.name in UNREADABLE for d in items) for items in found.values())
    clean = sum(not any(d.severity in SHOWN for d in items) for items in found.values())
    print(
        f"\n{len(found)} files in {seconds:.1f} s: {clean} without a finding, {unreadable} no"
        f" pipelines, {refused} of `valid` refused"
    )
    for code, count in codes.most_common():
        print(f"{count:6} {code}")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
