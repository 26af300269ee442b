"""Text, Mermaid, SVG and data say the same graph."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from kalelike.graph.model import PipelineGraph, StepRole
from kalelike.graph.render.data import graph_data
from kalelike.graph.render.flows import list_flows, name_label, step_levels
from kalelike.graph.render.mermaid import escape_label, render_mermaid
from kalelike.graph.render.svg import render_svg, xml_text
from kalelike.graph.render.text import render_text
from tests.graph_render.graphs import chain_graph, diamond, make_cell, make_graph, make_step

SVG = "{http://www.w3.org/2000/svg}"


def test_flows_hold_every_dependency_once() -> None:
    flows = [(flow.producer, flow.consumer, flow.names) for flow in list_flows(diamond())]
    assert flows == [
        ("load", "left", ("df",)),
        ("load", "right", ("df", "@random:numpy", "@file:out.csv")),
        ("left", "join", ("a",)),
        ("right", "join", ("b",)),
        ("join", "push", ()),
    ]


def test_flow_with_data_and_order_is_a_data_flow() -> None:
    cell = make_cell(0, "x = 1")
    graph = make_graph(
        make_step("a", cell), make_step("b", make_cell(1, "x"), {"a": ("x",)}, after=("a",))
    )
    assert [(flow.names) for flow in list_flows(graph)] == [("x",)]


def test_levels_hold_what_may_run_together() -> None:
    assert step_levels(diamond()) == (("load",), ("left", "right"), ("join",), ("push",))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        pytest.param("df", "df", id="plain"),
        pytest.param("@random:numpy", "random state of numpy", id="random"),
        pytest.param("@file:a/b.csv", "file a/b.csv", id="file"),
    ],
)
def test_hidden_state_is_said_in_words(name: str, label: str) -> None:
    assert name_label(name) == label


def test_text_names_what_each_step_takes_and_gives() -> None:
    text = render_text(diamond())
    assert "flowers: 5 steps from flowers.ipynb" in text
    assert "● right  cell [3]\n  ← load: df, random state of numpy, file out.csv\n" in text
    assert "  → join: b" in text
    assert "← join (order only)" in text
    assert "left | right" in text
    assert "lr = 0.1 → load" in text
    assert "(no step reads it)" in text
    assert "metrics score" in text
    assert max(map(len, text.splitlines())) <= 100


def test_text_of_one_step_is_singular() -> None:
    text = render_text(make_graph(make_step("only", make_cell(0, "1"))))
    assert text.startswith("flowers: 1 step from")
    assert "same time" not in text


def test_mermaid_has_a_node_a_step_and_an_arrow_a_flow() -> None:
    lines = render_mermaid(diamond()).splitlines()
    assert lines[0] == "flowchart TD"
    assert '    s0["load"]' in lines
    assert '    s0 -->|"df"| s1' in lines
    assert "    s3 -.-> s4" in lines
    assert len(lines) == 1 + 5 + 5


@pytest.mark.parametrize("text", ['"', "`x`", "a|b", "<b>", "x]", "#quot;", "a;b", "é{"])
def test_mermaid_labels_cannot_break_out(text: str) -> None:
    escaped = escape_label(text)
    assert not set('"`|<>]{}[') & set(escaped)
    decoded = re.sub(r"#(\d+);", lambda match: chr(int(match[1])), escaped)
    assert decoded == text


HOSTILE = "<script>alert('1')</script>&\"\x00\x1b\ud800]]>"


def test_svg_escapes_every_text() -> None:
    graph = make_graph(
        make_step(HOSTILE, make_cell(0, "1"), parameters=(HOSTILE,), metrics=(HOSTILE,)),
        make_step("b", make_cell(1, "1"), {HOSTILE: (f"@file:{HOSTILE}",)}, role=StepRole.SETUP),
    )
    root = ET.fromstring(render_svg(graph))
    assert root.find(f".//{SVG}script") is None
    texts = ["".join(node.itertext()) for node in root.iter(f"{SVG}title")]
    assert any("<script>" in text for text in texts)


def test_svg_draws_every_step_and_flow() -> None:
    root = ET.fromstring(render_svg(diamond()))
    names = [node.text for node in root.iter(f"{SVG}text") if node.get("class") == "name"]
    assert names == ["load", "left", "right", "join", "push"]
    paths = [node for node in root.iter(f"{SVG}path") if "flow" in node.get("class", "").split()]
    assert len(paths) == 5
    assert sum("order" in node.get("class", "") for node in paths) == 1
    shown = {node.text for node in root.iter(f"{SVG}text") if node.get("class") == "what"}
    assert {"df", "random state of numpy", "file out.csv"} <= shown
    assert "prefers-color-scheme: dark" in render_svg(diamond())


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(diamond(), id="diamond"),
        pytest.param(chain_graph(12), id="chain"),
        pytest.param(make_graph(), id="empty"),
    ],
)
def test_svg_keeps_everything_inside_its_frame(graph: PipelineGraph) -> None:
    root = ET.fromstring(render_svg(graph))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for box in root.iter(f"{SVG}rect"):
        assert 0 <= float(box.get("x", 0)) + 24 <= width
        assert float(box.get("x", 0)) + float(box.get("width", 0)) <= width
        assert float(box.get("y", 0)) + float(box.get("height", 0)) <= height


def test_svg_of_a_large_graph_leaves_names_to_tooltips() -> None:
    svg = render_svg(chain_graph(200))
    assert 'class="what"' not in svg
    assert "s0 → s7: v0" in svg


def test_xml_text_replaces_what_xml_forbids() -> None:
    assert xml_text("a\x00<\ufffe") == "a\ufffd&lt;\ufffd"


def test_data_is_json_and_complete() -> None:
    data = json.loads(json.dumps(graph_data(diamond())))
    assert data["format"] == 1
    assert [step["name"] for step in data["steps"]] == ["load", "left", "right", "join", "push"]
    assert data["steps"][3]["metrics"] == [{"name": "score", "expression": "score"}]
    assert data["edges"][0]["reasons"][0]["at"]["line"] == 2
    assert data["levels"][1] == ["left", "right"]
    assert data["parameters"][0] == {
        "name": "lr",
        "key": "lr",
        "type": "NUMBER_DOUBLE",
        "default": "0.1",
        "optional": False,
        "at": data["steps"][0]["at"],
    }
