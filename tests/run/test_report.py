"""The pages of a run: self-contained, readable, and safe whatever the notebook shows."""

from __future__ import annotations

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kalelike.run.report import run_page
from kalelike.runtime.cell_page import output_html, plain_text
from tests.run.running import Outcome, run_cells

EVIL = "<script>document.title='OWNED'</script><img src=x onerror=\"document.title='OWNED'\">"
SOURCE = f"""
import base64
from IPython.display import HTML, SVG, Image, Javascript, Markdown, display
evil = {EVIL!r}
display(HTML(evil + "</iframe>" + evil + "'>" + evil))
display(HTML("<a href='javascript:void(0)'>x</a><b>bold</b>"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload='document.title=1'></svg>"))
display(Markdown(evil))
display(Javascript("document.title='OWNED'"))
display({{"image/png": "AAAA' onerror='document.title=1"}}, raw=True)
display({{"text/plain": evil}}, raw=True)
print(evil)
print(evil, file=__import__("sys").stderr)
class Evil:
    def __repr__(self):
        return evil
Evil()
"""


class Page(HTMLParser):
    """Collects what could run, and what would be fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.bad: list[str] = []
        self.frames: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attributes)
        self.bad += [f"{tag} {name}" for name in given if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "action", "data"):
            value = given.get(name) or "data:"
            if not value.startswith("data:"):
                self.bad.append(f"{tag} {name}={value}")
        if tag == "iframe":
            assert given["sandbox"] == ""
            self.frames.append(given["srcdoc"] or "")
        if tag in ("script", "object", "embed", "base", "form", "link"):
            self.bad.append(tag)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("hostile")
    cells = [
        ("pipeline-parameters", f"text = {EVIL!r}"),
        ("step:shows", SOURCE),
        ("step:raises", f"value = {EVIL!r} + text\nraise ValueError(value)  # {EVIL}"),
    ]
    return run_cells(folder, cells)


def test_no_page_can_do_anything(hostile: Outcome) -> None:
    pages = [run_page(hostile.row, store_of(hostile))]
    pages += [
        (folder_of(hostile, step) / "report.html").read_text() for step in ("shows", "raises")
    ]
    for text in pages:
        page = Page(text)
        assert page.bad == []
        assert "default-src 'none'" in text.partition("<style>")[0]
    assert any(EVIL in frame for frame in Page(pages[0]).frames)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_a_browser_agrees(hostile: Outcome, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(run_page(hostile.row, store_of(hostile)))
    command = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--dump-dom",
        page.as_uri(),
    ]
    found = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "<title>notebook" in found
    assert "<title>OWNED" not in found


def test_the_page_says_what_happened(hostile: Outcome) -> None:
    text = run_page(hostile.row, store_of(hostile))
    for part in ("failed", "step raises, cell [3], line 2", "ValueError", "class='line bad'"):
        assert part in text


def store_of(outcome: Outcome) -> Path:
    return folder_of(outcome, outcome.row.steps[0].name).parents[2]


def folder_of(outcome: Outcome, step: str) -> Path:
    folder = next(item.folder for item in outcome.row.steps if item.name == step)
    assert folder is not None
    return folder


def test_text_as_a_terminal_would_show_it() -> None:
    assert plain_text("\x1b[31mred\x1b[0m\r\n 10%\r 50%\r100%\ndone\r\n") == "red\n100%\ndone\n"
    assert "… 300,000 characters" in plain_text("x" * 300_000)


@pytest.mark.parametrize(
    "output",
    [
        {"output_type": "display_data", "data": {}},
        {"output_type": "display_data", "data": {"application/json": {"a": 1}}},
        {"output_type": "error", "ename": "x", "evalue": "y", "traceback": []},
        {"output_type": "display_data"},
        {},
    ],
)
def test_an_output_without_a_form_for_pages(output: dict[str, object]) -> None:
    assert output_html(output) == ""
