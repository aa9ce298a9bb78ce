"""Information in generic JSON: taken where readable, reported where not, never against the side."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from bridge.dialects import fields, words
from bridge.dialects.generic_fields import Fields, Found
from bridge.dialects.generic_keys import changes_the_order, inner_keys, speaks_of_protection
from bridge.dialects.notes import Notes
from bridge.domain.signals import Signal
from bridge.domain.values import Action, PositionSide
from bridge.errors import Refused

_PROSE = ("comment", "text")
_OF_AN_EXIT = ("exit", "flatten", "stop", "close", "hit", "reached", "filled", "triggered")
_LONGEST_WORD = 60
_SWITCHES = ("true", "false", "yes", "no", "all", "on", "off")
_EXIT = re.compile(
    r"\b(?:exit|flatten|stopped out)\b"
    r"|\bclose (?:entry|long|short|positions?|order|trade|all|buy|sell)\b"
    r"|^\s*closed\s*$"
    r"|\b(?:tp|sl|take profit|stop loss|target)\s?[0-9]?\s(?:hit|reached|filled|triggered)\b",
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
    for member in found:
        _check_price(member)
    prices = [fields.reference(member.value, member.path, notes) for member in found]
    return next((p for p in prices if p is not None), None)


def _check_price(member: Found) -> None:
    """Refuse `close: true` and `entry: long`: there the key is an instruction and no price."""
    value = member.value
    told = isinstance(value, str) and (words.find(value) or value.strip().lower() in _SWITCHES)
    if isinstance(value, bool | dict | list) or told:
        raise Refused(
            "price_unreadable",
            member.path,
            f"'{member.path}' is {fields.shown(value)}, where the chart's price belongs.",
        )


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
    check_prose(signal, (*found.unknown, *(m for n in _PROSE for m in found.known.get(n, ()))))


def check_prose(signal: Signal, members: Sequence[Found]) -> None:
    """The same for some members."""
    for member in members:
        if isinstance(member.value, str) and _speaks_against(member.value, signal):
            raise _contradiction(signal, member)


def _speaks_against(text: str, signal: Signal) -> bool:
    lower = text.lower()
    if any(part in lower for part in _OF_AN_EXIT) and _EXIT.search(lower) is not None:
        return True
    if len(text) > _LONGEST_WORD:
        return False
    word = words.exit_report(text) or words.find(text)
    return word is not None and _against(word, signal)


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


def check_harmless(member: Found) -> None:
    """Refuse an unknown member that may be the stop, the size or the kind of an opening."""
    for key in (member.key, *inner_keys(member.value)):
        if speaks_of_protection(key):
            raise Refused(
                "unknown_protection_field",
                member.path,
                f"'{key[:60]}' is not known, and its name speaks of protection or of another "
                "kind of order. An opening is not sent without it: correct or remove the key.",
            )
        if changes_the_order(key):
            raise Refused(
                "unsupported_field",
                member.path,
                f"'{key[:60]}' speaks of the size or the way of the order and is not known here.",
            )
