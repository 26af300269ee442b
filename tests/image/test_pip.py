"""What pip's complaints mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalelike.errors import BuildError
from kalelike.image.installed import Installed
from kalelike.image.pins import Pin
from kalelike.image.pip import explain_failure, run_pip
from kalelike.image.wheels import collect_wheels


@pytest.mark.parametrize(
    ("output", "code"),
    [
        pytest.param(
            "ERROR: Could not find a version that satisfies the requirement mine==1 (from versions:"
            " none)\nERROR: No matching distribution found for mine==1",
            "not-in-index", id="private",
        ),
        pytest.param(
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'\n"
            "ERROR: No matching distribution found for mine==1",
            "index-unreachable", id="no network",
        ),
        pytest.param("SSLError(SSLCertVerificationError(1, 'x'))", "index-unreachable", id="TLS"),
        pytest.param("ERROR: 401 Client Error: Unauthorized", "index-unreachable", id="password"),
        pytest.param("OSError: [Errno 28] No space left on device", "disk-full", id="disk"),
        pytest.param(
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "lock-outdated", id="hash",
        ),
        pytest.param("error: subprocess-exited-with-error\n", "no-wheel", id="build"),
        pytest.param("ERROR: Failed building wheel for odd\n", "no-wheel", id="wheel"),
        pytest.param("ERROR: ResolutionImpossible: for help", "cannot-resolve", id="conflict"),
    ],
)  # fmt: skip
def test_explain(output: str, code: str) -> None:
    assert explain_failure(output).code.name == code


def test_credentials_are_left_out() -> None:
    said = explain_failure("ERROR: SSLError https://user:s3cret@index.example/simple/x failed")
    assert "s3cret" not in str(said)


def test_an_index_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (
        ("PIP_INDEX_URL", "http://127.0.0.1:1/simple"), ("PIP_RETRIES", "0"),
        ("PIP_NO_INPUT", "1"), ("PIP_CONFIG_FILE", "/dev/null"), ("PIP_FIND_LINKS", ""),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    pin = Pin("kalelike-test-never-published", "1")
    with pytest.raises(BuildError) as caught:
        collect_wheels([pin], Installed([]), "x86_64", tmp_path)
    assert caught.value.diagnostics[0].code.name in ("index-unreachable", "not-in-index")
    assert list((tmp_path / "wheels").iterdir()) == []


def test_a_project_folder_becomes_a_wheel_without_an_index(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "backend").mkdir(parents=True)
    (project / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['backend']\n"
        "[project]\nname = 'mine'\nversion = '1'\n"
    )
    (project / "backend" / "backend.py").write_text(
        "import zipfile\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        "    name = 'mine-1-py3-none-any.whl'\n"
        "    with zipfile.ZipFile(folder + '/' + name, 'w') as z:\n"
        "        z.writestr('mine.py', 'X = 1')\n"
        "        z.writestr('mine-1.dist-info/METADATA',\n"
        "                   'Metadata-Version: 2.1\\nName: mine\\nVersion: 1\\n')\n"
        "        z.writestr('mine-1.dist-info/WHEEL',\n"
        "                   'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n"
        "        z.writestr('mine-1.dist-info/RECORD', '')\n"
        "    return name\n"
    )
    pin = Pin("mine", "1", project=project)
    wheels = collect_wheels([pin], Installed([]), "x86_64", tmp_path / "cache")
    assert wheels["mine"].path.name == "mine-1-py3-none-any.whl"
    again = collect_wheels([pin], Installed([]), "x86_64", tmp_path / "cache")
    assert again == wheels
    (project / "backend" / "more.py").write_text("")
    assert collect_wheels([pin], Installed([]), "x86_64", tmp_path / "cache") != again


def test_other_code_under_an_installed_version_is_refused(tmp_path: Path) -> None:
    real = Installed.here().find("tomli-w")
    assert real is not None
    site = tmp_path / "site" / real.folder.name
    site.mkdir(parents=True)
    (site / "METADATA").write_bytes((real.folder / "METADATA").read_bytes())
    record = real.record.replace(b"tomli_w/__init__.py,sha256=", b"tomli_w/__init__.py,sha256=x")
    (site / "RECORD").write_bytes(record)
    pin = Pin("tomli-w", real.version)
    with pytest.raises(BuildError) as caught:
        collect_wheels([pin], Installed([str(site.parent)]), "x86_64", tmp_path / "cache")
    assert caught.value.diagnostics[0].code.name == "distribution-differs"
    assert "tomli_w/__init__.py" in caught.value.diagnostics[0].message


def test_a_pip_that_takes_too_long() -> None:
    with pytest.raises(BuildError):
        run_pip(["wheel", "--help"], seconds=0.001)
