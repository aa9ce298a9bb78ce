"""Prices of an order: entry, stop loss and take profit from what was stated, on the tick."""

from dataclasses import dataclass
from decimal import Decimal

from bridge.domain.instruments import Instrument, Quote
from bridge.domain.reasons import Reason, why
from bridge.domain.signals import Level, LevelKind
from bridge.domain.values import EXACT, OrderType, Side, nearest_tick, plain

_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Prices:
    """What goes to the broker; `price` is None for a market order."""

    price: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    arithmetic: tuple[str, ...]


def needs_quote(
    order_type: OrderType, offset: Level | None, stop: Level | None, target: Level | None
) -> bool:
    """Whether prices can only be worked out from the market.

    Also for a market order's absolute levels: without a quote their side cannot be checked.
    """
    if offset is not None:
        return True
    return order_type is OrderType.MARKET and (stop is not None or target is not None)


def entry_price(
    side: Side,
    order_type: OrderType,
    price: Decimal | None,
    offset: Level | None,
    instrument: Instrument,
    quote: Quote | None,
) -> Decimal | Reason | None:
    """The pending price, on the tick; None for a market order."""
    if order_type is OrderType.MARKET:
        return None
    if offset is not None and quote is not None:
        base = quote.price_for(side)
        away = distance(offset, base, None, instrument)
        if isinstance(away, Reason):
            return away
        price = EXACT.add(base, away)
    if price is None:
        return why("price_missing", type=order_type)
    ticked = _ticked(price, instrument)
    return ticked if ticked > 0 else why("price_impossible", price=ticked)


def prices(
    side: Side,
    entry: Decimal | None,
    stop: Level | None,
    target: Level | None,
    instrument: Instrument,
    quote: Quote | None,
) -> Prices | Reason:
    """Stop loss and take profit around the entry (pending price, else ask or bid), on the tick."""
    base = entry if entry is not None else (quote.price_for(side) if quote is not None else None)
    if stop is None and target is None:
        return Prices(entry, None, None, ())
    if base is None:
        return why("level_kind", level="stop or target", kind="any form")
    down = Decimal(-1) if side is Side.BUY else Decimal(1)
    lost = _level("stop loss", stop, base, down, None, instrument)
    if isinstance(lost, Reason):
        return lost
    risk = abs(base - lost) if lost is not None else None
    won = _level("take profit", target, base, -down, risk, instrument)
    if isinstance(won, Reason):
        return won
    steps = [
        f"{name} {plain(level.value)} {level.kind.value} from {plain(base)} = {plain(price)}"
        for name, level, price in (("stop loss", stop, lost), ("take profit", target, won))
        if level is not None and price is not None and level.kind is not LevelKind.PRICE
    ]
    return Prices(entry, lost, won, tuple(steps))


def _level(
    name: str,
    level: Level | None,
    base: Decimal,
    direction: Decimal,
    risk: Decimal | None,
    instrument: Instrument,
) -> Decimal | Reason | None:
    """The price of one level, which must lie from `base` in the sign of `direction`."""
    if level is None:
        return None
    if level.kind is LevelKind.PRICE:
        price = _ticked(level.value, instrument)
    else:
        away = distance(level, base, risk, instrument)
        if isinstance(away, Reason):
            return away
        price = _ticked(EXACT.add(base, EXACT.multiply(direction, away)), instrument)
    if price <= 0 or (price - base) * direction <= 0:
        return why("wrong_side", level=name, price=price, entry=base)
    return price


def distance(
    level: Level, base: Decimal, risk: Decimal | None, instrument: Instrument
) -> Decimal | Reason:
    """A stated distance in price units."""
    if level.kind is LevelKind.PIPS and instrument.pip is None:
        return why("pips_unknown", symbol=instrument.name)
    scale = {
        LevelKind.DISTANCE: Decimal(1),
        LevelKind.POINTS: instrument.tick_at(base),
        LevelKind.PERCENT: EXACT.divide(base, _HUNDRED),
        LevelKind.PIPS: instrument.pip,
        LevelKind.R: risk,
        LevelKind.PRICE: None,
    }[level.kind]
    if scale is None:
        return why("level_kind", level="distance", kind=level.kind.value)
    return EXACT.multiply(level.value, scale)


def _ticked(price: Decimal, instrument: Instrument) -> Decimal:
    return nearest_tick(price, instrument.tick_at(price))
