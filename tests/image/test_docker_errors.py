"""What Docker's complaints mean."""

from __future__ import annotations

import pytest

from kalelike.image.docker_errors import explain


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(
            "Error while fetching server API version: ('Connection aborted.',"
            " FileNotFoundError(2, 'No such file or directory'))",
            "docker-unreachable", id="no daemon",
        ),
        pytest.param(
            "Error while fetching server API version: ('Connection aborted.',"
            " PermissionError(13, 'Permission denied'))",
            "docker-not-permitted", id="no permission",
        ),
        pytest.param(
            "Invalid bind address format: port is required: nonsense", "docker-unreachable",
            id="DOCKER_HOST",
        ),
        pytest.param(
            "TLS configurations should specify either client_cert... TLS configuration is invalid.",
            "docker-unreachable", id="TLS",
        ),
        pytest.param(
            "write /var/lib/docker/x: no space left on device", "disk-full", id="disk full"
        ),
        pytest.param("exec python3: exec format error", "architecture-mismatch", id="exec"),
        pytest.param(
            'exec: "python3": executable file not found in $PATH', "base-without-python",
            id="no Python",
        ),
        pytest.param("something else", "build-failed", id="unknown"),
    ],
)  # fmt: skip
def test_explain(text: str, code: str) -> None:
    found = explain(text, "base:1")
    assert found.code.name == code
    assert found.hint


def test_credentials_are_left_out() -> None:
    assert "s3cret" not in str(explain("Get https://user:s3cret@registry.example/v2/: denied"))
