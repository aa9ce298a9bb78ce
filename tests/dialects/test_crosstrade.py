"""CrossTrade's pairs: every command, and the guards that only a rule can set."""

import pytest

from bridge.domain.signals import CancelFilter, Signal
from bridge.domain.values import Action, OrderType, PositionSide, Side, StatedPosition
from tests.dialects.answers import D, at, percent, points, refused, signals, told, understood

NAME = "crosstrade"
ES = "ES 06-25"


def text(command: str, rest: str = "", instrument: str = ES) -> str:
    named = f"instrument={instrument};" if instrument else ""
    return f"key=K;command={command};{named}{rest}"


def es(action: Action, **fields: object) -> Signal:
    return Signal(action, ES, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "rest", "signal"),
    [
        (
            "PLACE",
            "account=sim101;action=BUY;qty=1;order_type=MARKET;tif=DAY;take_profit=20 ticks;"
            "stop_loss=10 ticks;require_market_position=flat;",
            es(
                Action.BUY,
                accounts=("sim101",),
                quantity=D(1),
                order_type=OrderType.MARKET,
                take_profit=points("20"),
                stop_loss=points("10"),
                require="flat",
            ),
        ),
        (
            "place",
            "ACTION=sell;ORDER_TYPE=limit;limit_price=5000;tif=gtc;stop_loss=1%;account=a, b",
            es(
                Action.SELL,
                accounts=("a", "b"),
                order_type=OrderType.LIMIT,
                price=D(5000),
                stop_loss=percent("1"),
            ),
        ),
        (
            "PLACE",
            "action=BUY;order_type=STOPMARKET;stop_price=5000;stop_loss_stop=4990",
            es(Action.BUY, order_type=OrderType.STOP, price=D(5000), stop_loss=at("4990")),
        ),
        (
            "PLACE",
            "action=BUY;flatten_first=true;strategy_tag=x",
            es(Action.BUY, close_first=True, strategy="x"),
        ),
        ("FLATPLACE", "action=SELL;qty=2", es(Action.SELL, close_first=True, quantity=D(2))),
        (
            "PLACE",
            "action=sell;qty=5;sync_strategy=true;market_position=short;target_quantity=3;"
            "prev_market_position=long",
            es(
                Action.SELL,
                quantity=D(5),
                before=StatedPosition.LONG,
                side_after=StatedPosition.SHORT,
                position_after=D(-3),
            ),
        ),
        (
            "PLACE",
            "action=sell;qty=2;sync_strategy=true;market_position=flat;prev_market_position=long",
            es(
                Action.CLOSE,
                close_side=PositionSide.LONG,
                quantity=D(2),
                before=StatedPosition.LONG,
                side_after=StatedPosition.FLAT,
                position_after=D(0),
            ),
        ),
        ("CLOSEPOSITION", "", es(Action.CLOSE)),
        ("FLATTEN", "qty=1;action=SELL", es(Action.CLOSE, quantity=D(1))),
        ("CLOSESTRATEGY", "strategy_id=s-1", es(Action.CLOSE, strategy="s-1")),
        ("REVERSE", "action=BUY", es(Action.REVERSE, side_after=StatedPosition.LONG)),
        ("REVERSEPOSITION", "qty=1", es(Action.REVERSE, quantity=D(1))),
        ("CANCEL", "order_id=o-1", es(Action.CANCEL, cancel=CancelFilter(of="o-1"))),
        ("CANCELORDERS", "action=BUY", es(Action.CANCEL, cancel=CancelFilter(side=Side.BUY))),
        ("CANCELALLORDERS", "", es(Action.CANCEL)),
        (
            "CHANGE",
            "order_id=o-1;limit_price=4999",
            es(Action.MODIFY, price=D(4999), cancel=CancelFilter(of="o-1")),
        ),
        (
            "CANCELREPLACE",
            "order_id=o-1;stop_loss=4990",
            es(Action.MODIFY, stop_loss=at("4990"), cancel=CancelFilter(of="o-1")),
        ),
    ],
)
def test_a_command_is_understood(command: str, rest: str, signal: Signal) -> None:
    assert signals(NAME, text(command, rest)) == (signal,)


def test_flattening_everything_closes_and_cancels_every_symbol() -> None:
    assert signals(NAME, text("FLATTENEVERYTHING", "", "")) == (
        Signal(Action.CLOSE, "*"),
        Signal(Action.CANCEL, "*"),
    )


def test_cancelling_all_orders_needs_no_instrument() -> None:
    assert signals(NAME, text("CANCELALLORDERS", "", "")) == (Signal(Action.CANCEL, "*"),)


def test_a_bracket_cancels_first() -> None:
    assert signals(NAME, text("CANCELANDBRACKET", "stop_loss=4990")) == (
        es(Action.CANCEL),
        es(Action.MODIFY, stop_loss=at("4990")),
    )


@pytest.mark.parametrize(
    ("command", "rest", "code", "field"),
    [
        ("BUY", "", "action_unknown", "command"),
        ("PLACE", "", "side_missing", "action"),
        ("PLACE", "action=LONG", "action_unknown", "action"),
        ("PLACE", "action={{strategy.order.action}}", "placeholder_unfilled", "action"),
        ("PLACE", "action=BUY;qty=0", "not_positive", "qty"),
        ("PLACE", "action=BUY;qty=1;qty=2", "duplicate_key", "qty"),
        ("PLACE", "action=BUY;hello", "line_unknown", None),
        ("PLACE", "action=BUY;order_type=STOPLIMIT", "order_type_unsupported", "order_type"),
        ("PLACE", "action=BUY;order_type=LIMIT", "price_missing", "limit_price"),
        ("PLACE", "action=BUY;limit_price=5", "order_type_missing", "limit_price"),
        (
            "PLACE",
            "action=BUY;order_type=LIMIT;limit_price=5;stop_price=5",
            "order_type_unsupported",
            "stop_price",
        ),
        (
            "PLACE",
            "action=BUY;order_type=LIMIT;limit_price=5;tif=DAY",
            "time_in_force_unsupported",
            "tif",
        ),
        ("PLACE", "action=BUY;stop_loss=soon", "level_unreadable", "stop_loss"),
        ("PLACE", "action=BUY;stop_loss=1..2", "level_unreadable", "stop_loss"),
        ("PLACE", "action=BUY;stop_loss_limit=5", "level_missing", "stop_loss_stop"),
        ("PLACE", "action=BUY;stop_loss=5;stop_loss_stop=5", "two_values", "stop_loss_stop"),
        ("PLACE", "action=BUY;delay=5", "unsupported_field", "delay"),
        ("PLACE", "action=BUY;rate_limit=1/120;id=x", "unsupported_field", "rate_limit"),
        ("PLACE", "action=BUY;max_positions=1", "unsupported_field", "max_positions"),
        ("PLACE", "action=BUY;strategy=ATM 1", "unsupported_field", "strategy"),
        ("PLACE", "action=BUY;oco_id=1", "unsupported_field", "oco_id"),
        (
            "PLACE",
            "action=BUY;require_market_position=any",
            "word_unknown",
            "require_market_position",
        ),
        ("PLACE", "action=BUY;trail_ticks=5", "unknown_protection_field", "trail_ticks"),
        (
            "PLACE",
            "action=BUY;market_position=flat;prev_market_position=long",
            "position_contradiction",
            "action",
        ),
        ("CLOSEPOSITION", "order_type=LIMIT;limit_price=5", "order_type_unsupported", "order_type"),
        ("FLATTENEVERYTHING", "", "symbol_not_wanted", "instrument"),
        ("REVERSE", "order_type=LIMIT", "order_type_unsupported", "order_type"),
        ("CHANGE", "limit_price=5", "value_empty", "order_id"),
        ("CHANGE", "order_id=1;qty=5", "unsupported_field", "qty"),
        ("CHANGE", "order_id=1", "nothing_to_modify", None),
        ("CANCELANDBRACKET", "", "nothing_to_modify", None),
    ],
)
def test_a_command_is_refused(command: str, rest: str, code: str, field: str | None) -> None:
    assert refused(NAME, text(command, rest)) == (code, field)


def test_a_close_needs_its_instrument() -> None:
    assert refused(NAME, text("FLATTEN", "", "")) == ("symbol_missing", "instrument")


@pytest.mark.parametrize(
    ("command", "rest", "fields"),
    [
        ("PLACE", "action=BUY;order_type=MARKET;tif=GTC", {"tif"}),
        ("PLACE", "action=BUY;stop_loss_stop=5;stop_loss_limit=4", {"stop_loss_limit"}),
        ("PLACE", "action=BUY;out_of_sync=flatten", {"out_of_sync"}),
        ("PLACE", "action=BUY;colour=red", {"colour"}),
        ("CLOSEPOSITION", "stop_loss=5", {"stop_loss"}),
    ],
)
def test_what_is_not_done_is_told(command: str, rest: str, fields: set[str]) -> None:
    assert told(understood(NAME, text(command, rest))) == fields


def test_the_key_is_left_to_the_hook() -> None:
    secret = understood(NAME, text("CLOSEPOSITION")).secret
    assert secret is not None
    assert secret.value == "K"


def test_a_command_without_the_marks_is_a_text_of_pairs() -> None:
    assert signals("keyvalue", "command=buy;symbol=X1") == (Signal(Action.BUY, "X1"),)
