"""What two cells' outputs have to have in common, and what differs in every run."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest

from kalelike.runtime.fingerprints import Outcome, Tolerance
from kalelike.verify.displays import compare_shown


def text(content: str, name: str = "stdout") -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": name, "text": content}]


def data(**kinds: Any) -> list[dict[str, Any]]:
    found = {key.replace("__", "/"): value for key, value in kinds.items()}
    return [{"output_type": "display_data", "data": found, "metadata": {}}]


def picture(shade: int, spot: int = 0) -> str:
    from PIL import Image

    image = Image.new("RGB", (40, 40), (shade, 0, 0))
    image.putpixel((3, 3), (spot, 0, 0))
    target = io.BytesIO()
    image.save(target, "PNG")
    return base64.b64encode(target.getvalue()).decode()


EQUAL = {
    "the same": (text("a\n"), text("a\n")),
    "streams in parts": (text("a\n") + text("b\n"), text("a\nb\n")),
    "addresses": (text("<A at 0x7f00aa>"), text("<A at 0x7f11bb>")),
    "times": (text("Wall time: 2 s\n1 ms per loop"), text("Wall time: 3 s\n2 ms per loop")),
    "folders": (text("/tmp/ours/a.csv"), text("/tmp/theirs/a.csv")),
    "last digit of many": (text("0.1234567"), text("0.1234568")),
    "width of a table": (text("x   1.50000001\n-----"), text("x  1.50000001\n----")),
    "ids in html": (data(text__html='<p id="T_ab12c">'), data(text__html='<p id="T_99fff">')),
    "a picture, almost": (data(image__png=picture(9, 9)), data(image__png=picture(9, 60))),
    "widget of sklearn": (
        data(text__html="sk-container-id-1"), data(text__html="sk-container-id-2")),
}  # fmt: skip
DIFFERENT = {
    "text": (text("a"), text("b"), "'a' for 'b'"),
    "number": (text("x 0.5"), text("x 0.6"), "'x 0.5' for 'x 0.6'"),
    "last digit of few": (text("0.12"), text("0.13"), ""),
    "whole number": (text("1234567"), text("1234568"), ""),
    "more lines": (text("a\nb"), text("a"), "2 lines for 1"),
    "nothing": ([], text("a"), "nothing for text"),
    "kind": (text("a"), data(text__plain="a"), "text for display data"),
    "picture": (data(image__png=picture(9)), data(image__png=picture(90)), "another picture"),
    "form": (data(text__html="a", text__plain="b"), data(text__plain="b"), "text/html"),
    "html": (data(text__html="<b>1.5</b>"), data(text__html="<b>2.5</b>"), "text/html"),
}
ROOTS = (Path("/tmp/ours"), Path("/tmp/theirs"))


@pytest.mark.parametrize("name", EQUAL)
def test_equal(name: str) -> None:
    ours, theirs = EQUAL[name]
    assert compare_shown(ours, theirs, ROOTS, Tolerance()).outcome is Outcome.EQUAL


@pytest.mark.parametrize("name", DIFFERENT)
def test_different(name: str) -> None:
    ours, theirs, why = DIFFERENT[name]
    found = compare_shown(ours, theirs, ROOTS, Tolerance())
    assert found.outcome is Outcome.DIFFERENT
    assert why in found.why


def test_warnings_are_told_once_a_process() -> None:
    ours, theirs = text("Warning: a\n", "stderr"), []
    assert compare_shown(ours, theirs, ROOTS, Tolerance()).outcome is Outcome.UNCOVERED
