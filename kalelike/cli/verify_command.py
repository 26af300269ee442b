"""``kalelike verify``: the notebook and its pipeline run, and are compared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kalelike.cli.configuration import command_config
from kalelike.cli.environment import environment_lines, imported_modules
from kalelike.cli.exits import Exit
from kalelike.cli.outputs import check_output, write_output
from kalelike.cli.report import print_diagnostics, print_json
from kalelike.cli.terminal import is_terminal
from kalelike.cli.warm_imports import warm_imports
from kalelike.compiler import Compilation, compile_notebook
from kalelike.config import Config
from kalelike.diagnostics import Location, Severity, diagnose
from kalelike.errors import BackendError
from kalelike.verify.findings import Outcome, Verification
from kalelike.verify.observations import PipelineSide


def run_command(options: argparse.Namespace) -> int:
    """Verify, or check a certificate; raises ``KalelikeError`` for what cannot be used."""
    config = command_config(options)
    options.engine = config.engine if config.engine == "kfp" else "local"
    if options.engine == "kfp" and options.check is None:
        from kalelike.cli.kfp_command import compile_for_cluster

        compilation = compile_for_cluster(options.notebook, options, config)
    else:
        compilation = compile_notebook(options.notebook, auto=options.auto)
    if options.check is not None:
        return _check(options, compilation)
    for name in (options.junit, options.certificate):
        if name is not None:
            check_output(Path(name), options.notebook)
    if not options.json:
        told = [item for item in compilation.diagnostics if item.severity is not Severity.NOTE]
        print_diagnostics(told, options.notebook)
    made = _verify(options, config, compilation)
    if options.junit is not None:
        from kalelike.verify.junit import to_junit

        write_output(Path(options.junit), to_junit(made))
    if options.certificate is not None and made.outcome in (Outcome.EQUAL, Outcome.DIFFERENT):
        from kalelike.verify.certificate import make_certificate

        text = make_certificate(made, compilation, _environment(options, compilation))
        write_output(Path(options.certificate), text)
    if options.json:
        print_json({"event": "Verification", **made.as_dict()})
    else:
        from kalelike.cli.verify_report import print_verification

        print_verification(made, Path(options.notebook))
    if made.outcome is Outcome.INTERRUPTED:
        return Exit.INTERRUPTED
    return Exit.OK if made.proved else Exit.FAILED


def _verify(options: argparse.Namespace, config: Config, compilation: Compilation) -> Verification:
    from kalelike.runtime.fingerprints import Tolerance
    from kalelike.verify.subject import make_subject
    from kalelike.verify.verifying import VerifyOptions, verify

    path = Path(options.notebook)
    subject = make_subject(path, compilation)
    kfp = options.engine == "kfp"
    side = _kfp_side(options, config, compilation) if kfp else _local_side(options, compilation)
    how = VerifyOptions(Tolerance(options.rtol, options.atol), options.strict, options.engine)
    progress = _Progress(options.json, every_line=kfp)
    try:
        return verify(subject, side, how, progress.tell)
    except OSError as error:
        why = f"{error.filename or path.parent}: {error.strerror or error}"
        place = Location(str(path))
        raise BackendError([diagnose("cannot-verify", why, place)]) from error
    finally:
        progress.close()


def _local_side(options: argparse.Namespace, compilation: Compilation) -> PipelineSide:
    from kalelike.verify.local_side import LocalSide
    from kalelike.verify.verifying import HASH_SEED, START

    return LocalSide(
        START,
        HASH_SEED,
        options.jobs or 1,
        options.timeout,
        options.start_method,
        warm_imports(_sources(compilation), Path(options.notebook).resolve().parent),
    )


def _kfp_side(
    options: argparse.Namespace, config: Config, compilation: Compilation
) -> PipelineSide:
    from kalelike.cli.kfp_command import submission_of
    from kalelike.run.kfp.follow import Pace
    from kalelike.verify.kfp_side import KfpSide
    from kalelike.verify.verifying import HASH_SEED, START

    submission = submission_of(compilation, config)
    return KfpSide(submission, START, HASH_SEED, Pace(poll=config.poll), options.timeout)


def _sources(compilation: Compilation) -> list[str]:
    found = []
    for step in compilation.graph.steps:
        found += [item.source for item in step.preamble]
        found += [item.source for item in step.cells]
    return found


def _environment(options: argparse.Namespace, compilation: Compilation) -> tuple[str, ...]:
    folder = Path(options.notebook).resolve().parent
    return environment_lines(imported_modules(compilation.graph), folder)


def _check(options: argparse.Namespace, compilation: Compilation) -> int:
    from kalelike.verify.certificate import check_certificate, read_certificate

    data = read_certificate(Path(options.check))
    found = check_certificate(data, compilation, _environment(options, compilation))
    if options.json:
        told = [{"what": item.what, "was": item.was, "now": item.now} for item in found]
        print_json({"event": "Certificate", "fits": not found, "mismatches": told})
    elif found:
        print(f"the certificate {options.check} does not fit {options.notebook}:")
        for item in found:
            print(f"  {item.what}: {item.was or '-'} -> {item.now or '-'}")
        print(f"verify again: kalelike verify {options.notebook} --certificate {options.check}")
    else:
        print(f"the certificate fits: {options.notebook} was verified, {data['made']}")
    return Exit.FAILED if found else Exit.OK


class _Progress:
    """One line that is rewritten on a terminal; elsewhere a line for each side, or for all."""

    def __init__(self, as_json: bool, *, every_line: bool) -> None:
        self._json = as_json
        self._every_line = every_line
        self._live = not as_json and is_terminal(sys.stderr)
        self._side = ""

    def tell(self, side: str, text: str) -> None:
        """Take a side's progress."""
        if self._json:
            print_json({"event": "Progress", "side": side, "text": text})
        elif self._live:
            sys.stderr.write(f"\r\x1b[K{side}: {text}")
            sys.stderr.flush()
        elif self._every_line:
            print(f"{side}: {text}", file=sys.stderr, flush=True)
        elif side != self._side:
            print(f"{side} runs", file=sys.stderr)
        self._side = side

    def close(self) -> None:
        """Clear the line."""
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
