"""Wheels unpacked and compiled, each once on this machine, as the content of a layer."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zipfile import BadZipFile

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BuildError
from kalelike.image.extras import need
from kalelike.image.layers import LAYOUT, SITE
from kalelike.image.wheels import Wheel, cache_folder, keep_folder

# The Python of the image is on its path, wherever its base has it.
_INTERPRETER = b"#!/usr/bin/env python3"
_PLACEHOLDER = "/kalelike-python"


def unpack_wheels(wheels: Iterable[Wheel], cache: Path | None = None) -> list[Path]:
    """Return a folder for each wheel, with what installing it into the image's site gives.

    Modules are compiled, their bytecode valid whatever the files' times: a
    step's user cannot write it later. Raises ``OSError``, and ``BuildError`` for
    a wheel that is damaged or leads out of its folder.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    root = (cache or cache_folder()) / "unpacked" / f"{python}-{LAYOUT}"
    root.mkdir(parents=True, exist_ok=True)
    found, new = [], []
    for wheel in wheels:
        place = root / wheel.sha256
        found.append(place)
        if not place.is_dir():
            new.append((wheel, place))
    with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as aside:
        for wheel, place in new:
            _unpack(wheel.path, Path(aside, place.name))
        if new:
            _compile(Path(aside))
        for _, place in new:
            keep_folder(Path(aside, place.name), place)
    return found


def site_members(folders: Iterable[Path]) -> Iterator[tuple[str, Path | bytes]]:
    """Yield the files of unpacked wheels by their paths in the image."""
    for folder in folders:
        for parent, _, names in os.walk(folder):
            place = os.path.relpath(parent, folder)
            prefix = SITE if place == "." else f"{SITE}/{place}"
            for name in names:
                yield f"{prefix}/{name}", Path(parent, name)


def _unpack(path: Path, target: Path) -> None:
    need("installer")
    from installer import install
    from installer.destinations import SchemeDictionaryDestination
    from installer.exceptions import InstallerError
    from installer.sources import WheelFile

    scheme = {
        "purelib": str(target), "platlib": str(target), "data": str(target),
        "scripts": str(target / "bin"), "headers": str(target / "include"),
    }  # fmt: skip
    destination = SchemeDictionaryDestination(scheme, _PLACEHOLDER, "posix")
    try:
        with WheelFile.open(path) as source:
            install(source, destination, {"INSTALLER": b"kalelike\n"})
    except (ValueError, BadZipFile, InstallerError) as error:
        message = f"{path.name} cannot be installed: {error}"
        hint = "see where pip has it from: an index, a folder or its cache"
        raise BuildError([diagnose("no-wheel", message, Location("pip"), hint)]) from error
    scripts = target / "bin"
    for script in scripts.iterdir() if scripts.is_dir() else ():
        content = script.read_bytes()
        mark = f"#!{_PLACEHOLDER}".encode()
        if content.startswith(mark):
            script.write_bytes(_INTERPRETER + content[len(mark) :])


def _compile(folder: Path) -> None:
    """Compile all modules; one that cannot be compiled is left as it is, as pip does.

    Raises ``OSError`` where it is this machine's fault: half of it would stay for good.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(_compile_one, sorted(folder.iterdir())))


def _compile_one(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "compileall", "-q", "--invalidation-mode",
         "unchecked-hash", "-x", r"/tests?/", "-s", str(place), "-p", SITE, str(place)],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    if os.strerror(errno.ENOSPC).encode() in done.stdout:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place))
    if done.returncode < 0:
        raise OSError(errno.EINTR, f"compiling was ended by signal {-done.returncode}", str(place))
