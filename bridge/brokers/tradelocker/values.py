"""What the routes that lanes do not use tell: frozen values for pages, checks and repairs.

Prices are in the instrument's quoting currency, lots are lots, times are aware UTC, ids are text.
Whatever the broker adds to what we know is kept in `more` as JSON text, so that it can be shown.

Each fact bears the mark of where it is from: [official client] the vendor's Python client sends or
parses it; [official tests] that client's tests assert it; [official docs] the vendor's reference
says so; [observed] it stood in an answer once; [assumed] it is inferred and unproved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum

from bridge.domain.values import Side

More = Mapping[str, str]
"""Fields or columns we do not know → the JSON text that stood there."""


@dataclass(frozen=True)
class AccountRules:
    """The account of our accNum with its rules: shown, never decided upon.

    The list holds just this account [official client]; `id` and the trading rules are
    [official tests], the other fields [assumed]. A rule is JSON text (`true`, `100`, `null`, an
    object with warning levels): one broker writes a number where another writes an object.
    """

    id: str
    name: str
    type: str
    currency: str
    status: str
    trading_rules: More
    risk_rules: More
    margin_rules: More
    more: More


@dataclass(frozen=True)
class Execution:
    """One fill, at `price`, of the current session [official client]; it bears no tag."""

    id: str
    order_id: str
    position_id: str | None
    instrument_id: str | None
    side: Side
    lots: Decimal
    price: Decimal
    at: datetime | None
    more: More


@dataclass(frozen=True)
class Holiday:
    """A day as the broker names it; the form of `date` is not documented, so it stays text."""

    date: str | None
    name: str | None
    more: More


@dataclass(frozen=True)
class TradeSession:
    """When an instrument trades. Only two fields are known [official docs]; more is in `more`."""

    block_trading: bool | None
    holidays: tuple[Holiday, ...]
    more: More


@dataclass(frozen=True)
class SessionStatus:
    """What a session allows now: 3 and 6 times yes or no, by place [official tests].

    The places perhaps mean place, modify, cancel, and market, limit, stop and so on [assumed]:
    shown, never decided upon.
    """

    operations: tuple[bool, ...]
    order_types: tuple[bool, ...]
    more: More


class BarSide(StrEnum):
    """Which price the daily bar is made of [official docs]."""

    ASK = "ASK"
    BID = "BID"
    TRADE = "TRADE"


@dataclass(frozen=True)
class DailyBar:
    """Today's bar so far [official tests]; what `volume` counts is not documented."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None
    more: More


@dataclass(frozen=True)
class Level:
    """One step of the depth: a price, and how much stands there."""

    price: Decimal
    size: Decimal


@dataclass(frozen=True)
class Depth:
    """Asks and bids in the broker's order [official tests]; it dates none: `read_at` is ours."""

    asks: tuple[Level, ...]
    bids: tuple[Level, ...]
    read_at: datetime


class Resolution(StrEnum):
    """The span of a bar [official docs]: `M` is a month, `m` a minute."""

    MINUTE = "1m"
    MINUTES_5 = "5m"
    MINUTES_15 = "15m"
    MINUTES_30 = "30m"
    HOUR = "1H"
    HOURS_4 = "4H"
    DAY = "1D"
    WEEK = "1W"
    MONTH = "1M"

    @property
    def span(self) -> timedelta:
        """The shortest such bar: a month has at least 28 days."""
        return _SPANS[self]


_SPANS = {
    Resolution.MINUTE: timedelta(minutes=1),
    Resolution.MINUTES_5: timedelta(minutes=5),
    Resolution.MINUTES_15: timedelta(minutes=15),
    Resolution.MINUTES_30: timedelta(minutes=30),
    Resolution.HOUR: timedelta(hours=1),
    Resolution.HOURS_4: timedelta(hours=4),
    Resolution.DAY: timedelta(days=1),
    Resolution.WEEK: timedelta(weeks=1),
    Resolution.MONTH: timedelta(days=28),
}


@dataclass(frozen=True)
class Bar:
    """One bar, dated by its beginning."""

    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None


@dataclass(frozen=True)
class Bars:
    """Bars of a range in the broker's order; the last may still be forming [official docs].

    `no_data` is the broker's own word for a range without bars [official client]; `more` may then
    hold `nb` [official docs].
    """

    rows: tuple[Bar, ...]
    no_data: bool
    more: More


class Leg(Enum):
    """What to do with a leg of a position other than setting it at a price.

    On the wire a missing key leaves the leg and an explicit null removes it [official docs], so
    the two must not be mixed up in a None.
    """

    LEAVE = "leave"
    REMOVE = "remove"


@dataclass(frozen=True)
class PositionChange:
    """What to change of a position: each leg is a number, or left, or removed.

    Stop and target are prices, the offset of a trailing stop is in pips [official docs]; what
    counts as a pip is not documented.
    """

    stop_loss: Decimal | Leg = Leg.LEAVE
    take_profit: Decimal | Leg = Leg.LEAVE
    trailing_offset: Decimal | Leg = Leg.LEAVE


@dataclass(frozen=True)
class OrderChange:
    """What to change of a resting order; None leaves it: whether null would remove is not known.

    The fields are [official docs]. `price` is that of a limit, `stop_price` that of a stop order;
    stop loss and take profit are prices, sent as `absolute`.
    """

    lots: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
