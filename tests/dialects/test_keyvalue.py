"""Pairs of key and value as text: separators, OctoBot's offsets, Frostybot's commands."""

from decimal import Decimal

import pytest

from bridge.domain.signals import CancelFilter, Level, LevelKind, Signal, Target
from bridge.domain.values import Action, OrderType, PositionSide, Side, Unit
from tests.dialects.answers import D, at, away, percent, refused, signals, told, understood

NAME = "keyvalue"
DESCRIPTOR = '={"settlement-as-close":true,"symbol":"CME_MINI:NQ1!"}'
BUY = Action.BUY


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        (
            "SYMBOL=ETHUSDT;SIGNAL=BUY;VOLUME=0.2;BOT_ID=1",
            Signal(BUY, "ETHUSDT", quantity=D("0.2")),
        ),
        (
            "EXCHANGE=BINANCE\r\nSYMBOL=BTCUSD\r\n\r\nSIGNAL=BUY\r\n",
            Signal(BUY, "BTCUSD", exchange="BINANCE"),
        ),
        (";;SYMBOL=X1; ;SIGNAL=SELL;\n", Signal(Action.SELL, "X1")),
        ("Action: buy\nSymbol: BINANCE:BTCUSDT", Signal(BUY, "BINANCE:BTCUSDT")),
        (
            "signal=long,symbol=EURUSD,qty=100000,entry_price=1.0850,sl_price=1.0800,tp_price=1.0950",
            Signal(
                BUY,
                "EURUSD",
                quantity=D(100000),
                reference_price=D("1.0850"),
                stop_loss=at("1.0800"),
                take_profit=at("1.0950"),
            ),
        ),
        (
            "signal=closelong,symbol=EURUSD",
            Signal(Action.CLOSE, "EURUSD", close_side=PositionSide.LONG),
        ),
        (
            "signal=modify,symbol=EURUSD,sl_price=1.0820",
            Signal(Action.MODIFY, "EURUSD", stop_loss=at("1.0820")),
        ),
        (r"SYMBOL=X1\nSIGNAL=BUY\r\nVOLUME=1", Signal(BUY, "X1", quantity=D(1))),
        ('""SYMBOL=X1;SIGNAL=BUY""', Signal(BUY, "X1")),
        ("BUY\nSYMBOL=X1\nVOLUME=2", Signal(BUY, "X1", quantity=D(2))),
        (
            f"{DESCRIPTOR}\nSELL\nPRICE=21400\nSTOP=21410",
            Signal(Action.SELL, "CME_MINI:NQ1!", reference_price=D(21400), stop_loss=at("21410")),
        ),
        (f"SYMBOL={DESCRIPTOR};SIGNAL=BUY", Signal(BUY, "CME_MINI:NQ1!")),
        ("SYMBOL=X1;SIGNAL=BUY;VOLUME=45q", Signal(BUY, "X1", quantity=D(45), unit=Unit.CASH)),
        (
            "SYMBOL=X1;SIGNAL=BUY;VOLUME=10%",
            Signal(BUY, "X1", quantity=D(10), unit=Unit.PERCENT_EQUITY),
        ),
        (
            "SYMBOL=X1;SIGNAL=BUY;ORDER_TYPE=LIMIT;PRICE=30000;STOP_PRICE=29000",
            Signal(BUY, "X1", order_type=OrderType.LIMIT, price=D(30000), stop_loss=at("29000")),
        ),
        (
            "SYMBOL=X1;SIGNAL=BUY;ORDER_TYPE=LIMIT;PRICE=-3%;TAG=a",
            Signal(BUY, "X1", order_type=OrderType.LIMIT, offset=percent("-3"), comment="a"),
        ),
        (
            "SYMBOL=X1;SIGNAL=SELL;ORDER_TYPE=STOP;STOP_PRICE=-3d;VOLUME=10",
            Signal(Action.SELL, "X1", order_type=OrderType.STOP, offset=away("-3"), quantity=D(10)),
        ),
        (
            "SYMBOL=X1;SIGNAL=SELL;ORDER_TYPE=STOP;STOP_PRICE=90",
            Signal(Action.SELL, "X1", order_type=OrderType.STOP, price=D(90)),
        ),
        (
            "SYMBOL=X1;SIGNAL=BUY;STOP_PRICE=-20%;TAKE_PROFIT_PRICE=10%",
            Signal(BUY, "X1", stop_loss=percent("20"), take_profit=percent("10")),
        ),
        (
            "SYMBOL=X1;SIGNAL=SELL;STOP_PRICE=5d;TAKE_PROFIT_PRICE=90",
            Signal(Action.SELL, "X1", stop_loss=away("5"), take_profit=at("90")),
        ),
        (
            "SYMBOL=X1;SIGNAL=BUY;TAKE_PROFIT_PRICE_1=11;TAKE_PROFIT_PRICE_2=12",
            Signal(BUY, "X1", targets=(Target(at("11"), None), Target(at("12"), None))),
        ),
        (
            "SYMBOL=X1;SIGNAL=BUY;TAKE_PROFIT_PRICE=11;TAKE_PROFIT_PRICE_1=12;"
            "TAKE_PROFIT_VOLUME_RATIO=0.25;TAKE_PROFIT_VOLUME_RATIO_1=0.75",
            Signal(BUY, "X1", targets=(Target(at("11"), D(25)), Target(at("12"), D(75)))),
        ),
        (
            "SIGNAL=CANCEL;SYMBOL=X1;TAG=a;PARAM_SIDE=buy",
            Signal(Action.CANCEL, "X1", cancel=CancelFilter(side=Side.BUY, of="a")),
        ),
        (
            "SYMBOL=X1;SIGNAL=SELL;REDUCE_ONLY=True;VOLUME=1",
            Signal(Action.CLOSE, "X1", close_side=PositionSide.LONG, quantity=D(1)),
        ),
        (
            "deribit:long symbol=BTC-PERPETUAL size=1000",
            Signal(BUY, "BTC-PERPETUAL", quantity=D(1000), accounts=("deribit",)),
        ),
        (
            "trade:stub:buy base=5 symbol=ADA/USD",
            Signal(BUY, "ADA/USD", quantity=D(5), unit=Unit.UNITS, accounts=("stub",)),
        ),
        (
            "trade:stub:sell usd=250 symbol=ADA/USD",
            Signal(Action.SELL, "ADA/USD", quantity=D(250), unit=Unit.CASH, accounts=("stub",)),
        ),
        (
            "stub:close symbol=X1 size=50%",
            Signal(
                Action.CLOSE,
                "X1",
                quantity=D(50),
                unit=Unit.PERCENT_POSITION,
                accounts=("stub",),
            ),
        ),
        (
            "stub:short symbol=X1 size=3x",
            Signal(
                Action.SELL,
                "X1",
                quantity=Decimal(300),
                unit=Unit.PERCENT_EQUITY,
                accounts=("stub",),
            ),
        ),
        ("stub:cancelall symbol=X1", Signal(Action.CANCEL, "X1", accounts=("stub",))),
    ],
)
def test_a_text_is_understood(text: str, signal: Signal) -> None:
    assert signals(NAME, text) == (signal,)


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("SYMBOL={{ticker}};SIGNAL=BUY", "placeholder_unfilled", "SYMBOL"),
        ("SYMBOL=;SIGNAL=BUY", "value_empty", "SYMBOL"),
        ("SIGNAL=BUY;VOLUME=1", "symbol_missing", "symbol"),
        ("SIGNAL=HOLD;SYMBOL=X1", "action_unknown", "SIGNAL"),
        ("SIGNAL=BUY;SYMBOL=X1;symbol=X2", "duplicate_key", "symbol"),
        ("SIGNAL=BUY;SYMBOL=X1\nVOLUME=2", "line_unknown", None),
        ("SIGNAL=BUY\nSYMBOL:X1", "line_unknown", None),
        ("BUY\nSIGNAL=SELL\nSYMBOL=X1", "two_sides", "action"),
        ("BUY\nSYMBOL=X1\nT1=11", "unknown_protection_field", "T1"),
        ("BUY\nSYMBOL=X1\nTRAILING=1", "unknown_protection_field", "TRAILING"),
        ("SIGNAL=BUY;SYMBOL=X1;VOLUME=0", "not_positive", "VOLUME"),
        ("SIGNAL=BUY;SYMBOL=X1;VOLUME=1.5.1", "quantity_unreadable", "VOLUME"),
        ("SIGNAL=BUY;SYMBOL=X1;VOLUME=10%p", "quantity_unreadable", "VOLUME"),
        ("SIGNAL=BUY;SYMBOL=X1;VOLUME=5q;LEVERAGE=3", "leverage_unclear", "LEVERAGE"),
        ("SIGNAL=BUY;SYMBOL=X1;PARAM_SIDE=SELL", "two_sides", "PARAM_SIDE"),
        ("SIGNAL=BUY;SYMBOL=X1;PRICE=-3%", "order_type_missing", "PRICE"),
        ("SIGNAL=BUY;SYMBOL=X1;ORDER_TYPE=LIMIT", "price_missing", "price"),
        ("SIGNAL=BUY;SYMBOL=X1;ORDER_TYPE=LIMIT;PRICE=3%", "level_wrong_side", "PRICE"),
        ("SIGNAL=BUY;SYMBOL=X1;ORDER_TYPE=LIMIT;PRICE=0%", "not_positive", "PRICE"),
        (
            "SIGNAL=BUY;SYMBOL=X1;ORDER_TYPE=LIMIT;PRICE=-3%;STOP_PRICE=-20%",
            "level_base_unclear",
            "STOP_PRICE",
        ),
        ("SIGNAL=BUY;SYMBOL=X1;STOP_PRICE=20%", "level_wrong_side", "STOP_PRICE"),
        ("SIGNAL=BUY;SYMBOL=X1;STOP_PRICE=20;SL=19", "two_values", "STOP_PRICE"),
        ("SIGNAL=BUY;SYMBOL=X1;TAKE_PROFIT_PRICE=x", "level_unreadable", "TAKE_PROFIT_PRICE"),
        (
            "SIGNAL=BUY;SYMBOL=X1;TAKE_PROFIT_PRICE=11;TAKE_PROFIT_VOLUME_RATIO=0.5",
            "shares_wrong",
            "TAKE_PROFIT_VOLUME_RATIO",
        ),
        (
            "SIGNAL=BUY;SYMBOL=X1;TAKE_PROFIT_VOLUME_RATIO=1",
            "shares_wrong",
            "TAKE_PROFIT_VOLUME_RATIO",
        ),
        ("stub:buy symbol=X1 price=5", "order_type_missing", "price"),
        ("stub:buy symbol=X1 stoptrigger=5", "unknown_protection_field", "stoptrigger"),
        ("stub:close symbol=X1 size=2x", "quantity_unreadable", "size"),
        ("stub:buy X1", "line_unknown", None),
        ("stub:buy symbol=X1\nhello", "line_unknown", None),
        ("stub:cancelall", "symbol_missing", "symbol"),
    ],
)
def test_a_text_is_refused(text: str, code: str, field: str | None) -> None:
    assert refused(NAME, text) == (code, field)


def test_an_unknown_first_line_is_not_understood() -> None:
    assert refused(None, "hunter2\nSYMBOL=X1\nSIGNAL=BUY") == ("not_understood", None)


def test_commands_are_read_in_their_order() -> None:
    read = signals(NAME, "a:close symbol=X1\n\nb:buy symbol=X1 size=2")
    assert [(s.action, s.accounts) for s in read] == [
        (Action.CLOSE, ("a",)),
        (Action.BUY, ("b",)),
    ]


def test_too_many_commands_are_refused() -> None:
    assert refused(NAME, "a:buy symbol=X1\n" * 21) == ("list_unreadable", None)


def test_repairs_are_recorded() -> None:
    assert understood(NAME, r"SYMBOL=X1\nSIGNAL=BUY").repairs == ("written_line_breaks_read",)
    assert understood(NAME, '""SYMBOL=X1;SIGNAL=BUY""').repairs == ("doubled_quotes_removed",)
    described = understood(NAME, f"{DESCRIPTOR}\nBUY\nSTOP=21410")
    assert described.repairs == ("symbol_descriptor_read_as_its_symbol",)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("SIGNAL=BUY;SYMBOL=X1;BOT_ID=1;LEVERAGE=3;VOLUME=1", {"BOT_ID", "LEVERAGE"}),
        ("SIGNAL=SELL;SYMBOL=X1;REDUCE_ONLY=true;STOP_PRICE=5", {"STOP_PRICE"}),
        ("SIGNAL=BUY;SYMBOL=X1;COLOUR=red", {"COLOUR"}),
    ],
)
def test_what_is_not_done_is_told(text: str, fields: set[str]) -> None:
    assert told(understood(NAME, text)) == fields


def test_a_secret_is_left_to_the_hook() -> None:
    answer = understood(NAME, "signal=long,symbol=EURUSD,secret=S")
    assert answer.secret is not None
    assert answer.secret.value == "S"


def test_levels_keep_every_digit() -> None:
    (signal,) = signals(NAME, "SYMBOL=X1;SIGNAL=BUY;STOP_PRICE=37774.433333333334")
    assert signal.stop_loss == Level(LevelKind.PRICE, D("37774.433333333334"))
