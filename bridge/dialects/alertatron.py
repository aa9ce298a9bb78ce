"""`alertatron`: scripts of commands for a symbol, `Keys(SYMBOL) { market(side=buy, amount=1); }`.

A reducing order right behind an entry is that entry's stop loss or take profit. What cannot be
done of a script refuses all of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from bridge.dialects import fields, placeholders
from bridge.dialects.alertatron_amounts import (
    Offset,
    from_market,
    level_of,
    read_offset,
    read_position,
    read_size,
)
from bridge.dialects.alertatron_script import Block, Command, read_script
from bridge.dialects.checks import check_signal
from bridge.dialects.members import Members
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.positions import side_of
from bridge.dialects.vendor_parts import LONG, OPENING, PENDING, SHORT, one_of
from bridge.domain.signals import CancelFilter, LevelKind, Signal, Target, Trailing
from bridge.domain.values import Action, OrderType, Side, Unit
from bridge.errors import Refused

NAME = "alertatron"

_SIDES: Mapping[str, Side] = MappingProxyType({"buy": Side.BUY, "sell": Side.SELL})
_WHOLE = Decimal(100)
_REPORTED = (
    *("trigger", "trailingmethod", "stepsize", "maxsteps", "background"),
    *("retries", "limitoffset"),
)


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of a script, in their order."""
    if left := placeholders.first_in(message.text):
        raise placeholders.unfilled(None, left)
    return tuple(check_signal(s) for b in read_script(message.text) for s in _block(b, notes))


def _block(block: Block, notes: Notes) -> list[Signal]:
    base = Signal(Action.CANCEL, fields.symbol(block.symbol, "symbol"), accounts=(block.keys,))
    signals: list[Signal] = []
    for command in block.commands:
        step = Members(command.arguments, f"{command.name}.", notes)
        reader = _COMMANDS.get(command.name)
        if reader is None:
            raise _unsupported(command)
        reader(base, step, signals)
        step.pass_over(_REPORTED, "TradeLocker has no such setting")
        step.nothing_else()
    return [_finished(s) for s in signals]


def _unsupported(command: Command) -> Refused:
    return Refused(
        "command_unsupported",
        command.name,
        f"'{command.name}' is not done here, so the whole script is refused.",
    )


def _cancel(base: Signal, step: Members, signals: list[Signal]) -> None:
    which = step.get("which", lambda v, f: fields.word(v, f, ("all", "tagged")))
    side = _side(step)
    tag = step.get("tag", fields.identifier)
    if which is None or (which == "tagged") is not (tag is not None):
        raise Refused(
            "unsupported_field", step.path("which"), "Cancel all orders, or the tagged with a tag."
        )
    wanted = CancelFilter(side=side, of=tag)
    signals.append(base if wanted == CancelFilter() else replace(base, cancel=wanted))


def _market(base: Signal, step: Members, signals: list[Signal]) -> None:
    wanted = step.get("position", read_position)
    comment = step.information("tag")
    if wanted is not None:
        step.refuse(("side", "amount", "reduceonly"), "does not go with a position.")
        signals.append(
            replace(
                base,
                action=Action.TARGET,
                quantity=wanted.quantity,
                unit=wanted.unit,
                side_after=side_of(wanted.quantity),
                comment=comment,
            )
        )
        return
    signal = replace(_sized(base, step), comment=comment, order_type=OrderType.MARKET)
    if step.flag("reduceonly"):
        signal = _reduced(signal, step)
    elif signal.unit is Unit.PERCENT_POSITION:
        raise Refused(
            "side_missing",
            step.path("amount"),
            "A share of the position may open or close. Add reduceOnly=true to close.",
        )
    signals.append(signal)


def _side(step: Members) -> Side | None:
    return step.get("side", lambda v, f: one_of(v, f, _SIDES, "action_unknown"))


def _sized(base: Signal, step: Members) -> Signal:
    side = _side(step)
    if side is None:
        raise Refused("side_missing", step.path("side"), "The side is missing: buy or sell.")
    size = step.get("amount", read_size)
    if size is None:
        raise Refused("quantity_missing", step.path("amount"), "The amount is missing.")
    return replace(base, action=Action(side.value), quantity=size.quantity, unit=size.unit)


def _reduced(signal: Signal, step: Members) -> Signal:
    """A reduce-only sell closes the long, a reduce-only buy the short."""
    if signal.unit is Unit.PERCENT_EQUITY:
        raise Refused(
            "unsupported_field", step.path("amount"), "A reduction is not sized by the equity."
        )
    side = SHORT if signal.action is Action.BUY else LONG
    return replace(signal, action=Action.CLOSE, close_side=side, order_type=None)


def _limit(base: Signal, step: Members, signals: list[Signal]) -> None:
    step.refuse(("postonly",), "is not done: such an order might take from the market.")
    _resting(base, step, signals, OrderType.LIMIT)


def _stop_market(base: Signal, step: Members, signals: list[Signal]) -> None:
    _resting(base, step, signals, OrderType.STOP)


def _resting(base: Signal, step: Members, signals: list[Signal], typed: OrderType) -> None:
    """A resting order that opens, or one that protects the entry before it."""
    _check_no_position(step)
    comment = step.information("tag")
    signal = replace(_sized(base, step), order_type=typed, comment=comment)
    offset = step.get("offset", read_offset)
    if offset is None:
        raise Refused("price_missing", step.path("offset"), "The order needs its offset.")
    reducing = step.flag("reduceonly")
    if reducing or signal.unit is Unit.PERCENT_POSITION:
        signals[-1:] = [_protected(_entry_before(signal, signals, step), signal, offset, step)]
        return
    if offset.from_entry:
        raise Refused(
            "price_missing", step.path("offset"), "An opening's offset is not from its entry."
        )
    signals.append(_priced(signal, offset, step))


def _check_no_position(step: Members) -> None:
    """Refuse a position, flat included, that a resting order would have to follow."""
    if step.has("position"):
        raise Refused(
            "unsupported_field",
            step.path("position"),
            "A resting order that leads to a position is not done.",
        )


def _priced(signal: Signal, offset: Offset, step: Members) -> Signal:
    if offset.kind is LevelKind.PRICE:
        return replace(signal, price=offset.value)
    return replace(signal, offset=from_market(offset, signal, step.path("offset")))


def _entry_before(signal: Signal, signals: Sequence[Signal], step: Members) -> Signal:
    """The entry right before, which an opposite order of a share of the position protects."""
    entry = signals[-1] if signals else None
    opposite = entry is not None and entry.action in OPENING and entry.action is not signal.action
    if entry is None or not opposite or signal.unit is not Unit.PERCENT_POSITION:
        raise Refused(
            "order_type_unsupported",
            step.at.rstrip("."),
            "A resting order that reduces is done only as the stop or target of the entry right "
            "before it, sized in %p.",
        )
    return entry


def _protected(entry: Signal, signal: Signal, offset: Offset, step: Members) -> Signal:
    if entry.order_type in PENDING and not (offset.from_entry or offset.kind is LevelKind.PRICE):
        raise Refused(
            "level_base_unclear",
            step.path("offset"),
            "Beside a resting entry the offset must be from the entry (e1%) or a price (@1).",
        )
    level = level_of(offset)
    if signal.order_type is OrderType.LIMIT:
        return replace(entry, targets=(*entry.targets, Target(level, signal.quantity)))
    if signal.quantity != _WHOLE or entry.stop_loss is not None:
        raise Refused(
            "shares_wrong", step.path("amount"), "A stop loss is one, of 100%p of the position."
        )
    return replace(entry, stop_loss=level)


def _trailing_stop(base: Signal, step: Members, signals: list[Signal]) -> None:
    _check_no_position(step)
    step.refuse(("limitoffset",), "is not done on a trailing stop.")
    step.asked.update(("tag", "reduceonly"))
    signal = _sized(base, step)
    offset = step.get("offset", read_offset)
    entry = _entry_before(signal, signals, step)
    if offset is None or offset.kind is LevelKind.PRICE or signal.quantity != _WHOLE:
        raise Refused(
            "level_missing", step.path("offset"), "A trailing stop needs a distance, and 100%p."
        )
    signals[-1] = replace(entry, trailing=Trailing(level_of(offset)))


def _finished(signal: Signal) -> Signal:
    """The signal with one target of everything as its take profit."""
    shares = [t.share or Decimal(0) for t in signal.targets]
    if sum(shares) > _WHOLE:
        raise Refused("shares_wrong", "amount", "The targets close more than the position.")
    if shares == [_WHOLE]:
        return replace(signal, take_profit=signal.targets[0].level, targets=())
    return signal


_COMMANDS: Mapping[str, Callable[[Signal, Members, list[Signal]], None]] = MappingProxyType(
    {
        "market": _market,
        "limit": _limit,
        "stopmarket": _stop_market,
        "trailingstop": _trailing_stop,
        "cancel": _cancel,
    }
)
