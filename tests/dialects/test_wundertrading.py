"""WunderTrading: codes, their JSON, and strategies."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.domain.signals import BreakEven, Signal, Target
from bridge.domain.values import Action, OrderType, PositionSide, StatedPosition, Unit
from tests.dialects.answers import D, at, percent, refused, signals, told, understood

NAME = "wundertrading"
ENTER = "ENTER-LONG_BINANCE_BTC-USDT_MyBot_1H_0a1b"
EXIT = "EXIT-ALL_BINANCE_BTC-USDT_MyBot_1H_0a1b"
STRATEGY = "TV-STRATEGY_BINANCE_BTC-USDT_Bot_1H_0a"


def message(code: str = ENTER, **fields: Any) -> str:
    return json.dumps({"code": code, **fields})


def btc(action: Action = Action.BUY, **fields: Any) -> Signal:
    return Signal(action, "BTC-USDT", **{"exchange": "BINANCE", **fields})


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        (ENTER, btc()),
        (EXIT, btc(Action.CLOSE)),
        ("EXIT-LONG_BINANCE_BTC-USDT_b_1H_0a", btc(Action.CLOSE, close_side=PositionSide.LONG)),
        ("EXIT-SHORT_BINANCE_BTC-USDT_b_1H_0a", btc(Action.CLOSE, close_side=PositionSide.SHORT)),
        ("ENTER-SHORT_BINANCE_BTC-USDT_Eth long sell_15M_0a", btc(Action.SELL)),
        ("ENTER-LONG_Bybit_BTCUSDT_my_bot_1H_0a", Signal(Action.BUY, "BTCUSDT", exchange="Bybit")),
        (
            message(
                orderType="market",
                amountPerTradeType="quote",
                amountPerTrade=100,
                takeProfits=[
                    {"priceDeviation": 0.01, "portfolio": 0.5},
                    {"priceDeviation": 0.02, "portfolio": 0.5},
                ],
                stopLoss={"priceDeviation": 0.01},
            ),
            btc(
                order_type=OrderType.MARKET,
                quantity=D(100),
                unit=Unit.CASH,
                stop_loss=percent("1"),
                targets=(Target(percent("1"), D(50)), Target(percent("2"), D(50))),
            ),
        ),
        (
            message(amountPerTradeType="percents", amountPerTrade="5"),
            btc(quantity=D(5), unit=Unit.PERCENT_EQUITY),
        ),
        (message(amountPerTrade="5", leverage=1), btc(quantity=D(5))),
        (
            message(EXIT, amountPerTradeType="percents", amountPerTrade="50"),
            btc(Action.CLOSE, quantity=D(50), unit=Unit.PERCENT_POSITION),
        ),
        (
            message(orderType="limit", price=60000, stopLoss={"price": 59000}),
            btc(order_type=OrderType.LIMIT, price=D(60000), stop_loss=at("59000")),
        ),
        (
            message(
                takeProfits=[{"price": 9, "portfolio": 1}], moveToBreakeven={"activationPrice": 7}
            ),
            btc(take_profit=at("9"), break_even=BreakEven(at("7"), None)),
        ),
        (
            message(
                STRATEGY,
                action="buy",
                pos="long",
                posSize="2",
                prevPos="flat",
                prevPosSize="0",
                amount="2",
                amountIn="base",
                tvTicker="BTCUSDT",
                alertPrice="60000",
                alertTime="2026-01-02T03:04:05Z",
                recvWindow="5000",
            ),
            Signal(
                Action.BUY,
                "BTCUSDT",
                exchange="BINANCE",
                quantity=D(2),
                unit=Unit.UNITS,
                before=StatedPosition.FLAT,
                side_after=StatedPosition.LONG,
                position_before=D(0),
                position_after=D(2),
                reference_price=D(60000),
                time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
                max_age=timedelta(seconds=5),
            ),
        ),
        (
            message(STRATEGY, action="sell", pos="flat", prevPos="long"),
            btc(
                Action.CLOSE,
                close_side=PositionSide.LONG,
                before=StatedPosition.LONG,
                side_after=StatedPosition.FLAT,
                position_after=D(0),
            ),
        ),
        (
            message(STRATEGY, action="sell", pos="short", posSize=3, amount=5, prevPos="long"),
            btc(
                Action.SELL,
                quantity=D(5),
                before=StatedPosition.LONG,
                side_after=StatedPosition.SHORT,
                position_after=D(-3),
            ),
        ),
    ],
)
def test_a_message_is_understood(text: str, signal: Signal) -> None:
    assert signals(NAME, text) == (signal,)


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("ENTER-LONG_Bybit_NONE_Eth short 15_15M_0a", "symbol_missing", "code"),
        ("EXIT-ALL_Bybit_MULTIPLE-PAIRS_x_15M_0a", "symbol_missing", "code"),
        ("ENTER-LONG_Bybit_BTC-USDT", "code_unreadable", "code"),
        ("ENTER-ALL_Bybit_BTC-USDT_x_1H_0a", "code_unreadable", "code"),
        ("ENTER-LONG_BINANCE_FUTURES_BTC-USDT_x_1H_0a", "code_unreadable", "code"),
        (message("ENTER-LONG_{{exchange}}_{{ticker}}_x_1H_0a"), "placeholder_unfilled", "code"),
        (message(reduceOnly=True), "two_sides", "reduceOnly"),
        (message(orderType="stop"), "order_type_unsupported", "orderType"),
        (message(orderType="limit"), "price_missing", "price"),
        (message(EXIT, orderType="limit", price=1), "order_type_unsupported", "orderType"),
        (message(amountPerTrade=0), "not_positive", "amountPerTrade"),
        (message(amountPerTradeType="quote"), "quantity_missing", "amountPerTrade"),
        (
            message(amountPerTradeType="lots", amountPerTrade=1),
            "word_unknown",
            "amountPerTradeType",
        ),
        (
            message(amountPerTradeType="quote", amountPerTrade=1, leverage=5),
            "leverage_unclear",
            "leverage",
        ),
        (message(stopLoss={}), "level_missing", "stopLoss"),
        (message(stopLoss={"price": 1, "priceDeviation": 1}), "two_values", "stopLoss"),
        (message(stopLoss={"price": 1, "trail": 1}), "unknown_field", "stopLoss.trail"),
        (message(stopLoss=[]), "object_missing", "stopLoss"),
        (message(takeProfits={}), "level_unreadable", "takeProfits"),
        (message(takeProfits=[3]), "level_unreadable", "takeProfits[0]"),
        (message(takeProfits=[{"price": 9, "portfolio": 0.5}]), "shares_wrong", "takeProfits"),
        (message(takeProfits=[{"price": 9}, {"price": 8}]), "shares_wrong", "takeProfits"),
        (
            message(moveToBreakeven={"executePrice": 1}),
            "unsupported_field",
            "moveToBreakeven.executePrice",
        ),
        (message(moveToBreakeven={}), "level_missing", "moveToBreakeven"),
        (message(trailingStop={"a": 1}), "unknown_protection_field", "trailingStop"),
        (message(STRATEGY), "action_missing", "action"),
        (message("TV-STRATEGY_B_NONE_x_1_0", action="buy"), "symbol_missing", "tvTicker"),
        (
            message(STRATEGY, action="buy", pos="flat", prevPos="long"),
            "position_contradiction",
            "action",
        ),
        (
            message(STRATEGY, action="buy", pos="long", posSize=0),
            "position_contradiction",
            "posSize",
        ),
        (message(STRATEGY, action="buy", alertTime="now"), "time_unreadable", "alertTime"),
    ],
)
def test_a_message_is_refused(text: str, code: str, field: str) -> None:
    assert refused(NAME, text) == (code, field)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (message(leverage=5, amountPerTrade=1), {"leverage"}),
        (message(placeConditionalOrdersOnExchange=True), {"placeConditionalOrdersOnExchange"}),
        (message(EXIT, stopLoss={"price": 5}), {"stop_loss"}),
    ],
)
def test_what_is_not_done_is_told(text: str, fields: set[str]) -> None:
    assert told(understood(NAME, text)) == fields
