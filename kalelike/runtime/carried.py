"""Steps of a pipeline that brings everything along, in an image that has only Python and pip.

The first step leaves a folder: ``lib`` with this package, ``files`` with the
notebook's data and helper modules, and ``site.tar.gz`` with the packages that
the image lacks. Every other step starts from it.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from kalelike.runtime.atomic import strict_json, written_aside
from kalelike.runtime.executor_io import ExecutorInput, write_executor_output
from kalelike.runtime.faults import ExitCode
from kalelike.runtime.record import Failure, Record, publish

_SITE = "site.tar.gz"
_ABOUT = "setup.json"
_LEVEL = 1
"""Of gzip: wheels' content is large, and the artifact store is near."""
_QUIET = ("Collecting ", "Looking in ", "Installing collected", "[notice]")


def make_setup(folder: str, bundle: Mapping[str, Any], arguments: Sequence[str]) -> int:
    """Fill the artifact's folder; ``lib`` is there already. Returns the process's exit code.

    ``bundle`` has ``files`` (``text`` or ``base64`` by relative path), ``packages``
    (``name``, ``version`` and ``least``, from which on any will do, or a requirement's
    ``text``), ``python`` (the version that those are known to work with),
    ``constraints`` (pins of what those need) and ``index_url``.
    """
    started = time.monotonic()
    target = Path(folder)
    failure = None
    try:
        _write_files(target / "files", bundle["files"])
        missing = [item for item in bundle["packages"] if not _is_here(item)]
        _tell_packages(bundle["packages"], missing)
        here = _this_python()["python"]
        if missing and here != bundle["python"]:
            print(f"note: the image has Python {here}, and the versions are of {bundle['python']}")
        if missing:
            failure = _install(target, missing, bundle["constraints"], bundle["index_url"])
        (target / _ABOUT).write_text(json.dumps(_this_python()), "utf-8")
    except OSError as error:
        failure = Failure(type(error).__name__, str(error), "KL807")
    record = Record(
        arguments[0],
        arguments[1],
        "failed" if failure else "succeeded",
        round(time.monotonic() - started, 3),
        error=failure,
        exit_code=int(ExitCode.BAD_CALL if failure else ExitCode.SUCCEEDED),
    )
    if failure is None:
        executor_input = ExecutorInput.from_json(arguments[2])
        write_executor_output(executor_input, {key: {} for key in executor_input.outputs})
    else:
        print(f"error: {failure.message}", file=sys.stderr)
    publish(record)
    return record.exit_code


def start_step(folder: str, arguments: Sequence[str]) -> int:
    """Run a step with what the first one left; returns the process's exit code."""
    source = Path(folder)
    made = json.loads((source / _ABOUT).read_text("utf-8"))
    if made != _this_python():
        print(f"error: the packages are for {made}, and here is {_this_python()}", file=sys.stderr)
        return int(ExitCode.BAD_CALL)
    with tempfile.TemporaryDirectory(prefix="kalelike-carried-") as scratch:
        site = Path(scratch) / "site"
        if (source / _SITE).exists():
            _unpack(source / _SITE, site)
            sys.path.insert(1, str(site))
        _use_writable_folder(Path(scratch) / "work")
        _place_files(source / "files", Path.cwd())
        before = os.environ.get("PYTHONPATH")
        paths = [str(source / "lib"), str(site), *([before] if before else [])]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        importlib.invalidate_caches()
        from kalelike.runtime.__main__ import main

        here = Path.cwd()
        try:
            return main(list(arguments))
        finally:
            os.chdir("/" if here.is_relative_to(scratch) else here)


def _this_python() -> dict[str, str]:
    version = ".".join(platform.python_version_tuple()[:2])
    return {"python": version, "system": platform.system(), "machine": platform.machine()}


def _is_here(package: Mapping[str, str]) -> bool:
    """Tell whether the image has a package, at its version, or new enough where any will do."""
    try:
        found = metadata.version(package["name"])
    except metadata.PackageNotFoundError:
        return False
    if "text" in package:
        return True
    if not package["least"]:
        return found == package["version"]
    return _numbers(found) >= _numbers(package["least"])


def _numbers(version: str) -> list[int]:
    return [int(part) if part.isdigit() else 0 for part in version.split(".")]


def _tell_packages(packages: Sequence[Mapping[str, str]], missing: Sequence[Any]) -> None:
    lacking = ", ".join(f"{item['name']} {item['version']}" for item in missing)
    print(f"the image has {len(packages) - len(missing)} of {len(packages)} packages", flush=True)
    if missing:
        print(f"to install: {lacking}", flush=True)


def _install(
    target: Path, missing: Sequence[Mapping[str, str]], pins: Sequence[str], index: str
) -> Failure | None:
    """Install packages with pip and pack them; says why where that fails."""
    with tempfile.TemporaryDirectory(prefix="kalelike-setup-") as scratch:
        site, constraints = Path(scratch) / "site", Path(scratch) / "constraints.txt"
        # Of what is asked for itself, pip would tell a missing version as a conflict.
        asked = {item["name"] for item in missing}
        kept = [pin for pin in pins if pin.partition("==")[0] not in asked]
        constraints.write_text("".join(f"{pin}\n" for pin in kept), "utf-8")
        environment = {**os.environ, "HOME": scratch, "TMPDIR": scratch}
        if index:
            environment["PIP_INDEX_URL"] = index
        command = [
            sys.executable, "-m", "pip", "install", "--target", str(site), "--no-cache-dir",
            "--disable-pip-version-check", "--no-input", "--progress-bar", "off",
            "--prefer-binary", "-c", str(constraints),
            *(item.get("text") or f"{item['name']}=={item['version']}" for item in missing),
        ]  # fmt: skip
        status, output = _run_told(command, environment)
        if status != 0:
            return _explain(output)
        print("packing what was installed", flush=True)
        with (
            written_aside(target / _SITE) as aside,
            tarfile.open(aside, "w:gz", compresslevel=_LEVEL) as archive,
        ):
            archive.add(site, ".")
    return None


def _run_told(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run pip, its lines shown as they come; what only says what is asked for is left out."""
    lines = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, text=True, errors="replace",
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if not line.startswith(_QUIET):
                print(line.strip(), flush=True)
    return process.returncode, "".join(lines)


def _explain(output: str) -> Failure:
    if "No module named pip" in output:
        return Failure(
            "NoPip", "the image has no pip to install packages with", "KL921",
            hint="name another image with --image, for example the official python one",
        )  # fmt: skip
    lines = output.splitlines()
    errors = [line for line in lines if line.startswith("ERROR:")]
    why = errors[-1].removeprefix("ERROR:").strip() if errors else "see the log"
    hint = "name an index that the cluster reaches with --index-url, or build images"
    broken = [line for line in lines if "connection broken by" in line]
    if broken:
        # Without an index, pip says of every package that there is no version of it.
        reason = broken[-1].partition("connection broken by ")[2].strip("': ")
        why = f"the package index cannot be reached from the pod: {reason[:300]}"
    elif "(from versions: none)" in output:
        why += "; the index has no version of it, or cannot be reached"
    elif "No space left on device" in output:
        hint = "give the pods more room in /tmp, for example `empty-dir:tmp:/tmp`, or build images"
    return Failure(
        "PackagesMissing", f"pip could not install the packages: {why}", "KL921",
        traceback="\n".join(lines[-20:]), hint=hint,
    )  # fmt: skip


def _write_files(folder: Path, files: Mapping[str, Mapping[str, str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # KFP's launcher does not keep empty folders.
    (folder / ".kalelike").write_text(strict_json(sorted(files)), "utf-8")
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content.get("text")
        data = text.encode("utf-8") if text is not None else base64.b64decode(content["base64"])
        path.write_bytes(data)


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as file:
        if hasattr(tarfile, "data_filter"):
            file.extractall(folder, filter="data")
            return
        for member in file:
            # Even root may not give files away where all capabilities are dropped.
            member.uid, member.gid = os.getuid(), os.getgid()
            member.uname = member.gname = ""
            file.extract(member, folder)


def _use_writable_folder(fallback: Path) -> None:
    """Work where files can be written, but not among the system's own."""
    here = Path.cwd()
    if here == Path(here.anchor) or not os.access(here, os.W_OK):
        fallback.mkdir()
        os.chdir(fallback)


def _place_files(source: Path, here: Path) -> None:
    for name in json.loads((source / ".kalelike").read_text("utf-8")):
        target = here / name
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((source / name).read_bytes())
