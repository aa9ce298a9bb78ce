"""3Commas: signal bots and DCA bots."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.domain.signals import Signal, Target, Trailing
from bridge.domain.values import Action, OrderType, PositionSide, StatedPosition, Unit
from tests.dialects.answers import D, percent, refused, signals, told, understood

NAME = "3commas"
ON = {"enabled": True}


def message(action: str = "enter_long", **fields: Any) -> str:
    whole = {"secret": "S", "bot_uuid": "U", "tv_instrument": "BTCUSDT", "action": action}
    return json.dumps({**whole, **fields})


def dca(**fields: Any) -> str:
    return json.dumps({"message_type": "bot", "bot_id": 1, "email_token": "T", **fields})


def btc(action: Action = Action.BUY, **fields: Any) -> Signal:
    return Signal(action, "BTCUSDT", **fields)


def limit(**fields: Any) -> dict[str, Any]:
    return {"order": {"order_type": "limit", **fields}}


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        (message(), btc()),
        (message("enter_short"), btc(Action.SELL)),
        (message("exit_long"), btc(Action.CLOSE, close_side=PositionSide.LONG)),
        (
            message(
                max_lag="300",
                timestamp="2026-01-02T03:04:05Z",
                tv_exchange="BINANCE",
                trigger_price="60000",
                order={"amount": "100", "currency_type": "quote", "order_type": "market"},
                take_profit={
                    **ON,
                    "steps": [
                        {"order_type": "market", "price_percent": 1, "volume_percent": 60},
                        {"order_type": "market", "price_percent": 2, "volume_percent": 40},
                    ],
                },
                stop_loss={**ON, "order_type": "market", "trigger_price_percent": 1.5},
            ),
            btc(
                quantity=D(100),
                unit=Unit.CASH,
                order_type=OrderType.MARKET,
                time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
                max_age=timedelta(seconds=300),
                exchange="BINANCE",
                reference_price=D(60000),
                targets=(Target(percent("1"), D(60)), Target(percent("2"), D(40))),
                stop_loss=percent("1.5"),
            ),
        ),
        (
            message(**limit(price="59000", amount=1, currency_type="base")),
            btc(order_type=OrderType.LIMIT, price=D(59000), quantity=D(1), unit=Unit.UNITS),
        ),
        (
            message(**limit(price_percent=-1, price_percent_ref_type="current_price")),
            btc(order_type=OrderType.LIMIT, offset=percent("-1")),
        ),
        (
            message(
                stop_loss={
                    **ON,
                    "trigger_price_percent": 2,
                    "trailing": {**ON, "percent": "0.5"},
                },
                take_profit={"enabled": False, "steps": []},
            ),
            btc(stop_loss=percent("2"), trailing=Trailing(percent("0.5"))),
        ),
        (
            message(take_profit={**ON, "steps": [{"price_percent": 3, "volume_percent": 100}]}),
            btc(take_profit=percent("3")),
        ),
        (
            message(
                "sell",
                strategy_info={
                    "market_position": "flat",
                    "market_position_size": "0",
                    "prev_market_position": "long",
                    "prev_market_position_size": "2",
                },
                order={"amount": "2", "currency_type": "base"},
            ),
            btc(
                Action.CLOSE,
                close_side=PositionSide.LONG,
                quantity=D(2),
                unit=Unit.UNITS,
                before=StatedPosition.LONG,
                side_after=StatedPosition.FLAT,
                position_before=D(2),
                position_after=D(0),
            ),
        ),
        (
            message(
                "exit_short",
                strategy_info={"market_position": "flat"},
                order={"amount": 50, "currency_type": "position_percent"},
            ),
            btc(
                Action.CLOSE,
                close_side=PositionSide.SHORT,
                side_after=StatedPosition.FLAT,
                position_after=D(0),
                quantity=D(50),
                unit=Unit.PERCENT_POSITION,
            ),
        ),
        (
            dca(action="close_at_market_price", delay_seconds=0, pair="USDT_BTC"),
            Signal(Action.CLOSE, "USDT_BTC"),
        ),
    ],
)
def test_a_message_is_understood(text: str, signal: Signal) -> None:
    assert signals(NAME, text) == (signal,)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [(Action.HALT, "*")]),
        ({"positions_sub_action": "market_close"}, [(Action.CLOSE, "BTCUSDT"), (Action.HALT, "*")]),
        ({"positions_sub_action": "cancel"}, [(Action.CANCEL, "BTCUSDT"), (Action.HALT, "*")]),
    ],
)
def test_disable_halts_last(fields: dict[str, Any], expected: list[tuple[Action, str]]) -> None:
    read = signals(NAME, message("disable", **fields))
    assert [(s.action, s.symbol) for s in read] == expected


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        (message("open"), "action_unknown", "action"),
        (message("{{strategy.order.action}}"), "placeholder_unfilled", "action"),
        (message(tv_instrument="{{ticker}}"), "placeholder_unfilled", "tv_instrument"),
        (message(timestamp="{{timenow}}"), "placeholder_unfilled", "timestamp"),
        (message(max_lag=0), "not_positive", "max_lag"),
        (message(order=5), "object_missing", "order"),
        (message(order={"amount": 0}), "not_positive", "order.amount"),
        (message(order={"currency_type": "base"}), "quantity_missing", "order.amount"),
        (message(order={"amount": 1, "currency_type": "x"}), "word_unknown", "order.currency_type"),
        (message(order={"amount": 1, "lev": 5}), "unknown_field", "order.lev"),
        (message(order={"order_type": "stop"}), "order_type_unsupported", "order.order_type"),
        (message(**limit()), "price_missing", "price"),
        (message(**limit(price=1, price_percent=-1)), "two_values", "order.price_percent"),
        (message(**limit(price_percent=1)), "level_wrong_side", "order.price_percent"),
        (message(**limit(price_percent=0)), "not_positive", "order.price_percent"),
        (
            message(**limit(price_percent=-1, price_percent_ref_type="avg_entry_price")),
            "unsupported_field",
            "order.price_percent_ref_type",
        ),
        (message("exit_long", **limit(price=1)), "order_type_unsupported", "order.order_type"),
        (
            message("exit_long", order={"amount": 5, "currency_type": "margin_percent"}),
            "field_not_for_action",
            "order.currency_type",
        ),
        (message(stop_loss={"trigger_price_percent": 1}), "flag_missing", "stop_loss.enabled"),
        (message(stop_loss=ON), "level_missing", "stop_loss.trigger_price_percent"),
        (
            message(stop_loss={**ON, "trailing": ON}),
            "level_missing",
            "stop_loss.trailing",
        ),
        (message(take_profit=ON), "level_missing", "take_profit.steps"),
        (message(take_profit={**ON, "steps": []}), "level_unreadable", "take_profit.steps"),
        (message(take_profit={**ON, "steps": [1]}), "level_unreadable", "take_profit.steps[0]"),
        (message(take_profit={**ON, "steps": [{}]}), "level_missing", "take_profit.steps[0]"),
        (
            message(take_profit={**ON, "steps": [{"price_percent": 1, "volume_percent": 60}]}),
            "shares_wrong",
            "take_profit.steps",
        ),
        (
            message(
                take_profit={
                    **ON,
                    "steps": [{"price_percent": 1, "trailing": {**ON, "percent": 1}}],
                }
            ),
            "unsupported_field",
            "take_profit.steps[0].trailing",
        ),
        (
            message(strategy_info={"market_position": "flat", "prev_market_position": "short"}),
            "position_contradiction",
            "action",
        ),
        (message(strategy_info={"side": 1}), "unknown_field", "strategy_info.side"),
        (message(stop_price=5), "unknown_protection_field", "stop_price"),
        (message("disable", positions_sub_action="wait"), "word_unknown", "positions_sub_action"),
        (dca(pair="USDT_BTC"), "side_missing", "action"),
        (dca(action="add_funds_in_quote", volume=5, pair="USDT_BTC"), "side_missing", "action"),
        (dca(action="close_at_market_price"), "symbol_missing", "pair"),
        (dca(action="stop_bot", pair="USDT_BTC"), "action_unknown", "action"),
        (
            dca(action="close_at_market_price", delay_seconds=30, pair="USDT_BTC"),
            "unsupported_field",
            "delay_seconds",
        ),
    ],
)
def test_a_message_is_refused(text: str, code: str, field: str) -> None:
    assert refused(NAME, text) == (code, field)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (
            message(order={"amount": 5, "currency_type": "margin_percent"}),
            {"order.currency_type"},
        ),
        (message(order={"order_type": "market", "price": 5}), {"order.price"}),
        (
            message(stop_loss={**ON, "order_type": "limit", "trigger_price_percent": 1}),
            {"stop_loss.order_type"},
        ),
        (message("exit_long", stop_loss=ON), {"stop_loss"}),
    ],
)
def test_what_is_not_done_is_told(text: str, fields: set[str]) -> None:
    assert told(understood(NAME, text)) == fields


def test_the_secret_is_left_to_the_hook() -> None:
    secret = understood(NAME, message()).secret
    assert secret is not None
    assert secret.value == "S"
