"""Side, action, order type, tag, secret, times, numbers: made from text or refused."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from typing import NewType

PublicId = NewType("PublicId", str)
"""128 random bits as lower-case hexadecimal text: the only id that leaves the database."""

Tag = NewType("Tag", str)
"""Our id of one execution at the broker (TradeLocker's strategyId): at most 31 of [0-9a-z]."""

EXACT = Context(prec=70)
"""Wide enough for every product of the numbers we take; never the caller's ambient context."""

NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,20})?", re.ASCII)
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def opens(self) -> "PositionSide":
        """The side of the position that an opening order of this side makes."""
        return PositionSide.LONG if self is Side.BUY else PositionSide.SHORT


class PositionSide(StrEnum):
    """Which way a position stands."""

    LONG = "long"
    SHORT = "short"

    @property
    def opposite(self) -> "PositionSide":
        return PositionSide.SHORT if self is PositionSide.LONG else PositionSide.LONG

    @property
    def opened_by(self) -> Side:
        return Side.BUY if self is PositionSide.LONG else Side.SELL


class StatedPosition(StrEnum):
    """What a strategy says of its position."""

    LONG = "long"
    SHORT = "short"
    FLAT = "flat"


class Action(StrEnum):
    """What a signal asks for."""

    BUY = "buy"
    SELL = "sell"
    CLOSE = "close"
    REVERSE = "reverse"
    TARGET = "target"
    CANCEL = "cancel"
    MODIFY = "modify"
    HALT = "halt"


class OrderType(StrEnum):
    """How an order is priced."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"


class Unit(StrEnum):
    """What a quantity counts. The names of size modes are the same vocabulary."""

    LOTS = "lots"
    UNITS = "units"
    CASH = "cash"
    PERCENT_EQUITY = "percent_equity"
    PERCENT_POSITION = "percent_position"
    RISK_PERCENT = "risk_percent"
    RISK_CASH = "risk_cash"


@dataclass(frozen=True)
class Secret:
    """A text that cannot be printed by accident."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "***"


def decimal_from(text: str) -> Decimal | None:
    """The number a text states, exactly, or None when it is not one of our plain numbers."""
    return Decimal(text) if NUMBER.fullmatch(text) else None


def plain(number: Decimal) -> str:
    """Plain decimal text without exponent and without trailing zeros: `0.1`, never `1E-1`."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def floor_to_step(number: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above a non-negative `number`."""
    steps = EXACT.divide(number, step).to_integral_value(rounding=ROUND_FLOOR)
    return EXACT.multiply(steps, step)


def nearest_tick(price: Decimal, tick: Decimal) -> Decimal:
    """The multiple of `tick` nearest to `price`."""
    ticks = EXACT.divide(price, tick).to_integral_value(rounding=ROUND_HALF_EVEN)
    return EXACT.multiply(ticks, tick)


def shorten(number: Decimal, places: int) -> Decimal:
    """`number` cut (not rounded) to `places` decimals, for showing."""
    return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN, context=EXACT)


def utc_from(text: str) -> datetime | None:
    """An aware UTC time from ISO 8601 text with a zone, or None."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        return None
    try:
        return when.astimezone(UTC)
    except OverflowError:
        return None


def rfc3339(when: datetime) -> str:
    """`2026-01-02T03:04:05.678Z`: how every time stands in JSON."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def epoch_micros(when: datetime) -> int:
    """Whole microseconds since 1970, exactly."""
    return (when - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """The inverse of `epoch_micros`."""
    return _EPOCH + timedelta(microseconds=micros)


def epoch_millis(when: datetime) -> int:
    """Whole milliseconds since 1970: the broker's unit of time."""
    return epoch_micros(when) // 1000


def from_millis(millis: int) -> datetime:
    """The inverse of `epoch_millis`."""
    return from_micros(millis * 1000)


def make_tag(now: datetime, randomness: bytes, leg: int) -> Tag:
    """`b1`, 26 characters of a ULID, one of the leg: 29 in all, unique and sortable by time.

    `randomness` is 10 fresh random bytes.
    """
    number = (epoch_millis(now) << 80) | int.from_bytes(randomness[:10], "big")
    digits = "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))
    return Tag(f"b1{digits}{_CROCKFORD[leg]}")
