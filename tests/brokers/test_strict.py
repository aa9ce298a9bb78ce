"""Numbers, texts and ids out of the broker's JSON: exactly, or not at all."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bridge.brokers.tradelocker import strict


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (b'"10.0"', "10.0"),
        (b'"10"', "10"),
        (b'"-458.10"', "-458.10"),
        (b"10", "10"),
        (b"0.1", "0.1"),
        (b"1e-05", "0.00001"),
        (b"1E2", "100"),
        (b"392084.93", "392084.93"),
        (b"0.30000000000000004", "0.30000000000000004"),
        (b'""', None),
        (b"null", None),
    ],
)
def test_a_number_is_read_exactly(body: bytes, number: str | None) -> None:
    expected = None if number is None else Decimal(number)
    assert strict.number(strict.parse(body)) == expected


@pytest.mark.parametrize(
    "body",
    [
        b'"1e-05"', b'"1_0"', b'" 1 "', b'"+1"', b'"1,5"', b'"0x10"', b'"NaN"', b'"Infinity"',
        '"\u0667"'.encode(), b"true", b"[1]", b"{}", b"1e400", b"1e-400", b"1e999999999",
        b"1234567890123", b'"1."', b'".5"',
    ],
)  # fmt: skip
def test_what_is_no_plain_number_is_refused_never_guessed(body: bytes) -> None:
    with pytest.raises(strict.Unreadable):
        strict.number(strict.parse(body))


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a":1,"a":2}', b"NaN", b"[Infinity]", b"\xff", b"[" * 50_000, b"9" * 5000],
)
def test_bad_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(strict.Unreadable):
        strict.parse(body)


def test_an_id_beyond_what_a_float_holds_stays_whole() -> None:
    assert strict.identity(strict.parse(b"7277816997907785467")) == "7277816997907785467"
    assert strict.identity("7277816997907785467") == "7277816997907785467"


@pytest.mark.parametrize("value", [None, "", "0", 0])
def test_an_absent_id_is_none(value: object) -> None:
    assert strict.identity(value) is None


@pytest.mark.parametrize("value", ["a", "1.5", "-1", True, 1.5, [], "1" * 21])
def test_what_is_no_id_is_refused(value: object) -> None:
    with pytest.raises(strict.Unreadable):
        strict.identity(value)


@pytest.mark.parametrize(
    "read", [strict.needed_number, strict.needed_text, strict.needed_identity, strict.positive]
)
def test_what_must_be_there_and_is_not_is_unreadable(read: Callable[[object], object]) -> None:
    with pytest.raises(strict.Unreadable, match="missing"):
        read("")


@pytest.mark.parametrize("read", [strict.table, strict.rows, strict.text, strict.positive])
def test_a_value_of_another_kind_is_unreadable(read: Callable[[object], object]) -> None:
    with pytest.raises(strict.Unreadable):
        read(Decimal(0))


def test_a_value_that_may_be_a_secret_is_not_repeated() -> None:
    assert strict.quoted("buy it") == "'buy it'"
    assert strict.quoted("somebody@example.com") == "something else"
