"""``kalelike verify --engine kfp``: what the cluster's steps report against the notebook's run."""

from __future__ import annotations

import json
import os

import pytest

from tests.kfp_engine.test_commands import Place, place

__all__ = ["place"]
pytestmark = pytest.mark.kfp

CELLS = (
    (["imports"], "import random\n"),
    (["pipeline-parameters"], "times = 3\n"),
    (["step:make"], "rows = [random.random() for _ in range(times)]\n"),
    (["step:use"], "total = sum(rows)\nlongest = max(rows)\n"),
    (["step:last"], "share = longest / total\n"),
    (["pipeline-metrics"], "print(share)\n"),
)


def verify(place: Place) -> tuple[int, dict[str, object]]:
    code, printed = place.call(
        "verify", str(place.path), "--engine", "kfp", "--host", place.host, "--image", "own:1",
        "--json",
    )  # fmt: skip
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return code, lines[-1]


def test_equal(place: Place) -> None:
    place.write(*CELLS)
    code, made = verify(place)
    assert code == 0, made
    assert made["engine"] == "kfp"


def test_what_cells_show_is_compared(place: Place) -> None:
    """Texts as they are; of pictures only the hash comes back."""
    show = (
        "from IPython.display import Image, display\n"
        "print('rows', rows)\n"
        "display(Image(data={data}, format='png'))\n"
    )
    same, other = "b'same'", "__import__('os').urandom(4)"
    place.write(
        (["step:make"], "rows = [1, 2]\n"),
        (["step:use"], "total = sum(rows)\n" + show.format(data=same)),
        (["step:last"], "most = max(rows)\n" + show.format(data=other)),
    )
    code, made = verify(place)
    assert code == 0, made
    assert sum(step["equal"].get("display", 0) for step in made["steps"]) == 1
    assert [item["status"] for item in made["findings"]] == ["uncovered"]
    assert "hash" in json.dumps(made["findings"])


def test_a_cluster_that_computes_something_else_is_found(place: Place) -> None:
    """The image's helper module differs from the one here: only the cluster's run can tell."""
    (place.folder / "helper.py").write_text("FACTOR = 2\n")
    place.write(
        (["imports"], "import helper\n"),
        (["step:make"], "rows = [helper.FACTOR * row for row in range(3)]\n"),
        (["step:use"], "total = sum(rows)\n"),
        (["pipeline-metrics"], "print(total)\n"),
    )
    other = place.folder.parent / "image"
    other.mkdir()
    (other / "helper.py").write_text("FACTOR = 3\n")
    place.server.work = other
    code, made = verify(place)
    assert code == 1
    assert "rows" in json.dumps(made)
    first = made["findings"][0]
    assert first["step"] == "make"


def test_a_failing_step_is_the_difference(place: Place) -> None:
    place.write(
        (
            ["step:make"],
            "import os\nrows = [1]\nassert 'KUBERNETES_SERVICE_HOST' not in os.environ\n",
        ),
        (["step:use"], "total = sum(rows)\n"),
    )
    assert "KALELIKE_CODE" not in os.environ
    code, made = verify(place)
    assert code == 1
    assert "AssertionError" in json.dumps(made)


def test_files_that_nobody_sees_are_said(place: Place) -> None:
    place.write(
        (
            ["step:make"],
            "rows = [1]\nwith open('made.txt', 'w') as file:\n    print(1, file=file)\n",
        ),
        (["step:use"], "total = sum(rows)\n"),
    )
    code, made = verify(place)
    assert code == 0, made
    assert [(item["kind"], item["name"]) for item in made["findings"]] == [("file", "made.txt")]


def test_a_pod_that_never_starts_is_no_difference(place: Place) -> None:
    place.write((["step:make"], "rows = [1]\n"), (["step:use"], "total = sum(rows)\n"))
    place.server.stuck.add("make")
    code, printed = place.call(
        "verify", str(place.path), "--engine", "kfp", "--host", place.host, "--image", "own:1",
        "--timeout", "1",
    )  # fmt: skip
    assert code == 2
    assert "KL914" in printed
    assert "different" not in printed
