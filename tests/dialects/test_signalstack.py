"""SignalStack's JSON: the prices say the type, and a stock's sell sells what is held."""

import json
from typing import Any

import pytest

from bridge.domain.signals import Signal
from bridge.domain.values import Action, OrderType, PositionSide, Unit
from tests.dialects.answers import D, at, percent, refused, signals, told, understood

NAME = "signalstack"


def message(action: str = "buy", **fields: Any) -> str:
    return json.dumps({"symbol": "TSLA", "action": action, "class": "future", **fields})


def tsla(action: Action = Action.BUY, **fields: Any) -> Signal:
    return Signal(action, "TSLA", **fields)


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        (message(), tsla()),
        (message(quantity=5), tsla(quantity=D(5))),
        (
            message("sell", quantity=1, limit_price=21050.5),
            tsla(Action.SELL, quantity=D(1), order_type=OrderType.LIMIT, price=D("21050.5")),
        ),
        (message(stop_price="9"), tsla(order_type=OrderType.STOP, price=D(9))),
        (message("sell_short"), tsla(Action.SELL)),
        (
            message("sell", **{"class": "stock", "quantity": 2}),
            tsla(Action.CLOSE, close_side=PositionSide.LONG, quantity=D(2)),
        ),
        (message("buy_to_cover"), tsla(Action.CLOSE, close_side=PositionSide.SHORT)),
        (message("Close", quantity=5), tsla(Action.CLOSE, quantity=D(5))),
        (
            message("close", quantity="50%"),
            tsla(Action.CLOSE, quantity=D(50), unit=Unit.PERCENT_POSITION),
        ),
        (message("cancel"), tsla(Action.CANCEL)),
        (
            message(stop_loss_price=9, take_profit_percent=5),
            tsla(stop_loss=at("9"), take_profit=percent("5")),
        ),
    ],
)
def test_a_message_is_understood(text: str, signal: Signal) -> None:
    assert signals(NAME, text) == (signal,)


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        (message("hold"), "action_unknown", "action"),
        (message(**{"class": "option"}), "unsupported_field", "class"),
        (message(**{"class": "bond"}), "word_unknown", "class"),
        (message(limit_price=1, stop_price=2), "order_type_unsupported", "limit_price"),
        (message("close", limit_price=1), "order_type_unsupported", "limit_price"),
        (message("close", quantity="150%"), "quantity_unreadable", "quantity"),
        (message(limit_price="{{close}}"), "placeholder_unfilled", "limit_price"),
        (message(quantity=0), "not_positive", "quantity"),
        (message(stop_loss_price=1, stop_loss_percent=2), "two_values", "stop_loss_percent"),
        (message(trail_stop=5), "unknown_protection_field", "trail_stop"),
        (message(breakeven=5), "unknown_protection_field", "breakeven"),
    ],
)
def test_a_message_is_refused(text: str, code: str, field: str) -> None:
    assert refused(NAME, text) == (code, field)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (message("cancel", quantity=5), {"quantity"}),
        (message("close", stop_loss_price=5), {"stop_loss_price"}),
        (message("close", trail_stop=5), {"trail_stop"}),
    ],
)
def test_what_is_not_done_is_told(text: str, fields: set[str]) -> None:
    assert told(understood(NAME, text)) == fields
