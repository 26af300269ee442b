"""A base image with this machine's Python and Debian's R, made without a registry."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from kalelike.image.host_base import host_base_members, is_program
from kalelike.image.layers import write_tar

REFERENCE = "kalelike-test/r:1"
_SKIPPED = ("/usr/share/doc", "/usr/share/man", "/usr/share/locale", "/usr/share/perl", "/var/")


def make_r_image(client: Any) -> str:
    """Make the image if it is not there, from the files of the installed packages."""
    if not client.images.list(REFERENCE):
        members = host_base_members()
        for package in _packages("r-cran-irkernel", "r-cran-jsonlite"):
            for path in _run("dpkg", "-L", package):
                if Path(path).is_file() and not path.startswith(_SKIPPED):
                    members[path] = Path(path).resolve()
        binaries = [name for name in members if name.endswith(".so") or ".so." in name]
        for line in _run("ldd", *binaries, "/usr/lib/R/bin/exec/R"):
            library = line.partition("=> ")[2].partition(" (")[0]
            if library.startswith("/"):
                members[library] = Path(library).resolve()
        with tempfile.TemporaryFile() as file:
            write_tar(file, members.items(), ("/tmp",), _is_program)
            file.seek(0)
            client.api.import_image_from_data(file, *REFERENCE.split(":"))
    return REFERENCE


def _is_program(path: str) -> bool:
    return is_program(path) or path.startswith("/usr/lib/R/bin")


def _packages(*names: str) -> list[str]:
    lines = _run(
        "apt-cache", "depends", "--recurse", "--installed", "--no-recommends", "--no-suggests",
        "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", *names,
    )  # fmt: skip
    found = [line for line in lines if line and not line.startswith((" ", "<", "|"))]
    return [
        name for name in found if not name.startswith(("python", "perl", "debconf", "tk", "tcl"))
    ]


def _run(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()
