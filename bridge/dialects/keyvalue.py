"""`keyvalue`: pairs of key and value as text, with the keys of generic JSON.

Also OctoBot's keys, with prices as offsets (`-3%`, `-3d`), and Frostybot's spaced pairs behind
`account:command`.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from bridge.dialects import generic, octobot
from bridge.dialects.checks import check_signal
from bridge.dialects.generic_fields import gather
from bridge.dialects.keyvalue_lines import Lines, commands, read_pairs
from bridge.dialects.members import MAX_SIGNALS
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.strict import Json
from bridge.domain.signals import Signal
from bridge.domain.values import Action
from bridge.errors import Refused

NAME = "keyvalue"

_ACTION_KEYS = ("action", "side", "signal", "direction")
_SYMBOL_KEYS = ("symbol", "ticker", "pair", "instrument")
_TIMES = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)x", re.ASCII)
_BARE_TARGET = re.compile(r"t[1-9]", re.I)


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of a text of pairs."""
    lines = commands(message.text)
    if lines is not None:
        if len(lines) > MAX_SIGNALS:
            raise Refused("list_unreadable", None, f"More than {MAX_SIGNALS} commands.")
        return tuple(_command(line, notes) for line in lines)
    signal = _pairs(read_pairs(message.text, notes), notes)
    notes.id = signal.id
    return (signal,)


def _command(line: Lines, notes: Notes) -> Signal:
    """One command of an account: its price would make it a limit order, which is not said here."""
    value: dict[str, Json] = {"action": line.side, **line.pairs}
    if "price" in value and line.side not in ("close", "cancel", "cancelall"):
        raise Refused(
            "order_type_missing",
            "price",
            "'price' without an order type: leave it out for a market order, or send JSON with "
            "the type.",
        )
    times = _TIMES.fullmatch(line.pairs.get("size", ""))
    if times:
        del value["size"]
        value["allocation_percent"] = Decimal(times[1]) * 100
    signal = generic.read_fields(gather(value, "", notes))
    if times and signal.action is Action.CLOSE:
        raise Refused("quantity_unreadable", "size", "A close is not sized by the equity.")
    return check_signal(signal)


def _pairs(lines: Lines, notes: Notes) -> Signal:
    _check_bare_targets(lines.pairs)
    value = _with_head(lines)
    order = octobot.take(value, notes) if "SIGNAL" in value else octobot.NOTHING
    signal = generic.read_fields(gather(value, "", notes))
    return check_signal(octobot.applied(signal, order, notes))


def _check_bare_targets(pairs: Mapping[str, str]) -> None:
    for key in pairs:
        if _BARE_TARGET.fullmatch(key):
            raise Refused(
                "unknown_protection_field",
                key,
                f"'{key}' may be a target. Name it tp{key[1:]}, or remove it.",
            )


def _with_head(lines: Lines) -> dict[str, Json]:
    """The pairs, with what the first lines say under a key that is free."""
    value: dict[str, Json] = {**lines.pairs}
    used = {k.casefold() for k in value}
    heads = ((lines.side, _ACTION_KEYS), (lines.symbol, _SYMBOL_KEYS))
    for told, keys in heads:
        if told is not None:
            value[next(k for k in keys if k not in used)] = told
    return value
