"""The syntax of CEL, as cel-go takes it (every row was run there), and what an expression reads."""

import pytest

from kalelike.lint.document.cel import CelSyntaxError, Selection, parse_expression

GOOD = (
    "inputs.parameter_values['x'] == 1",
    "!(a.b > 1) && c || d",
    "int(a['x']) in [1, 2, 3,]",
    "has(a.b.c) ? a.b.c : 'none'",
    "[1, 2].all(v, v > 0)",
    "size('abc') >= 3u",
    r"r'\d' == '\\d'",
    '"""a "b\n"""' + " == 'c'",
    ".inputs",
    "1.5e3 < 0x1F",
    "- -1 == 1",
    "{'a': 1,}['a'] == 1",
    "a.Msg{b: 2}",
    "a < b < c",
    r"'\x41\u0041\U00000041\101'",
)
BAD = (
    "", "1 +", "== 1", "a ? b", "(1", "[1, 2", "1 2", "'open", "for == 1", "[1,,2]", "f(,)",
    "a..b", "a.1", "1.", "a = 1", "a and b", "a >> b", "`a`", "has(a['x'])", "has(1)",
    r"'\q'", r"'\400'", "a.all(x, )",
)  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_expression_is_taken(text: str) -> None:
    parse_expression(text)


@pytest.mark.parametrize("text", BAD)
def test_expression_is_refused(text: str) -> None:
    with pytest.raises(CelSyntaxError):
        parse_expression(text)


def test_what_is_read() -> None:
    expression = parse_expression("int(inputs.parameter_values['x']) > a.b && [1].all(v, v > w)")
    assert expression.selections == [
        Selection("inputs", ("parameter_values", ("x",))),
        Selection("a", ("b",)),
        Selection("w", ()),
    ]
    assert expression.functions == {"int"}
    assert expression.guarded
    assert not parse_expression("a == 1").guarded


def test_deep_nesting_is_not_judged() -> None:
    expression = parse_expression("(" * 5000 + "a" + ")" * 5000)
    assert (expression.selections, expression.guarded) == ([], True)
    parse_expression("(" * 40 + "a" + ")" * 40)
