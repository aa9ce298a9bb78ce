"""`tradingview`: the sentence that a strategy's alert sends when nobody writes a message.

After "@" stands the quantity; the last number is the signed position afterwards. The strategy's
name comes first and may hold anything, so the sentence is matched from its end.
"""

import re
from decimal import Decimal

from bridge.dialects import fields, placeholders, turns
from bridge.dialects.mending import DESCRIPTOR, without_descriptors
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.positions import read_stated
from bridge.domain.signals import Signal
from bridge.domain.values import Action
from bridge.errors import Refused

NAME = "tradingview"
_START = r"\border\s+(?P<side>buy|sell)\s+@\s+"
_SENTENCE = re.compile(
    _START + r"(?P<quantity>[0-9.]{1,34})\s+filled\s+on\s+(?P<symbol>\S{1,64}?)\.\s+"
    r"New\s+strategy\s+position\s+is\s+(?P<position>-?[0-9.]{1,34}?)\.?",
    re.IGNORECASE,
)
_ANY_START = re.compile(_START, re.IGNORECASE)


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signal of the default strategy sentence."""
    text, found = without_descriptors(message.text)
    if found:
        notes.repaired(DESCRIPTOR)
    if name := placeholders.first_in(text):
        raise placeholders.unfilled(None, name)
    starts = [m.start() for m in _ANY_START.finditer(text)]
    sentence = _SENTENCE.fullmatch(text, starts[-1]) if starts else None
    if sentence is None:
        raise Refused(
            "not_understood",
            None,
            "This is not TradingView's default strategy sentence, 'order buy @ 1 filled on "
            "SYMBOL. New strategy position is 1'. Use that, or send JSON.",
        )
    if len(starts) > 1:
        raise Refused(
            "two_instructions", None, "The text holds more than one order. Send one alert for each."
        )
    return (_signal(sentence, notes),)


def _signal(sentence: re.Match[str], notes: Notes) -> Signal:
    quantity: Decimal = fields.above_zero(sentence["quantity"], "quantity", "quantity_unreadable")
    signal = Signal(
        action=Action(sentence["side"].lower()),
        symbol=fields.symbol(sentence["symbol"], "symbol"),
        quantity=quantity,
    )
    after = read_stated(sentence["position"], "position")
    return turns.resolve(signal, None, after, notes, "", "quantity")
