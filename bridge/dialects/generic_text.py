"""Information in generic JSON: taken where readable, reported where not, never against the side."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from bridge.dialects import fields, words
from bridge.dialects.generic_fields import Fields, Found
from bridge.dialects.notes import Notes
from bridge.domain.signals import Signal
from bridge.domain.values import Action, PositionSide
from bridge.errors import Refused

_PROSE = ("comment", "text")
_EXIT = re.compile(
    r"\b(?:exit|flatten|stopped out)\b"
    r"|\bclose (?:entry|long|short|positions?|order|trade|all|buy|sell)\b"
    r"|\b(?:tp|sl|take profit|stop loss|target)\s?[0-9]?\s(?:hit|reached|filled|triggered)\b",
    re.IGNORECASE,
)


def first_text(found: Sequence[Found], notes: Notes) -> str | None:
    """The first readable information text, cut to the length that is kept."""
    for member in found:
        if isinstance(member.value, str) and member.value.strip():
            return member.value[: fields.MAX_INFORMATION]
        if member.value is not None:
            text = format(member.value, "f") if isinstance(member.value, Decimal) else None
            if text is not None:
                return text
            notes.passed_over(member.path, "it is information and no text, so it is not kept")
    return None


def first_price(found: Sequence[Found], notes: Notes) -> Decimal | None:
    """The first readable chart price."""
    prices = [fields.reference(member.value, member.path, notes) for member in found]
    return next((p for p in prices if p is not None), None)


def bar_time(found: Sequence[Found], notes: Notes) -> datetime | None:
    """The bar's time, where it is one."""
    for member in found:
        text = format(member.value, "f") if isinstance(member.value, Decimal) else member.value
        when = fields.moment(text) if isinstance(text, str) else None
        if when is not None:
            return when
        notes.passed_over(member.path, "it is no time with its zone, so it is not kept")
    return None


def check_order_form(found: Sequence[Found]) -> None:
    """A form that says what its amount counts: only contracts are known."""
    for member in found:
        if fields.shown(member.value) != "'contract'" and "type" in member.key.casefold():
            raise Refused(
                "unsupported_field",
                member.path,
                f"'{member.path}' is {fields.shown(member.value)}: this kind of size is not known.",
            )


def check_words(signal: Signal, found: Fields) -> None:
    """Refuse an opening that a text of its own message calls an exit, or the other side."""
    for name in _PROSE:
        for member in found.known.get(name, ()):
            if isinstance(member.value, str) and _is_exit(member.value):
                raise _contradiction(signal, member)
    for member in (*found.unknown, *(m for n in _PROSE for m in found.known.get(n, ()))):
        word = words.find(member.value) if isinstance(member.value, str) else None
        if word is not None and _against(word, signal):
            raise _contradiction(signal, member)


def _is_exit(text: str) -> bool:
    return _EXIT.search(text) is not None or words.exit_report(text) is not None


def _against(word: words.Word, signal: Signal) -> bool:
    side = PositionSide.LONG if signal.action is Action.BUY else PositionSide.SHORT
    if word.action in (Action.BUY, Action.SELL):
        return word.side is not side
    return word.action in (Action.CLOSE, Action.REVERSE, Action.CANCEL)


def _contradiction(signal: Signal, member: Found) -> Refused:
    return Refused(
        "two_sides",
        member.path,
        f"The action is {signal.action}, and '{member.path}' is {fields.shown(member.value)}. "
        "State the position with {{strategy.position_size}}, or correct the text.",
    )
