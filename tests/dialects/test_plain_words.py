"""Plain words: one side, one symbol, named numbers, nothing else."""

from decimal import Decimal

import pytest

from bridge.dialects import parse
from bridge.domain.signals import Level, LevelKind, Parsed, Refusal, Signal, Target
from bridge.domain.values import Action, OrderType, PositionSide, Unit


def at(text: str) -> Level:
    return Level(LevelKind.PRICE, Decimal(text))


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("BUY ETHUSD QTY:0.2", Signal(Action.BUY, "ETHUSD", quantity=Decimal("0.2"))),
        ("buy BTCUSDT q=0.001", Signal(Action.BUY, "BTCUSDT", quantity=Decimal("0.001"))),
        ("ETHUSD SELL SIZE 2", Signal(Action.SELL, "ETHUSD", quantity=Decimal(2))),
        (
            "BUY GBPUSD\nSL 1.25\nTP 1.29",
            Signal(Action.BUY, "GBPUSD", stop_loss=at("1.25"), take_profit=at("1.29")),
        ),
        (
            "short XAUUSD lot: 0.10 TP1=2300 TP2=2290 STOP=2350",
            Signal(
                Action.SELL,
                "XAUUSD",
                quantity=Decimal("0.10"),
                unit=Unit.LOTS,
                stop_loss=at("2350"),
                targets=(Target(at("2300"), None), Target(at("2290"), None)),
            ),
        ),
        (
            "SELL LIMIT EURUSD 1.0950 SL 1.10",
            Signal(
                Action.SELL,
                "EURUSD",
                order_type=OrderType.LIMIT,
                price=Decimal("1.0950"),
                stop_loss=at("1.10"),
            ),
        ),
        (
            "buy stop EURUSD @ 1.0950",
            Signal(Action.BUY, "EURUSD", order_type=OrderType.STOP, price=Decimal("1.0950")),
        ),
        ("CLOSE EURUSD", Signal(Action.CLOSE, "EURUSD")),
        ("exit long US30.Cash", Signal(Action.CLOSE, "US30.Cash", close_side=PositionSide.LONG)),
        (
            "CLOSE BTCUSD QTY:50%",
            Signal(Action.CLOSE, "BTCUSD", quantity=Decimal(50), unit=Unit.PERCENT_POSITION),
        ),
        (
            "BUY BTCUSD QTY:5%",
            Signal(Action.BUY, "BTCUSD", quantity=Decimal(5), unit=Unit.PERCENT_EQUITY),
        ),
    ],
)
def test_a_side_a_symbol_and_named_numbers_are_an_instruction(text: str, signal: Signal) -> None:
    answer = parse(text.encode(), "words")
    assert isinstance(answer, Parsed), answer
    assert answer.signals == (signal,)
    assert parse(text.encode()) == answer


@pytest.mark.parametrize(
    "text",
    [
        "BUY GBPUSD 1.26",
        "BUY XAUUSD 2650-2647",
        "BUY XAUUSD TP OPEN",
        "BUY XAUUSD\n2740_2738\nTP 2742\nTP 2744",
        "BUY NOW",
        "SELL TP1",
        "BUY THE DIP",
        "buy eurusd",
        "buy when EURUSD breaks",
        "I would BUY EURUSD",
        "BUY EURUSD and SELL GBPUSD",
        "BUY SELL EURUSD",
        "PasswordTest\nlong BTCUSD q=0.1",
        "BUY EURUSD QTY:0.1 QTY:0.2",
        "BUY EURUSD QTY:0.1 LOT:0.1",
        "BUY EURUSD QTY:0",
        "BUY EURUSD QTY:-1",
        "BUY EURUSD SL 1.2 TP 1.1",
        "BUY EURUSD SL",
        "BUY EURUSD PRICE:1.1",
        "BUY EURUSD TP 1.1 TP1 1.2",
        "CLOSE EURUSD SL 1.1",
        "BUY LIMIT EURUSD",
        "EURUSD BUY STOP 1.1 LIMIT 1.2",
        "BUY",
        "BUY {{ticker}} QTY:1",
        "{{strategy.order.action}} EURUSD",
        "BUY SYMBOL QTY:1",
        "\U0001f7e2 BUY Pullback: BTCUSDT",
        "BUY EUR\u0405USD QTY:1",
        "ETHUSD|BUY|A",
        "MODIFY EURUSD SL 1.1",
    ],
)
def test_anything_more_or_less_is_refused(text: str) -> None:
    assert isinstance(parse(text.encode()), Refusal)
    assert isinstance(parse(text.encode(), "words"), Refusal)


def test_a_bare_price_is_refused_with_the_way_out() -> None:
    answer = parse(b"BUY GBPUSD 1.26")
    assert isinstance(answer, Refusal)
    assert answer.code == "number_unnamed"
    assert "'1.26'" in answer.message
