"""`words`: one side word, one symbol beside it, and numbers that are named.

`BUY ETHUSD QTY:0.2` · `SELL LIMIT EURUSD 1.0950 LOT 0.1 SL 1.10 TP 1.08` · `CLOSE LONG EURUSD`.
Whatever else stands in the text refuses it: a sentence about a trade is no instruction.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from bridge.dialects import fields, placeholders, words
from bridge.dialects.amounts import read_amount
from bridge.dialects.checks import check_signal
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.domain.signals import Level, LevelKind, Signal, Target
from bridge.domain.values import NUMBER, Action, OrderType, PositionSide, Unit
from bridge.errors import Refused

NAME = "words"
_NAMES: Mapping[str, str] = MappingProxyType(
    {"qty": "quantity", "q": "quantity", "size": "quantity", "quantity": "quantity"}
    | {"lot": "lots", "lots": "lots", "sl": "stop_loss", "stop": "stop_loss"}
    | {"stoploss": "stop_loss", "tp": "take_profit", "target": "take_profit"}
    | {f"tp{n}": f"take_profit_{n}" for n in range(1, 9)}
)
_NAMED = re.compile(r"([A-Za-z]+[1-8]?)(?:\s*[:=]\s*|\s+)([^\s:=]+)", re.ASCII)
_SYMBOL = re.compile(r"[A-Z0-9]{2,}[A-Z0-9_/:!-]*(?:\.[A-Za-z]{1,6})?", re.ASCII)
_LETTER = re.compile(r"[A-Z]")
_ENGLISH = words.spelled(
    "NOW THE THIS THAT IT ALERT SIGNAL CONFIRMED MARKET LIMIT STOP ALL HERE STRONG ENTRY AT IF",
    "IN ON TO AND OR NOT FOR ZONE AREA PRICE TRADE ORDER POSITION POSITIONS SETUP TRIGGERED",
    "ACTIVATED WAIT ONLY AGAIN MORE HALF FULL SOON TODAY DIP BREAKOUT QTY LOT LOTS SIZE",
    "LONG SHORT BUY SELL CLOSE EXIT FLAT SL TP TP1 TP2 TP3 TP4 TP5 PROFIT LOSS TARGET HIT",
)
_TYPES = {"limit": OrderType.LIMIT, "stop": OrderType.STOP}


@dataclass
class _Reading:
    """The words of a text, taken from the front."""

    text: str
    values: dict[str, str] = field(default_factory=dict)

    def next_word(self) -> str:
        word, _, self.text = self.text.partition(" ")
        self.text = self.text.lstrip()
        return word


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signal of a text of plain words."""
    if name := placeholders.first_in(message.text):
        raise placeholders.unfilled(None, name)
    reading = _Reading(" ".join(message.text.split()))
    signal = _named(_headed(reading), reading)
    return (check_signal(signal),)


def _headed(reading: _Reading) -> Signal:
    """The side, the order type, the symbol and its price, in one of the known orders."""
    first = reading.next_word()
    meaning = words.find(first)
    if meaning is not None and meaning.action in (Action.BUY, Action.SELL, Action.CLOSE):
        return _side_first(meaning, reading)
    symbol = _symbol(first)
    meaning = words.find(reading.next_word())
    if meaning is None or meaning.action not in (Action.BUY, Action.SELL, Action.CLOSE):
        raise _not_words()
    return Signal(meaning.action, symbol, close_side=_close_side(meaning))


def _side_first(meaning: words.Word, reading: _Reading) -> Signal:
    word = reading.next_word()
    typed = _TYPES.get(word.lower()) if meaning.action is not Action.CLOSE else None
    side = words.find(word) if meaning == words.Word(Action.CLOSE) else None
    if side is not None and side.action in (Action.BUY, Action.SELL) and not side.order:
        meaning, word = words.combine([("action", meaning), ("action", side)]), reading.next_word()
    if meaning.action is None:
        raise _not_words()
    if typed is None:
        return Signal(meaning.action, _symbol(word), close_side=_close_side(meaning))
    symbol, price = _symbol(reading.next_word()), reading.next_word()
    if price.lower() in ("@", "at", "price"):
        price = reading.next_word()
    return Signal(meaning.action, symbol, order_type=typed, price=fields.above_zero(price, "price"))


def _close_side(meaning: words.Word) -> PositionSide | None:
    return meaning.side if meaning.action is Action.CLOSE else None


def _symbol(word: str) -> str:
    if not _SYMBOL.fullmatch(word) or not _LETTER.search(word) or word in _ENGLISH:
        raise _not_words()
    return fields.symbol(word, "symbol")


def _not_words() -> Refused:
    return Refused(
        "not_understood",
        None,
        "No instruction is recognised. In plain words write a side, a symbol and named numbers: "
        "'BUY EURUSD LOT 0.10 SL 1.0800'. JSON is safer.",
    )


def _named(signal: Signal, reading: _Reading) -> Signal:
    at, values = 0, dict[str, str]()
    while at < len(reading.text):
        found = _NAMED.match(reading.text, at)
        name = _NAMES.get(found[1].lower()) if found else None
        if found is None or name is None or reading.text[found.end() :][:1].strip():
            raise _unnamed(reading.text[at:])
        if name in values:
            raise _repeated(name)
        values[name] = found[2]
        at = found.end() + 1
    return _with_levels(_sized(signal, values), values)


def _unnamed(rest: str) -> Refused:
    word = rest.split()[0] if rest.split() else rest
    code = "number_unnamed" if NUMBER.fullmatch(word) else "not_understood"
    return Refused(
        code,
        None,
        f"{fields.shown(word)} is not understood here. After the symbol stand named numbers only: "
        "QTY, LOT, SIZE, SL, TP.",
    )


def _repeated(name: str) -> Refused:
    return Refused("two_values", name, f"'{name}' stands twice. Number several targets: TP1, TP2.")


def _sized(signal: Signal, values: Mapping[str, str]) -> Signal:
    if "lots" in values and "quantity" in values:
        raise Refused("two_values", "quantity", "Two sizes are given. Keep one of them.")
    if "lots" in values:
        lots = fields.above_zero(values["lots"], "lots", "quantity_unreadable")
        return replace(signal, quantity=lots, unit=Unit.LOTS)
    if "quantity" not in values:
        return signal
    amount = read_amount(values["quantity"], "quantity", signal.action is Action.CLOSE)
    return replace(signal, quantity=amount.quantity, unit=amount.unit)


def _with_levels(signal: Signal, values: Mapping[str, str]) -> Signal:
    stop = _price(values, "stop_loss")
    target = _price(values, "take_profit")
    numbered = [_price(values, f"take_profit_{n}") for n in range(1, 9)]
    several = [level for level in numbered if level is not None]
    if signal.action is Action.CLOSE and (stop or target or several):
        raise Refused("field_not_for_action", None, "A close takes no stop loss or target.")
    if target is not None and several:
        raise _repeated("take_profit")
    levels = several if len(several) > 1 else []
    single = target or (several[0] if several else None)
    return replace(
        signal,
        stop_loss=stop,
        take_profit=None if levels else single,
        targets=tuple(Target(level, None) for level in levels),
    )


def _price(values: Mapping[str, str], name: str) -> Level | None:
    if name not in values:
        return None
    price: Decimal = fields.above_zero(values[name], name)
    return Level(LevelKind.PRICE, price)
