"""What can be traded: ids, routes, lot and tick steps, and where prices start."""

from dataclasses import dataclass
from decimal import Decimal

TRADE_ROUTE = 9912
INFO_ROUTE = 452
DEAD_ROUTE = 453


@dataclass(frozen=True)
class Instrument:
    """One instrument of the broker; `number` is the tradableInstrumentId, `symbol_id` its `id`."""

    number: int
    symbol_id: int
    name: str
    description: str
    type: str
    exchange: str
    base: str | None
    quoting: str
    lot_size: Decimal
    lot_step: Decimal
    min_lot: Decimal
    max_lot: Decimal | None
    tick: Decimal
    leverage: Decimal
    start: Decimal
    spread: int
    """In ticks."""
    session: int
    status: int
    info_routes: tuple[int, ...] = (INFO_ROUTE,)

    def pip(self, forex_pips: bool) -> Decimal:
        """What an offset counts in: the usual pip of a currency pair, else one tick."""
        if forex_pips and self.type == "FOREX":
            return Decimal("0.01") if self.quoting == "JPY" else Decimal("0.0001")
        return self.tick


def _currency_pair(
    number: int, symbol_id: int, name: str, words: str, tick: str, start: str
) -> Instrument:
    return Instrument(
        number, symbol_id, name, words, "FOREX", "FOREX",
        base=name[:3], quoting=name[3:6], lot_size=Decimal(100000), lot_step=Decimal("0.01"),
        min_lot=Decimal("0.01"), max_lot=Decimal(50), tick=Decimal(tick), leverage=Decimal(500),
        start=Decimal(start), spread=6, session=1500, status=number % 100 + 100,
    )  # fmt: skip


def _crypto(
    number: int, name: str, words: str, lot: str, tick: str, leverage: str, start: str, status: int
) -> Instrument:
    return Instrument(
        number, number + 37, name, words, "CRYPTO", "Crypto",
        base=name[:3], quoting="USD", lot_size=Decimal(lot), lot_step=Decimal("0.01"),
        min_lot=Decimal("0.01"), max_lot=None, tick=Decimal(tick), leverage=Decimal(leverage),
        start=Decimal(start), spread=12, session=1547, status=status,
    )  # fmt: skip


def _index(number: int, name: str, words: str, quoting: str, start: str) -> Instrument:
    return Instrument(
        number, number + 41, name, words, "INDICES", "Indices",
        base=None, quoting=quoting, lot_size=Decimal(1), lot_step=Decimal("0.1"),
        min_lot=Decimal("0.1"), max_lot=Decimal(100), tick=Decimal("0.1"), leverage=Decimal(100),
        start=Decimal(start), spread=10, session=1601, status=number % 100 + 300,
    )  # fmt: skip


GOLD = Instrument(
    283, 320, "XAUUSD", "Gold vs US Dollar", "FOREX", "Metals",
    base=None, quoting="USD", lot_size=Decimal(100), lot_step=Decimal("0.01"),
    min_lot=Decimal("0.01"), max_lot=Decimal(50), tick=Decimal("0.01"), leverage=Decimal(200),
    start=Decimal("4000.00"), spread=20, session=1580, status=41,
    info_routes=(DEAD_ROUTE, INFO_ROUTE),
)  # fmt: skip

INSTRUMENTS: tuple[Instrument, ...] = (
    _crypto(206, "BTCUSD", "Bitcoin vs US Dollar", "1", "0.01", "3.00", "77260.50", 20),
    _crypto(207, "ETHUSD", "Ethereum vs US Dollar", "1", "0.01", "3.00", "2900.40", 21),
    _crypto(214, "XMRUSD", "Monero vs US Dollar", "10", "0.01", "2.00", "320.10", 22),
    _currency_pair(278, 315, "EURUSD", "Euro vs US Dollar", "0.00001", "1.16000"),
    _currency_pair(279, 316, "GBPUSD", "British Pound vs US Dollar", "0.00001", "1.31500"),
    _currency_pair(280, 317, "USDJPY", "US Dollar vs Japanese Yen", "0.001", "150.250"),
    _currency_pair(281, 318, "EURUSD.R", "Euro vs US Dollar, raw spread", "0.00001", "1.16000"),
    GOLD,
    _index(391, "NAS100", "US technology 100", "USD", "25000.0"),
    _index(392, "US30", "US industrials 30", "USD", "46500.0"),
    _index(393, "DAX40", "Germany 40", "EUR", "23800.0"),
    _index(394, "DAX40", "Germany 40, mini", "EUR", "23800.0"),
)
BY_NUMBER = {i.number: i for i in INSTRUMENTS}
