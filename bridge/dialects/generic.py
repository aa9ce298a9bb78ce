"""`json`: JSON with the usual keys, however they are spelt, and TradingView's strategy JSON.

Synonyms must agree, stated positions decide what a buy or sell means, and a key that speaks of
protection or of another kind of order is never left out of an opening in silence.
"""

from collections.abc import Mapping
from dataclasses import replace

from bridge.dialects import fields, generic_text, turns, words
from bridge.dialects import generic_parts as parts
from bridge.dialects.checks import check_signal
from bridge.dialects.generic_fields import Fields, gather
from bridge.dialects.generic_keys import SIZES
from bridge.dialects.generic_positions import position_after, position_before
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.positions import read_stated, side_of
from bridge.dialects.strict import Json
from bridge.domain.signals import BreakEven, CancelFilter, Signal
from bridge.domain.values import Action, OrderType, PositionSide, StatedPosition
from bridge.errors import Refused

NAME = "json"
MAX_SIGNALS = 20

_OPENING = (Action.BUY, Action.SELL)
_ENTERING = (*_OPENING, Action.REVERSE, Action.TARGET)
_UNUSED_ON = {
    Action.MODIFY: (*SIZES, "type", "limit_price", "stop_price"),
    Action.CANCEL: (*SIZES, "limit_price", "stop_price", "stop", "target"),
}


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of a JSON object, or of a list of them."""
    value = message.value
    signals: tuple[Signal, ...]
    if isinstance(value, dict):
        signals = (_read_object(value, "", notes),)
    else:
        signals = _read_list(value or [], notes)
    ids = {s.id for s in signals}
    notes.id = ids.pop() if len(ids) == 1 else None
    return signals


def _read_list(value: list[Json], notes: Notes) -> tuple[Signal, ...]:
    if not 1 <= len(value) <= MAX_SIGNALS:
        raise Refused(
            "list_unreadable", None, f"The list has {len(value)} signals; 1 to {MAX_SIGNALS} go."
        )
    for i, item in enumerate(value):
        if not isinstance(item, dict):
            raise Refused("list_unreadable", f"[{i}]", f"[{i}] is {fields.shown(item)}, no object.")
    return tuple(
        _read_object(item, f"[{i}].", notes)
        for i, item in enumerate(value)
        if isinstance(item, dict)
    )


def _read_object(value: Mapping[str, Json], at: str, notes: Notes) -> Signal:
    return check_signal(read_fields(gather(value, at, notes)), at)


def read_fields(found: Fields) -> Signal:
    """The signal of an object's fields; whether its levels fit its entry is not looked at yet."""
    _check_marks(found)
    word = _word(found)
    signal = _target(found) if word is None else _by_word(word, found)
    signal = _told(signal, found)
    _check_unknown(signal, found)
    return signal


def _check_marks(found: Fields) -> None:
    """Marks of the whole message: a report, a switch, a test."""
    for member in found.known.get("report", ()):
        raise Refused(
            "report_not_instruction",
            member.path,
            f"'{member.path}' belongs to a report of a finished trade, not to an instruction.",
        )
    if found.one("do_trade", fields.flag) is False:
        raise Refused(
            "trading_switched_off", found.path("do_trade", ""), "The message says not to trade."
        )
    if found.one("test", fields.flag):
        found.notes.test = True


def _word(found: Fields) -> words.Word | None:
    """What the action words and one-hot flags say together; None without any."""
    said = found.all("action", lambda v, f: words.read(fields.used_text(v, f), f))
    said += found.all("signal_type", _signal_type)
    flags = found.all("flag", fields.flag)
    if not said and flags:
        return _one_hot(found, flags)
    if not said:
        return None
    meaning = words.combine(said)
    for member, (path, on) in zip(found.known.get("flag", ()), flags, strict=True):
        flagged = words.find(member.key)
        same = flagged is not None and (flagged.action, flagged.side) == (
            meaning.action,
            meaning.side,
        )
        if same is not on:
            raise Refused("two_sides", path, f"'{path}' contradicts the action. Keep one of them.")
    return meaning


def _signal_type(value: Json, field: str) -> words.Word:
    text = fields.used_text(value, field)
    return words.exit_report(text) or words.read(text, field)


def _one_hot(found: Fields, flags: list[tuple[str, bool]]) -> words.Word:
    said = [
        (path, word)
        for member, (path, on) in zip(found.known["flag"], flags, strict=True)
        if on and (word := words.find(member.key)) is not None
    ]
    if len(said) != 1:
        names = ", ".join(f"'{p}'" for p, _ in flags)
        raise Refused(
            "two_sides" if said else "action_missing",
            flags[0][0],
            f"Of {names} exactly one must be 1; {len(said)} are.",
        )
    return words.combine(said)


def _by_word(word: words.Word, found: Fields) -> Signal:
    signal = Signal(action=word.action or Action.CLOSE, symbol=parts.symbol_of(found))
    match signal.action:
        case Action.BUY | Action.SELL:
            return _order(signal, word, found)
        case Action.CLOSE:
            return _close(signal, word.side, found)
        case Action.MODIFY:
            return _modify(replace(signal, close_side=word.side), word, found)
        case Action.CANCEL:
            return replace(signal, cancel=_cancel_filter(word, found))
        case _:
            return _reverse(signal, word, found)


def _cancel_filter(word: words.Word, found: Fields) -> CancelFilter | None:
    typed = found.one("type", parts.order_type)
    wanted = CancelFilter(
        order_type=None if typed is OrderType.MARKET else typed,
        side=word.side.opened_by if word.side else None,
    )
    return None if wanted == CancelFilter() else wanted


def _reverse(signal: Signal, word: words.Word, found: Fields) -> Signal:
    _market_only(found)
    signal = parts.with_levels(parts.sized(signal, found), found)
    signal = turns.with_positions(signal, position_before(found), position_after(found))
    ends = StatedPosition(word.side) if word.side else None
    return replace(signal, side_after=_ending(signal.side_after, ends, found))


def _market_only(found: Fields) -> None:
    """A reverse and a target go at market; another order or a reduction is not what they are."""
    if found.one("type", parts.order_type) not in (None, OrderType.MARKET):
        raise Refused(
            "order_type_unsupported",
            found.path("type", "type"),
            "A reverse or a target position goes at market.",
        )
    parts.no_pending_price(found)
    if _flagged_close(found):
        raise Refused(
            "two_sides", found.at + "action", "A flag closes, and the action opens a position."
        )


def _ending(
    stated: StatedPosition | None, said: StatedPosition | None, found: Fields
) -> StatedPosition | None:
    if None not in (stated, said) and stated is not said:
        raise Refused(
            "position_contradiction", found.path("action", "action"), "The sides disagree."
        )
    return stated or said


def _order(signal: Signal, word: words.Word, found: Fields) -> Signal:
    if _flagged_close(found):
        if not word.order or word.side is None:
            raise Refused(
                "two_sides",
                found.path("action", "action"),
                "The action opens a position and a flag closes one. Keep one of them.",
            )
        return _close(replace(signal, action=Action.CLOSE), word.side.opposite, found)
    before, after = position_before(found), position_after(found)
    signal = parts.with_levels(parts.with_price(parts.sized(signal, found), found), found)
    size = found.path("quantity", "quantity")
    resolved = turns.resolve(signal, before, after, found.notes, found.at, size)
    if resolved.action is Action.CLOSE:
        return _turned(resolved, word, found)
    return resolved


def _turned(resolved: Signal, word: words.Word, found: Fields) -> Signal:
    """A buy or sell that the stated positions show to be a close."""
    if not word.order:
        raise Refused(
            "position_contradiction",
            found.path("action", "action"),
            f"The action names a side to hold, and the position is {resolved.side_after} "
            "afterwards. For an exit send close, or buy and sell.",
        )
    return resolved


def _flagged_close(found: Fields) -> bool:
    flags = [found.one(name, fields.flag) for name in ("reduce_only", "close_position")]
    return any(flags)


def _close(signal: Signal, side: PositionSide | None, found: Fields) -> Signal:
    _flagged_close(found)
    named = found.one("close_side", lambda v, f: fields.word(v, f, ("long", "short")))
    before, after = position_before(found), position_after(found)
    signal = turns.with_positions(parts.sized(signal, found), before, after)
    side = _closed_side(side, PositionSide(named) if named else None, found)
    for stated in (before, after):
        if stated is not None and stated.side is not StatedPosition.FLAT:
            side = _closed_side(side, PositionSide(stated.side.value), found)
    partly = after is not None and after.side is not StatedPosition.FLAT
    size = found.path("quantity", "quantity")
    signal = turns.sized_to_close(signal, found.notes, size, partly=partly)
    parts.with_price(signal, found, closing=True)
    signal = replace(signal, close_side=side)
    return turns.without_opening_fields(parts.with_levels(signal, found), found.notes, found.at)


def _closed_side(
    first: PositionSide | None, second: PositionSide | None, found: Fields
) -> PositionSide | None:
    if first is not None and second is not None and first is not second:
        raise Refused(
            "two_sides",
            found.path("action", "action"),
            f"The message closes the {first} side and names the {second} side.",
        )
    return first or second


def _modify(signal: Signal, word: words.Word, found: Fields) -> Signal:
    signal = parts.with_levels(signal, found)
    if word.break_even:
        signal = replace(signal, break_even=BreakEven(None, None))
    if not (signal.stop_loss or signal.take_profit or signal.targets or signal.break_even):
        raise Refused("nothing_to_modify", None, "A modify needs a stop loss or a target.")
    return signal


def _target(found: Fields) -> Signal:
    """Without an action, `position` is the position wanted."""
    wanted = found.one("position", read_stated)
    if wanted is None:
        raise Refused(
            "action_missing",
            f"{found.at}action",
            "No action is given. Add 'action' with buy, sell or close.",
        )
    _market_only(found)
    symbol, amount = parts.symbol_of(found), parts.amount_of(found, closing=False)
    size = wanted.size
    if size is None and amount is not None:
        size = amount.quantity if wanted.side is StatedPosition.LONG else -amount.quantity
    if size is None or (amount is not None and abs(size) != amount.quantity):
        raise Refused(
            "quantity_missing" if size is None else "quantity_contradicts_position",
            found.path("quantity", "quantity"),
            "A wanted position needs its size, once: a signed number, or a side and a quantity.",
        )
    signal = Signal(
        Action.TARGET,
        symbol,
        quantity=size + 0,
        unit=amount.unit if amount else None,
        side_after=side_of(size),
    )
    return parts.with_levels(signal, found)


def _told(signal: Signal, found: Fields) -> Signal:
    """The signal with its account, id, times and information."""
    notes = found.notes
    prices = found.known.get("price", []) if signal.price is None else []
    references = [*prices, *found.known.get("reference", ())]
    return replace(
        signal,
        cancel_first=found.one("cancel_orders", fields.flag) or False,
        reference_price=generic_text.first_price(references, notes),
        accounts=found.one("account", fields.names) or (),
        id=found.one("id", fields.identifier),
        time=found.one("fired", fields.fired),
        bar_time=generic_text.bar_time(found.known.get("bar_time", ()), notes),
        max_age=found.one("max_age", fields.seconds),
        exchange=generic_text.first_text(found.known.get("exchange", ()), notes),
        interval=generic_text.first_text(found.known.get("interval", ()), notes),
        strategy=generic_text.first_text(found.known.get("strategy", ()), notes),
        comment=generic_text.first_text(found.known.get("comment", ()), notes),
    )


def _check_unknown(signal: Signal, found: Fields) -> None:
    """Report every unknown key, and refuse an opening that one of them may change."""
    opening = signal.action in _ENTERING
    if opening and found.has("close_side"):
        raise Refused(
            "two_sides",
            found.path("close_side", ""),
            "The action opens a position, and a side to close is named.",
        )
    for name in _UNUSED_ON.get(signal.action, ()):
        for member in found.known.get(name, ()):
            found.notes.passed_over(member.path, f"it has no meaning on a {signal.action}")
    for member in found.unknown:
        if opening:
            generic_text.check_harmless(member)
        found.notes.passed_over(member.path, "this key is not known, so it is not applied")
    if opening and found.has("order_form"):
        generic_text.check_order_form(found.known["order_form"])
    if signal.action in _OPENING:
        generic_text.check_words(signal, found)
