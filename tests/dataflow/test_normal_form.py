"""The normal form keeps what code says, and nothing of how it is written."""

from __future__ import annotations

import ast

import pytest

from kalelike.dataflow.normal_form import normal_form


def form(source: str) -> str:
    return normal_form(ast.parse(source).body)


SAME = [
    ("comment", "a = 1  # one", "a = 1"),
    ("layout", "f(a,\n  b)", "f(a, b)"),
    ("quotes", "a = 'x'", 'a = "x"'),
    ("parentheses", "a = (b)", "a = b"),
    ("u-prefix", "a = u'x'", "a = 'x'"),
    ("number-spelling", "a = 0x10", "a = 16"),
]
OTHER = [
    ("value", "a = 1", "a = 2"),
    ("type-of-number", "a = 1", "a = 1.0"),
    ("bool-or-int", "a = True", "a = 1"),
    ("none-or-nothing", "return_ = None", "return_ = ..."),
    ("bytes-or-text", "a = b'x'", "a = 'x'"),
    ("operator", "a = b + c", "a = b - c"),
    ("precedence", "a = (b + c) * d", "a = b + c * d"),
    ("text-that-imitates", "a = 'b), Name(id='", "a = 'b'"),
    ("joined-lists", "f([a], b)", "f([a, b])"),
    ("keyword-only-default", "def f(*, a, b=1): pass", "def f(*, a=1, b): pass"),
    ("dict-spread", "a = {**b}", "a = {b: b}"),
    ("global", "def f():\n    global a", "def f():\n    global b"),
]


@pytest.mark.parametrize(("one", "two"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_same_code_has_the_same_form(one: str, two: str) -> None:
    assert form(one) == form(two)


@pytest.mark.parametrize(("one", "two"), [row[1:] for row in OTHER], ids=[row[0] for row in OTHER])
def test_other_code_has_another_form(one: str, two: str) -> None:
    assert form(one) != form(two)


def test_deep_and_large_code_has_a_form() -> None:
    assert form("a = " + "+".join(["b"] * 2000))
    assert form("a = 0x" + "f" * 20_000)
