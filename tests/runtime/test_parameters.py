"""Parameter values arrive as written, whatever carries them."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalelike.runtime.parameters import (
    MARKER,
    decode,
    encode,
    kfp_type_of,
    parse_text,
    shape_of,
)

DANGEROUS_PIECES = ("{{", "}}", "$(", "$$", "$", "(", "{", MARKER, "kl64", "{{$.inputs", "'", "\n")


def as_struct(value: Any) -> Any:
    """What a trip through protobuf's Struct does to JSON."""
    if isinstance(value, dict):
        return {key: as_struct(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [as_struct(item) for item in value]
    return float(value) if type(value) is int else value


def as_go(value: Any) -> Any:
    """What Go's encoding/json does to numbers."""
    if isinstance(value, dict):
        return {key: as_go(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [as_go(item) for item in value]
    return int(value) if type(value) is float and value.is_integer() else value


def same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(list(left.items()), list(right.items()))
    if isinstance(left, float):
        return repr(left) == repr(right)
    return bool(left == right)


texts = st.one_of(
    st.text(max_size=12),
    st.lists(st.sampled_from(DANGEROUS_PIECES), max_size=4).map("".join),
    st.text(alphabet=st.characters(), max_size=4),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**53 - 2, max_value=2**53 + 2),
    st.floats(),
    texts,
    st.binary(max_size=5),
    st.complex_numbers(allow_nan=False),
)
keys = st.one_of(texts, st.integers(-5, 5), st.booleans(), st.none(), st.tuples(st.integers(0, 3)))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
    ),
    max_leaves=12,
)


@given(values)
def test_every_value_arrives_as_written(value: Any) -> None:
    sent = json.loads(json.dumps(encode(value)))
    shape = json.loads(json.dumps(shape_of(value)))
    for trip in (sent, as_struct(sent), as_go(sent), as_go(as_struct(sent))):
        assert same(decode(trip, shape), value)


@given(values, values)
def test_a_value_of_another_shape_than_the_defaults_arrives_too(value: Any, default: Any) -> None:
    if not isinstance(value, list | dict):
        return
    shape = shape_of(default)
    sent = json.loads(json.dumps(encode(value, shape)))
    for trip in (sent, as_struct(sent), as_go(sent)):
        assert same(decode(trip, shape), value)


@given(values)
def test_nothing_that_a_template_engine_knows_is_sent(value: Any) -> None:
    for ascii_only in (True, False):
        text = json.dumps(encode(value), ensure_ascii=ascii_only)
        assert not any(piece in text for piece in ("{{", "$(", "$$"))


@given(values)
def test_the_kfp_type_fits_what_is_sent(value: Any) -> None:
    sent = encode(value)
    expected = {
        "BOOLEAN": bool,
        "NUMBER_INTEGER": int,
        "NUMBER_DOUBLE": float,
        "LIST": list,
        "STRUCT": dict,
        "STRING": (str, type(None)),
    }
    kind = kfp_type_of(value)
    assert kind is not None
    assert isinstance(sent, expected[kind])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "{{workflow.name}}",
        "{{=1+1}}",
        "an unclosed {{ brace",
        "$(HOME)",
        "$$",
        "{{$.inputs.parameters['x']}}",
        "{{$}}",
        MARKER,
        MARKER + "abc",
        "\x00",
        "\ud800",
    ],
    ids=repr,
)
def test_a_dangerous_string_is_encoded(text: str) -> None:
    sent = encode(text)
    assert isinstance(sent, str)
    assert sent.startswith(MARKER)
    assert sent[len(MARKER) :].replace("-", "").replace("_", "").rstrip("=").isalnum()
    assert decode(sent, "str") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "it's",
        'a "quote"',
        "C:\\new\\table",
        "two\nlines\ttab",
        "é λ 漢 😀",
        "{x}",
        "a$b",
    ],
    ids=repr,
)
def test_an_ordinary_string_stays_readable(text: str) -> None:
    assert encode(text) == text
    assert decode(text, "str") == text


@pytest.mark.parametrize(
    ("sent", "default", "expected"),
    [
        (5.0, 3, 5),
        (2, 0.5, 2.0),
        (2.5, 3, 2.5),
        ([1.0, 2.0, 3.0], [64, 32], [1, 2, 3]),
        ([1, 2, 3], (0.5, 0.1), (1.0, 2.0, 3.0)),
        ({"lr": 1, "depth": 5.0}, {"lr": 0.1}, {"lr": 1.0, "depth": 5}),
        ({"1": 2}, {1: 1}, {1: 2}),
        ("7", 2**60, 7),
        ("inf", math.inf, math.inf),
        ("5", None, 5),
        ("auto", None, "auto"),
        (None, None, None),
        (MARKER, "x", MARKER),
        (MARKER + "not base64!", "x", MARKER + "not base64!"),
        (MARKER + "AAAA", "x", MARKER + "AAAA"),
        ([], [1], []),
        ({}, {"a": 1}, {}),
        ([[1.0], [2.0, 3.0]], [[1, 2]], [[1], [2, 3]]),
    ],
)
def test_a_foreign_value_decodes_sensibly(sent: Any, default: Any, expected: Any) -> None:
    assert same(decode(sent, shape_of(default)), expected)


def test_the_order_of_a_defaults_keys_is_kept() -> None:
    default = {"z": 1, "a": 2, "m": 3}
    assert list(decode(as_struct(encode(default)), shape_of(default))) == ["z", "a", "m"]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "value",
    [object(), [object()], {"a": {1, object()}}, range(3)],
    ids=["object", "list", "set", "range"],
)
def test_what_no_parameter_carries_is_told(value: Any) -> None:
    assert kfp_type_of(value) is None
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        (" -5 ", "NUMBER_INTEGER", -5),
        ("1e-3", "NUMBER_DOUBLE", 0.001),
        ("5", "NUMBER_DOUBLE", 5.0),
        ("Yes", "BOOLEAN", True),
        ("false", "BOOLEAN", False),
        (" as typed ", "STRING", " as typed "),
        ("[1, 2.0]", "LIST", [1, 2.0]),
        ("(1, 'a')", "LIST", (1, "a")),
        ('{"a": null}', "STRUCT", {"a": None}),
        ("{1: True}", "STRUCT", {1: True}),
    ],
)
def test_typed_text_is_read(text: str, kind: str, expected: Any) -> None:
    assert same(parse_text(text, kind), expected)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("5.5", "NUMBER_INTEGER"),
        ("", "NUMBER_INTEGER"),
        ("abc", "NUMBER_DOUBLE"),
        ("nan", "NUMBER_DOUBLE"),
        ("maybe", "BOOLEAN"),
        ("5", "LIST"),
        ("[1", "LIST"),
        ("[1]", "STRUCT"),
        ("__import__('os')", "LIST"),
        ("5", "TASK_FINAL_STATUS"),
    ],
)
def test_unreadable_text_is_refused_with_a_reason(text: str, kind: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_text(text, kind)
