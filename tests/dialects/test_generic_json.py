"""Generic JSON and TradingView's strategy JSON: synonyms, stated positions, and what is refused."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.dialects import parse
from bridge.domain.signals import (
    BreakEven,
    CancelFilter,
    Level,
    LevelKind,
    Parsed,
    Refusal,
    Signal,
    Target,
)
from bridge.domain.values import Action, OrderType, PositionSide, Side, StatedPosition, Unit

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


def send(**fields: Any) -> Parsed | Refusal:
    return parse(json.dumps({"symbol": "X1", **fields}).encode())


def one(answer: Parsed | Refusal) -> Signal:
    assert isinstance(answer, Parsed), answer
    assert answer.dialect == "json"
    (signal,) = answer.signals
    return signal


def spelled(*lines: str) -> list[str]:
    return " ".join(lines).split()


def code(answer: Parsed | Refusal) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


def level(text: str, kind: LevelKind = LevelKind.PRICE) -> Level:
    return Level(kind, Decimal(text))


@pytest.mark.parametrize(
    ("words", "action", "side"),
    [
        ("buy BUY Buy long bull Bullish enter_long entry-long openLong BTO 开多", Action.BUY, None),
        ("sell short bear bearish enter_short entry_short open_short 开空", Action.SELL, None),
        ("close exit flat flatten closeall", Action.CLOSE, None),
        ("STC closelong exit_long reduce_long", Action.CLOSE, LONG),
        ("closeshort exit_short REDUCE_SHORT", Action.CLOSE, SHORT),
        ("cancel cancelall", Action.CANCEL, None),
        ("reverse", Action.REVERSE, None),
    ],
)
def test_a_documented_word_says_what_to_do(
    words: str, action: Action, side: PositionSide | None
) -> None:
    for word in words.split():
        signal = one(send(signal=word))
        assert (signal.action, signal.close_side) == (action, side)


@pytest.mark.parametrize("word", ["b", "purchase", "bu", "PUTS", "hold", "long/short", "start_bot"])
def test_any_other_word_is_refused(word: str) -> None:
    assert code(send(action=word)) == "action_unknown"


@pytest.mark.parametrize(
    "key",
    spelled(
        "action order_action side signal direction signal_type command cmd positionDirection",
        "ACTION Order-Action",
    ),
)
def test_the_action_has_these_keys(key: str) -> None:
    assert one(send(**{key: "buy"})).action is Action.BUY


@pytest.mark.parametrize(
    "key", spelled("symbol ticker pair instrument tv_instrument tvTicker market s Symbol")
)
def test_the_symbol_has_these_keys(key: str) -> None:
    assert one(parse(json.dumps({"side": "buy", key: "A:X1"}).encode())).symbol == "A:X1"


@pytest.mark.parametrize(
    ("keys", "unit"),
    [
        ("quantity qty contracts order_contracts size volume amount q 仓位", None),
        ("lots lot", Unit.LOTS),
        ("base", Unit.UNITS),
        ("quote usd", Unit.CASH),
        ("allocation_percent", Unit.PERCENT_EQUITY),
        ("risk_percent", Unit.RISK_PERCENT),
    ],
)
def test_the_quantity_has_these_keys(keys: str, unit: Unit | None) -> None:
    for key in keys.split():
        signal = one(send(side="buy", **{key: "2.5"}))
        assert (signal.quantity, signal.unit) == (Decimal("2.5"), unit)


@pytest.mark.parametrize(
    ("action", "quantity", "number", "unit"),
    [
        ("buy", "50%", "50", Unit.PERCENT_EQUITY),
        ("close", "50%", "50", Unit.PERCENT_POSITION),
        ("buy", "300$", "300", Unit.CASH),
        ("sell", "45q", "45", Unit.CASH),
        ("close", "2", "2", None),
    ],
)
def test_a_quantitys_sign_is_its_unit(
    action: str, quantity: str, number: str, unit: Unit | None
) -> None:
    signal = one(send(action=action, size=quantity))
    assert (signal.quantity, signal.unit) == (Decimal(number), unit)


def test_beside_high_and_low_the_volume_is_the_bars() -> None:
    answer = send(action="buy", open=1, high=2, low=1, close=1.5, volume=90_000)
    assert one(answer).quantity is None
    assert isinstance(answer, Parsed)
    assert [n.field for n in answer.not_honoured] == ["volume"]


def test_names_of_currencies_are_no_quantities() -> None:
    assert one(send(action="buy", base="BTC", quote="USDT", qty=1)).quantity == 1


@pytest.mark.parametrize(
    ("fields", "order_type", "price", "reference"),
    [
        ({"price": 5}, None, None, 5),
        ({"order_type": "market", "price": 5}, OrderType.MARKET, None, 5),
        ({"order_type": "limit", "price": 5}, OrderType.LIMIT, 5, None),
        ({"type": "LMT", "limit_price": "5", "close": 6}, OrderType.LIMIT, 5, 6),
        ({"pricetype": "stop", "stop_price": 5}, OrderType.STOP, 5, None),
        ({"entry": 5}, None, None, 5),
        ({"close": "5", "order_price": 6}, None, None, 5),
        ({"close": "{{close}}"}, None, None, None),
    ],
)
def test_a_price_is_the_orders_own_only_with_a_type_that_has_one(
    fields: dict[str, Any], order_type: OrderType | None, price: int | None, reference: int | None
) -> None:
    signal = one(send(action="buy", **fields))
    assert (signal.order_type, signal.price, signal.reference_price) == (
        order_type,
        price,
        reference,
    )


@pytest.mark.parametrize(
    ("fields", "stop", "target"),
    [
        ({"sl": 4, "tp": "6"}, level("4"), level("6")),
        ({"stop": 4, "target": 6}, level("4"), level("6")),
        ({"SL Price": 4, "tp-price": 6}, level("4"), level("6")),
        ({"sl": 0, "tp": "0.0"}, None, None),
        ({"stop_loss": "2%"}, level("2", LevelKind.PERCENT), None),
        (
            {"stop_loss_percent": 2, "take_profit_percent": "3.5"},
            level("2", LevelKind.PERCENT),
            level("3.5", LevelKind.PERCENT),
        ),
        ({"tp1": 6}, None, level("6")),
        ({"take_profit_1": 6, "tp2": 0}, None, level("6")),
        ({"sl": "4.774433333333334217"}, level("4.774433333333334217"), None),
    ],
)
def test_stop_and_target_are_prices_or_percentages(
    fields: dict[str, Any], stop: Level | None, target: Level | None
) -> None:
    signal = one(send(action="buy", price=5, **fields))
    assert (signal.stop_loss, signal.take_profit, signal.targets) == (stop, target, ())


def test_numbered_targets_are_several() -> None:
    signal = one(send(action="sell", tp2="4", tp1="5", take_profit_3=3))
    assert signal.take_profit is None
    assert signal.targets == tuple(Target(level(n), None) for n in ("5", "4", "3"))


A4 = [
    ("buy", "flat", "long", Action.BUY, None),
    ("buy", "long", "long", Action.BUY, None),
    ("buy", "short", "long", Action.BUY, None),
    ("buy", "short", "short", Action.CLOSE, SHORT),
    ("buy", "short", "flat", Action.CLOSE, SHORT),
    ("sell", "flat", "short", Action.SELL, None),
    ("sell", "short", "short", Action.SELL, None),
    ("sell", "long", "short", Action.SELL, None),
    ("sell", "long", "long", Action.CLOSE, LONG),
    ("sell", "long", "flat", Action.CLOSE, LONG),
]


@pytest.mark.parametrize(("side", "before", "after", "action", "closes"), A4)
def test_the_stated_positions_decide_what_an_order_means(
    side: str, before: str, after: str, action: Action, closes: PositionSide | None
) -> None:
    signal = one(send(action=side, contracts=3, prev_market_position=before, market_position=after))
    assert (signal.action, signal.close_side) == (action, closes)
    assert (signal.before, signal.side_after) == (before, after)
    assert signal.quantity == 3


@pytest.mark.parametrize(
    ("side", "before", "after"),
    [
        (side, before, after)
        for side in ("buy", "sell")
        for before in ("long", "short", "flat")
        for after in ("long", "short", "flat")
        if (side, before, after) not in {row[:3] for row in A4}
    ],
)
def test_positions_that_an_order_cannot_lead_between_are_a_contradiction(
    side: str, before: str, after: str
) -> None:
    answer = send(action=side, contracts=3, prev_market_position=before, market_position=after)
    assert code(answer) == "position_contradiction"


@pytest.mark.parametrize(
    ("side", "contracts", "before", "after", "action", "closes"),
    [
        ("sell", 15, 10, -5, Action.SELL, None),
        ("sell", 10, 10, 0, Action.CLOSE, LONG),
        ("sell", 4, 10, 6, Action.CLOSE, LONG),
        ("buy", 5, 0, 5, Action.BUY, None),
        ("buy", 5, 5, 10, Action.BUY, None),
        ("buy", 4, -10, -6, Action.CLOSE, SHORT),
        ("buy", "0.30000000000000004", "0.1", "0.4", Action.BUY, None),
    ],
)
def test_signed_sizes_are_kept_beside_the_stated_quantity(
    side: str, contracts: Any, before: Any, after: Any, action: Action, closes: PositionSide | None
) -> None:
    signal = one(
        send(action=side, contracts=contracts, prev_position_size=before, position_size=after)
    )
    assert (signal.action, signal.close_side) == (action, closes)
    assert (signal.position_before, signal.position_after) == (
        Decimal(str(before)),
        Decimal(str(after)),
    )
    assert signal.quantity == Decimal(str(contracts))


def test_a_side_and_an_unsigned_size_make_a_signed_position() -> None:
    signal = one(
        send(
            action="sell",
            contracts=15,
            market_position="short",
            market_position_size=5,
            prev_market_position="long",
            prev_market_position_size=10,
        )
    )
    assert (signal.position_before, signal.position_after) == (Decimal(10), Decimal(-5))
    assert (signal.before, signal.side_after) == ("long", "short")


def test_a_partial_exit_without_quantity_is_the_difference_of_the_positions() -> None:
    assert one(send(action="sell", prev_position_size=10, position_size=6)).quantity == 4


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"action": "sell", "position_size": 6}, "quantity_missing"),
        ({"action": "close", "position_size": 6}, "quantity_missing"),
        (
            {"action": "sell", "qty": 3, "position_size": 6, "market_position": "short"},
            "two_values",
        ),
        (
            {"action": "buy", "market_position": "long", "market_position_size": -1},
            "position_unreadable",
        ),
        (
            {"action": "buy", "market_position": "flat", "market_position_size": 1},
            "two_values",
        ),
        (
            {"action": "buy", "market_position": "{{strategy.market_position}}"},
            "placeholder_unfilled",
        ),
        ({"action": "buy", "market_position": ""}, "value_empty"),
        ({"action": "buy", "position_size": "NaN"}, "position_unreadable"),
        (
            {"action": "sell", "qty": 14, "prev_position_size": 10, "position_size": -5},
            "quantity_contradicts_position",
        ),
        ({"action": "long", "market_position": "flat"}, "position_contradiction"),
        ({"action": "closelong", "qty": 1, "position_size": -5}, "two_sides"),
        ({"action": "reverse", "side": "buy", "position_size": -5}, "position_contradiction"),
        ({"action": "buy", "qty": 1, "position": "up"}, "position_unreadable"),
        ({"action": "buy", "market_position": "short", "position_size": 1}, "two_values"),
        ({"action": "buy", "prev_position_size": 5, "position_size": 3}, "position_contradiction"),
        ({"action": "sell", "prev_position_size": 5, "position_size": 8}, "position_contradiction"),
        ({"position": 3, "qty": 2}, "quantity_contradicts_position"),
        ({"position": "long"}, "quantity_missing"),
    ],
)
def test_a_position_that_does_not_fit_is_refused(fields: dict[str, Any], expected: str) -> None:
    assert code(send(**fields)) == expected


@pytest.mark.parametrize(
    ("fields", "quantity"),
    [
        ({"position": "flat"}, 0),
        ({"position": -3}, -3),
        ({"position": "2.5"}, Decimal("2.5")),
        ({"position": "short", "qty": 2}, -2),
        ({"position": "long", "qty": 2}, 2),
    ],
)
def test_a_position_without_an_action_is_a_target(
    fields: dict[str, Any], quantity: Decimal
) -> None:
    signal = one(send(**fields))
    assert (signal.action, signal.quantity) == (Action.TARGET, quantity)


def test_the_usual_strategy_template_is_read_whole() -> None:
    answer = parse(
        b'{"passphrase":"P","time":"2026-01-02T03:04:05Z","exchange":"BINANCE","ticker":"ETHUSDT",'
        b'"bar":{"time":"2026-01-02T03:00:00Z","open":1,"high":3,"low":1,"close":2,"volume":9000},'
        b'"strategy":{"position_size":-2,"order_action":"sell","order_contracts":5,'
        b'"order_price":28.43,"order_id":"Short","market_position":"short",'
        b'"market_position_size":2,"prev_market_position":"long","prev_market_position_size":3}}'
    )
    assert isinstance(answer, Parsed)
    assert answer.not_honoured == ()
    assert one(answer) == Signal(
        Action.SELL,
        "ETHUSDT",
        quantity=Decimal(5),
        before=StatedPosition.LONG,
        side_after=StatedPosition.SHORT,
        position_before=Decimal(3),
        position_after=Decimal(-2),
        bar_time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        exchange="BINANCE",
        reference_price=Decimal("28.43"),
    )


def test_the_objects_of_a_strategy_are_looked_into() -> None:
    signal = one(
        parse(
            b'{"payload":{"strategy":{"order":{"action":"buy","contracts":"2","price":"5.1",'
            b'"id":"Long"},"position_size":"2"}},"ticker":"X1","bar":{"close":4,"time":"x"}}'
        )
    )
    assert (signal.quantity, signal.position_after) == (Decimal(2), Decimal(2))
    assert signal.reference_price == Decimal("5.1")
    assert signal.id is None  # an order's id repeats


@pytest.mark.parametrize(
    ("fields", "action", "side"),
    [
        ({"action": "open", "direction": "long"}, Action.BUY, None),
        ({"side": "short", "signal": "entry"}, Action.SELL, None),
        ({"action": "buy", "direction": "LONG"}, Action.BUY, None),
        ({"action": "close", "direction": "long"}, Action.CLOSE, LONG),
        ({"action": "exit_short", "side": "buy"}, Action.CLOSE, SHORT),
        ({"signal_type": "tp1", "direction": "long"}, Action.CLOSE, LONG),
        ({"signal_type": "stop_loss", "direction": "short"}, Action.CLOSE, SHORT),
        ({"action": "sell", "reduce_only": True}, Action.CLOSE, LONG),
        ({"action": "buy", "reduceOnly": "True"}, Action.CLOSE, SHORT),
        ({"action": "buy", "close_position": 1}, Action.CLOSE, SHORT),
        ({"action": "sell", "reduce_only": "False"}, Action.SELL, None),
        ({"action": "close", "close_side": "short"}, Action.CLOSE, SHORT),
        ({"action": "close", "prev_market_position": "long"}, Action.CLOSE, LONG),
        ({"Bull": 1, "Bear": 0}, Action.BUY, None),
        ({"buy": "0", "sell": "1", "exit": "0"}, Action.SELL, None),
        ({"exit_long": True, "exit_short": False}, Action.CLOSE, LONG),
        ({"action": "buy", "long": 1, "short": 0}, Action.BUY, None),
    ],
)
def test_words_and_flags_that_belong_together_say_one_thing(
    fields: dict[str, Any], action: Action, side: PositionSide | None
) -> None:
    signal = one(send(**fields))
    assert (signal.action, signal.close_side) == (action, side)


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "buy", "direction": "short"},
        {"action": "sell", "direction": "long"},
        {"action": "buy", "signal": "exit"},
        {"action": "close", "side": "sell"},
        {"action": "exit_long", "side": "buy"},
        {"action": "buy", "signal_type": "tp1"},
        {"action": "long", "reduce_only": True},
        {"action": "reverse", "direction": "long"},
        {"action": "reverse", "close_position": True},
        {"action": "buy", "close_side": "short"},
        {"action": "sell", "message": "exit"},
        {"action": "buy", "comment": "Close entry(s) order Short"},
        {"action": "sell", "order_id": "TP1"},
        {"action": "sell", "note": "stop loss hit"},
        {"action": "buy", "note": "Short"},
        {"action": "buy", "state": "flat"},
        {"action": "buy", "status": "closed"},
        {"action": "sell", "event": "Exit Long"},
        {"side": "SELL", "positionSide": "LONG"},
        {"Bull": 1, "Bear": 1},
        {"action": "buy", "short": 1},
        {"action": "buy", "long": 0},
    ],
)
def test_two_sides_are_refused(fields: dict[str, Any]) -> None:
    assert code(send(**fields)) == "two_sides"


@pytest.mark.parametrize(
    "note", ["Breakout of the long base", "Price closed above EMA", "BUY", "Stoch below 20"]
)
def test_a_note_that_contradicts_nothing_is_information(note: str) -> None:
    assert one(send(action="buy", message=note)).comment == note


def test_an_exit_may_be_called_an_exit() -> None:
    signal = one(send(action="sell", qty=2, position_size=0, comment="Close entry(s) order Long"))
    assert (signal.action, signal.close_side) == (Action.CLOSE, LONG)


@pytest.mark.parametrize(
    "key",
    spelled(
        "trail_pips trailingStop be_trigger_sl tp_sl_mode useStop max_loss reduceBy closeOn",
        "cancelAfter inverseSide expiresAt delay_seconds optionType strikePrice profitTarget SL2",
    ),
)
def test_an_opening_is_refused_when_an_unknown_key_speaks_of_protection(key: str) -> None:
    answer = send(action="buy", price=5, **{key: "x"})
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.field) == ("unknown_protection_field", key)


@pytest.mark.parametrize("value", [{"sl": 1}, [{"a": {"stopLoss": 1}}]])
def test_protection_inside_an_unknown_object_refuses_an_opening_too(value: Any) -> None:
    assert code(send(action="buy", levels=value)) == "unknown_protection_field"


@pytest.mark.parametrize(
    "fields", [{"close": True}, {"close": "all"}, {"entry": "long"}, {"price": {"limit": 1}}]
)
def test_an_instruction_in_the_place_of_a_price_refuses(fields: dict[str, Any]) -> None:
    assert code(send(side="sell", **fields)) == "price_unreadable"


def test_a_close_goes_ahead_beside_an_unknown_key_that_speaks_of_protection() -> None:
    answer = send(action="close", trail_pips=5)
    assert one(answer).action is Action.CLOSE
    assert isinstance(answer, Parsed)
    assert [n.field for n in answer.not_honoured] == ["trail_pips"]


@pytest.mark.parametrize(
    "key",
    ["max", "mode", "unit", "quantityType", "orders", "hedge", "tif", "risk", "lotSize", "riskPct"],
)
def test_an_opening_is_refused_when_an_unknown_key_changes_its_size_or_way(key: str) -> None:
    assert code(send(action="buy", **{key: "x"})) == "unsupported_field"


@pytest.mark.parametrize("key", ["user_id", "rsi", "slippage", "https", "template", "leverage"])
def test_any_other_unknown_key_is_listed_and_not_applied(key: str) -> None:
    answer = send(action="buy", **{key: "x"})
    assert one(answer) == Signal(Action.BUY, "X1")
    assert isinstance(answer, Parsed)
    assert [n.field for n in answer.not_honoured] == [key]


@pytest.mark.parametrize(
    ("fields", "expected", "field"),
    [
        ({}, "action_missing", "action"),
        ({"action": "open"}, "side_missing", "action"),
        ({"action": "buy", "do_trade": False}, "trading_switched_off", "do_trade"),
        ({"action": "buy", "pnl": 5}, "report_not_instruction", "pnl"),
        ({"action": "buy", "order_type": "stop_limit"}, "order_type_unsupported", "order_type"),
        ({"action": "buy", "order_type": "limit"}, "price_missing", "price"),
        (
            {"action": "buy", "limit_price": 5, "quantity": 1, "class": "x"},
            "word_unknown",
            "class",
        ),
        (
            {"action": "buy", "type": "limit", "limit_price": 5, "stop_price": 4},
            "order_type_unsupported",
            "stop_price",
        ),
        ({"action": "buy", "sl": -5}, "not_positive", "sl"),
        ({"action": "buy", "tp1": 6, "tp9": 7}, "level_unreadable", "tp9"),
        ({"action": "buy", "stop_price": 5}, "order_type_missing", "stop_price"),
        ({"action": "buy", "type": "stop", "stop_price": 5, "price": 6}, "two_values", "price"),
        ({"action": "reverse", "type": "limit", "price": 6}, "order_type_unsupported", "type"),
        ({"action": "buy", "qty": 1, "size": 2}, "two_values", "size"),
        ({"action": "buy", "qty": 1, "risk_percent": 1}, "two_values", "risk_percent"),
        ({"action": "buy", "qty": 1, "lots": 1}, "two_values", "lots"),
        ({"action": "buy", "qty": "False"}, "quantity_unreadable", "qty"),
        ({"action": "buy", "qty": ""}, "value_empty", "qty"),
        ({"action": "buy", "qty": "amount"}, "quantity_unreadable", "qty"),
        ({"action": "close", "qty": "101%"}, "quantity_unreadable", "qty"),
        ({"action": "close", "qty": 0}, "not_positive", "qty"),
        ({"action": "buy", "ticker": "Y1", "qty": 1}, "two_values", "ticker"),
        ({"action": "buy", "ticker": "A:X1", "pair": "B:X1"}, "two_values", "pair"),
        ({"action": "buy", "ticker": "Y1/X1:X1", "qty": 1}, "two_values", "symbol"),
        ({"action": "buy", "sl": 5, "stop": 6}, "two_values", "stop"),
        ({"action": "buy", "sl": 5, "stop_loss_percent": 1}, "two_values", "stop_loss_percent"),
        ({"action": "buy", "tp": 5, "tp1": 6}, "two_values", "tp"),
        ({"action": "buy", "sl": None}, "value_empty", "sl"),
        ({"action": "buy", "sl": "null"}, "level_unreadable", "sl"),
        ({"action": "buy", "sl": {"price": 1}}, "level_unreadable", "sl"),
        ({"action": "buy", "sl": "{{plot_0}}"}, "placeholder_unfilled", "sl"),
        ({"action": "buy", "sl": 6, "price": 5}, "level_wrong_side", "stop_loss"),
        ({"action": "buy", "tp": 5, "price": 5}, "level_wrong_side", "take_profit"),
        ({"action": "sell", "tp": 6, "entry": 5}, "level_wrong_side", "take_profit"),
        ({"action": "sell", "sl": 5, "tp": 6}, "level_wrong_side", "take_profit"),
        ({"action": "sell", "sl": 50, "price": 1.08}, "level_implausible", "stop_loss"),
        ({"action": "modify"}, "nothing_to_modify", None),
        ({"action": "buy", "id": "{{strategy.order.id}}"}, "placeholder_unfilled", "id"),
        ({"action": "buy", "id": "a", "uuid": "b"}, "two_values", "uuid"),
        ({"action": "buy", "timestamp": "2026-01-02 03:04:05"}, "time_unreadable", "timestamp"),
        ({"action": "buy", "timenow": 12345}, "time_unreadable", "timenow"),
        ({"action": "buy", "alert_time": "now"}, "time_unreadable", "alert_time"),
        ({"action": "buy", "account": ""}, "value_empty", "account"),
        (
            {"action": "buy", "investmentType": "percentage_balance"},
            "unsupported_field",
            "investmentType",
        ),
    ],
)
def test_a_message_that_is_not_clear_is_refused_by_name(
    fields: dict[str, Any], expected: str, field: str | None
) -> None:
    answer = send(**fields)
    assert isinstance(answer, Refusal), answer
    assert (answer.code, answer.field) == (expected, field)


def test_a_missing_symbol_is_named() -> None:
    answer = parse(b'{"action":"buy"}')
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.field) == ("symbol_missing", "symbol")


def test_symbols_that_differ_by_the_exchange_alone_agree() -> None:
    assert one(send(action="buy", ticker="NASDAQ:X1", qty=1)).symbol == "NASDAQ:X1"


def test_the_share_of_an_entrys_template_does_not_cut_an_exit() -> None:
    answer = send(action="sell", size="5%", position_size=0)
    signal = one(answer)
    assert (signal.action, signal.quantity, signal.unit) == (Action.CLOSE, None, None)
    assert isinstance(answer, Parsed)
    assert [n.field for n in answer.not_honoured] == ["size"]
    assert code(send(action="sell", size="5%", position_size=3)) == "quantity_missing"


def test_a_close_goes_at_market_and_says_so() -> None:
    answer = send(action="close", order_type="limit", price=5)
    assert one(answer) == Signal(Action.CLOSE, "X1", reference_price=Decimal(5))
    assert isinstance(answer, Parsed)
    assert [n.field for n in answer.not_honoured] == ["order_type"]


def test_a_size_without_its_side_is_reported() -> None:
    answer = send(action="buy", market_position_size=3)
    assert one(answer).position_after is None
    assert isinstance(answer, Parsed)
    assert [n.field for n in answer.not_honoured] == ["market_position_size"]


def test_a_flat_size_needs_no_side() -> None:
    assert one(send(action="sell", market_position_size=0)).side_after is StatedPosition.FLAT


def test_information_of_another_kind_is_reported() -> None:
    answer = send(action="buy", exchange=["NYSE"])
    assert isinstance(answer, Parsed)
    assert [n.field for n in answer.not_honoured] == ["exchange"]


def test_a_symbol_may_hold_an_equals_sign() -> None:
    assert one(parse(b'{"side":"buy","symbol":"EURUSD=X"}')).symbol == "EURUSD=X"


def test_a_modify_and_a_cancel_say_which_side() -> None:
    modify = one(send(action="modify", direction="long", sl="4"))
    assert (modify.close_side, modify.stop_loss) == (LONG, level("4"))
    assert one(send(action="breakeven")).break_even == BreakEven(None, None)
    cancel = one(send(action="cancel", side="buy", order_type="limit"))
    assert cancel.cancel == CancelFilter(OrderType.LIMIT, Side.BUY)
    assert one(send(action="cancel")).cancel is None
    answer = send(action="cancel", qty=1)
    assert isinstance(answer, Parsed)
    assert [n.field for n in answer.not_honoured] == ["qty"]


def test_a_reverse_ends_on_the_side_of_its_order() -> None:
    assert one(send(action="reverse", side="buy")).side_after is StatedPosition.LONG


def test_orders_are_cancelled_first_when_the_message_says_so() -> None:
    assert one(send(action="buy", cancel_orders=True)).cancel_first


def test_ids_times_accounts_and_information_find_their_places() -> None:
    answer = parse(
        b'{"action":"buy","symbol":"X1","signal_id":"a-1","timestamp":1767323045,'
        b'"time":"2026-01-02T03:00:00Z","max_lag":"300","account_id":["a","b"],"exchange":"NYSE",'
        b'"timeframe":5,"strategy":"S","message":"m","token":"T"}'
    )
    signal = one(answer)
    assert isinstance(answer, Parsed)
    assert (answer.id, signal.id) == ("a-1", "a-1")
    assert answer.secret is not None
    assert answer.secret.value == "T"
    assert signal.time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert signal.bar_time == datetime(2026, 1, 2, 3, tzinfo=UTC)
    assert signal.max_age == timedelta(seconds=300)
    assert signal.accounts == ("a", "b")
    assert (signal.exchange, signal.interval) == ("NYSE", "5")
    assert (signal.strategy, signal.comment) == ("S", "m")


def test_the_bars_time_is_information_so_an_unreadable_one_is_reported() -> None:
    answer = send(action="buy", time="{{time}}")
    assert one(answer).bar_time is None
    assert isinstance(answer, Parsed)
    assert [n.field for n in answer.not_honoured] == ["time"]


def test_the_id_beside_a_signal_token_is_the_orders_and_repeats() -> None:
    answer = send(action="buy", id="Long", signalToken="T", investmentType="contract", amount=1)
    assert isinstance(answer, Parsed)
    assert answer.id is None


def test_a_test_message_says_so() -> None:
    for key in ("test", "dry_run"):
        answer = send(action="buy", **{key: "true"})
        assert isinstance(answer, Parsed)
        assert answer.test


def test_a_list_gives_signals_in_order() -> None:
    answer = parse(b'[{"symbol":"A1","side":"close"},{"symbol":"B1","side":"buy","qty":1}]')
    assert isinstance(answer, Parsed)
    assert [(s.action, s.symbol) for s in answer.signals] == [("close", "A1"), ("buy", "B1")]


def test_one_signal_that_is_not_understood_refuses_the_list() -> None:
    answer = parse(b'[{"symbol":"A1","side":"buy"},{"symbol":"B1","side":"buy","qty":0}]')
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.field) == ("not_positive", "[1].qty")


def test_more_than_twenty_signals_are_refused() -> None:
    assert code(parse(json.dumps([{"symbol": "A1", "side": "buy"}] * 21).encode())) == (
        "list_unreadable"
    )


@pytest.mark.parametrize(
    "placeholder",
    ["{{ticker}}", "{{strategy.order.action}}", "%alert_symbol%", "{stock}", "{{made.up}}"],
)
@pytest.mark.parametrize("key", ["action", "symbol", "qty", "sl", "id", "timestamp", "account"])
def test_a_placeholder_in_a_used_field_is_refused_with_its_name(key: str, placeholder: str) -> None:
    answer = send(**{"action": "buy", key: placeholder})
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.field) == ("placeholder_unfilled", key)
    assert placeholder in answer.message


@pytest.mark.parametrize("key", ["comment", "interval", "exchange", "strategy", "price", "time"])
def test_a_placeholder_in_information_is_no_obstacle(key: str) -> None:
    assert one(send(action="buy", **{key: "{{close}}"})).action is Action.BUY
