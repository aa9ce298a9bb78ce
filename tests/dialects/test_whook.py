"""whook's words in any order."""

import pytest

from bridge.domain.signals import CancelFilter, Signal
from bridge.domain.values import Action, OrderType, StatedPosition, Unit
from tests.dialects.answers import D, refused, signals, told, understood

NAME = "whook"


def eth(action: Action, **fields: object) -> Signal:
    return Signal(action, "ETH/USDT", accounts=("acct",), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("acct ETH/USDT buy 300$", eth(Action.BUY, quantity=D(300), unit=Unit.CASH)),
        ("ETH/USDT x1 sell 300$ acct", eth(Action.SELL, quantity=D(300), unit=Unit.CASH)),
        ("acct ETH/USDT BUY 2 x3", eth(Action.BUY, quantity=D(2))),
        (
            "acct ETH/USDT pos -50",
            eth(Action.TARGET, quantity=D(-50), side_after=StatedPosition.SHORT),
        ),
        (
            "acct position 0 ETH/USDT",
            eth(Action.TARGET, quantity=D(0), side_after=StatedPosition.FLAT),
        ),
        (
            "acct ETH/USDT close 33%",
            eth(Action.CLOSE, quantity=D(33), unit=Unit.PERCENT_POSITION),
        ),
        (
            "acct ETH/USDT buy 2 limit:id:1012",
            eth(Action.BUY, quantity=D(2), order_type=OrderType.LIMIT, price=D(1012), comment="id"),
        ),
        ("acct ETH/USDT cancel:id", eth(Action.CANCEL, cancel=CancelFilter(of="id"))),
        ("acct ETH/USDT cancel:all", eth(Action.CANCEL)),
        (
            "acct ETHUSDT pos 5",
            Signal(
                Action.TARGET,
                "ETHUSDT",
                accounts=("acct",),
                quantity=D(5),
                side_after=StatedPosition.LONG,
            ),
        ),
    ],
)
def test_a_line_is_understood(text: str, signal: Signal) -> None:
    assert signals(NAME, text) == (signal,)


def test_lines_are_read_in_their_order_without_comments() -> None:
    text = "// first\nacct ETH/USDT cancel:all\n\nacct ETH/USDT pos 5 // then this"
    assert [s.action for s in signals(NAME, text)] == [Action.CANCEL, Action.TARGET]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("acct ETH/USDT buy 300$ x3", "leverage_unclear"),
        ("acct ETH/USDT pos 300$ x3", "leverage_unclear"),
        ("acct {{ticker}} pos {{strategy.position_size}} x3", "placeholder_unfilled"),
        ("acct other ETH/USDT buy 300$", "not_understood"),
        ("ACCT ETHUSDT pos 5", "symbol_unclear"),
        ("acct pos 5", "symbol_missing"),
        ("acct ETH/USDT buy sell 5$", "two_instructions"),
        ("acct ETH/USDT buy 5$ 6", "two_instructions"),
        ("acct ETH/USDT 5$", "action_missing"),
        ("acct ETH/USDT buy 0$", "not_positive"),
        ("acct ETH/USDT buy -5 x1", "not_positive"),
        ("acct ETH/USDT close 150%", "quantity_unreadable"),
        ("acct ETH/USDT position x3", "quantity_missing"),
        ("acct ETH/USDT pos 5 limit:a:10", "order_type_unsupported"),
        ("acct ETH/USDT buy 5 limit:a:0", "not_positive"),
        ("acct ETH/USDT buy 5 limit:a:b", "not_understood"),
        ("acct ETH/USDT cancel:id 5", "two_instructions"),
        ("acct ETH/USDT pos 5\n" * 21, "list_unreadable"),
    ],
)
def test_a_line_is_refused(text: str, code: str) -> None:
    assert refused(NAME, text)[0] == code


def test_the_leverage_of_a_bare_number_is_told() -> None:
    assert told(understood(NAME, "acct ETH/USDT pos -50 x3")) == {"leverage"}
