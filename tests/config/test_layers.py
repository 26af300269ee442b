"""Every option goes by: default, project file, context, notebook, environment, flag."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalelike.config import Config, has_credentials, resolve
from kalelike.errors import CompileError

FILE = """
engine = "kfp"
host = "http://file"
[contexts.default]
namespace = "default-ns"
[contexts.lab]
host = "http://lab"
namespace = "lab-ns"
token-env = "LAB"
"""

ROWS = [
    ("nothing", "", {}, {}, {}, {"engine": "local", "host": None, "namespace": None}),
    ("file", FILE, {}, {}, {}, {"engine": "kfp", "host": "http://file", "namespace": "default-ns"}),
    ("context over file", FILE, {}, {}, {"context": "lab"},
     {"host": "http://lab", "namespace": "lab-ns"}),
    ("notebook over context", FILE, {"host": "http://nb"}, {}, {"context": "lab"},
     {"host": "http://nb", "namespace": "lab-ns"}),
    ("environment over notebook", FILE, {"host": "http://nb"}, {"KALELIKE_HOST": "http://env"}, {},
     {"host": "http://env"}),
    ("flag over environment", FILE, {}, {"KALELIKE_HOST": "http://env"}, {"host": "http://flag"},
     {"host": "http://flag"}),
    ("a flag that is not given", FILE, {}, {"KALELIKE_INLINE": "yes", "KALELIKE_POLL": "0.5"},
     {"host": None, "inline": None}, {"host": "http://file", "inline": True, "poll": 0.5}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "notebook", "environ", "flags", "expected"), ROWS, ids=[row[0] for row in ROWS]
)
def test_layers(
    name: str,
    text: str,
    notebook: dict[str, object],
    environ: dict[str, str],
    flags: dict[str, object],
    expected: dict[str, object],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    (tmp_path / "kalelike.toml").write_text(text)
    config = resolve(folder, notebook=notebook, environ=environ, flags=flags)
    assert {key: getattr(config, key) for key in expected} == expected
    if flags.get("context") == "lab":
        assert config.server.token_env == "LAB"


def test_pyproject_counts_where_it_has_the_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.kalelike]\nhost = "http://outer"\n')
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.other]\n")
    assert resolve(inner).host == "http://outer"
    assert resolve(tmp_path / "inner") != Config()


WRONG = [
    ("hots = 'x'", "did you mean host"),
    ("engine = 'kubeflow'", "local, docker, kfp"),
    ("inline = 'yes'", "true or false"),
    ("poll = -1", "above 0"),
    ("[contexts.lab]\ntoken = 'abc'", "secrets do not belong"),
    ("[contexts.lab]\nhost = 'https://me:pw@host'", "password"),
    ("host = [", "cannot be read"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[row[0] for row in WRONG])
def test_mistakes(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "kalelike.toml").write_text(text)
    with pytest.raises(CompileError) as caught:
        resolve(tmp_path)
    found = caught.value.diagnostics
    assert [item.code.name for item in found] == ["bad-configuration"]
    assert said in f"{found[0].message} {found[0].hint}"
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "found"),
    [("http://a", False), ("https://u@a", True), ("u:p@a/x", True), ("a:8888", False)],
)
def test_credentials_in_an_address(url: str, found: bool) -> None:
    assert has_credentials(url) is found
