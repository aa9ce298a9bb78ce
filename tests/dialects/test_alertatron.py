"""Alertatron's scripts: entries with what protects them; the rest refuses the whole."""

import pytest

from bridge.domain.signals import CancelFilter, Signal, Target, Trailing
from bridge.domain.values import Action, OrderType, PositionSide, Side, StatedPosition, Unit
from tests.dialects.answers import D, at, away, percent, refused, signals, told, understood

NAME = "alertatron"
BUY, SELL, CLOSE, TARGET = Action.BUY, Action.SELL, Action.CLOSE, Action.TARGET


def script(*commands: str) -> str:
    return "MyKeys(ETHUSD) { " + " ".join(f"{c};" for c in commands) + " } #bot"


def eth(action: Action, **fields: object) -> Signal:
    return Signal(action, "ETHUSD", accounts=("MyKeys",), **fields)  # type: ignore[arg-type]


def opened(action: Action, quantity: str = "1", **fields: object) -> Signal:
    return eth(action, **{"quantity": D(quantity), "order_type": OrderType.MARKET, **fields})


BUY_1 = "market(side=buy, amount=1)"


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (["market(side=sell, amount=20)"], [opened(SELL, "20")]),
        (
            [
                "market(side=buy, amount=25%)",
                "stopMarket(side=sell, amount=100%p, offset=e2%, tag=sl)",
            ],
            [opened(BUY, "25", unit=Unit.PERCENT_EQUITY, stop_loss=percent("2"))],
        ),
        (
            [
                BUY_1,
                "stopMarket(side=sell, amount=100%p, offset=10)",
                "limit(side=sell, amount=100%p, offset=@70000, reduceOnly=true)",
            ],
            [opened(BUY, stop_loss=away("10"), take_profit=at("70000"))],
        ),
        (
            [
                BUY_1,
                "limit(side=sell, amount=40%p, offset=1%)",
                "limit(side=sell, amount=60%p, offset=2%)",
            ],
            [opened(BUY, targets=(Target(percent("1"), D(40)), Target(percent("2"), D(60))))],
        ),
        (
            [BUY_1, "trailingStop(side=sell, amount=100%p, offset=1%)"],
            [opened(BUY, trailing=Trailing(percent("1")))],
        ),
        (
            ["cancel(which=all)", "market(position=0)"],
            [
                eth(Action.CANCEL),
                eth(TARGET, quantity=D(0), side_after=StatedPosition.FLAT),
            ],
        ),
        (
            ["market(position=-500, tag=x)"],
            [eth(TARGET, quantity=D(-500), side_after=StatedPosition.SHORT, comment="x")],
        ),
        (
            ["cancel(which=tagged, tag=dip, side=buy)"],
            [eth(Action.CANCEL, cancel=CancelFilter(side=Side.BUY, of="dip"))],
        ),
        (
            ["limit(side=buy, amount=100, offset=@68000, tag=dip)"],
            [opened(BUY, "100", order_type=OrderType.LIMIT, price=D(68000), comment="dip")],
        ),
        (
            ["limit(side=buy, amount=1, offset=1%)"],
            [opened(BUY, order_type=OrderType.LIMIT, offset=percent("-1"))],
        ),
        (
            ["stopMarket(side=buy, amount=1, offset=5)"],
            [opened(BUY, order_type=OrderType.STOP, offset=away("5"))],
        ),
        (
            [
                "limit(side=sell, amount=1, offset=5)",
                "stopMarket(side=buy, amount=100%p, offset=e3)",
            ],
            [opened(SELL, order_type=OrderType.LIMIT, offset=away("5"), stop_loss=away("3"))],
        ),
        (
            ["market(side=sell, amount=50%p, reduceOnly=true)"],
            [
                eth(
                    CLOSE,
                    close_side=PositionSide.LONG,
                    quantity=D(50),
                    unit=Unit.PERCENT_POSITION,
                )
            ],
        ),
        (
            ["type=market,side=buy,amount=0.001"],
            [opened(BUY, "0.001")],
        ),
    ],
)
def test_a_script_is_understood(commands: list[str], expected: list[Signal]) -> None:
    assert list(signals(NAME, script(*commands))) == expected


def test_blocks_are_read_in_their_order() -> None:
    text = "A(X1) { market(position=0); }\nB(X2) {\n  market(side=buy, amount=1);\n}\n#bot"
    read = signals(NAME, text)
    assert [(s.symbol, s.accounts, s.action) for s in read] == [
        ("X1", ("A",), TARGET),
        ("X2", ("B",), BUY),
    ]


@pytest.mark.parametrize(
    ("commands", "code", "field"),
    [
        (
            [
                "market(position=-500)",
                "wait(5s)",
                "limit(side=buy, amount=50%p, offset=1%, reduceOnly=true, tag=tp1)",
            ],
            "command_unsupported",
            "wait",
        ),
        (
            ["limit(side=buy, amount=100, offset=@68000, postOnly=true, tag=dip)"],
            "unsupported_field",
            "limit.postonly",
        ),
        (["managed(side=buy, amount=1)"], "command_unsupported", "managed"),
        (["stopOrder(side=sell, amount=1)"], "command_unsupported", "stoporder"),
        (["market(amount=1)"], "side_missing", "market.side"),
        (["market(side=up, amount=1)"], "action_unknown", "market.side"),
        (["market(side=buy)"], "quantity_missing", "market.amount"),
        (["market(side=buy, amount=0)"], "not_positive", "market.amount"),
        (["market(side=buy, amount=50%%)"], "quantity_unreadable", "market.amount"),
        (["market(side=buy, amount=50%a)"], "quantity_unreadable", "market.amount"),
        (["market(side=buy, amount=50%p)"], "side_missing", "market.amount"),
        (
            ["market(side=buy, amount=150%p, reduceOnly=true)"],
            "quantity_unreadable",
            "market.amount",
        ),
        (["market(side=buy, amount=5%, reduceOnly=true)"], "unsupported_field", "market.amount"),
        (["market(side=buy, amount=1, amount=2)"], "duplicate_key", "amount"),
        (["market(side=buy, amount=1, colour=red)"], "unknown_field", "market.colour"),
        (["market(side=buy, position=1)"], "unsupported_field", "market.side"),
        (["market(position=long)"], "position_unreadable", "market.position"),
        (["market(position=5%p)"], "position_unreadable", "market.position"),
        (["limit(side=buy, amount=1)"], "price_missing", "limit.offset"),
        (["limit(side=buy, amount=1, offset=-1%)"], "level_unreadable", "limit.offset"),
        (["limit(side=buy, amount=1, offset=e1%)"], "price_missing", "limit.offset"),
        (["limit(position=0, offset=1%)"], "unsupported_field", "limit.position"),
        (["limit(side=sell, amount=100%p, offset=1%)"], "order_type_unsupported", "limit"),
        ([BUY_1, "limit(side=buy, amount=100%p, offset=1%)"], "order_type_unsupported", "limit"),
        (
            [BUY_1, "limit(side=sell, amount=1, offset=1%, reduceOnly=true)"],
            "order_type_unsupported",
            "limit",
        ),
        (
            [
                BUY_1,
                "limit(side=sell, amount=60%p, offset=1%)",
                "limit(side=sell, amount=60%p, offset=2%)",
            ],
            "shares_wrong",
            "amount",
        ),
        (
            [BUY_1, "stopMarket(side=sell, amount=50%p, offset=1%)"],
            "shares_wrong",
            "stopmarket.amount",
        ),
        (
            [
                "limit(side=sell, amount=1, offset=5)",
                "stopMarket(side=buy, amount=100%p, offset=3)",
            ],
            "level_base_unclear",
            "stopmarket.offset",
        ),
        (
            ["trailingStop(side=sell, amount=100%p, offset=1%)"],
            "order_type_unsupported",
            "trailingstop",
        ),
        (
            [BUY_1, "trailingStop(side=sell, amount=100%p, offset=@5)"],
            "level_missing",
            "trailingstop.offset",
        ),
        (["cancel()"], "unsupported_field", "cancel.which"),
        (["cancel(which=tagged)"], "unsupported_field", "cancel.which"),
        (["cancel(which=oldest)"], "word_unknown", "cancel.which"),
        (["side=buy,amount=1"], "not_understood", None),
        ([BUY_1] * 21, "list_unreadable", None),
        ([], "action_missing", None),
    ],
)
def test_a_script_is_refused_whole(commands: list[str], code: str, field: str | None) -> None:
    assert refused(NAME, script(*commands)) == (code, field)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Keys({{ticker}}) { market(side=buy, amount=1); }", "placeholder_unfilled"),
        ("Keys(SYMBOL) { market(side=buy, amount=1); }", "placeholder_unfilled"),
        ("Keys(X1) { market(side=buy, amount=1); } and more", "not_understood"),
        ("Keys(X1) { market(side=buy, amount=1);", "not_understood"),
    ],
)
def test_a_broken_script_is_refused(text: str, code: str) -> None:
    assert refused(NAME, text)[0] == code


def test_settings_of_another_market_are_told() -> None:
    text = script("stopMarket(side=buy, amount=1, offset=5, trigger=mark, background=true)")
    assert told(understood(NAME, text)) == {"stopmarket.trigger", "stopmarket.background"}
