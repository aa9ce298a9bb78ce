"""What should happen at the broker on one account: frozen at intake, carried out later."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from bridge.domain.signals import Level
from bridge.domain.values import OrderType, PositionSide, Side, Unit

CANCEL_LEG, CLOSE_LEG, OPEN_LEG = 0, 1, 2
"""A leg's number is its role, so (turn, leg) is cancel, then close, then open."""


class Opposite(StrEnum):
    """What an opening does about an opposite position."""

    CLOSE = "close"
    REVERSE = "reverse"
    HEDGE = "hedge"


class Direction(StrEnum):
    """Which way the risk goes."""

    OPENS = "opens"
    REDUCES = "reduces"


@dataclass(frozen=True)
class SizePlan:
    """How many lots an opening asks for; `quantity` and `unit` are what the alert stated."""

    mode: str
    value: Decimal | None
    quantity: Decimal | None
    unit: Unit | None
    multiplier: Decimal
    cap: Decimal | None = None
    fallback_mode: str | None = None
    fallback_value: Decimal | None = None


@dataclass(frozen=True)
class Guards:
    """What stands against an opening. None: does not apply. `spread` is in price units.

    `require_also` is the rule's required position where the alert requires one too: both must hold.
    """

    max_age: timedelta | None
    spread: Decimal | None = None
    open_positions: int | None = None
    require: str | None = None
    require_also: str | None = None


@dataclass(frozen=True)
class Place:
    """Open a position, or rest an order that will.

    `opposite` None: the alert states that no opposite position stands, so none is looked for.
    `after_flat`: this is the second half of a reverse; that side must be read flat first.
    `not_carried_out`: what the alert asks besides and Bridge cannot do, which denies it.
    """

    side: Side
    order_type: OrderType
    price: Decimal | None
    offset: Level | None
    size: SizePlan
    stop_loss: Level | None
    take_profit: Level | None
    opposite: Opposite | None
    own_only: bool
    guards: Guards
    after_flat: PositionSide | None = None
    not_carried_out: str | None = None


@dataclass(frozen=True)
class CloseAmount:
    """How much of what is open: `quantity` or `share` (0-1) or, with neither, all of it."""

    quantity: Decimal | None = None
    unit: Unit | None = None
    share: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    note: str | None = None


@dataclass(frozen=True)
class Close:
    """Close what is open on a side (None: both), oldest first."""

    side: PositionSide | None
    amount: CloseAmount
    own_only: bool


@dataclass(frozen=True)
class Target:
    """Bring the position to a stated size; `sign` 0 is flat."""

    sign: int
    size: SizePlan
    own_only: bool
    guards: Guards
    stop_loss: Level | None
    take_profit: Level | None
    may_open: bool = True


@dataclass(frozen=True)
class Cancel:
    """Cancel resting orders on the instrument (opening ones; never a protective leg)."""

    order_type: OrderType | None
    side: Side | None


Intent = Place | Close | Target | Cancel


def direction_of(intent: Intent) -> Direction:
    """What an intent counts as while nothing more is known."""
    match intent:
        case Place():
            return Direction.OPENS
        case Target():
            return Direction.REDUCES if intent.sign == 0 else Direction.OPENS
        case Close() | Cancel():
            return Direction.REDUCES


def kind_of(intent: Intent) -> str:
    """The word the API shows: place, close, target, cancel."""
    return type(intent).__name__.lower()
