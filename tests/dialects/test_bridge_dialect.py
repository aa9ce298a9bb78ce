"""Our own JSON and one-line text: everything it can say is read, everything else is an error."""

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
    Trailing,
)
from bridge.domain.values import Action, OrderType, PositionSide, Side, StatedPosition, Unit

BUY = {"bridge": 1, "action": "buy", "symbol": "EURUSD"}


def send(**fields: Any) -> Parsed | Refusal:
    return parse(json.dumps({**BUY, **fields}).encode())


def understood(raw: str) -> tuple[Signal, ...]:
    answer = parse(raw.encode())
    assert isinstance(answer, Parsed), answer
    assert answer.dialect == "bridge"
    return answer.signals


def refused(answer: Parsed | Refusal) -> tuple[str, str | None]:
    assert isinstance(answer, Refusal), answer
    return answer.code, answer.field


def price(text: str) -> Level:
    return Level(LevelKind.PRICE, Decimal(text))


def points(text: str) -> Level:
    return Level(LevelKind.POINTS, Decimal(text))


def pips(text: str) -> Level:
    return Level(LevelKind.PIPS, Decimal(text))


R1 = Level(LevelKind.R, Decimal(1))
R2 = Level(LevelKind.R, Decimal(2))

EXAMPLES = [
    (
        '{"bridge":1,"action":"buy","symbol":"EURUSD","quantity":"0.10","unit":"lots",'
        '"stop_loss":{"pips":20},"take_profit":{"r":2}}',
        Signal(
            Action.BUY,
            "EURUSD",
            quantity=Decimal("0.10"),
            unit=Unit.LOTS,
            stop_loss=pips("20"),
            take_profit=R2,
        ),
    ),
    (
        '{"bridge":1,"action":"sell","symbol":"XAUUSD","quantity":1,"unit":"risk_percent",'
        '"order":"limit","price":"2350.5","stop_loss":{"price":"2360"},"targets":'
        '[{"price":"2340","share":50},{"price":"2330","share":50}],'
        '"break_even":{"after":{"target":1},"plus":{"points":5}}}',
        Signal(
            Action.SELL,
            "XAUUSD",
            quantity=Decimal(1),
            unit=Unit.RISK_PERCENT,
            order_type=OrderType.LIMIT,
            price=Decimal("2350.5"),
            stop_loss=price("2360"),
            targets=(Target(price("2340"), Decimal(50)), Target(price("2330"), Decimal(50))),
            break_even=BreakEven(None, 1, points("5")),
        ),
    ),
    (
        '{"bridge":1,"action":"close","symbol":"EURUSD","side":"long","quantity":50,'
        '"unit":"percent_position"}',
        Signal(
            Action.CLOSE,
            "EURUSD",
            close_side=PositionSide.LONG,
            quantity=Decimal(50),
            unit=Unit.PERCENT_POSITION,
        ),
    ),
    (
        '{"bridge":1,"action":"target","symbol":"NAS100","quantity":"-2","unit":"lots","id":"x-17"}',
        Signal(Action.TARGET, "NAS100", quantity=Decimal(-2), unit=Unit.LOTS, id="x-17"),
    ),
    (
        '{"bridge":1,"action":"modify","symbol":"EURUSD","side":"long",'
        '"stop_loss":{"price":"1.0850"},"take_profit":null}',
        Signal(
            Action.MODIFY,
            "EURUSD",
            close_side=PositionSide.LONG,
            stop_loss=price("1.0850"),
            remove_take_profit=True,
        ),
    ),
    (
        '{"bridge":1,"action":"cancel","symbol":"EURUSD","which":"limit","side":"buy"}',
        Signal(Action.CANCEL, "EURUSD", cancel=CancelFilter(OrderType.LIMIT, Side.BUY)),
    ),
    (
        '{"bridge":1,"action":"reverse","symbol":"EURUSD","side":"short"}',
        Signal(Action.REVERSE, "EURUSD", side_after=StatedPosition.SHORT),
    ),
    ('{"bridge":1,"action":"halt","symbol":"*"}', Signal(Action.HALT, "*")),
    ('{"bridge":"1","action":"CLOSE","symbol":"*"}', Signal(Action.CLOSE, "*")),
    (
        "bridge buy EURUSD quantity=0.10 unit=lots stop_loss=20pips take_profit=2r "
        "time=2026-01-02T03:04:05Z",
        Signal(
            Action.BUY,
            "EURUSD",
            quantity=Decimal("0.10"),
            unit=Unit.LOTS,
            stop_loss=pips("20"),
            take_profit=R2,
            time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        ),
    ),
    (
        "bridge sell BINANCE:ETHUSDT order=stop offset=-5points trailing=1% trailing.after=1r "
        'break_even.after=1.5 break_even.plus=0.1 account=a,b comment="two words" require=flat',
        Signal(
            Action.SELL,
            "BINANCE:ETHUSDT",
            order_type=OrderType.STOP,
            offset=points("-5"),
            trailing=Trailing(Level(LevelKind.PERCENT, Decimal(1)), R1),
            break_even=BreakEven(price("1.5"), None, Level(LevelKind.DISTANCE, Decimal("0.1"))),
            accounts=("a", "b"),
            comment="two words",
            require="flat",
        ),
    ),
    (
        "Bridge modify EURUSD stop_loss=none take_profit=1.0850",
        Signal(Action.MODIFY, "EURUSD", remove_stop_loss=True, take_profit=price("1.0850")),
    ),
    (
        "bridge sell X1 quantity=3 position.before=long position.after=0",
        Signal(
            Action.CLOSE,
            "X1",
            quantity=Decimal(3),
            close_side=PositionSide.LONG,
            before=StatedPosition.LONG,
            side_after=StatedPosition.FLAT,
            position_after=Decimal(0),
        ),
    ),
]


@pytest.mark.parametrize(("raw", "signal"), EXAMPLES)
def test_an_example_says_what_the_page_says(raw: str, signal: Signal) -> None:
    assert understood(raw) == (signal,)


def test_orders_share_the_outer_keys_and_keep_their_order() -> None:
    answer = parse(
        b'{"bridge":1,"symbol":"GBPUSD","account":["prop-1"],"secret":"S","orders":['
        b'{"action":"close","side":"short"},{"action":"buy","unit":"cash","quantity":500,'
        b'"order":"stop","offset":{"points":30},"trailing":{"pips":15,"after":{"r":1}},'
        b'"require":"flat","max_age":60}]}'
    )
    assert isinstance(answer, Parsed)
    assert answer.secret is not None
    assert answer.secret.value == "S"
    assert answer.signals == (
        Signal(Action.CLOSE, "GBPUSD", close_side=PositionSide.SHORT, accounts=("prop-1",)),
        Signal(
            Action.BUY,
            "GBPUSD",
            quantity=Decimal(500),
            unit=Unit.CASH,
            order_type=OrderType.STOP,
            offset=points("30"),
            trailing=Trailing(pips("15"), R1),
            require="flat",
            max_age=timedelta(seconds=60),
            accounts=("prop-1",),
        ),
    )


def test_the_strategy_template_is_read_beside_its_positions() -> None:
    answer = send(
        action="sell",
        quantity="15",
        position={"before": "long", "after": "-5"},
        time="2026-01-02T03:04:05Z",
        reference_price="1.0850",
    )
    assert isinstance(answer, Parsed)
    assert answer.signals == (
        Signal(
            Action.SELL,
            "EURUSD",
            quantity=Decimal(15),
            before=StatedPosition.LONG,
            side_after=StatedPosition.SHORT,
            position_after=Decimal(-5),
            time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            reference_price=Decimal("1.0850"),
        ),
    )


def test_an_exit_leaves_the_levels_of_its_template_and_says_so() -> None:
    answer = send(
        action="sell",
        quantity="1",
        unit="risk_percent",
        stop_loss={"pips": 20},
        position={"before": "long", "after": "flat"},
    )
    assert isinstance(answer, Parsed)
    assert answer.signals[0].action is Action.CLOSE
    assert answer.signals[0].stop_loss is None
    assert answer.signals[0].quantity is None
    assert {n.field for n in answer.not_honoured} == {"stop_loss", "quantity"}


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"bridge": 2}, "version_unsupported", "bridge"),
        ({"bridge": True}, "version_unsupported", "bridge"),
        ({"action": "purchase"}, "action_unknown", "action"),
        ({"action": "b"}, "action_unknown", "action"),
        ({"action": " buy"}, "action_unknown", "action"),
        ({"action": "long"}, "action_unknown", "action"),
        ({"action": "{{strategy.order.action}}"}, "placeholder_unfilled", "action"),
        ({"action": ""}, "value_empty", "action"),
        ({"action": None}, "value_empty", "action"),
        ({"action": []}, "text_unreadable", "action"),
        ({"symbol": "*"}, "symbol_unreadable", "symbol"),
        ({"symbol": ""}, "value_empty", "symbol"),
        ({"symbol": 5}, "symbol_unreadable", "symbol"),
        ({"symbol": ["A", "B"]}, "symbol_unreadable", "symbol"),
        ({"symbol": "{{ticker}}"}, "placeholder_unfilled", "symbol"),
        ({"symbol": "SYMBOL"}, "placeholder_unfilled", "symbol"),
        ({"symbol": "E\u0301UR"}, "symbol_not_ascii", "symbol"),
        ({"symbol": "EURUSD\u200b"}, "symbol_not_ascii", "symbol"),
        ({"symbol": "\u0415URUSD"}, "symbol_not_ascii", "symbol"),
        ({"symbol": "A" * 65}, "symbol_unreadable", "symbol"),
        ({"symbol": "EURUSD "}, "symbol_unreadable", "symbol"),
        ({"quantity": 0}, "not_positive", "quantity"),
        ({"quantity": -1}, "not_positive", "quantity"),
        ({"quantity": "-0"}, "not_positive", "quantity"),
        ({"quantity": True}, "quantity_unreadable", "quantity"),
        ({"quantity": [1]}, "quantity_unreadable", "quantity"),
        ({"quantity": None}, "value_empty", "quantity"),
        ({"quantity": "50%"}, "quantity_unreadable", "quantity"),
        ({"quantity": "1_0"}, "quantity_unreadable", "quantity"),
        ({"quantity": " 1 "}, "quantity_unreadable", "quantity"),
        ({"quantity": "+1"}, "quantity_unreadable", "quantity"),
        ({"quantity": "0x10"}, "quantity_unreadable", "quantity"),
        ({"quantity": "1,5"}, "quantity_unreadable", "quantity"),
        ({"quantity": "\u0661"}, "quantity_unreadable", "quantity"),
        ({"quantity": 10**12}, "quantity_unreadable", "quantity"),
        ({"unit": "lots"}, "quantity_missing", "quantity"),
        ({"quantity": 1, "unit": "contracts"}, "word_unknown", "unit"),
        ({"quantity": 1, "unit": "risk_percent"}, "stop_loss_missing", "stop_loss"),
        ({"order": "limit"}, "price_missing", "price"),
        ({"order": "stop_limit", "price": 1}, "word_unknown", "order"),
        ({"order": "market", "price": 1}, "price_not_wanted", "price"),
        ({"order": "limit", "price": -1}, "not_positive", "price"),
        ({"order": "limit", "price": 1, "offset": {"pips": 1}}, "two_values", "offset"),
        ({"offset": {"pips": 1}}, "price_not_wanted", "offset"),
        ({"order": "limit", "offset": {"pips": 0}}, "not_positive", "offset.pips"),
        ({"price": 1, "reference_price": 2}, "two_values", "price"),
        ({"stop_loss": "1.08"}, "level_unreadable", "stop_loss"),
        ({"stop_loss": {}}, "level_unreadable", "stop_loss"),
        ({"stop_loss": {"price": 1, "pips": 2}}, "level_unreadable", "stop_loss"),
        ({"stop_loss": {"r": 1}}, "level_unreadable", "stop_loss"),
        ({"stop_loss": {"pips": -1}}, "not_positive", "stop_loss.pips"),
        ({"stop_loss": None}, "level_unreadable", "stop_loss"),
        ({"stop_loss": {"price": 2}, "reference_price": 1}, "level_wrong_side", "stop_loss"),
        ({"take_profit": {"price": 1}, "reference_price": 1}, "level_wrong_side", "take_profit"),
        (
            {"take_profit": {"price": 1}, "stop_loss": {"price": 2}},
            "level_wrong_side",
            "take_profit",
        ),
        ({"take_profit": {"price": 11}, "reference_price": 1}, "level_implausible", "take_profit"),
        ({"targets": []}, "level_unreadable", "targets"),
        ({"targets": [{"r": 1}] * 9}, "level_unreadable", "targets"),
        ({"targets": [{"r": 1, "share": 60}, {"r": 2, "share": 60}]}, "shares_wrong", "targets"),
        ({"targets": [{"r": 1, "share": 60}, {"r": 2}]}, "shares_wrong", "targets"),
        ({"targets": [{"r": 1}], "take_profit": {"r": 1}}, "two_values", "targets"),
        ({"targets": ["1"]}, "level_unreadable", "targets[0]"),
        ({"trailing": {"price": 1}}, "level_unreadable", "trailing"),
        ({"trailing": 5}, "level_unreadable", "trailing"),
        ({"break_even": {"plus": {"pips": 1}}}, "level_unreadable", "break_even"),
        ({"break_even": {"after": {"target": 9}}}, "level_unreadable", "break_even.after.target"),
        ({"side": "long"}, "field_not_for_action", "side"),
        ({"which": "limit"}, "field_not_for_action", "which"),
        ({"position": {}}, "position_unreadable", "position"),
        ({"position": "long"}, "position_unreadable", "position"),
        ({"position": {"after": "up"}}, "position_unreadable", "position.after"),
        ({"position": {"before": "long", "after": "flat"}}, "position_contradiction", "action"),
        (
            {"quantity": 2, "position": {"before": 1, "after": 2}},
            "quantity_contradicts_position",
            "quantity",
        ),
        ({"require": "open"}, "word_unknown", "require"),
        ({"id": ""}, "value_empty", "id"),
        ({"id": "{{timenow}}"}, "placeholder_unfilled", "id"),
        ({"id": "x" * 101}, "text_too_long", "id"),
        ({"time": "2026-01-02T03:04:05"}, "time_unreadable", "time"),
        ({"time": "yesterday"}, "time_unreadable", "time"),
        ({"time": 170000000}, "time_unreadable", "time"),
        ({"time": "{{timenow}}"}, "placeholder_unfilled", "time"),
        ({"max_age": 0}, "not_positive", "max_age"),
        ({"max_age": 99_999_999}, "number_unreadable", "max_age"),
        ({"account": []}, "value_empty", "account"),
        ({"account": [""]}, "value_empty", "account"),
        ({"comment": "x" * 201}, "text_too_long", "comment"),
        ({"test": "maybe"}, "flag_unreadable", "test"),
        ({"user_id": 1}, "unknown_field", "user_id"),
        ({"Quantity": 1}, "unknown_field", "Quantity"),
        ({"orders": []}, "list_unreadable", "orders"),
        ({"orders": [{}] * 21}, "list_unreadable", "orders"),
        ({"orders": [3]}, "list_unreadable", "orders[0]"),
        ({"orders": [{}, {"symbol": "GBPUSD"}]}, "two_values", "orders[1].symbol"),
        ({"orders": [{}, {"order": "limit", "price": 0}]}, "not_positive", "orders[1].price"),
        ({"orders": [{"orders": []}]}, "unknown_field", "orders[0].orders"),
        ({"orders": [{"id": "x"}]}, "unknown_field", "orders[0].id"),
    ],
)
def test_what_the_page_does_not_allow_is_refused_by_name(
    fields: dict[str, Any], code: str, field: str
) -> None:
    assert refused(send(**fields)) == (code, field)


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        ('{"bridge":1,"symbol":"X1"}', "action_missing", "action"),
        ('{"bridge":1,"action":"buy"}', "symbol_missing", "symbol"),
        ('{"bridge":1,"action":"target","symbol":"X1"}', "quantity_missing", "quantity"),
        ('{"bridge":1,"action":"modify","symbol":"X1"}', "nothing_to_modify", None),
        ('{"bridge":1,"action":"close","symbol":"X1","quantity":0}', "not_positive", "quantity"),
        (
            '{"bridge":1,"action":"close","symbol":"X1","quantity":101,"unit":"percent_position"}',
            "quantity_unreadable",
            "quantity",
        ),
        (
            '{"bridge":1,"action":"close","symbol":"X1","quantity":1,"unit":"risk_cash"}',
            "field_not_for_action",
            "unit",
        ),
        (
            '{"bridge":1,"action":"close","symbol":"X1","order":"limit","price":1}',
            "field_not_for_action",
            "order",
        ),
        ('{"bridge":1,"action":"cancel","symbol":"X1","side":"long"}', "word_unknown", "side"),
        ("bridge buy", "not_understood", None),
        ("bridge buy quantity=1", "not_understood", None),
        ("bridge buy X1 now", "not_understood", None),
        ("bridge buy X1 quantity=1 quantity=2", "duplicate_key", "quantity"),
        ("bridge buy X1 stop_loss=20pip", "level_unreadable", "stop_loss"),
        ("bridge buy X1 trailing=2r", "level_unreadable", "trailing"),
        ("bridge buy X1 orders=1", "unknown_field", "orders"),
        ("bridge buy X1 position=long", "unknown_field", "position"),
        ("bridge buy X1 strategy.name=x", "unknown_field", "strategy.name"),
        ("bridge buy X1 trailing.before=1", "level_unreadable", "trailing"),
        ("bridge buy X1 trailing=far trailing.after=1r", "level_unreadable", "trailing"),
        ("bridge sell X1 action=buy", "unknown_field", "action"),
    ],
)
def test_an_incomplete_or_misplaced_order_is_refused(
    raw: str, code: str, field: str | None
) -> None:
    assert refused(parse(raw.encode())) == (code, field)


def test_positions_beside_a_reverse_must_end_where_it_ends() -> None:
    reverse = {"action": "reverse", "side": "long"}
    agreeing = send(**reverse, position={"before": "-2", "after": "3"})
    assert isinstance(agreeing, Parsed)
    assert agreeing.signals[0].side_after is StatedPosition.LONG
    assert agreeing.signals[0].position_before == Decimal(-2)
    contradicting = send(**reverse, position={"after": "flat"})
    assert refused(contradicting) == ("position_contradiction", "position")


def test_an_order_has_at_most_64_fields() -> None:
    assert refused(send(**{f"k{i}": 1 for i in range(64)})) == ("too_many_fields", None)


def test_the_parts_of_a_line_come_in_any_order() -> None:
    first = understood("bridge buy X1 trailing=15pips trailing.after=1r")
    assert understood("bridge buy X1 trailing.after=1r trailing=15pips") == first


def test_information_that_is_not_readable_is_taken_and_reported() -> None:
    answer = send(comment="{{strategy.order.comment}}", reference_price="{{close}}", strategy=None)
    assert isinstance(answer, Parsed)
    assert answer.signals[0].comment == "{{strategy.order.comment}}"
    assert {n.field for n in answer.not_honoured} == {"reference_price", "strategy"}


def test_a_price_without_an_order_type_is_the_charts_and_never_a_pending_order() -> None:
    answer = send(price="1.0850")
    assert isinstance(answer, Parsed)
    assert (answer.signals[0].price, answer.signals[0].reference_price) == (None, Decimal("1.0850"))


def test_a_target_of_minus_zero_is_flat() -> None:
    (signal,) = understood('{"bridge":1,"action":"target","symbol":"X1","quantity":"-0"}')
    assert str(signal.quantity) == "0"


@pytest.mark.parametrize(
    "time", ["2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", 1767323045, "1767323045000"]
)
def test_a_time_is_iso_with_a_zone_or_an_epoch_of_10_or_13_digits(time: object) -> None:
    answer = send(time=time)
    assert isinstance(answer, Parsed)
    assert answer.signals[0].time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_test_message_says_so() -> None:
    answer = send(test=True)
    assert isinstance(answer, Parsed)
    assert answer.test


def test_the_id_is_the_alerts() -> None:
    answer = send(id="x-17", orders=[{"quantity": 1}, {"quantity": 2}])
    assert isinstance(answer, Parsed)
    assert answer.id == "x-17"
