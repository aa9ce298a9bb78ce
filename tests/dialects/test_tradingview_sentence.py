"""TradingView's default strategy sentence: after "@" stands the quantity."""

from decimal import Decimal

import pytest

from bridge.dialects import parse
from bridge.domain.signals import Parsed, Refusal, Signal
from bridge.domain.values import Action, PositionSide, StatedPosition

NAME = "Trend X v2 (5, 20, 2024-01-01, order buy, close)"


def sentence(side: str, quantity: str, symbol: str, position: str, name: str = NAME) -> str:
    return (
        f"{name}: order {side} @ {quantity} filled on {symbol}. New strategy position is {position}"
    )


@pytest.mark.parametrize(
    ("side", "position", "action", "closes", "after"),
    [
        ("buy", "3", Action.BUY, None, StatedPosition.LONG),
        ("buy", "12.5", Action.BUY, None, StatedPosition.LONG),
        ("buy", "0", Action.CLOSE, PositionSide.SHORT, StatedPosition.FLAT),
        ("buy", "-2", Action.CLOSE, PositionSide.SHORT, StatedPosition.SHORT),
        ("sell", "-12", Action.SELL, None, StatedPosition.SHORT),
        ("sell", "0", Action.CLOSE, PositionSide.LONG, StatedPosition.FLAT),
        ("sell", "2", Action.CLOSE, PositionSide.LONG, StatedPosition.LONG),
    ],
)
def test_the_position_after_decides_what_the_order_was(
    side: str, position: str, action: Action, closes: PositionSide | None, after: StatedPosition
) -> None:
    answer = parse(sentence(side, "3", "NASDAQ:AAPL", position).encode())
    assert isinstance(answer, Parsed), answer
    assert answer.dialect == "tradingview"
    assert answer.signals == (
        Signal(
            action,
            "NASDAQ:AAPL",
            quantity=Decimal(3),
            close_side=closes,
            side_after=after,
            position_after=Decimal(position),
        ),
    )


@pytest.mark.parametrize("symbol", ["BTCUSDT.P", "ES1!", "BINANCE:ETHUSDT", "NQH2026", "US30.Cash"])
def test_the_symbol_is_kept_as_written(symbol: str) -> None:
    answer = parse(sentence("buy", "0.5", symbol, "0.5").encode())
    assert isinstance(answer, Parsed)
    assert answer.signals[0].symbol == symbol


@pytest.mark.parametrize(
    "text",
    [
        sentence("BUY", "1", "AAPL", "1").upper(),
        sentence("buy", "1", "AAPL", "1").replace(" ", "\n"),
        sentence("buy", "1", "AAPL", "1") + ".\r\n",
        "order buy @ 1 filled on AAPL. New strategy position is 1",
        '{"text": "' + sentence("buy", "1", "AAPL", "1") + '"}',
    ],
)
def test_case_line_breaks_and_a_wrapper_do_not_matter(text: str) -> None:
    answer = parse(text.encode())
    assert isinstance(answer, Parsed), answer
    assert (answer.signals[0].symbol, answer.signals[0].quantity) == ("AAPL", Decimal(1))


def test_the_charts_symbol_descriptor_is_read_as_its_symbol() -> None:
    descriptor = '={"settlement-as-close":true,"symbol":"CME_MINI:NQ1!"}'
    answer = parse(sentence("buy", "1", descriptor, "1").encode())
    assert isinstance(answer, Parsed), answer
    assert answer.signals[0].symbol == "CME_MINI:NQ1!"
    assert answer.repairs == ("symbol_descriptor_read_as_its_symbol",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "X: order buy @ 64100 for 0.5 filled on BTCUSD. New strategy position is 0.5",
            "not_understood",
        ),
        ("order buy @ 0.5 filled on BTCUSDT", "not_understood"),
        (sentence("buy", "1,000", "AAPL", "1000"), "not_understood"),
        (sentence("buy", "1", "AAPL", "1") + " and more", "not_understood"),
        (sentence("buy", "0", "AAPL", "0"), "not_positive"),
        (sentence("buy", "1.2.3", "AAPL", "1"), "quantity_unreadable"),
        (sentence("buy", "1", "AAPL", "1..2"), "position_unreadable"),
        (sentence("{{strategy.order.action}}", "1", "AAPL", "1"), "placeholder_unfilled"),
        (sentence("buy", "1", "{{ticker}}", "1"), "placeholder_unfilled"),
        (
            sentence("buy", "1", "A", "1") + "\n" + sentence("sell", "1", "B", "-1"),
            "two_instructions",
        ),
    ],
)
def test_another_wording_is_not_this_sentence(text: str, code: str) -> None:
    answer = parse(text.encode())
    assert isinstance(answer, Refusal), answer
    assert answer.code == code
