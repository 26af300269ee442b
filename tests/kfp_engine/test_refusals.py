"""What stands in the way of a run on Kubeflow: one line each, its exit code, nothing half-made."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kalelike.cli.main import main
from tests.kfp_engine.fake_kubeflow import FakeKubeflow
from tests.kfp_engine.serving import Answer, Api, Request, serving

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebooks" / "two_models.ipynb"
RECORDINGS = Path(__file__).parent / "recordings"
pytestmark = pytest.mark.kfp


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KALELIKE_POLL", "0.05")
    for name in ("KF_PIPELINES_ENDPOINT", "KUBERNETES_SERVICE_HOST", "KALELIKE_HOST"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "here"
    folder.mkdir()
    return str(shutil.copy(NOTEBOOK, folder))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeKubeflow]:
    made = FakeKubeflow(tmp_path / "bucket", tmp_path, dict(os.environ))
    yield made
    made.wait()


def refused(
    capsys: pytest.CaptureFixture[str], notebook: str, *arguments: str
) -> tuple[int, list[str], str]:
    """Run; returns exit code, codes of errors, and what was printed."""
    code = main(["run", notebook, "--engine", "kfp", "--image", "own:1", "--json", *arguments])
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    data = json.loads(printed.out.splitlines()[-1])
    found = [item for item in data.get("diagnostics", ()) if item["severity"] == "error"]
    assert all(item["hint"] for item in found)
    assert all("\n" not in item["message"] for item in found)
    return code, [item["code"] for item in found], printed.out


def test_no_host(notebook: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, notebook)[:2] == (2, ["KL902"])


def test_a_port_where_nobody_listens(notebook: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{free.getsockname()[1]}"
    code, codes, printed = refused(capsys, notebook, "--host", host)
    assert (code, codes) == (2, ["KL903"])
    assert "port-forward" in printed


def test_an_unknown_name(notebook: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, notebook, "--host", "http://no-such-host.invalid")[1] == ["KL903"]


def test_tls_where_there_is_none(
    notebook: str, server: FakeKubeflow, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(server) as host:
        found = refused(capsys, notebook, "--host", host.replace("http:", "https:"))
    assert found[:2] == (2, ["KL904"])


class Fixed(Api):
    """Gives the same answer to everything."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.fixed = answer

    def answer(self, request: Request) -> Answer:
        return self.fixed


class Old(Api):
    def answer(self, request: Request) -> Answer:
        good = request.path == "/apis/v1beta1/healthz"
        return Answer({"commit_sha": "x"}) if good else Answer({"code": 5}, 404)


PAGE = "<!doctype html><html><title>Welcome to nginx</title></html>"
LOGIN = "<html><form method=post action=/dex/auth>Log in</form></html>"
ANSWERS: list[tuple[str, Callable[[], Api], str]] = [
    ("401", lambda: Fixed(Answer({"code": 16, "message": "Unauthenticated"}, 401)), "KL905"),
    ("403", lambda: Fixed(Answer({"code": 7, "message": "no"}, 403)), "KL906"),
    ("page", lambda: Fixed(Answer(PAGE, 200, "text/html")), "KL907"),
    ("login", lambda: Fixed(Answer(LOGIN, 200, "text/html")), "KL905"),
    ("404", lambda: Fixed(Answer("not found", 404, "text/plain")), "KL907"),
    ("old", Old, "KL908"),
    ("503", lambda: Fixed(Answer("no healthy upstream", 503, "text/plain")), "KL909"),
    ("cut", lambda: Fixed(Answer("", cut=0)), "KL903"),
]


@pytest.mark.parametrize(("name", "make", "code"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_what_answers_is_not_the_api(
    name: str,
    make: Callable[[], Api],
    code: str,
    notebook: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    api = make()
    with serving(api) as host:
        assert refused(capsys, notebook, "--host", host)[:2] == (2, [code])
    assert all(request.method == "GET" for request in api.requests)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-p", "nope=1"], "KL804"),
        (["-p", "shres=0.5"], "KL804"),
        (["--namespace", "Team_A"], "KL918"),
        (["--service-account", "x_"], "KL918"),
        (["--experiment", " "], "KL918"),
        (["--context", "nowhere"], "KL919"),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, list) else item,
)
def test_refused_before_anything_leaves(
    arguments: list[str],
    code: str,
    notebook: str,
    server: FakeKubeflow,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(server) as host:
        assert refused(capsys, notebook, "--host", host, *arguments)[:2] == (2, [code])
    assert not server.requests


def test_parameters_that_are_too_large(
    tmp_path: Path,
    notebook: str,
    server: FakeKubeflow,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = json.loads(Path(notebook).read_text())
    cell = {"cell_type": "code", "id": "p0", "metadata": {"tags": ["pipeline-parameters"]},
            "source": "note = ''\n", "outputs": [], "execution_count": None}  # fmt: skip
    source["cells"].insert(0, cell)
    source["cells"].append({**cell, "id": "p1", "metadata": {"tags": ["step:last"]},
                            "source": "size = len(note)\n"})  # fmt: skip
    Path(notebook).write_text(json.dumps(source))
    with serving(server) as host:
        found = refused(capsys, notebook, "--host", host, "-p", f"note={'x' * 10_000}")
    assert found[:2] == (2, ["KL603"])
    assert not server.requests


def test_an_image_that_cannot_hold_the_step(
    notebook: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", notebook, "--engine", "kfp", "--host", "http://x", "--json"]) == 2
    assert '"KL920"' in capsys.readouterr().out


class Refusing(FakeKubeflow):
    """Refuses the run with a recorded answer."""

    refusal = "error-bad-spec.json"

    def _create(self, body: dict[str, object]) -> Answer:
        recorded = json.loads((RECORDINGS / self.refusal).read_text())
        return Answer(recorded["body"], recorded["status"])


@pytest.mark.parametrize(
    "refusal", ["error-bad-spec.json", "error-cycle.json", "error-parameter-type.json"]
)
def test_a_refused_run_names_what_stays_on_the_server(
    refusal: str, notebook: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Refusing(tmp_path / "bucket", tmp_path, {})
    server.refusal = refusal
    with serving(server) as host:
        code, codes, printed = refused(capsys, notebook, "--host", host)
    assert code == 2
    assert codes in (["KL911"], ["KL909"])
    assert "stays on the server" in printed
    assert len(server.versions) == 1


def test_a_lost_answer_makes_no_second_run(
    notebook: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Losing(FakeKubeflow):
        def _create(self, body: dict[str, object]) -> Answer:
            super()._create(body)
            return Answer("", cut=0)

    server = Losing(tmp_path / "bucket", tmp_path, {})
    with serving(server) as host:
        arguments = ["--image", "own:1", "--json", "--detach", "--host", host]
        assert main(["run", notebook, "--engine", "kfp", *arguments]) == 0
        server.wait()
    assert len(server.runs) == 1
    submitted = json.loads(capsys.readouterr().out.splitlines()[0])
    assert submitted["kfp_run"] in server.runs


def test_a_token_by_reference(
    notebook: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = FakeKubeflow(tmp_path / "bucket", tmp_path, {}, token="s3cret")
    with serving(server) as host:
        text = f'[contexts.lab]\nhost = "{host}"\ntoken-env = "LAB_TOKEN"\n'
        (Path(notebook).parent / "kalelike.toml").write_text(text)
        monkeypatch.setenv("LAB_TOKEN", "s3cret")
        arguments = ["--engine", "kfp", "--image", "own:1", "--json", "--detach"]
        assert main(["run", notebook, *arguments, "--context", "lab"]) == 0
        monkeypatch.delenv("LAB_TOKEN")
        assert refused(capsys, notebook, "--context", "lab")[1] == ["KL905"]
        server.wait()
    store = Path(notebook).parent / ".kalelike"
    for path in store.rglob("*"):
        if path.is_file():
            assert b"s3cret" not in path.read_bytes(), path


@pytest.mark.parametrize(
    "line", ['token = "x"', 'hots = "http://x"', "host = 3", 'host = "https://me:pw@x"']
)
def test_configuration_mistakes(
    line: str, notebook: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(notebook).parent / "kalelike.toml").write_text(f"[contexts.default]\n{line}\n")
    assert main(["run", notebook, "--engine", "kfp", "--json"]) == 2
    assert '"KL919"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "exit_code", "code"),
    [
        (Answer({"code": 5, "message": "Run not found"}, 404), 1, "KL912"),
        (Answer({"code": 16, "message": "Unauthenticated"}, 401), 3, "KL905"),
    ],
    ids=["deleted", "token expired"],
)
def test_what_ends_the_following(
    answer: Answer,
    exit_code: int,
    code: str,
    notebook: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Ending(FakeKubeflow):
        looks = 0

        def troubled(self, request: Request) -> bool:
            self.looks += request.path.startswith("/apis/v2beta1/runs/")
            return self.looks > 2

    server = Ending(tmp_path / "bucket", tmp_path, dict(os.environ), pace=0.5)
    server.trouble = [answer]
    with serving(server) as host:
        arguments = ["--image", "own:1", "--host", host]
        assert main(["run", notebook, "--engine", "kfp", *arguments]) == exit_code
        server.wait()
    told = capsys.readouterr()
    printed = told.out + told.err
    assert code in printed
    assert ("the run goes on" in printed) is (exit_code == 3)


def test_a_second_image_would_not_fit_inline(
    notebook: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Argo keeps nine copies of what each image's first step carries, in 1 MiB."""
    source = json.loads(Path(notebook).read_text())
    steps = [cell for cell in source["cells"] if "step:show" in cell["metadata"].get("tags", ())]
    steps[0]["metadata"]["tags"].append("image:other:1")
    Path(notebook).write_text(json.dumps(source))
    assert main(["compile", notebook, "--inline", "-o", f"{notebook}.yaml", "--json"]) == 2
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["diagnostics"]
    (error,) = [item for item in found if item["severity"] == "error"]
    assert error["code"] == "KL605"
    assert "2 images" in error["message"]
