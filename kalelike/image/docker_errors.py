"""What goes wrong with Docker, in the user's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.errors import BuildError
from kalelike.image.extras import need

PLACE = Location("docker")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")


@contextmanager
def docker_errors(reference: str = "") -> Iterator[None]:
    """Turn Docker's errors into diagnostics; ``reference`` is the image that it is about."""
    need("docker")
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except (DockerException, RequestException) as error:
        raise BuildError([explain(str(error), reference)]) from error


def explain(text: str, reference: str = "") -> Diagnostic:
    """Return the diagnostic of a message from Docker, its client or a registry."""
    text = " ".join(_CREDENTIALS.sub("", text).split())
    short = text[:400]
    if "no space left on device" in text.lower():
        return diagnose("disk-full", "there is no space left for images", PLACE,
                        "free some, for example with `docker system prune`")  # fmt: skip
    if "Permission denied" in text or "PermissionError" in text:
        return diagnose("docker-not-permitted", "this user may not use the Docker daemon", PLACE,
                        "add the user to the group `docker`, or use rootless Docker")  # fmt: skip
    if re.search(r"Invalid bind address|TLS configuration", text):
        return diagnose("docker-unreachable", f"no Docker daemon can be addressed: {short}", PLACE,
                        "see DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH")  # fmt: skip
    if re.search(r"Connection aborted|Connection refused|ConnectionError|Error while fetching"
                 r"|No such file or directory|Read timed out|Max retries", text):  # fmt: skip
        return diagnose("docker-unreachable", f"the Docker daemon does not answer: {short}", PLACE,
                        "start it, or say where it is with DOCKER_HOST")  # fmt: skip
    if re.search(r"exec format error|match the specified platform|no match for platform", text):
        return diagnose("architecture-mismatch", f"{reference} is for another machine: {short}",
                        PLACE, "name a base image for this one, or give --platform")  # fmt: skip
    if re.search(r"executable file not found|no such file or directory", text, re.IGNORECASE):
        return diagnose("base-without-python", f"{reference} has no python3 on its path", PLACE,
                        "name a base image that has, such as python:3.12-slim")  # fmt: skip
    return diagnose("build-failed", f"Docker failed: {short}", PLACE, "see the daemon's log")
