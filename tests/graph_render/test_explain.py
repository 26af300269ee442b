"""An edge is explained by its cells and lines."""

from __future__ import annotations

import json

import pytest

from kalelike.errors import CompileError
from kalelike.graph.render.explain import explain, explanation_data, explanation_text
from tests.graph_render.graphs import diamond


def test_one_name_is_explained_by_the_lines_that_make_it() -> None:
    graph = diamond()
    assert explanation_text(graph, explain(graph, "left.df")) == (
        "left waits for load: df\n"
        "  cell [1], line 2: binds df\n"
        "      df = pandas.read_csv(path)\n"
        "  cell [2], line 1: reads df\n"
        "      a = df.mean()\n"
    )


def test_a_step_is_explained_by_all_that_arrives_and_leaves() -> None:
    answer = explain(diamond(), "left")
    assert [edge.name for edge in answer.arriving] == ["df"]
    assert [edge.name for edge in answer.leaving] == ["a"]


@pytest.mark.parametrize(
    "target", ["right.out.csv", "right.@file:out.csv", "right.file out.csv", "load.out.csv"]
)
def test_a_file_is_found_by_each_of_its_spellings(target: str) -> None:
    answer = explain(diamond(), target)
    assert [edge.name for edge in (*answer.arriving, *answer.leaving)] == ["@file:out.csv"]


def test_random_state_is_found_by_its_library() -> None:
    assert explain(diamond(), "right.numpy").arriving[0].name == "@random:numpy"


def test_an_asked_for_order_is_said_so() -> None:
    graph = diamond()
    text = explanation_text(graph, explain(graph, "push"))
    assert text.startswith("push runs after join: the order is asked for\n  cell [5]: tag `prev:")


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        pytest.param("lefd", "did you mean `left`?", id="step near"),
        pytest.param("zzz.x", "the steps are: load, left, right, join, push", id="step far"),
        pytest.param("join.aa", "did you mean `join.a`?", id="name near"),
        pytest.param("left.qqq", "what flows there: a, df", id="name far"),
        pytest.param("", "the steps are: load, left, right, join, push", id="empty"),
    ],
)
def test_what_is_not_there_is_refused_with_a_suggestion(target: str, hint: str) -> None:
    with pytest.raises(CompileError) as caught:
        explain(diamond(), target)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code.id == "KL809"
    assert diagnostic.hint == hint


def test_data_carries_the_source_lines() -> None:
    graph = diamond()
    data = json.loads(json.dumps(explanation_data(graph, explain(graph, "left.df"))))
    assert data["edges"][0]["reasons"][1]["source"] == "a = df.mean()"
