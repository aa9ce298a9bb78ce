"""JSON is read exactly or refused."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import Refused
from bridge.schemas import load_json

plain_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**11), 10**11)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1), inner),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": 0.10}', {"a": Decimal("0.10")}),
        (b"\xef\xbb\xbf[1]", [Decimal(1)]),
        (b"-5", Decimal(-5)),
        (b"true", True),
    ],
)
def test_numbers_are_exact(text: bytes, value: object) -> None:
    read = load_json(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"NaN", "number_not_finite"),
        (b"[-Infinity]", "number_not_finite"),
        (b"1e5", "number_unreadable"),
        (b"1" * 5000, "number_unreadable"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'{"a": {"b": 1, "b": 2}}', "duplicate_key"),
        (b"[" * 20 + b"]" * 20, "too_deep"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
        (b'"\\ud800"', "control_character"),
        (b'{"\\u0000": 1}', "control_character"),
        (b"\xff", "not_utf8"),
        (b"", "json_broken"),
        (b"{'a': 1}", "json_broken"),
        (b"{} {}", "json_broken"),
    ],
)
def test_what_is_doubtful_is_refused(text: bytes, code: str) -> None:
    with pytest.raises(Refused) as raised:
        load_json(text)
    assert raised.value.fault.code == code


@given(plain_json)
def test_ordinary_json_is_read_as_it_is_or_is_too_deep(value: object) -> None:
    try:
        assert load_json(json.dumps(value).encode()) == value
    except Refused as refused:
        assert refused.fault.code == "too_deep"  # noqa: PT017 - only one refusal is right here


@given(st.binary(max_size=60))
def test_no_bytes_do_anything_but_parse_or_be_refused(raw: bytes) -> None:
    try:
        load_json(raw)
    except Refused as refused:
        assert refused.fault.message  # noqa: PT017 - parsing is right too
