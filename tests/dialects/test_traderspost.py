"""TradersPost's JSON: what its pages show, and what TradeLocker cannot do."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.domain.signals import CancelFilter, Level, Parsed, Signal, Trailing
from bridge.domain.values import Action, OrderType, PositionSide, StatedPosition, Unit
from tests.dialects.answers import (
    D,
    at,
    away,
    percent,
    refused,
    signals,
    told,
    understood,
)

NAME = "traderspost"


def message(**fields: Any) -> str:
    return json.dumps({"ticker": "SPY", "action": "buy", **fields})


def spy(action: Action = Action.BUY, **fields: Any) -> Signal:
    return Signal(action, "SPY", **fields)


@pytest.mark.parametrize(
    ("fields", "signal"),
    [
        ({}, spy()),
        ({"action": "SELL"}, spy(Action.SELL)),
        ({"quantity": "2"}, spy(quantity=D(2))),
        ({"quantity": 2, "quantityType": "fixed_quantity"}, spy(quantity=D(2))),
        (
            {"quantity": 2, "quantityType": "dollar_amount"},
            spy(quantity=D(2), unit=Unit.CASH),
        ),
        (
            {"quantity": 2, "quantityType": "amount_per_position"},
            spy(quantity=D(2), unit=Unit.CASH),
        ),
        (
            {"quantity": 2, "quantityType": "percent_of_equity"},
            spy(quantity=D(2), unit=Unit.PERCENT_EQUITY),
        ),
        (
            {
                "signalPrice": 100,
                "quantityType": "risk_percent",
                "quantity": 1,
                "stopLoss": {"type": "stop", "stopPrice": 90},
                "takeProfit": {"percent": 10},
            },
            spy(
                quantity=D(1),
                unit=Unit.RISK_PERCENT,
                stop_loss=at("90"),
                take_profit=percent("10"),
                reference_price=D(100),
            ),
        ),
        (
            {"quantity": 9, "quantityType": "risk_per_position", "stopLoss": {"amount": "5"}},
            spy(quantity=D(9), unit=Unit.RISK_CASH, stop_loss=away("5")),
        ),
        ({"price": 660}, spy(reference_price=D(660))),
        (
            {"orderType": "limit", "limitPrice": 50.5, "timeInForce": "gtc"},
            spy(order_type=OrderType.LIMIT, price=D("50.5")),
        ),
        ({"orderType": "stop", "stopPrice": "60"}, spy(order_type=OrderType.STOP, price=D(60))),
        ({"orderType": "market", "timeInForce": "ioc"}, spy(order_type=OrderType.MARKET)),
        ({"takeProfit": {"limitPrice": "9.5"}}, spy(take_profit=at("9.5"))),
        ({"takeProfit": {"amount": 20}}, spy(take_profit=away("20"))),
        ({"stopLoss": {"percent": 5}}, spy(stop_loss=percent("5"))),
        (
            {"stopLoss": {"type": "trailing_stop", "trailPercent": 1}},
            spy(trailing=Trailing(percent("1"))),
        ),
        ({"sentiment": "bullish"}, spy(side_after=StatedPosition.LONG)),
        (
            {"sentiment": "flat", "quantity": 3},
            spy(
                Action.CLOSE,
                close_side=PositionSide.SHORT,
                side_after=StatedPosition.FLAT,
                position_after=D(0),
                quantity=D(3),
            ),
        ),
        (
            {"action": "sell", "sentiment": "flat"},
            spy(
                Action.CLOSE,
                close_side=PositionSide.LONG,
                side_after=StatedPosition.FLAT,
                position_after=D(0),
            ),
        ),
        (
            {"action": "add", "sentiment": "short"},
            spy(Action.SELL, side_after=StatedPosition.SHORT, require="short"),
        ),
        ({"action": "exit"}, spy(Action.CLOSE)),
        ({"action": "exit", "quantity": 2}, spy(Action.CLOSE, quantity=D(2))),
        (
            {"action": "exit", "quantity": 50, "quantityType": "percent_of_position"},
            spy(Action.CLOSE, quantity=D(50), unit=Unit.PERCENT_POSITION),
        ),
        (
            {"action": "exit", "sentiment": "flat"},
            spy(Action.CLOSE, side_after=StatedPosition.FLAT, position_after=D(0)),
        ),
        ({"action": "cancel"}, spy(Action.CANCEL)),
        (
            {"action": "cancel", "cancelOrderType": "stop"},
            spy(Action.CANCEL, cancel=CancelFilter(OrderType.STOP)),
        ),
        (
            {"cancel": True, "cancelOrderType": "limit"},
            spy(cancel_first=True, cancel=CancelFilter(OrderType.LIMIT)),
        ),
        ({"cancel": "true"}, spy(cancel_first=True)),
        (
            {"time": "2026-01-02T03:04:05Z", "interval": "5", "extras": {"rsi": 3, "stop": 1}},
            spy(time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), interval="5"),
        ),
        ({"ticker": "MSFT 250117C400"}, Signal(Action.BUY, "MSFT 250117C400")),
        ({"delay": 0}, spy()),
    ],
)
def test_a_message_is_understood(fields: dict[str, Any], signal: Signal) -> None:
    assert signals(NAME, message(**fields)) == (signal,)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"action": "bu"}, "action_unknown", "action"),
        ({"action": ""}, "value_empty", "action"),
        ({"action": "add"}, "side_missing", "action"),
        ({"action": "add", "sentiment": "flat"}, "side_missing", "action"),
        ({"ticker": ""}, "value_empty", "ticker"),
        ({"ticker": "{{ticker}}"}, "placeholder_unfilled", "ticker"),
        ({"sentiment": "3"}, "position_unreadable", "sentiment"),
        ({"sentiment": ""}, "value_empty", "sentiment"),
        ({"action": "exit", "sentiment": "long"}, "position_contradiction", "sentiment"),
        ({"action": "sell", "sentiment": "long"}, "quantity_missing", "quantity"),
        ({"quantity": "0"}, "not_positive", "quantity"),
        ({"quantity": "=10"}, "formula_unsupported", "quantity"),
        ({"takeProfit": {"percent": "=2*2"}}, "formula_unsupported", "takeProfit"),
        ({"quantity": None}, "value_empty", "quantity"),
        ({"quantityType": "risk_percent"}, "quantity_missing", "quantity"),
        ({"quantityType": "lots", "quantity": 1}, "word_unknown", "quantityType"),
        ({"quantityType": "risk_percent", "quantity": 1}, "stop_loss_missing", "stopLoss"),
        (
            {"action": "exit", "quantityType": "risk_percent", "quantity": 1},
            "field_not_for_action",
            "quantityType",
        ),
        (
            {"action": "exit", "quantityType": "percent_of_position", "quantity": 101},
            "quantity_unreadable",
            "quantity",
        ),
        (
            {"orderType": "stop_limit", "stopPrice": 6, "limitPrice": 5},
            "order_type_unsupported",
            "orderType",
        ),
        ({"orderType": "trailing_stop", "trailAmount": 1}, "order_type_unsupported", "orderType"),
        ({"orderType": "limit"}, "price_missing", "limitPrice"),
        (
            {"orderType": "limit", "limitPrice": 1, "stopPrice": 2},
            "order_type_unsupported",
            "stopPrice",
        ),
        ({"limitPrice": 1}, "order_type_missing", "limitPrice"),
        (
            {"action": "exit", "orderType": "limit", "limitPrice": 1},
            "order_type_unsupported",
            "orderType",
        ),
        ({"trailAmount": 1}, "unsupported_field", "trailAmount"),
        (
            {"orderType": "limit", "limitPrice": 1, "timeInForce": "day"},
            "time_in_force_unsupported",
            "timeInForce",
        ),
        ({"timeInForce": "fok"}, "time_in_force_unsupported", "timeInForce"),
        ({"timeInForce": "gtd", "expiresAt": "2026-01-02"}, "unsupported_field", "expiresAt"),
        ({"delay": 5}, "unsupported_field", "delay"),
        ({"optionType": "call", "expiration": "2026-05-10"}, "unsupported_field", "optionType"),
        ({"strikesAway": 2}, "unsupported_field", "strikesAway"),
        ({"price": 1, "signalPrice": 2}, "two_values", "price"),
        ({"stopLoss": 5}, "object_missing", "stopLoss"),
        ({"stopLoss": {}}, "level_missing", "stopLoss"),
        ({"stopLoss": {"type": "stop_limit", "limitPrice": 9}}, "level_missing", "stopLoss"),
        ({"stopLoss": {"type": "trailing_stop"}}, "level_missing", "stopLoss"),
        ({"stopLoss": {"type": "mental", "percent": 1}}, "word_unknown", "stopLoss.type"),
        ({"stopLoss": {"percent": 1, "amount": 2}}, "two_values", "stopLoss.amount"),
        ({"stopLoss": {"percent": 1, "step": 2}}, "unknown_field", "stopLoss.step"),
        ({"stopLoss": {"percent": 0}}, "not_positive", "stopLoss.percent"),
        ({"takeProfit": {"ratio": 2}}, "unknown_field", "takeProfit.ratio"),
        ({"price": 100, "stopLoss": {"stopPrice": 110}}, "level_wrong_side", "stop_loss"),
        ({"stop_loss_pct": 2}, "unknown_protection_field", "stop_loss_pct"),
    ],
)
def test_a_message_is_refused(fields: dict[str, Any], code: str, field: str) -> None:
    assert refused(NAME, message(**fields)) == (code, field)


@pytest.mark.parametrize(
    ("fields", "fields_told"),
    [
        ({"extendedHours": True}, {"extendedHours"}),
        ({"extendedHours": False}, set()),
        ({"time": "{{timenow}}"}, {"time"}),
        ({"timeInForce": "day"}, {"timeInForce"}),
        ({"nonce": 5}, {"nonce"}),
        ({"cancelOrderType": "stop"}, {"cancelOrderType"}),
        ({"action": "exit", "takeProfit": {"percent": 1}}, {"take_profit"}),
        ({"action": "cancel", "quantity": 1}, {"quantity"}),
        (
            {"stopLoss": {"type": "stop_limit", "stopPrice": 10, "limitPrice": 9}},
            {"stopLoss.limitPrice", "stopLoss.type"},
        ),
    ],
)
def test_what_is_not_done_is_told(fields: dict[str, Any], fields_told: set[str]) -> None:
    assert told(understood(NAME, message(**fields))) == fields_told


def test_a_stop_limit_protects_as_a_plain_stop() -> None:
    stop = {"type": "stop_limit", "stopPrice": "10", "limitPrice": 9}
    (signal,) = signals(NAME, message(stopLoss=stop))
    assert signal.stop_loss == at("10")
    assert isinstance(signal.stop_loss, Level)


def test_a_test_message_is_marked() -> None:
    answer = understood(NAME, message(test=True))
    assert isinstance(answer, Parsed)
    assert answer.test


def test_a_list_is_read_in_its_order() -> None:
    text = f"[{message(action='exit')},{message()}]"
    assert [s.action for s in signals(NAME, text)] == [Action.CLOSE, Action.BUY]


def test_one_bad_order_refuses_the_list() -> None:
    assert refused(NAME, f"[{message()},{message(action='bu')}]") == (
        "action_unknown",
        "[1].action",
    )
