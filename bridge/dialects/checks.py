"""What must hold of every signal, whatever dialect it came in; the message alone shows it."""

from decimal import Decimal

from bridge.domain.signals import Level, LevelKind, Signal
from bridge.domain.values import EXACT, Action, OrderType, PositionSide, plain
from bridge.errors import Refused

_FAR = 5
"""A level this many times the entry, or this fraction of it, is no price of the same thing."""


def check_signal(signal: Signal, at: str = "") -> Signal:
    """The signal itself, or a refusal of what contradicts itself. `at` leads to its fields."""
    _check_order(signal, at)
    side = _side(signal)
    if side is not None:
        _check_levels(signal, side, at)
    return signal


def _check_order(signal: Signal, at: str) -> None:
    pending = signal.order_type in (OrderType.LIMIT, OrderType.STOP)
    if pending and signal.price is None and signal.offset is None:
        raise Refused(
            "price_missing",
            f"{at}price",
            f"A {signal.order_type} order needs its price. Add it, or make it a market order.",
        )


def _side(signal: Signal) -> PositionSide | None:
    sides = {Action.BUY: PositionSide.LONG, Action.SELL: PositionSide.SHORT}
    return signal.close_side if signal.action is Action.MODIFY else sides.get(signal.action)


def _check_levels(signal: Signal, side: PositionSide, at: str) -> None:
    entry = signal.price if signal.price is not None else signal.reference_price
    stop = _price(signal.stop_loss)
    targets = [_price(signal.take_profit), *(_price(t.level) for t in signal.targets)]
    for target in targets:
        _check_pair("take_profit", target, "the stop loss", stop, side, at)
        if signal.action is not Action.MODIFY:
            _check_pair("take_profit", target, "the entry", entry, side, at)
            _check_near("take_profit", target, entry, at)
    if signal.action is not Action.MODIFY:
        _check_pair("stop_loss", stop, "the entry", entry, side.opposite, at)
        _check_near("stop_loss", stop, entry, at)


def _price(level: Level | None) -> Decimal | None:
    return level.value if level is not None and level.kind is LevelKind.PRICE else None


def _check_pair(
    field: str,
    level: Decimal | None,
    other_name: str,
    other: Decimal | None,
    side: PositionSide,
    at: str,
) -> None:
    """A target lies above the entry of a long and below that of a short."""
    if level is None or other is None:
        return
    right = level > other if side is PositionSide.LONG else level < other
    if not right:
        wanted = "above" if side is PositionSide.LONG else "below"
        raise Refused(
            "level_wrong_side",
            at + field,
            f"'{at + field}' is {plain(level)}; it must lie {wanted} {other_name} {plain(other)}.",
        )


def _check_near(field: str, level: Decimal | None, entry: Decimal | None, at: str) -> None:
    if level is None or entry is None or entry <= 0:
        return
    if level > EXACT.multiply(entry, Decimal(_FAR)) or EXACT.multiply(level, Decimal(_FAR)) < entry:
        raise Refused(
            "level_implausible",
            at + field,
            f"'{at + field}' is {plain(level)}, far from the entry {plain(entry)}: "
            "a digit too many, or a distance where a price belongs.",
        )
