"""Autoview's spaced keys."""

import pytest

from bridge.domain.signals import CancelFilter, Signal, Trailing
from bridge.domain.values import Action, OrderType, PositionSide, Side, Unit
from tests.dialects.answers import D, at, away, percent, refused, signals, told, understood

NAME = "autoview"
BUY, SELL, CLOSE = Action.BUY, Action.SELL, Action.CLOSE


def pair(action: Action, **fields: object) -> Signal:
    return Signal(action, "eur/usd", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        (
            "s=eur/usd b=long q=2% tp=1% & sl=0.5%",
            pair(
                BUY,
                quantity=D(2),
                unit=Unit.PERCENT_EQUITY,
                take_profit=percent("1"),
                stop_loss=percent("0.5"),
            ),
        ),
        ("s=eur/usd c=order b=long", pair(Action.CANCEL, cancel=CancelFilter(side=Side.BUY))),
        ("s=eur/usd c=order", pair(Action.CANCEL)),
        ("New Order|S=eur/usd B=sell", pair(SELL)),
        (
            "e=bitmex a=main s=eur/usd b=short q=3 t=market",
            pair(
                SELL,
                quantity=D(3),
                order_type=OrderType.MARKET,
                exchange="bitmex",
                accounts=("main",),
            ),
        ),
        (
            "s=eur/usd c=position b=short t=market cm=100%",
            pair(CLOSE, close_side=PositionSide.SHORT),
        ),
        ("s=eur/usd b=buy t=limit fp=1.05", pair(BUY, order_type=OrderType.LIMIT, price=D("1.05"))),
        (
            "s=eur/usd b=buy t=limit p=1.05 sl=1.04 tp=1.07&ts=0.01",
            pair(
                BUY,
                order_type=OrderType.LIMIT,
                price=D("1.05"),
                stop_loss=at("1.04"),
                take_profit=at("1.07"),
                trailing=Trailing(away("0.01")),
            ),
        ),
        (
            "s=eur/usd b=buy t=limit p=-1%",
            pair(BUY, order_type=OrderType.LIMIT, offset=percent("-1")),
        ),
        ("s=eur/usd b=sell t=limit p=+2", pair(SELL, order_type=OrderType.LIMIT, offset=away("2"))),
        ("s=eur/usd b=sell ro=1 q=2", pair(CLOSE, close_side=PositionSide.LONG, quantity=D(2))),
        ("s=eur/usd b=buy ro=0 delay=0", pair(BUY)),
    ],
)
def test_a_command_is_understood(text: str, signal: Signal) -> None:
    assert signals(NAME, text) == (signal,)


def test_commands_are_read_in_their_order() -> None:
    text = "e=bitmex s=xbtusd c=position b=long t=market | e=bitmex s=xbtusd b=short q=10%"
    assert [s.action for s in signals(NAME, text)] == [CLOSE, SELL]


def test_a_dry_run_is_a_test_message() -> None:
    assert understood(NAME, "d=1 s=eur/usd b=long").test


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        (
            "e=bitmex s=xbtusd c=position b=long t=market | s=xbtusd b=short q=10% delay=5",
            "unsupported_field",
            "delay",
        ),
        ("d=1 b=long q=1%", "symbol_missing", "s"),
        ("s={{ticker}} b=long", "placeholder_unfilled", None),
        ("s=eur/usd b=up", "action_unknown", "b"),
        ("s=eur/usd c=all", "action_unknown", "c"),
        ("s=eur/usd b=buy | s=eur/usd q=1", "action_missing", "b"),
        ("a=ACCOUNT s=eur/usd b=buy", "placeholder_unfilled", "a"),
        ("s=eur/usd b=buy q=0", "not_positive", "q"),
        ("s=eur/usd b=buy q=1-2", "quantity_unreadable", "q"),
        ("s=eur/usd b=buy q=1 q=2", "duplicate_key", "q"),
        ("s=eur/usd b=buy now", "line_unknown", None),
        ("s=eur/usd b=buy t=post", "order_type_unsupported", "t"),
        ("s=eur/usd b=buy t=limit", "price_missing", "price"),
        ("s=eur/usd b=buy p=1.05", "order_type_missing", "p"),
        ("s=eur/usd b=buy t=limit p=1 fp=1", "two_values", "fp"),
        ("s=eur/usd b=buy t=limit p=1%", "level_wrong_side", "p"),
        ("s=eur/usd b=buy sl=-1%", "not_positive", "sl"),
        ("s=eur/usd b=buy q=1% l=5", "leverage_unclear", "l"),
        ("s=eur/usd b=buy dt=1h", "unsupported_field", "dt"),
        ("s=eur/usd b=buy y=borrow", "unsupported_field", "y"),
        ("s=eur/usd b=buy ap=a,b", "unsupported_field", "ap"),
        ("s=eur/usd b=buy ifnone=1", "unsupported_field", "ifnone"),
        ("s=eur/usd b=buy cm=5", "unsupported_field", "cm"),
        ("s=eur/usd b=buy zz=5", "unknown_field", "zz"),
        ("s=eur/usd b=buy ro=1 sl=1", "unsupported_field", "ro"),
        ("s=eur/usd b=buy ro=1 q=1%", "unsupported_field", "q"),
        ("s=eur/usd c=position cm=50%", "unsupported_field", "cm"),
        ("s=eur/usd c=position cmo=newest", "unsupported_field", "cmo"),
        ("s=eur/usd c=position sl=-3%", "unsupported_field", "sl"),
        ("s=eur/usd c=position p=5", "unsupported_field", "p"),
        ("s=eur/usd c=position t=limit", "order_type_unsupported", "t"),
        ("s=eur/usd b=buy\n" * 21, "list_unreadable", None),
    ],
)
def test_a_command_is_refused(text: str, code: str, field: str | None) -> None:
    assert refused(NAME, text) == (code, field)


def test_what_is_not_done_is_told() -> None:
    assert told(understood(NAME, "s=eur/usd b=buy q=1 l=5 eh=1 cc=x")) == {"l", "eh", "cc"}
