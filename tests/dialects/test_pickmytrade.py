"""PickMyTrade's JSON: 0 is off, and a trailing stop without a unit is not guessed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.domain.signals import Signal
from bridge.domain.values import Action, OrderType, PositionSide, Unit
from tests.dialects.answers import D, at, percent, refused, signals, told, understood

NAME = "pickmytrade"


def message(data: str = "buy", **fields: Any) -> str:
    whole = {"symbol": "EURUSD", "data": data, "token": "T", "platform": "TRADELOCKER"}
    return json.dumps({**whole, **fields})


def eurusd(action: Action = Action.BUY, **fields: Any) -> Signal:
    return Signal(action, "EURUSD", **fields)


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        (
            message(
                date="2026-01-02T03:04:05Z",
                quantity="1",
                risk_percentage=0,
                price="1.0850",
                tp=0,
                dollar_tp=0,
                percentage_sl=1,
                order_type="MKT",
                inst_type="FOREX",
                reverse_order_close=True,
            ),
            eurusd(
                quantity=D(1),
                order_type=OrderType.MARKET,
                reference_price=D("1.0850"),
                stop_loss=percent("1"),
                time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            ),
        ),
        (message("long"), eurusd()),
        (message("SHORT", price=0), eurusd(Action.SELL)),
        (
            message(order_type="LMT", price=1.08, sl=1.07, percentage_sl=5, tp="1.09"),
            eurusd(
                order_type=OrderType.LIMIT,
                price=D("1.08"),
                stop_loss=at("1.07"),
                take_profit=at("1.09"),
            ),
        ),
        (
            message("sell", order_type="STP", price=1.08),
            eurusd(Action.SELL, order_type=OrderType.STOP, price=D("1.08")),
        ),
        (
            message(quantity=5, risk_percentage=2, sl=1),
            eurusd(quantity=D(2), unit=Unit.RISK_PERCENT, stop_loss=at("1")),
        ),
        (message("close", quantity=0, order_type="MKT"), eurusd(Action.CLOSE)),
        (message("flat", quantity="2", trail=1), eurusd(Action.CLOSE, quantity=D(2))),
        (message(account_id="a1", connection_name=""), eurusd(accounts=("a1",))),
        (
            message(
                multiple_accounts=[
                    {"token": "T", "account_id": "a1", "quantity_multiplier": 1},
                    {"connection_name": "c2", "risk_percentage": 0},
                ]
            ),
            eurusd(accounts=("a1", "c2")),
        ),
        (
            message("sell", quantity=0, update_sl=True, sl=1.1, tp=1),
            eurusd(Action.MODIFY, close_side=PositionSide.SHORT, stop_loss=at("1.1")),
        ),
        (
            message(update_tp="true", tp=1.1),
            eurusd(Action.MODIFY, close_side=PositionSide.LONG, take_profit=at("1.1")),
        ),
    ],
)
def test_a_message_is_understood(text: str, signal: Signal) -> None:
    assert signals(NAME, text) == (signal,)


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        (message("hold"), "action_unknown", "data"),
        (message("{{strategy.order.action}}"), "placeholder_unfilled", "data"),
        (message(symbol="{{ticker}}"), "placeholder_unfilled", "symbol"),
        (message(quantity=0), "not_positive", "quantity"),
        (message(quantity=-1), "not_positive", "quantity"),
        (message(risk_percentage=2), "stop_loss_missing", "sl"),
        (message(risk_percentage=200, sl=1), "quantity_unreadable", "risk_percentage"),
        (message(order_type="STPLMT", price=1), "order_type_unsupported", "order_type"),
        (message(order_type="LMT", price=0), "not_positive", "price"),
        (message(order_type="LMT"), "price_missing", "price"),
        (message("close", order_type="LMT", price=1), "order_type_unsupported", "order_type"),
        (message(dollar_sl=50), "unsupported_field", "dollar_sl"),
        (message(dollar_tp=50, percentage_tp=1), "unsupported_field", "dollar_tp"),
        (message(trail=1, trail_stop=5), "setting_missing", "trail"),
        (message(breakeven=5), "setting_missing", "breakeven"),
        (message(lmt_to_market_wait=5), "unsupported_field", "lmt_to_market_wait"),
        (message(option_type="call"), "unsupported_field", "option_type"),
        (message(advance_tp_sl=[{"tp": 1}]), "unsupported_field", "advance_tp_sl"),
        (message(update_sl=True, sl=1, quantity=1), "two_instructions", "quantity"),
        (message(update_sl=True), "nothing_to_modify", None),
        (message(account_id="a", multiple_accounts=[{}]), "two_values", "multiple_accounts"),
        (message(multiple_accounts=[3]), "object_missing", "multiple_accounts[0]"),
        (message(multiple_accounts=[{}]), "value_empty", "multiple_accounts[0]"),
        (
            message(multiple_accounts=[{"account_id": "a", "quantity_multiplier": 2}]),
            "unsupported_field",
            "multiple_accounts[0].quantity_multiplier",
        ),
        (
            message(multiple_accounts=[{"account_id": "a", "risk_percentage": 2}]),
            "unsupported_field",
            "multiple_accounts[0].risk_percentage",
        ),
        (message(stop_ticks=5), "unknown_protection_field", "stop_ticks"),
    ],
)
def test_a_message_is_refused(text: str, code: str, field: str | None) -> None:
    assert refused(NAME, text) == (code, field)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (message(pyramid="false", duplicate_position_allow=True), {"duplicate_position_allow"}),
        (message(sl=1, dollar_sl=5, percentage_sl=5), {"dollar_sl", "percentage_sl"}),
        (message(quantity=1, risk_percentage=1, sl=1), {"quantity"}),
        (message("close", sl=1, tp=0), {"sl"}),
        (message(date="{{timenow}}"), {"date"}),
    ],
)
def test_what_is_not_done_is_told(text: str, fields: set[str]) -> None:
    assert told(understood(NAME, text)) == fields


def test_the_token_is_left_to_the_hook() -> None:
    secret = understood(NAME, message()).secret
    assert secret is not None
    assert secret.value == "T"
