"""pip, as the user has set it up: index, certificates, proxies and credentials are its own.

It runs on this machine, so that none of them comes near an image.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence

from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.errors import BuildError
from kalelike.image.extras import need

_PLACE = Location("pip")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_UNREACHABLE = re.compile(
    r"Retrying \(Retry|NewConnectionError|Max retries exceeded|SSLError|ProxyError"
    r"|ConnectTimeout|Name or service not known|Temporary failure in name resolution"
    r"|401 Client Error|403 Client Error|407 "
)
_NOT_FOUND = re.compile(r"No matching distribution found for ([^\s;]+)")
_NO_SPACE = re.compile(r"No space left on device")
_HASHES = re.compile(r"DO NOT MATCH THE HASHES|Hashes are required")
_CONFLICT = re.compile(r"ResolutionImpossible|conflicting dependencies|Cannot install")
_BUILD = re.compile(
    r"Failed (?:building wheel|to build)(?: for)? ([^\s]+)"
    r"|error: (?:subprocess-exited-with-error|metadata-generation-failed)"
)

_BEGUN = re.compile(r"^ *(?:Collecting|Processing) ([^\s;]+)", re.MULTILINE)
# The last line of what a build printed, in the frame that pip draws around it.
_REASON = re.compile(r"^ +(\S.*)\n +\[end of output\]", re.MULTILINE)


def run_pip(arguments: Sequence[str], *, seconds: float = 1800.0) -> None:
    """Run a pip command; raises ``BuildError`` that says what stood in the way."""
    need("pip")
    command = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check",
               "--no-color", *arguments]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        message = f"pip did not end within {seconds:g} s"
        raise BuildError([diagnose("index-unreachable", message, _PLACE, _REACH)]) from None
    if done.returncode != 0:
        raise BuildError([explain_failure(done.stdout + done.stderr)])


_REACH = "see that `pip download` works here: index, proxy and certificates are pip's settings"


def explain_failure(output: str) -> Diagnostic:
    """Return what pip's output means; credentials in it are left out."""
    text = _CREDENTIALS.sub("", output)
    if _NO_SPACE.search(text):
        return diagnose("disk-full", "there is no space left on this disk", _PLACE, "free some")
    if _HASHES.search(text):
        message = "the package index has other files than the lock names"
        return diagnose("lock-outdated", message, _PLACE, "see what changed, then: kalelike lock")
    if _UNREACHABLE.search(text):
        reason = _last(text, _UNREACHABLE)
        return diagnose("index-unreachable", f"the package index cannot be used: {reason}", _PLACE,
                        _REACH)  # fmt: skip
    missing = _NOT_FOUND.search(text)
    if missing is not None:
        return diagnose(
            "not-in-index",
            f"the package index has no {missing.group(1)} for this Python and platform",
            _PLACE,
            "set pip's index to one that has it (PIP_INDEX_URL, PIP_EXTRA_INDEX_URL), install"
            " another version here, or install it from its source folder",
        )
    if _CONFLICT.search(text):
        message = f"pip cannot resolve: {_last(text, _CONFLICT)}"
        hint = "change the requirements, or give the step an image of its own"
        return diagnose("cannot-resolve", message, _PLACE, hint)
    built = _BUILD.search(text)
    if built is not None:
        begun = _BEGUN.findall(text[: built.start()])
        last = begun[-1].rpartition("/")[2] if begun else "a distribution"
        reasons = _REASON.findall(text)
        return diagnose(
            "no-wheel",
            f"{built.group(1) or last} has no wheel for this platform, and building one failed:"
            f" {reasons[0][:300] if reasons else _tail(text)}",
            _PLACE,
            "see what `pip wheel` says to it; or choose a version with a wheel, or a base"
            " image that has it already",
        )
    return diagnose("not-in-index", f"pip failed: {_tail(text)}", _PLACE, _REACH)


def _last(text: str, pattern: re.Pattern[str]) -> str:
    lines = [line.strip() for line in text.splitlines() if pattern.search(line)]
    return lines[-1][:300]


def _tail(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "e:"))]
    return " ".join((errors or lines)[-3:])[:400]
