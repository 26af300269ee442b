"""The layered drawing: order, distance and crossings."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalelike.graph.render.layout import GAP_X, Layout, Link, lay_out

BOX = (100.0, 40.0)


@st.composite
def drawings(draw: st.DrawFn) -> tuple[dict[str, tuple[float, float]], list[Link]]:
    count = draw(st.integers(1, 14))
    sizes = {f"n{index}": (draw(st.floats(20, 200)), BOX[1]) for index in range(count)}
    pairs = [(a, b) for b in range(count) for a in range(b)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=25)) if pairs else []
    labels = st.one_of(st.none(), st.just((60.0, 20.0)))
    return sizes, [Link(f"n{a}", f"n{b}", draw(labels)) for a, b in chosen]


@settings(max_examples=150, deadline=None)
@given(drawings())
def test_boxes_never_overlap_and_lines_go_down(
    drawing: tuple[dict[str, tuple[float, float]], list[Link]],
) -> None:
    sizes, links = drawing
    layout = lay_out(sizes, links)
    rows: dict[float, list[tuple[float, float]]] = {}
    for name, (x, y) in layout.centres.items():
        width, height = sizes[name]
        assert x - width / 2 >= -0.01
        assert x + width / 2 <= layout.width + 0.01
        assert y + height / 2 <= layout.height + 0.01
        rows.setdefault(y, []).append((x - width / 2, x + width / 2))
    for row in rows.values():
        row.sort()
        for (_, right), (left, _) in itertools.pairwise(row):
            assert right + GAP_X <= left + 0.01
    for route in layout.routes:
        heights = [y for _, y in route.points]
        assert heights == sorted(heights)
        assert layout.centres[route.link.source][1] < layout.centres[route.link.target][1]


@settings(max_examples=100, deadline=None)
@given(drawings())
def test_labels_never_overlap_boxes_or_each_other(
    drawing: tuple[dict[str, tuple[float, float]], list[Link]],
) -> None:
    sizes, links = drawing
    layout = lay_out(sizes, links)
    rectangles = [(*layout.centres[name], *size) for name, size in sizes.items()]
    for route in layout.routes:
        if route.label is not None and route.link.label is not None:
            rectangles.append((*route.label, *route.link.label))
    for index, (x, y, width, height) in enumerate(rectangles):
        for x2, y2, width2, height2 in rectangles[index + 1 :]:
            apart_x = abs(x - x2) + 0.01 >= (width + width2) / 2
            apart_y = abs(y - y2) + 0.01 >= (height + height2) / 2
            assert apart_x or apart_y


def place(links: list[tuple[str, str]], names: str) -> Layout:
    return lay_out(dict.fromkeys(names, BOX), [Link(a, b) for a, b in links])


def test_crossing_lines_are_untangled() -> None:
    layout = place([("a", "d"), ("b", "c")], "abcd")
    assert (layout.centres["a"][0] < layout.centres["b"][0]) == (
        layout.centres["d"][0] < layout.centres["c"][0]
    )


def test_a_source_stands_just_above_what_needs_it() -> None:
    layout = place([("a", "b"), ("b", "c"), ("x", "c")], "abxc")
    assert layout.centres["x"][1] == layout.centres["b"][1]


def test_a_parent_stands_over_the_middle_of_its_children() -> None:
    layout = place([("a", "b"), ("a", "c")], "abc")
    middle = (layout.centres["b"][0] + layout.centres["c"][0]) / 2
    assert layout.centres["a"][0] == pytest.approx(middle, abs=1)


def test_a_line_to_no_box_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        place([("a", "z")], "a")


def test_nothing_to_draw_has_no_size() -> None:
    assert lay_out({}, []).width == 0


def test_a_thousand_steps_are_drawn() -> None:
    names = [f"n{index}" for index in range(1000)]
    links = [Link(names[index // 2], names[index]) for index in range(1, 1000)]
    links += [Link("n0", name) for name in names[3:]]
    assert len(lay_out(dict.fromkeys(names, BOX), links).centres) == 1000
