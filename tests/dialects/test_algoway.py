"""AlgoWay's JSON: points and prices, everything as a size, and buy and sell turned round."""

import json
from typing import Any

import pytest

from bridge.domain.signals import BreakEven, CancelFilter, Signal, Trailing
from bridge.domain.values import Action, OrderType, PositionSide, StatedPosition
from tests.dialects.answers import D, at, pips, points, refused, signals, told, understood

NAME = "algoway"
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


def message(action: str = "buy", **fields: Any) -> str:
    whole = {"platform_name": "tradelocker", "ticker": "EURUSD", "order_action": action}
    return json.dumps({**whole, **fields})


def eurusd(action: Action = Action.BUY, **fields: Any) -> Signal:
    return Signal(action, "EURUSD", **fields)


@pytest.mark.parametrize(
    ("action", "fields", "signal"),
    [
        ("buy", {}, eurusd()),
        ("Sell", {"order_contracts": 0.1}, eurusd(Action.SELL, quantity=D("0.1"))),
        (
            "long",
            {"order_contracts": "1", "price": "1.0850"},
            eurusd(quantity=D(1), side_after=StatedPosition.LONG, reference_price=D("1.0850")),
        ),
        ("short", {}, eurusd(Action.SELL, side_after=StatedPosition.SHORT)),
        (
            "buy",
            {
                "order_type": "limit",
                "price": "1.08000",
                "order_contracts": "0.01",
                "stop_loss": "50",
                "take_profit": "100",
                "tv_order_id": "LondonBreakout-001",
            },
            eurusd(
                quantity=D("0.01"),
                order_type=OrderType.LIMIT,
                price=D("1.08000"),
                stop_loss=points("50"),
                take_profit=points("100"),
            ),
        ),
        (
            "sell",
            {"order_type": "stop", "price": 1.08, "sl_price": 1.09, "stop_loss": 50},
            eurusd(Action.SELL, order_type=OrderType.STOP, price=D("1.08"), stop_loss=at("1.09")),
        ),
        ("buy", {"trailing_pips": 15}, eurusd(trailing=Trailing(pips("15")))),
        ("buy", {"stop_loss": "stop_loss=100"}, eurusd(stop_loss=points("100"))),
        ("buy", {"stop_loss": 0}, eurusd()),
        ("buy", {"trade_type": "hedge"}, eurusd()),
        ("buy", {"trade_type": "opposite"}, eurusd(side_after=StatedPosition.LONG)),
        ("sell", {"trade_type": "opposite"}, eurusd(Action.SELL, side_after=StatedPosition.SHORT)),
        (
            "buy",
            {"trade_type": "inverse", "price": 1.08, "sl_price": 1.09},
            eurusd(Action.SELL, reference_price=D("1.08"), stop_loss=at("1.09")),
        ),
        (
            "long",
            {"trade_type": "inverse"},
            eurusd(Action.SELL, side_after=StatedPosition.SHORT),
        ),
        ("flat", {}, eurusd(Action.CLOSE)),
        ("flat", {"trade_type": "inverse"}, eurusd(Action.CLOSE)),
        (
            "flat",
            {"order_contracts": "0.01", "close_side": "long"},
            eurusd(Action.CLOSE, close_side=LONG, quantity=D("0.01")),
        ),
        (
            "close",
            {"order_contracts": 999999, "price": 1},
            eurusd(Action.CLOSE, reference_price=D(1)),
        ),
        ("closelong", {}, eurusd(Action.CLOSE, close_side=LONG)),
        ("closeshort", {"close_side": "short"}, eurusd(Action.CLOSE, close_side=SHORT)),
        ("closeall", {}, eurusd(Action.CLOSE)),
        (
            "modify",
            {"sl_price": 1.0845, "tp_price": 1.095, "comment": "TV#1"},
            eurusd(Action.MODIFY, stop_loss=at("1.0845"), take_profit=at("1.095"), comment="TV#1"),
        ),
        (
            "modify",
            {"stop_loss": 30, "tv_order_id": "a-1", "close_side": "long"},
            eurusd(
                Action.MODIFY,
                stop_loss=points("30"),
                cancel=CancelFilter(of="a-1"),
                close_side=LONG,
            ),
        ),
        ("breakeven", {}, eurusd(Action.MODIFY, break_even=BreakEven(None, None))),
    ],
)
def test_a_message_is_understood(action: str, fields: dict[str, Any], signal: Signal) -> None:
    assert signals(NAME, message(action, **fields)) == (signal,)


def test_close_all_without_a_symbol_is_every_symbol() -> None:
    text = '{"platform_name":"tradelocker","order_action":"closeall"}'
    assert signals(NAME, text) == (Signal(Action.CLOSE, "*"),)


@pytest.mark.parametrize(
    ("action", "fields", "code", "field"),
    [
        ("purchase", {}, "action_unknown", "order_action"),
        ("", {}, "value_empty", "order_action"),
        ("{{strategy.order.action}}", {}, "placeholder_unfilled", "order_action"),
        ("buy", {"ticker": "{{ticker}}"}, "placeholder_unfilled", "ticker"),
        ("buy", {"order_contracts": 999999}, "quantity_is_everything", "order_contracts"),
        ("buy", {"order_contracts": 0}, "not_positive", "order_contracts"),
        ("flat", {"order_contracts": 0}, "not_positive", "order_contracts"),
        ("flat", {"order_contracts": "150%"}, "quantity_unreadable", "order_contracts"),
        ("buy", {"close_side": "long"}, "two_sides", "close_side"),
        ("closelong", {"close_side": "short"}, "two_sides", "close_side"),
        ("buy", {"order_type": "stop_limit"}, "order_type_unsupported", "order_type"),
        ("buy", {"order_type": "limit"}, "price_missing", "price"),
        ("flat", {"order_type": "limit", "price": 1}, "order_type_unsupported", "order_type"),
        (
            "buy",
            {"trailing_pips": 1, "trail_points": 2},
            "unknown_protection_field",
            "trail_points",
        ),
        ("buy", {"stop_loss": "take_profit=1"}, "two_values", "stop_loss"),
        ("buy", {"stop_loss": -5}, "not_positive", "stop_loss"),
        ("buy", {"stop_loss": "5O"}, "level_unreadable", "stop_loss"),
        ("buy", {"trade_type": "mirror"}, "word_unknown", "trade_type"),
        (
            "sell",
            {"trade_type": "inverse", "price": 2338, "sl_price": 2350},
            "level_wrong_side",
            "stop_loss",
        ),
        (
            "sell",
            {"trade_type": "inverse", "order_type": "stop", "price": 2338},
            "inverse_pending",
            "trade_type",
        ),
        ("closelong", {"trade_type": "inverse"}, "unsupported_field", "trade_type"),
        ("modify", {}, "nothing_to_modify", None),
        ("buy", {"delay_seconds": 5}, "unknown_protection_field", "delay_seconds"),
        ("buy", {"risk_percent": 5}, "unsupported_field", "risk_percent"),
        ("sell", {"comment": "Close entry(s) order Long"}, "two_sides", "comment"),
        ("sell", {"tv_order_id": "exit"}, "two_sides", "tv_order_id"),
    ],
)
def test_a_message_is_refused(
    action: str, fields: dict[str, Any], code: str, field: str | None
) -> None:
    assert refused(NAME, message(action, **fields)) == (code, field)


def test_a_message_without_an_action_is_refused() -> None:
    text = '{"platform_name":"bybit","ticker":"BTCUSDT"}'
    assert refused(NAME, text) == ("action_missing", "order_action")


@pytest.mark.parametrize(
    ("action", "fields", "fields_told"),
    [
        ("buy", {"sl_price": 1, "stop_loss": 5}, {"stop_loss"}),
        ("buy", {"take_profit": "0"}, {"take_profit"}),
        ("buy", {"trade_type": "netting"}, {"trade_type"}),
        ("buy", {"magic": 7}, {"magic"}),
        ("buy", {"token": "T", "license_key": "K"}, set()),
        ("flat", {"stop_loss": 5, "tv_order_id": "a"}, {"stop_loss", "tv_order_id"}),
        ("modify", {"sl_price": 1, "order_contracts": 2}, {"order_contracts"}),
    ],
)
def test_what_is_not_done_is_told(
    action: str, fields: dict[str, Any], fields_told: set[str]
) -> None:
    assert told(understood(NAME, message(action, **fields))) == fields_told


def test_a_value_that_repeats_its_key_is_a_recorded_repair() -> None:
    answer = understood(NAME, message(stop_loss="stop_loss=100", take_profit="take_profit=200"))
    assert answer.repairs == ("value_repeating_its_key_stripped",)
