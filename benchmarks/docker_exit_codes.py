"""Failing containers: how many ends does each runner report as they were?

A step that fails at once is where a runner can lose the exit code: Docker
removes the container of ``auto_remove`` together with it. Every container
here exits with status 3; ours and KFP's own runner take turns.
"""

from __future__ import annotations

import contextlib
import io
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from measure import make_parser

from kalelike.image.docker_builder import DockerBuilder, connect
from kalelike.image.installed import Installed
from kalelike.image.pipeline import ImageOptions
from kalelike.run.backend import RunOptions
from kalelike.run.docker.launcher import ContainerLauncher
from kalelike.run.local.launcher import Launch
from kalelike.run.local.plan import Task

IMAGE = "kalelike/exit-3:1"
STATUS = 3
AT_ONCE = 8


def main() -> None:
    """Start the containers in batches, and print how many ends were reported as they were."""
    parser = make_parser(__doc__, rounds=1, with_kale=False)
    parser.add_argument("--containers", type=int, default=1000, help="ours (default: 1000)")
    parser.add_argument("--peer", type=int, default=64, help="KFP's own (default: 64)")
    options = parser.parse_args()
    client = connect()
    make_image(client)
    batches = max(1, options.containers // 100)
    ours = theirs = made = peers = 0
    for number in range(batches):
        count = options.containers // batches + (number < options.containers % batches)
        ours += run_ours(count)
        made += count
        count = options.peer // batches + (number < options.peer % batches)
        theirs += run_theirs(client, count)
        peers += count
        print(f"  {made} of ours, {made - ours} lost; {peers} of KFP's, {peers - theirs} lost")
    print("\n### Failing containers\n")
    print(f"{AT_ONCE} at a time, each exits with status {STATUS}\n")
    print("| runner | containers | reported as failures | lost |")
    print("|---|---:|---:|---:|")
    print(f"| kalelike --engine docker | {made} | {ours} | {made - ours} |")
    print(f"| kfp.local.DockerRunner | {peers} | {theirs} | {peers - theirs} |")
    client.images.remove(IMAGE, force=True)
    raise SystemExit(ours != made)


def make_image(client: Any) -> None:
    """Make an image whose entry point is kalelike's by name and ends at once."""
    base = DockerBuilder(
        Installed.here(), ImageOptions().machine, lambda _: None, client
    ).base_from_host()
    files = {
        "Dockerfile": f"FROM {base}\nADD kalelike /lib/kalelike\nENV PYTHONPATH=/lib\n",
        "kalelike/__init__.py": "",
        "kalelike/runtime/__init__.py": "",
        "kalelike/runtime/__main__.py": f"import os\nos._exit({STATUS})\n",
    }
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    context.seek(0)
    client.images.build(fileobj=context, custom_context=True, tag=IMAGE)


def run_ours(count: int) -> int:
    """Return how many of ``count`` containers our launcher reports with their status."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        launcher = ContainerLauncher(RunOptions(place, place, place / "code"))
        task = Task("t", "t", "0" * 16, IMAGE, (), (), {}, {}, {}, frozenset(), False, "", None)
        right = running = started = 0
        try:
            while started < count or running:
                while started < count and running < AT_ONCE:
                    log = place / f"{started}.txt"
                    launcher.start(Launch(task, (), {}, place, place, log))
                    started, running = started + 1, running + 1
                for end in launcher.ended(0.5):
                    running -= 1
                    right += end.status == STATUS and not end.cause
        finally:
            launcher.close()
    return right


def run_theirs(client: Any, count: int) -> int:
    """Return how many of ``count`` containers KFP's own function does not call a success.

    It raises now and then, when a container goes away while its log is asked for.
    """
    from docker.errors import APIError
    from kfp.local.docker_task_handler import run_docker_container

    def one(_: int) -> bool:
        try:
            command = ["python3", "-m", "kalelike.runtime"]
            return bool(run_docker_container(client, IMAGE, command, {}) == STATUS)
        except APIError:
            return True

    with contextlib.redirect_stdout(io.StringIO()), ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(one, range(count)))


if __name__ == "__main__":
    main()
