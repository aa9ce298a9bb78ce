"""What is written down comes back as it was: intents, signals, broker calls."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.decide import Leave
from bridge.domain.intents import (
    Cancel,
    Close,
    CloseAmount,
    Guards,
    Intent,
    Opposite,
    Place,
    SizePlan,
    Target,
)
from bridge.domain.outcomes import BrokerCall
from bridge.domain.signals import (
    BreakEven,
    CancelFilter,
    Level,
    LevelKind,
    Parsed,
    Signal,
    Trailing,
)
from bridge.domain.signals import Target as TakeProfit
from bridge.domain.values import (
    Action,
    OrderType,
    PositionSide,
    Secret,
    Side,
    StatedPosition,
    Unit,
    from_millis,
)
from bridge.domain.written import read, shown, write
from tests.domain.made import NOON, D

NUMBERS = st.decimals(-(10**12), 10**12, places=20)
MOMENTS = st.integers(0, 7 * 10**12).map(from_millis)  # what is written is true to the millisecond
LENGTHS = st.integers(0, 10**13).map(lambda micros: timedelta(microseconds=micros))
TEXTS = st.text(max_size=20)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


LEVELS = st.builds(Level, st.sampled_from(LevelKind), NUMBERS)
PLANS = st.builds(
    SizePlan,
    st.sampled_from(["as_alert", "lots", "units"]),
    maybe(NUMBERS),
    maybe(NUMBERS),
    maybe(st.sampled_from(Unit)),
    NUMBERS,
    maybe(NUMBERS),
    maybe(st.sampled_from(["lots", "units"])),
    maybe(NUMBERS),
)
GUARDS = st.builds(Guards, maybe(LENGTHS), maybe(NUMBERS), maybe(st.integers(0)), maybe(TEXTS))
INTENTS: dict[type, st.SearchStrategy[Any]] = {
    Place: st.builds(
        Place,
        side=st.sampled_from(Side),
        order_type=st.sampled_from(OrderType),
        price=maybe(NUMBERS),
        offset=maybe(LEVELS),
        size=PLANS,
        stop_loss=maybe(LEVELS),
        take_profit=maybe(LEVELS),
        opposite=maybe(st.sampled_from(Opposite)),
        own_only=st.booleans(),
        guards=GUARDS,
        after_flat=maybe(st.sampled_from(PositionSide)),
        not_carried_out=maybe(TEXTS),
    ),
    Close: st.builds(
        Close,
        maybe(st.sampled_from(PositionSide)),
        st.builds(
            CloseAmount,
            maybe(NUMBERS),
            maybe(st.sampled_from(Unit)),
            maybe(NUMBERS),
            NUMBERS,
            maybe(TEXTS),
        ),
        st.booleans(),
    ),
    Target: st.builds(
        Target,
        st.sampled_from([-1, 0, 1]),
        PLANS,
        st.booleans(),
        GUARDS,
        maybe(LEVELS),
        maybe(LEVELS),
        st.booleans(),
    ),
    Cancel: st.builds(Cancel, maybe(st.sampled_from(OrderType)), maybe(st.sampled_from(Side))),
}
SIGNALS = st.builds(
    Signal,
    action=st.sampled_from(Action),
    symbol=TEXTS,
    quantity=maybe(NUMBERS),
    unit=maybe(st.sampled_from(Unit)),
    close_side=maybe(st.sampled_from(PositionSide)),
    side_after=maybe(st.sampled_from(StatedPosition)),
    position_before=maybe(NUMBERS),
    position_after=maybe(NUMBERS),
    before=maybe(st.sampled_from(StatedPosition)),
    order_type=maybe(st.sampled_from(OrderType)),
    price=maybe(NUMBERS),
    offset=maybe(LEVELS),
    stop_loss=maybe(LEVELS),
    take_profit=maybe(LEVELS),
    remove_stop_loss=st.booleans(),
    targets=st.lists(st.builds(TakeProfit, LEVELS, maybe(NUMBERS)), max_size=3).map(tuple),
    trailing=maybe(st.builds(Trailing, LEVELS, maybe(LEVELS))),
    break_even=maybe(st.builds(BreakEven, maybe(LEVELS), maybe(st.integers(1, 8)), maybe(LEVELS))),
    cancel=maybe(
        st.builds(
            CancelFilter,
            maybe(st.sampled_from(OrderType)),
            maybe(st.sampled_from(Side)),
            maybe(TEXTS),
        )
    ),
    cancel_first=st.booleans(),
    close_first=st.booleans(),
    require=maybe(TEXTS),
    id=maybe(TEXTS),
    time=maybe(MOMENTS),
    max_age=maybe(LENGTHS),
    accounts=st.lists(TEXTS, max_size=3).map(tuple),
    comment=maybe(TEXTS),
)
CALLS = st.builds(
    BrokerCall,
    route=TEXTS,
    path=TEXTS,
    request=maybe(TEXTS),
    status=maybe(st.integers(100, 599)),
    answer=maybe(TEXTS),
    error=maybe(TEXTS),
    sent_at=MOMENTS,
    answered_at=MOMENTS,
)


def through_text(kind: Any, value: object) -> object:
    return read(kind, json.loads(json.dumps(write(value))))


@pytest.mark.parametrize("kind", list(INTENTS))
@given(data=st.data())
def test_every_intent_comes_back_as_it_was_written(kind: type, data: st.DataObject) -> None:
    intent = data.draw(INTENTS[kind])
    assert through_text(Intent, intent) == intent


@given(SIGNALS)
def test_a_signal_comes_back_as_it_was_written(signal: Signal) -> None:
    assert through_text(Signal, signal) == signal


@given(st.lists(SIGNALS, max_size=3).map(tuple), TEXTS, st.booleans())
def test_a_parsed_message_comes_back_with_its_signals(
    signals: tuple[Signal, ...], dialect: str, test: bool
) -> None:
    parsed = Parsed(dialect, signals, test=test)
    assert through_text(Parsed, parsed) == parsed


@given(CALLS)
def test_a_broker_call_comes_back_as_it_was_written(call: BrokerCall) -> None:
    assert through_text(BrokerCall, call) == call


@given(st.lists(st.builds(Leave, TEXTS, NUMBERS, NUMBERS), max_size=4).map(tuple))
def test_a_plan_comes_back_as_it_was_written(plan: tuple[Leave, ...]) -> None:
    assert through_text(tuple[Leave, ...], plan) == plan


def test_a_secret_is_never_written() -> None:
    parsed = Parsed("bridge", (), secret=Secret("hunter2"))
    assert "hunter2" not in json.dumps(write(parsed))


def test_decimals_and_times_are_written_as_text() -> None:
    written = write({"lots": D("1E-8"), "at": NOON, "age": timedelta(seconds=1.5), "many": {1}})
    assert written == {
        "lots": "0.00000001",
        "at": "2026-03-04T12:00:00.000Z",
        "age": "1.5",
        "many": [1],
    }


def test_what_was_written_by_an_older_release_takes_the_defaults() -> None:
    written = write(Close(None, CloseAmount(), own_only=True))
    del written["amount"]["multiplier"]
    assert read(Close, written).amount.multiplier == 1


def test_an_intent_of_no_known_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no kind"):
        read(Intent, {"is": "Bet"})  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["2026-03-04T12:00:00", "noon"])
def test_a_written_time_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a time with a zone"):
        read(datetime, text)


def test_a_missing_time_is_shown_as_nothing() -> None:
    assert shown(None) is None
    assert shown(NOON) == "2026-03-04T12:00:00.000Z"


def test_a_call_says_how_long_it_took() -> None:
    call = BrokerCall(
        "GET /x", "/x", None, 200, "{}", None, NOON, NOON + timedelta(microseconds=120_400)
    )
    assert call.milliseconds == 120


def test_a_number_keeps_its_value_whatever_its_writing() -> None:
    assert read(Decimal, write(D("1E+3"))) == 1000
