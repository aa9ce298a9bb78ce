"""Signal: what an alert asks for; one alert may hold several. The dialects' common output."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from bridge.domain.values import (
    Action,
    OrderType,
    PositionSide,
    Secret,
    Side,
    StatedPosition,
    Unit,
)

ANY_SYMBOL = "*"


class LevelKind(StrEnum):
    """How a stop or target is stated."""

    PRICE = "price"
    DISTANCE = "distance"  # price units from the entry
    POINTS = "points"  # ticks
    PIPS = "pips"
    PERCENT = "percent"  # of the entry
    R = "r"  # multiples of the stop's distance


@dataclass(frozen=True)
class Level:
    """A stop or target, as stated."""

    kind: LevelKind
    value: Decimal


@dataclass(frozen=True)
class Target:
    """One of several take profits, with its share of the position in percent (None: equal)."""

    level: Level
    share: Decimal | None


@dataclass(frozen=True)
class Trailing:
    """A trailing stop: its distance, and the level after which it starts."""

    distance: Level
    after: Level | None = None


@dataclass(frozen=True)
class BreakEven:
    """Stop to the entry (plus a distance) after a level, or after target number n."""

    after: Level | None
    after_target: int | None
    plus: Level | None = None


@dataclass(frozen=True)
class CancelFilter:
    """Which resting orders a cancel concerns; None of a field: any."""

    order_type: OrderType | None = None
    side: Side | None = None
    of: str | None = None


@dataclass(frozen=True)
class Signal:
    """What one alert asks for, once.

    `quantity` is positive but for a target, which is signed; None means "not stated".
    `unit` None means the message does not say what the quantity counts.
    `symbol` is as written. `price` is the order's own price, never the chart's.
    """

    action: Action
    symbol: str
    quantity: Decimal | None = None
    unit: Unit | None = None
    close_side: PositionSide | None = None
    side_after: StatedPosition | None = None
    position_before: Decimal | None = None
    position_after: Decimal | None = None
    before: StatedPosition | None = None
    order_type: OrderType | None = None
    price: Decimal | None = None
    offset: Level | None = None
    stop_loss: Level | None = None
    take_profit: Level | None = None
    remove_stop_loss: bool = False
    remove_take_profit: bool = False
    targets: tuple[Target, ...] = ()
    trailing: Trailing | None = None
    break_even: BreakEven | None = None
    cancel: CancelFilter | None = None
    cancel_first: bool = False
    close_first: bool = False
    require: str | None = None
    id: str | None = None
    time: datetime | None = None
    bar_time: datetime | None = None
    max_age: timedelta | None = None
    accounts: tuple[str, ...] = ()
    strategy: str | None = None
    interval: str | None = None
    exchange: str | None = None
    reference_price: Decimal | None = None
    comment: str | None = None

    @property
    def bare_symbol(self) -> str:
        """The symbol without its exchange prefix."""
        return self.symbol.rpartition(":")[2]


@dataclass(frozen=True)
class NotHonoured:
    """A field that was understood but cannot be done, or is not known; with the reason."""

    field: str
    reason: str


@dataclass(frozen=True)
class Parsed:
    """A message that was understood."""

    dialect: str
    signals: tuple[Signal, ...]
    repairs: tuple[str, ...] = ()
    not_honoured: tuple[NotHonoured, ...] = ()
    id: str | None = None
    test: bool = False
    secret: Secret | None = None

    def timed_by_bar(self) -> "Parsed":
        """The same with each bar's time taken as the moment the alert fired."""
        signals = tuple(
            replace(s, time=s.bar_time) if s.time is None and s.bar_time is not None else s
            for s in self.signals
        )
        return replace(self, signals=signals)


@dataclass(frozen=True)
class Refusal:
    """A message that was not understood, or must not be acted on: code, field, sentence."""

    code: str
    field: str | None
    message: str
    dialect: str | None = None
    repairs: tuple[str, ...] = ()
    secret: Secret | None = None
