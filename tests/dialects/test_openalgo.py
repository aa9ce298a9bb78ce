"""OpenAlgo: orders, and the net position that is wanted."""

import json
from typing import Any

import pytest

from bridge.domain.signals import Signal
from bridge.domain.values import Action, OrderType, StatedPosition, Unit
from tests.dialects.answers import D, refused, signals, told, understood

NAME = "openalgo"


def message(action: str = "BUY", **fields: Any) -> str:
    return json.dumps({"apikey": "K", "symbol": "SBIN", "action": action, **fields})


def sbin(action: Action = Action.BUY, **fields: Any) -> Signal:
    return Signal(action, "SBIN", **fields)


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        (message(), sbin()),
        (message("sell", quantity="2"), sbin(Action.SELL, quantity=D(2))),
        (message(quantity="2%"), sbin(quantity=D(2), unit=Unit.PERCENT_EQUITY)),
        (
            message(
                strategy="TV",
                exchange="NSE",
                pricetype="LIMIT",
                product="MIS",
                quantity="1",
                price="800.5",
            ),
            sbin(
                quantity=D(1),
                order_type=OrderType.LIMIT,
                price=D("800.5"),
                exchange="NSE",
                strategy="TV",
            ),
        ),
        (
            message(pricetype="SL-M", price=0, trigger_price="9"),
            sbin(order_type=OrderType.STOP, price=D(9)),
        ),
        (
            message(pricetype="MARKET", price="800", trigger_price="0"),
            sbin(order_type=OrderType.MARKET, reference_price=D(800)),
        ),
        (
            '{"symbol":"SBIN","action":"SELL","position_size":"-100"}',
            sbin(Action.TARGET, quantity=D(-100), side_after=StatedPosition.SHORT),
        ),
        (
            message(position_size="0", quantity=5, pricetype="MARKET", price="0"),
            sbin(
                Action.TARGET,
                quantity=D(0),
                side_after=StatedPosition.FLAT,
                order_type=OrderType.MARKET,
            ),
        ),
        (
            message("SELL", position_size=7, price=800),
            sbin(
                Action.TARGET,
                quantity=D(7),
                side_after=StatedPosition.LONG,
                reference_price=D(800),
            ),
        ),
    ],
)
def test_a_message_is_understood(text: str, signal: Signal) -> None:
    assert signals(NAME, text) == (signal,)


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        (message("HOLD"), "action_unknown", "action"),
        (message(symbol="{stock}"), "placeholder_unfilled", "symbol"),
        (message(quantity="0"), "not_positive", "quantity"),
        (message(pricetype="SL", price=9, trigger_price=8), "order_type_unsupported", "pricetype"),
        (message(pricetype="LIMIT", price=0), "price_missing", "price"),
        (message(pricetype="LIMIT", price=9, trigger_price=8), "order_type_unsupported", "price"),
        (message(pricetype="SL-M", price=9), "order_type_unsupported", "trigger_price"),
        (message(trigger_price=9), "order_type_missing", "trigger_price"),
        (message(price=-9), "not_positive", "price"),
        (message(position_size=""), "value_empty", "position_size"),
        (message(position_size="long"), "position_unreadable", "position_size"),
        (
            message(position_size=5, pricetype="LIMIT", price=9),
            "order_type_unsupported",
            "pricetype",
        ),
        (message(stoploss=5), "unknown_protection_field", "stoploss"),
    ],
)
def test_a_message_is_refused(text: str, code: str, field: str) -> None:
    assert refused(NAME, text) == (code, field)


def test_what_is_not_done_is_told() -> None:
    text = message(product="MIS", disclosed_quantity="5", quantity=9, position_size=3)
    assert told(understood(NAME, text)) == {"product", "disclosed_quantity", "quantity"}


def test_the_api_key_is_left_to_the_hook() -> None:
    secret = understood(NAME, message()).secret
    assert secret is not None
    assert secret.value == "K"
