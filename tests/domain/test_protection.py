"""Entry, stop loss and take profit: every kind of level, both sides, on the tick or denied."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.instruments import Instrument, Quote, Tick
from bridge.domain.protection import Prices, entry_price, needs_quote, prices
from bridge.domain.reasons import Reason
from bridge.domain.signals import Level, LevelKind
from bridge.domain.values import OrderType, Side
from tests.domain.made import BUY, EURUSD, NOON, QUOTE, SELL, D, instrument, level

MARKET, LIMIT, STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP
USDJPY = instrument(quoting_currency="JPY", ticks=(Tick(None, D("0.001")),))
GOLD = instrument(kind="CFD", ticks=(Tick(None, D("0.01")),))


def levels(
    side: Side,
    entry: str | None,
    stop: Level | None = None,
    target: Level | None = None,
    of: Instrument = EURUSD,
    quote: Quote | None = QUOTE,
) -> tuple[str | None, str | None] | str:
    """Stop and target as text, or the code of the refusal."""
    found = prices(side, D(entry) if entry else None, stop, target, of, quote)
    if isinstance(found, Reason):
        return found.code
    stop_loss, take_profit = found.stop_loss, found.take_profit
    return (
        str(stop_loss.normalize()) if stop_loss is not None else None,
        str(take_profit.normalize()) if take_profit is not None else None,
    )


KINDS = [
    # kind, value: where a stop of a buy at 1.1 lies, and where its take profit
    ("distance", "0.002", "1.098", "1.102"),
    ("points", "30", "1.0997", "1.1003"),
    ("pips", "20", "1.098", "1.102"),
    ("percent", "1", "1.089", "1.111"),
]


@pytest.mark.parametrize(("kind", "value", "below", "above"), KINDS)
def test_a_buy_loses_below_and_wins_above(kind: str, value: str, below: str, above: str) -> None:
    assert levels(BUY, "1.1", level(kind, value), level(kind, value)) == (below, above)


@pytest.mark.parametrize(("kind", "value", "below", "above"), KINDS)
def test_a_sell_loses_above_and_wins_below(kind: str, value: str, below: str, above: str) -> None:
    assert levels(SELL, "1.1", level(kind, value), level(kind, value)) == (above, below)


def test_a_price_is_taken_as_it_stands() -> None:
    assert levels(BUY, "1.1", level("price", "1.09"), level("price", "1.12")) == ("1.09", "1.12")
    assert levels(SELL, "1.1", level("price", "1.12"), level("price", "1.09")) == ("1.12", "1.09")


@pytest.mark.parametrize(("side", "won"), [(BUY, "1.104"), (SELL, "1.096")])
def test_a_take_profit_in_r_is_a_multiple_of_the_stops_distance(side: Side, won: str) -> None:
    found = levels(side, "1.1", level("pips", "20"), level("r", "2"))
    assert found[1] == won


def test_without_a_pending_price_levels_start_at_ask_or_bid() -> None:
    assert levels(BUY, None, level("pips", "10")) == ("1.0991", None)
    assert levels(SELL, None, level("pips", "10")) == ("1.101", None)


@pytest.mark.parametrize(
    ("side", "stop", "target", "code"),
    [
        (BUY, level("price", "1.11"), None, "wrong_side"),
        (BUY, None, level("price", "1.09"), "wrong_side"),
        (SELL, level("price", "1.09"), None, "wrong_side"),
        (SELL, None, level("price", "1.11"), "wrong_side"),
        (BUY, level("price", "1.1"), None, "wrong_side"),
        (BUY, level("points", "0.4"), None, "wrong_side"),  # rounds to the entry itself
        (BUY, level("pips", "-5"), None, "wrong_side"),
        (BUY, level("percent", "100"), None, "wrong_side"),  # at zero
        (BUY, level("percent", "150"), None, "wrong_side"),
        (SELL, None, level("distance", "2"), "wrong_side"),
        (BUY, None, level("r", "2"), "level_kind"),
        (BUY, level("r", "1"), None, "level_kind"),
    ],
)
def test_a_level_that_protects_nothing_denies(
    side: Side, stop: Level | None, target: Level | None, code: str
) -> None:
    assert levels(side, "1.1", stop, target) == code


def test_a_level_without_anything_to_start_from_denies() -> None:
    assert levels(BUY, None, level("pips", "10"), quote=None) == "level_kind"


def test_no_levels_need_no_quote() -> None:
    assert levels(BUY, None, quote=None) == (None, None)


@pytest.mark.parametrize(
    ("of", "found"),
    [
        (EURUSD, ("1.098", None)),
        (USDJPY, ("0.9", None)),
        (GOLD, "pips_unknown"),
        (instrument(kind="CRYPTO", quoting_currency="JPY"), "pips_unknown"),
    ],
)
def test_a_pip_is_forex_alone(of: Instrument, found: object) -> None:
    assert levels(BUY, "1.1", level("pips", "20"), of=of) == found


@pytest.mark.parametrize(
    ("stated", "sent"),
    [
        ("1.0912345678901234", "1.09123"),
        ("1.091236", "1.09124"),
        ("1.091235", "1.09124"),  # half to even
        ("1.091225", "1.09122"),
    ],
)
def test_a_price_goes_to_the_nearest_tick(stated: str, sent: str) -> None:
    assert levels(BUY, "1.1", level("price", stated)) == (sent, None)


def test_the_tick_is_that_of_the_price() -> None:
    stepped = instrument(ticks=(Tick(None, D("0.01")), Tick(D(10), D("0.1")), Tick(D(100), D(1))))
    assert [stepped.tick_at(D(p)) for p in ("9.99", "10", "99", "100", "5000")] == [
        *(D("0.01"), D("0.1"), D("0.1"), D(1), D(1)),
    ]
    assert levels(BUY, "120", level("price", "10.27"), of=stepped) == ("10.3", None)


def test_the_arithmetic_of_a_distance_is_kept() -> None:
    stop, target = level("pips", "20"), level("price", "1.2")
    found = prices(BUY, D("1.1"), stop, target, EURUSD, None)
    assert isinstance(found, Prices)
    assert found.arithmetic == ("stop loss 20 pips from 1.1 = 1.098",)


@given(
    st.sampled_from(Side),
    st.sampled_from([k for k in LevelKind if k not in (LevelKind.PRICE, LevelKind.R)]),
    st.decimals("0.001", 1000, places=3),
    st.decimals("0.5", 200, places=5),
)
def test_a_stop_is_on_the_tick_and_on_the_losing_side(
    side: Side, kind: LevelKind, value: Decimal, entry: Decimal
) -> None:
    found = prices(side, entry, Level(kind, value), None, EURUSD, None)
    if isinstance(found, Reason):
        assert found.code == "wrong_side"
        return
    assert found.stop_loss is not None
    assert found.stop_loss % D("0.00001") == 0
    assert found.stop_loss > 0
    assert (found.stop_loss < entry) is (side is BUY)


# --- the entry --------------------------------------------------------------------------------


def entry(side: Side, kind: OrderType, quote: Quote | None = QUOTE, **values: Any) -> str | None:
    found = entry_price(
        side, kind, values.get("price"), values.get("offset"), values.get("of", EURUSD), quote
    )
    if isinstance(found, Reason):
        return found.code
    return None if found is None else str(found.normalize())


@pytest.mark.parametrize(
    ("side", "kind", "values", "at"),
    [
        (BUY, MARKET, {}, None),
        (BUY, MARKET, {"price": D("1.05")}, None),
        (BUY, LIMIT, {"price": D("1.05")}, "1.05"),
        (SELL, STOP, {"price": D("1.050004")}, "1.05"),
        (BUY, LIMIT, {}, "price_missing"),
        (SELL, STOP, {}, "price_missing"),
        # from ask or bid
        (BUY, LIMIT, {"offset": level("points", "-30")}, "1.0998"),
        (SELL, LIMIT, {"offset": level("points", "30")}, "1.1003"),
        (BUY, STOP, {"offset": level("pips", "10")}, "1.1011"),
        (SELL, STOP, {"offset": level("distance", "-0.01")}, "1.09"),
        (BUY, LIMIT, {"offset": level("percent", "-10")}, "0.99009"),
        (BUY, LIMIT, {"offset": level("pips", "-10"), "of": GOLD}, "pips_unknown"),
        (BUY, LIMIT, {"offset": level("price", "1.05")}, "level_kind"),
        (BUY, LIMIT, {"offset": level("r", "1")}, "level_kind"),
        (BUY, LIMIT, {"offset": level("distance", "-2")}, "price_impossible"),
        (BUY, LIMIT, {"offset": level("percent", "-100")}, "price_impossible"),
        (BUY, LIMIT, {"price": D("0.000001")}, "price_impossible"),
        (SELL, STOP, {"price": D("-1.1")}, "price_impossible"),
    ],
)
def test_a_pending_price_is_stated_or_an_offset_from_the_market(
    side: Side, kind: OrderType, values: dict[str, Any], at: str | None
) -> None:
    assert entry(side, kind, **values) == at


def test_an_offset_without_a_quote_has_no_price() -> None:
    assert entry(BUY, LIMIT, None, offset=level("pips", "10")) == "price_missing"


@pytest.mark.parametrize(
    ("kind", "offset", "stop", "target", "needed"),
    [
        (MARKET, None, None, None, False),
        (MARKET, None, level("price", "1"), None, True),
        (MARKET, None, None, level("pips", "1"), True),
        (LIMIT, None, level("pips", "1"), level("r", "1"), False),
        (LIMIT, level("pips", "1"), None, None, True),
    ],
)
def test_a_quote_is_read_only_where_it_is_used(
    kind: OrderType, offset: Level | None, stop: Level | None, target: Level | None, needed: bool
) -> None:
    assert needs_quote(kind, offset, stop, target) is needed


def test_the_spread_is_the_way_from_bid_to_ask() -> None:
    assert Quote(D("1.5"), D("1.25"), NOON).spread == D("0.25")
