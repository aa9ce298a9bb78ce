"""Numbers, steps, ticks, tags and times are made from text or refused."""

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal, Inexact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.values import (
    EXACT,
    PositionSide,
    Secret,
    Side,
    decimal_from,
    epoch_micros,
    epoch_millis,
    floor_to_step,
    from_micros,
    from_millis,
    make_tag,
    nearest_tick,
    plain,
    rfc3339,
    shorten,
    utc_from,
)
from tests.domain.made import NOON, D

NUMBERS = st.decimals(0, 10**9, places=8, allow_nan=False, allow_infinity=False)
STEPS = st.sampled_from([D("0.01"), D("0.001"), D(1), D("0.03"), D("0.25"), D("1e-8")])
MOMENTS = st.integers(0, 7 * 10**15).map(from_micros)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", "1"),
        ("0.10", "0.10"),
        ("-2.5", "-2.5"),
        ("37774.433333333334", "37774.433333333334"),
        ("999999999999", "999999999999"),
        ("0.00000000000000000001", "0.00000000000000000001"),
    ],
)
def test_a_plain_number_is_read_exactly(text: str, number: str) -> None:
    assert decimal_from(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "1e3",
        "1E-1",
        ".5",
        "5.",
        "1,000",
        "1_000",
        "NaN",
        "Infinity",
        "--1",
        "0x10",
        "١٢",
        "\uff11",
        "1000000000000",
        "0.000000000000000000001",
    ],
)
def test_any_other_writing_of_a_number_is_refused(text: str) -> None:
    assert decimal_from(text) is None


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0.10", "0.1"),
        ("1E-8", "0.00000001"),
        ("1E+3", "1000"),
        ("100", "100"),
        ("-0.0", "0"),
        ("-0", "0"),
        ("0.000", "0"),
        ("-1.50", "-1.5"),
    ],
)
def test_a_number_is_shown_without_exponent_and_trailing_zeros(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text


@given(st.decimals(-(10**12), 10**12, places=20))
def test_a_shown_number_is_the_same_number(number: Decimal) -> None:
    assert Decimal(plain(number)) == number


@given(NUMBERS, STEPS)
def test_a_floored_number_is_on_the_step_and_never_above(number: Decimal, step: Decimal) -> None:
    floored = floor_to_step(number, step)
    assert floored <= number < floored + step
    assert floored % step == 0


@given(NUMBERS, st.sampled_from([D("0.00001"), D("0.01"), D("0.25"), D(5)]))
def test_a_price_goes_to_the_nearest_tick(price: Decimal, tick: Decimal) -> None:
    ticked = nearest_tick(price, tick)
    assert ticked % tick == 0
    assert abs(ticked - price) <= tick / 2


def test_the_widest_numbers_multiply_exactly() -> None:
    widest = D("9" * 12 + "." + "9" * 20)
    context = EXACT.copy()
    context.clear_flags()
    context.multiply(widest, widest)
    assert not context.flags[Inexact]


def test_a_number_is_cut_for_showing_not_rounded() -> None:
    assert shorten(D("0.6669"), 2) == D("0.66")


@pytest.mark.parametrize(
    ("side", "opposite", "opens"),
    [(Side.BUY, Side.SELL, PositionSide.LONG), (Side.SELL, Side.BUY, PositionSide.SHORT)],
)
def test_the_two_sides(side: Side, opposite: Side, opens: PositionSide) -> None:
    assert side.opposite is opposite
    assert side.opens is opens
    assert opens.opened_by is side
    assert opens.opposite is opposite.opens


def test_a_secret_cannot_be_printed() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"


@given(MOMENTS, st.binary(min_size=10, max_size=10), st.integers(0, 31))
def test_a_tag_is_29_characters_the_broker_takes(when: datetime, random: bytes, leg: int) -> None:
    assert re.fullmatch(r"b1[0-9a-hjkmnp-tv-z]{27}", make_tag(when, random, leg))


@given(MOMENTS, st.sets(st.tuples(st.binary(min_size=10, max_size=10), st.integers(0, 31))))
def test_tags_of_different_randomness_or_leg_differ(
    when: datetime, made: set[tuple[bytes, int]]
) -> None:
    assert len({make_tag(when, random, leg) for random, leg in made}) == len(made)


def test_tags_sort_by_time() -> None:
    random = bytes(10)
    times = [NOON + timedelta(milliseconds=n) for n in (0, 1, 31, 32, 5000, 10**9)]
    tags = [make_tag(when, random, 2) for when in times]
    assert tags == sorted(tags)


@given(MOMENTS)
def test_a_moment_comes_back_from_microseconds(when: datetime) -> None:
    assert from_micros(epoch_micros(when)) == when


@given(st.integers(0, 7 * 10**12))
def test_a_moment_comes_back_from_the_brokers_milliseconds(millis: int) -> None:
    assert epoch_millis(from_millis(millis)) == millis


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05.678999Z", "2026-01-02T03:04:05.678Z"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z"),
        ("2026-01-01T23:30:00-01:00", "2026-01-02T00:30:00.000Z"),
    ],
)
def test_a_time_with_a_zone_is_shown_in_utc(text: str, shown: str) -> None:
    when = utc_from(text)
    assert when is not None
    assert rfc3339(when) == shown


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-01-02T03:04:05", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+01:00"],
)
def test_a_time_without_a_zone_or_sense_is_refused(text: str) -> None:
    assert utc_from(text) is None


def test_a_time_of_another_zone_is_shown_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))
    assert rfc3339(datetime(2026, 1, 2, 1, 0, tzinfo=berlin)) == "2026-01-02T00:00:00.000Z"
