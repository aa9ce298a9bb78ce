"""Orders, positions and fills as the book keeps them."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit", "stop"]

NEW = "New"
FILLED = "Filled"
CANCELLED = "Cancelled"
REFUSED = "Refused"


def opposite(side: Side) -> Side:
    return "sell" if side == "buy" else "buy"


def whole_second(ms: int) -> int:
    return ms // 1000 * 1000


@dataclass(slots=True)
class Protection:
    """Stop loss and take profit as an order asked for them."""

    stop_loss: Decimal | None = None
    stop_loss_type: str | None = None
    take_profit: Decimal | None = None
    take_profit_type: str | None = None
    trail_offset: Decimal | None = None
    """In pips; only with the type trailingOffset."""


NO_PROTECTION = Protection()


@dataclass(slots=True)
class Order:
    """One order from its acceptance to its end, child orders of positions included."""

    id: int
    account_id: int
    instrument: int
    route_id: int
    qty: Decimal
    side: Side
    type: OrderType
    validity: str
    created: int
    modified: int
    price: Decimal | None = None
    stop_price: Decimal | None = None
    tag: str | None = None
    opens: bool = True
    position_id: int | None = None
    protection: Protection = field(default_factory=Protection)
    status: str = NEW
    filled: Decimal | None = None
    avg_price: Decimal | None = None
    ended: int | None = None
    """When it became final, in ms."""
    blocked: Decimal = Decimal(0)
    """Margin held back while it waits, in the account's currency."""
    child: bool = False
    """A stop loss or take profit of a position."""
    trail: Decimal | None = None
    """How far a trailing stop stays behind, in price."""
    ratio: Decimal | None = None
    """The part filled first; the rest is cancelled (IOC) or waits (GTC)."""
    slow: int = 0
    """Extra ms until a fill."""
    bare: bool = False
    """Its position gets no child orders, whatever it asked for."""

    def touch(self, now: int) -> None:
        """A later lastModified, in whole seconds as the broker writes it."""
        self.modified = max(whole_second(now), self.modified + 1000)

    def remaining(self) -> Decimal:
        return self.qty - (self.filled or 0)


@dataclass(slots=True)
class Position:
    """One position, opened by one order and never netted with another."""

    id: int
    account_id: int
    order_id: int
    instrument: int
    route_id: int
    side: Side
    qty: Decimal
    avg_price: Decimal
    opened: int
    tag: str | None
    margin: Decimal
    stop_id: int | None = None
    target_id: int | None = None
    closed: int | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution."""

    id: int
    account_id: int
    order_id: int
    position_id: int
    instrument: int
    side: Side
    qty: Decimal
    price: Decimal
    at: int
    opens: bool
