"""An account: what it holds, what it may still risk, what it earned today."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

from bridge.paper.catalogue import BY_NUMBER
from bridge.paper.market import Market
from bridge.paper.orders import Fill, Order, Position, Side

ZERO = Decimal(0)
CENT = Decimal("0.01")
DAY_MS = 86_400_000


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_EVEN) + ZERO  # so that nothing is -0.00


@dataclass(slots=True)
class Today:
    """Figures since the session began at midnight UTC."""

    day: int = 0
    gross: Decimal = ZERO
    fees: Decimal = ZERO
    volume: Decimal = ZERO
    trades: int = 0


@dataclass(slots=True)
class Account:
    """One account of one user. Money is in its own currency."""

    id: int
    user_id: int
    acc_num: int
    name: str
    currency: str
    balance: Decimal
    status: str = "ACTIVE"
    rules: dict[str, object] = field(default_factory=dict)
    today: Today = field(default_factory=Today)
    orders: dict[int, Order] = field(default_factory=dict)
    """Not final, children included."""
    history: list[Order] = field(default_factory=list)
    """Final, in the order of their end."""
    positions: dict[int, Position] = field(default_factory=dict)
    closed: list[Position] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    blocked: Decimal = ZERO
    """Margin of waiting orders."""
    margin: Decimal = ZERO
    """Margin of positions."""
    # (instrument, side): lots held and lots × price, so that a margin check need not walk them
    exposure: dict[tuple[int, Side], tuple[Decimal, Decimal]] = field(default_factory=dict)

    def expose(self, position: Position, lots: Decimal, price: Decimal) -> None:
        """Lots added to a position at a price, or taken away with a minus."""
        key = (position.instrument, position.side)
        held, worth = self.exposure.get(key, (ZERO, ZERO))
        self.exposure[key] = (held + lots, worth + lots * price)

    def available(self, market: Market, now: int) -> Decimal:
        """What new orders may still take as margin."""
        return self.balance + self._floating(market, now) - self.margin - self.blocked

    def session(self, now: int) -> Today:
        """Today's figures, begun afresh at the day's start."""
        if self.today.day != now // DAY_MS:
            self.today = Today(now // DAY_MS)
        return self.today

    def fills_of_session(self, now: int) -> list[Fill]:
        start = now // DAY_MS * DAY_MS
        first = len(self.fills)
        while first and self.fills[first - 1].at >= start:
            first -= 1
        return self.fills[first:]

    def _floating(self, market: Market, now: int) -> Decimal:
        total = ZERO
        for (number, side), (held, worth) in self.exposure.items():
            if not held:
                continue
            instrument = BY_NUMBER[number]
            quote = market.quote(instrument, now)
            move = quote.bid * held - worth if side == "buy" else worth - quote.ask * held
            rate = market.rate(instrument.quoting, self.currency, now)
            total += move * instrument.lot_size * rate
        return total


def profit(position: Position, account: Account, market: Market, now: int) -> Decimal:
    """What a position would bring if closed now, in the account's currency."""
    instrument = BY_NUMBER[position.instrument]
    quote = market.quote(instrument, now)
    at = quote.bid if position.side == "buy" else quote.ask
    return gain(position, at, position.qty, account, market, now)


def gain(
    position: Position, at: Decimal, lots: Decimal, account: Account, market: Market, now: int
) -> Decimal:
    """What so many lots of a position bring at a price."""
    instrument = BY_NUMBER[position.instrument]
    move = at - position.avg_price if position.side == "buy" else position.avg_price - at
    rate = market.rate(instrument.quoting, account.currency, now)
    return cents(move * lots * instrument.lot_size * rate)


def margin_of(
    number: int, lots: Decimal, price: Decimal, account: Account, market: Market, now: int
) -> Decimal:
    """lots × lotSize × price / leverage, in the account's currency."""
    instrument = BY_NUMBER[number]
    rate = market.rate(instrument.quoting, account.currency, now)
    return cents(lots * instrument.lot_size * price / instrument.leverage * rate)
