"""What the broker says of its instruments, and of what an account holds in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from bridge.domain.values import OrderType, PositionSide, Side

FULLY_OPEN = "FULLY_OPEN"
_METALS = ("XAU", "XAG", "XPT", "XPD")

Row = TypeVar("Row")


@dataclass(frozen=True)
class Tick:
    """The smallest price step from `above` (None: the whole range) upwards."""

    above: Decimal | None
    size: Decimal


@dataclass(frozen=True)
class Instrument:
    """One tradable instrument of an account, with the facts that size and price an order.

    `lot_size` is in units per lot; `min_lot`, `max_lot` (None: no ceiling) and `lot_step` are lots.
    """

    id: str
    name: str
    trade_route: str
    info_route: str
    kind: str
    lot_size: Decimal
    lot_step: Decimal
    min_lot: Decimal
    max_lot: Decimal | None
    ticks: tuple[Tick, ...]
    quoting_currency: str
    base_currency: str | None
    status: str
    read_at: datetime

    @property
    def fully_open(self) -> bool:
        return self.status == FULLY_OPEN

    def tick_at(self, price: Decimal) -> Decimal:
        """The price step that holds at `price`."""
        size = self.ticks[0].size
        for tick in self.ticks:
            if tick.above is None or price >= tick.above:
                size = tick.size
        return size

    @property
    def pip(self) -> Decimal | None:
        """A pip in price units: a convention of currency pairs (0.01 against the yen, else 0.0001).

        None for metals, which brokers also list as forex, and wherever a tick is more than a pip.
        """
        if self.kind != "FOREX" or self.name.upper().startswith(_METALS):
            return None
        pip = Decimal("0.01") if self.quoting_currency == "JPY" else Decimal("0.0001")
        return pip if self.ticks[0].size <= pip else None


@dataclass(frozen=True)
class Quote:
    """Ask and bid as read at `read_at`; the broker dates no quote."""

    ask: Decimal
    bid: Decimal
    read_at: datetime

    @property
    def spread(self) -> Decimal:
        return self.ask - self.bid

    def price_for(self, side: Side) -> Decimal:
        """What an order of this side would pay or get now."""
        return self.ask if side is Side.BUY else self.bid


@dataclass(frozen=True)
class Position:
    """An open position as the broker lists it. `opened_at` may still be missing on a fresh one."""

    id: str
    instrument_id: str
    side: PositionSide
    lots: Decimal
    price: Decimal
    opened_at: datetime | None
    stop_loss_id: str | None
    take_profit_id: str | None
    tag: str | None


@dataclass(frozen=True)
class BrokerOrder:
    """An order as the broker lists it, resting or in history. `status` is the broker's word."""

    id: str
    instrument_id: str
    side: Side
    type: str
    status: str
    lots: Decimal
    filled: Decimal | None
    average_price: Decimal | None
    price: Decimal | None
    stop_price: Decimal | None
    created_at: datetime | None
    position_id: str | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    tag: str | None

    @property
    def resting_type(self) -> OrderType | None:
        """The type of a resting order, or None when it is none we know."""
        return next((t for t in OrderType if t == self.type), None)


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """One complete read of a list: when the read began, and whether the broker cut it."""

    rows: tuple[Row, ...]
    begun_at: datetime
    read_at: datetime
    complete: bool = True


@dataclass(frozen=True)
class AccountState:
    """Balance and equity in the account's currency."""

    balance: Decimal
    equity: Decimal
    available: Decimal
    read_at: datetime


@dataclass(frozen=True)
class BrokerAccount:
    """One account of a login: the id goes into paths, `acc_num` into the header of every call."""

    id: str
    acc_num: str
    name: str
    currency: str
    status: str


def mapped_symbol(symbol: str, symbols: Mapping[str, str]) -> str:
    """The broker's name for a symbol: by the map's full text, else without prefix, else as is."""
    bare = symbol.rpartition(":")[2]
    known = {text.casefold(): name for text, name in symbols.items()}
    return known.get(symbol.casefold()) or known.get(bare.casefold()) or bare


def exact_names(name: str, known: Iterable[str]) -> list[str]:
    """The known names equal to `name`, ignoring case. Only exactly one of them may be traded."""
    return [k for k in known if k.casefold() == name.casefold()]


def near_matches(name: str, known: Iterable[str], limit: int = 5) -> list[str]:
    """Names that look like the asked one: shown to a person, never used."""
    letters = "".join(c for c in name.casefold() if c.isalnum())
    stem = letters[:6]
    near = [k for k in known if stem and stem[:3] and _looks_like(stem, letters, k)]
    return sorted(set(near))[:limit]


def _looks_like(stem: str, letters: str, known: str) -> bool:
    other = "".join(c for c in known.casefold() if c.isalnum())
    return other.startswith(stem[:5]) or (len(other) >= 3 and letters.startswith(other))
