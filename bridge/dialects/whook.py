"""`whook`: an account, a symbol and a command in any order of words; `//` begins a comment.

`acct ETH/USDT buy 300$ x3` · `acct ETH/USDT pos -50` · `acct ETH/USD close 33%`
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from bridge.dialects import fields, placeholders
from bridge.dialects.checks import check_signal
from bridge.dialects.members import MAX_SIGNALS
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.positions import side_of
from bridge.dialects.vendor_parts import check_leverage, check_share
from bridge.domain.signals import CancelFilter, Signal
from bridge.domain.values import Action, OrderType, Unit
from bridge.errors import Refused

NAME = "whook"

_COMMANDS: Mapping[str, Action] = MappingProxyType(
    {
        "buy": Action.BUY,
        "long": Action.BUY,
        "sell": Action.SELL,
        "short": Action.SELL,
        "pos": Action.TARGET,
        "position": Action.TARGET,
        "close": Action.CLOSE,
    }
)
_AMOUNT = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)([$%]?)", re.ASCII)
_LEVERAGE = re.compile(r"x([0-9]+(?:\.[0-9]+)?)", re.ASCII)
_LIMIT = re.compile(r"limit:(?:([A-Za-z0-9_-]{1,60}):)?([0-9.]+)", re.I | re.ASCII)
_CANCEL = re.compile(r"cancel:([A-Za-z0-9_-]{1,60})", re.I | re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:!-]{0,63}", re.ASCII)
_TICKER = re.compile(r"[A-Z0-9]{3,}(?:[.:!-][A-Z0-9]+)*!?", re.ASCII)


@dataclass
class _Words:
    """The words of one line, by what they are."""

    commands: list[Action] = field(default_factory=list)
    amounts: list[tuple[str, str]] = field(default_factory=list)
    leverage: list[str] = field(default_factory=list)
    limits: list[tuple[str | None, str]] = field(default_factory=list)
    cancels: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of the lines, in their order."""
    lines = [line.partition("//")[0].strip() for line in message.text.splitlines()]
    lines = [line for line in lines if line]
    if not 1 <= len(lines) <= MAX_SIGNALS:
        raise Refused("list_unreadable", None, f"1 to {MAX_SIGNALS} lines are taken.")
    if left := placeholders.first_in(message.text):
        raise placeholders.unfilled(None, left)
    return tuple(check_signal(_signal(_sorted(line), notes)) for line in lines)


def _sorted(line: str) -> _Words:
    words = _Words()
    for word in line.split():
        _put(words, word)
    for several in (words.commands, words.amounts, words.leverage, words.limits, words.cancels):
        if len(several) > 1:
            raise Refused(
                "two_instructions", None, "The line holds more than one command. Send one a line."
            )
    if len(words.commands) + len(words.cancels) != 1:
        raise Refused("action_missing", None, "The line needs one of buy, sell, pos and close.")
    return words


def _put(words: _Words, word: str) -> None:
    if word.lower() in _COMMANDS:
        words.commands.append(_COMMANDS[word.lower()])
    elif found := _AMOUNT.fullmatch(word):
        words.amounts.append((found[1], found[2]))
    elif found := _LEVERAGE.fullmatch(word):
        words.leverage.append(found[1])
    elif found := _LIMIT.fullmatch(word):
        words.limits.append((found[1], found[2]))
    elif found := _CANCEL.fullmatch(word):
        words.cancels.append(found[1])
    elif _NAME.fullmatch(word) and len(words.names) < 2:
        words.names.append(word)
    else:
        raise Refused("not_understood", None, f"{fields.shown(word)} is not understood here.")


def _signal(words: _Words, notes: Notes) -> Signal:
    symbol, account = _symbol_and_account(words.names)
    accounts = (account,) if account else ()
    if words.cancels:
        if words.amounts or words.limits:
            raise Refused("two_instructions", None, "A cancel takes no amount and no price.")
        of = None if words.cancels[0].lower() == "all" else CancelFilter(of=words.cancels[0])
        return Signal(Action.CANCEL, symbol, accounts=accounts, cancel=of)
    signal = _sized(Signal(words.commands[0], symbol, accounts=accounts), words.amounts)
    if words.leverage:
        check_leverage(signal, words.leverage[0], "leverage", notes)
    return _with_price(signal, words)


def _symbol_and_account(names: list[str]) -> tuple[str, str | None]:
    """Which name is the symbol: the one with a slash, else the only one in capitals."""
    symbols = [n for n in names if "/" in n] or [n for n in names if _TICKER.fullmatch(n)]
    if len(symbols) != 1:
        raise Refused(
            "symbol_missing" if not symbols else "symbol_unclear",
            "symbol",
            "Which word is the symbol is not clear. Write it like ETH/USDT.",
        )
    rest = [n for n in names if n != symbols[0]]
    return fields.symbol(symbols[0], "symbol"), rest[0] if rest else None


def _sized(signal: Signal, amounts: list[tuple[str, str]]) -> Signal:
    if not amounts:
        if signal.action is Action.TARGET:
            raise Refused("quantity_missing", "position", "A position needs its size.")
        return signal
    text, mark = amounts[0]
    share = Unit.PERCENT_POSITION if signal.action is Action.CLOSE else Unit.PERCENT_EQUITY
    unit = {"$": Unit.CASH, "%": share}.get(mark)
    if signal.action is Action.TARGET:
        size: Decimal = fields.number(text, "position", "quantity_unreadable") + 0
        return replace(signal, quantity=size, unit=unit, side_after=side_of(size))
    quantity = fields.above_zero(text, "amount", "quantity_unreadable")
    return check_share(replace(signal, quantity=quantity, unit=unit), "amount")


def _with_price(signal: Signal, words: _Words) -> Signal:
    """A limit order with its price; the name the sender gives it is kept as a comment."""
    if not words.limits:
        return signal
    if signal.action not in (Action.BUY, Action.SELL):
        raise Refused(
            "order_type_unsupported", "limit", f"A {signal.action} goes at market, not at a limit."
        )
    name, price = words.limits[0]
    return replace(
        signal,
        order_type=OrderType.LIMIT,
        price=fields.above_zero(price, "limit"),
        comment=name,
    )
