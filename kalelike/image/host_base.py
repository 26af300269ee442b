"""A base image made of this machine's own Python, where no image can be pulled.

It holds the interpreter, its standard library, the shared libraries that both
need, and a few everyday programs for ``!`` lines. Nothing of the user's goes
in: no packages, no configuration, no certificates, no list of users.
"""

from __future__ import annotations

import marshal
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path
from typing import TypeGuard

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BuildError
from kalelike.image.layers import digest_of

REPOSITORY = "kalelike/base-from-host"

_PROGRAMS = (
    "sh", "bash", "env", "cat", "cp", "date", "dirname", "basename", "echo", "false", "grep",
    "head", "ls", "mkdir", "mv", "pwd", "rm", "rmdir", "sed", "sleep", "sort", "tail", "tar", "tee",
    "touch", "tr", "true", "uname", "uniq", "wc", "gzip", "find", "xargs", "cut", "chmod", "ln",
    "mktemp", "printf", "seq", "test", "which",
)  # fmt: skip
# What compiled packages use beside what they bring, and the C library loads by name.
_LIBRARIES = ("libstdc++.so.6", "libgcc_s.so.1", "libgomp.so.1", "libnss_files.so.2",
              "libnss_dns.so.2", "libresolv.so.2", "libdl.so.2", "librt.so.1", "libutil.so.1",
              "libpthread.so.0", "libm.so.6")  # fmt: skip
_SKIPPED = frozenset({"test", "tests", "idlelib", "turtledemo", "lib2to3", "ensurepip",
                      "site-packages", "dist-packages", "__pycache__", "tkinter"})  # fmt: skip
_PASSWD = b"root:x:0:0:root:/root:/bin/sh\nstep:x:65532:65532:step:/nonexistent:/bin/false\n"
_GROUP = b"root:x:0:\nstep:x:65532:\n"
_LINKED = re.compile(r"(?:=> )?(/\S+) \(0x")


def host_base_tag() -> str:
    """Return the image's name: the same one for the same Python on the same system."""
    status = Path(sys.executable).resolve().stat()
    known = [sys.version, sys.base_prefix, platform.libc_ver(), platform.machine(), status.st_size,
             list(_PROGRAMS), 2]  # fmt: skip
    return f"{REPOSITORY}:{digest_of(known)[:12]}"


def host_base_members() -> dict[str, Path | bytes]:
    """Return the files of the image by their paths in it.

    Raises ``BuildError`` (host-not-usable) where this is not Linux.
    """
    ldd = shutil.which("ldd")
    if not sys.platform.startswith("linux") or ldd is None:
        message = "a base image can be made from a Linux machine with `ldd` only"
        hint = "name a base image with --base"
        raise BuildError([diagnose("host-not-usable", message, Location("host"), hint)])
    interpreter = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    if not interpreter.exists():
        interpreter = Path(sys.executable).resolve()
    found: dict[str, Path | bytes] = {str(interpreter): interpreter}
    standard = Path(sysconfig.get_path("stdlib", vars={"base": sys.base_prefix}))
    found |= {str(path): path for path in _standard_library(standard)}
    found |= dict(_bytecode(path) for path in found.values() if _is_module(path))
    programs = [Path(path) for name in _PROGRAMS if (path := shutil.which(name)) is not None]
    found |= {f"/usr/bin/{path.name}": path.resolve() for path in programs}
    zones = Path("/usr/share/zoneinfo")
    if zones.is_dir():
        found |= {str(path): path for path in sorted(zones.rglob("*")) if path.is_file()}
    binaries = [interpreter, *programs, *(path for path in found.values()
                if isinstance(path, Path) and ".so" in path.name)]  # fmt: skip
    found |= {str(name): path for name, path in _shared_libraries(ldd, binaries)}
    start = f'#!/bin/sh\nexec {interpreter} "$@"\n'.encode()
    for place in ("/usr/local/bin/python3", "/usr/local/bin/python"):
        if place != str(interpreter):
            found[place] = start
    found["/etc/passwd"], found["/etc/group"] = _PASSWD, _GROUP
    return _merged_usr(found)


def is_program(path: str) -> bool:
    """Tell whether a file of the image is executable."""
    return "/bin/" in path or "/ld-linux" in path or ".so" in path.rpartition("/")[2]


def _standard_library(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [
            name for name in folders
            if name not in _SKIPPED and not name.startswith("config-")
        ]  # fmt: skip
        yield from (Path(parent, name) for name in names if not name.endswith((".pyc", ".a")))


def _is_module(path: Path | bytes) -> TypeGuard[Path]:
    return isinstance(path, Path) and path.suffix == ".py"


def _bytecode(path: Path) -> tuple[str, bytes]:
    """Return a module's bytecode that is valid whatever the file's time (PEP 552)."""
    source = path.read_bytes()
    code = compile(source, str(path), "exec", dont_inherit=True)
    flags = (1).to_bytes(4, "little")
    head = MAGIC_NUMBER + flags + source_hash(source)
    return cache_from_source(str(path)), head + marshal.dumps(code)


def _shared_libraries(ldd: str, binaries: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield the libraries that programs are linked with, and those that packages load."""
    done = subprocess.run(
        [ldd, *map(str, binaries)],
        capture_output=True, text=True, errors="replace", timeout=120, check=False,
    )  # fmt: skip
    found = {Path(match) for match in _LINKED.findall(done.stdout)}
    folders = {path.parent for path in found}
    found |= {folder / name for folder in folders for name in _LIBRARIES}
    yield from ((path, path.resolve()) for path in sorted(found) if path.is_file())


def _merged_usr(found: dict[str, Path | bytes]) -> dict[str, Path | bytes]:
    """Let programs lie under /bin too, where scripts look for them."""
    twins = {
        path.removeprefix("/usr"): content
        for path, content in found.items()
        if path.startswith("/usr/bin/")
    }
    return {**found, **twins}
