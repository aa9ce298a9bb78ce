"""PineConnector's line and TradeSgnl's: every command, and every setting that is not in them."""

from typing import Any

import pytest

from bridge.dialects.pineconnector_commands import COMMANDS
from bridge.domain.signals import BreakEven, CancelFilter, Signal, Trailing
from bridge.domain.values import Action, OrderType, PositionSide, Side, Unit
from tests.dialects.answers import D, at, percent, pips, refused, signals, told, understood

NAME = "pineconnector"
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
BUY, SELL, CLOSE, CANCEL = Action.BUY, Action.SELL, Action.CLOSE, Action.CANCEL
ID = "60123456789"


def eurusd(action: Action, **fields: Any) -> Signal:
    return Signal(action, "EURUSD", **fields)


def opened(action: Action, order_type: OrderType = OrderType.MARKET, **fields: Any) -> Signal:
    return eurusd(action, order_type=order_type, **fields)


TENTH: dict[str, Any] = {"quantity": D("0.1"), "unit": Unit.LOTS}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "buy,EURUSD,vol_lots=0.1,sl_pips=20,tp_pips=40,secret=abc,comment=Breakout",
            opened(BUY, **TENTH, stop_loss=pips("20"), take_profit=pips("40"), comment="Breakout"),
        ),
        (" Bearish , EURUSD , RISK = 1", opened(SELL, quantity=D(1))),
        (
            "long,EURUSD,vol_dollar=50,sl_price=1.05",
            opened(BUY, quantity=D(50), unit=Unit.RISK_CASH, stop_loss=at("1.05")),
        ),
        (
            "sell,EURUSD,vol_pct_eq_loss=1,sl_pct=2",
            opened(SELL, quantity=D(1), unit=Unit.RISK_PERCENT, stop_loss=percent("2")),
        ),
        (
            "buystop,EURUSD,entry_pips=20,vol_lots=0.1,sl_pips=10",
            opened(BUY, OrderType.STOP, **TENTH, offset=pips("20"), stop_loss=pips("10")),
        ),
        (
            "buylimit,EURUSD,entry_pct=1,vol_lots=0.1",
            opened(BUY, OrderType.LIMIT, **TENTH, offset=percent("-1")),
        ),
        (
            "selllimit,EURUSD,entry_pips=5,vol_lots=0.1",
            opened(SELL, OrderType.LIMIT, **TENTH, offset=pips("5")),
        ),
        (
            "sellstop,EURUSD,entry_pips=5,vol_lots=0.1",
            opened(SELL, OrderType.STOP, **TENTH, offset=pips("-5")),
        ),
        (
            "sellstop,EURUSD,pending=1.05,vol_lots=0.1",
            opened(SELL, OrderType.STOP, **TENTH, price=D("1.05")),
        ),
        ("buy,EURUSD,price=1.05,risk=1", opened(BUY, quantity=D(1), reference_price=D("1.05"))),
        (
            "buy,EURUSD,risk=1,trailtrig=15,traildist=10,betrigger=30,beoffset=5",
            opened(
                BUY,
                quantity=D(1),
                trailing=Trailing(pips("10"), pips("15")),
                break_even=BreakEven(pips("30"), None, pips("5")),
            ),
        ),
        (
            "buy,EURUSD,risk=1,traildist=10,betrigger=30,beoffset=0",
            opened(
                BUY,
                quantity=D(1),
                trailing=Trailing(pips("10")),
                break_even=BreakEven(pips("30"), None),
            ),
        ),
        ("closelong,EURUSD", eurusd(CLOSE, close_side=LONG)),
        ("closeshort,EURUSD,comment=x", eurusd(CLOSE, close_side=SHORT, comment="x")),
        ("closelongshort,EURUSD", eurusd(CLOSE)),
        (
            "closelongpct,EURUSD,risk=50",
            eurusd(CLOSE, close_side=LONG, quantity=D(50), unit=Unit.PERCENT_POSITION),
        ),
        ("closeshortvol,EURUSD,risk=2", eurusd(CLOSE, close_side=SHORT, quantity=D(2))),
        ("closelongvol,EURUSD,vol_lots=0.1", eurusd(CLOSE, close_side=LONG, **TENTH)),
        ("cancellong,EURUSD", eurusd(CANCEL, cancel=CancelFilter(side=Side.BUY))),
        ("cancelshort,EURUSD", eurusd(CANCEL, cancel=CancelFilter(side=Side.SELL))),
        (
            "newsltplong,EURUSD,sl_pips=10,tp_pips=30",
            eurusd(Action.MODIFY, close_side=LONG, stop_loss=pips("10"), take_profit=pips("30")),
        ),
        (
            "newsltpsellstop,EURUSD,sl_price=1.1",
            eurusd(
                Action.MODIFY,
                stop_loss=at("1.1"),
                cancel=CancelFilter(OrderType.STOP, Side.SELL),
            ),
        ),
        ("closeall,closeall", Signal(CLOSE, "*")),
        ("eaoff,eaoff", Signal(Action.HALT, "*")),
    ],
)
def test_a_line_is_understood(line: str, expected: Signal) -> None:
    assert signals(NAME, f"{ID},{line}") == (expected,)


@pytest.mark.parametrize(
    ("command", "first", "second"),
    [
        ("closelongopenlong", (CLOSE, LONG), BUY),
        ("closelongsell", (CLOSE, LONG), SELL),
        ("closeshortbuy", (CLOSE, SHORT), BUY),
        ("closeshortopenshort", (CLOSE, SHORT), SELL),
        ("closelongshortopenlong", (CLOSE, None), BUY),
        ("closelongshortopenshort", (CLOSE, None), SELL),
        ("cancellongbuystop", (CANCEL, None), BUY),
        ("cancelshortselllimit", (CANCEL, None), SELL),
    ],
)
def test_a_compound_command_is_two_signals(
    command: str, first: tuple[Action, PositionSide | None], second: Action
) -> None:
    one, two = signals(NAME, f"{ID},{command},EURUSD,vol_lots=0.1,price=1.05,sl_pips=10")
    assert ((one.action, one.close_side), two.action) == (first, second)
    assert (one.quantity, one.stop_loss) == (None, None)
    assert (two.quantity, two.unit, two.stop_loss) == (D("0.1"), Unit.LOTS, pips("10"))


def test_closing_all_and_halting_are_two_signals() -> None:
    read = signals(NAME, f"{ID},closealleaoff,closealleaoff")
    assert read == (Signal(CLOSE, "*"), Signal(Action.HALT, "*"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_recognised_in_any_case(command: str) -> None:
    answer = signals(NAME, f"{ID},{command.upper()},EURUSD,{needed(command)}")
    assert all(s.symbol == "EURUSD" for s in answer)


def needed(command: str) -> str:
    """The parameters that a command must have."""
    *_, last = COMMANDS[command]
    if last.action in (BUY, SELL):
        return "risk=1,entry_price=5"
    if last.action is Action.MODIFY:
        return "sl_pips=5"
    return "risk=1" if last.sized else "comment=x"


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ("short,NAS100,sl=40,tp=90,risk=2", "setting_missing", "sl"),
        ("buy,EURUSD,risk=1,tp=90", "setting_missing", "tp"),
        (
            "buy,XAUUSD,risk=0.5,sl=300,trailtrig=15,traildist=10,trailstep=3,betrigger=30,"
            "beoffset=5,spread=2",
            "unsupported_field",
            "spread",
        ),
        ("buy,EURUSD", "quantity_missing", "risk"),
        ("buy,EURUSD,risk=0", "not_positive", "risk"),
        ("buy,EURUSD,risk=1%", "quantity_unreadable", "risk"),
        ("buy,{{ticker}},risk=1", "placeholder_unfilled", None),
        ("buy,SYMBOL,risk=1", "placeholder_unfilled", "symbol"),
        ("buy,,risk=1", "symbol_missing", "symbol"),
        ("buy,risk=1", "symbol_missing", "symbol"),
        ("buy,EURUSD,risk=1,risk=2", "duplicate_key", "risk"),
        ("buy,EURUSD,risk=1,vol_lots=2", "two_values", "vol_lots"),
        ("buy,EURUSD,risk=1,sl=1,sl_pips=2", "two_values", "sl_pips"),
        ("buy,EURUSD,risk=1,lots=2", "unknown_field", "lots"),
        ("buy,EURUSD,risk=1,now", "not_understood", None),
        ("buystop,EURUSD,risk=1", "price_missing", "entry_price"),
        ("buystop,EURUSD,risk=1,price=1,entry_pips=2", "two_values", "entry_pips"),
        ("buy,EURUSD,vol_dollar=50", "stop_loss_missing", "sl_pips"),
        ("buy,EURUSD,vol_pct_bal_margin=5", "unsupported_field", "vol_pct_bal_margin"),
        ("buy,EURUSD,risk=1,atrperiod=14", "unsupported_field", "atrperiod"),
        ("buy,EURUSD,risk=1,spread=2", "unsupported_field", "spread"),
        ("buy,EURUSD,risk=1,accfilter=2", "unsupported_field", "accfilter"),
        ("buy,EURUSD,risk=1,trailtrig=2", "level_missing", "traildist"),
        ("buy,EURUSD,risk=1,beoffset=2", "level_missing", "betrigger"),
        ("buy,EURUSD,risk=1,entry_price=5,sl_price=6", "level_wrong_side", "stop_loss"),
        ("closelong,EURUSD,risk=50", "unknown_field", "risk"),
        ("closelongpct,EURUSD", "quantity_missing", "risk"),
        ("closelongpct,EURUSD,risk=150", "quantity_unreadable", "risk"),
        ("newsltplong,EURUSD,comment=x", "nothing_to_modify", None),
        ("closeall,EURUSD", "symbol_not_wanted", "symbol"),
        ("closewhatever,EURUSD", "action_unknown", "command"),
        ("eaon,eaon", "switching_on", "command"),
        ("buy,EURUSD,risk=1\n601,sell,EURUSD,risk=1", "two_instructions", None),
    ],
)
def test_a_line_is_refused(line: str, code: str, field: str | None) -> None:
    assert refused(NAME, f"{ID},{line}") == (code, field)


def test_what_is_not_done_is_told() -> None:
    line = f"{ID},buy,XAUUSD,vol_pct_bal_loss=1,sl_pips=5,traildist=10,trailstep=3"
    assert told(understood(NAME, line)) == {"trailstep", "vol_pct_bal_loss"}


def test_the_secret_is_left_to_the_hook() -> None:
    secret = understood(NAME, f"{ID},closelong,EURUSD,secret=abc").secret
    assert secret is not None
    assert secret.value == "abc"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("EURUSD,buy,risk=1,comment=x", eurusd(BUY, quantity=D(1), comment="x")),
        ("EURUSD, SELL", eurusd(SELL)),
        ("EURUSD,closebuy", eurusd(CLOSE, close_side=LONG)),
        ("EURUSD,closesell,risk=2", eurusd(CLOSE, close_side=SHORT, quantity=D(2))),
        (
            "EURUSD,closeall,pct=50",
            eurusd(CLOSE, quantity=D(50), unit=Unit.PERCENT_POSITION),
        ),
    ],
)
def test_tradesgnl_names_the_symbol_first(line: str, expected: Signal) -> None:
    assert signals("tradesgnl", f"{ID},{line}") == (expected,)


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ("EURUSD,buy,sl=20", "setting_missing", "sl"),
        ("EURUSD,buy,tp1=20", "setting_missing", "tp1"),
        ("EURUSD,buy,trdist=20", "setting_missing", "trdist"),
        ("EURUSD,buy,pct=20", "unknown_field", "pct"),
        ("EURUSD,buy,lots=20", "unknown_field", "lots"),
        ("EURUSD,closebuy,pct=20,risk=1", "two_values", "risk"),
        ("EURUSD,closebuy,pct=120", "quantity_unreadable", "pct"),
        ("EURUSD,buy stop", "action_unknown", "action"),
        ("{{ticker}},buy", "placeholder_unfilled", None),
    ],
)
def test_tradesgnl_is_refused(line: str, code: str, field: str | None) -> None:
    assert refused("tradesgnl", f"{ID},{line}") == (code, field)


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("EURUSD,buy,py=1,re=1", {"py", "re"}),
        ("EURUSD,closebuy,sl=1,py=1", {"sl", "py"}),
    ],
)
def test_tradesgnl_tells_what_is_not_done(line: str, fields: set[str]) -> None:
    assert told(understood("tradesgnl", f"{ID},{line}")) == fields
