"""Prices, sessions and rates of every instrument."""

from dataclasses import dataclass
from decimal import Decimal

from bridge.paper.catalogue import BY_NUMBER, INSTRUMENTS, Instrument
from bridge.paper.clock import Clock
from bridge.paper.prices import Quote, Tape

ORDER_TYPES = ("market", "limit", "stop", "stop_limit", "trailing_stop", "oco")
"""The six places of allowedOrderTypes, as far as we guess them."""

_OPEN = "open"
MODES = (_OPEN, "closed", "close_only", "types", "halt")
_CURRENCIES = {"EUR": (278, False), "GBP": (279, False), "JPY": (280, True)}


@dataclass(frozen=True)
class Session:
    """What may be done in an instrument now."""

    mode: str = _OPEN
    types: tuple[str, ...] = ORDER_TYPES

    @property
    def symbol_status(self) -> str:
        return {"closed": "CLOSED", "halt": "TRADING_HALT"}.get(self.mode, "FULLY_OPEN")

    def allowed_operations(self) -> list[int]:
        """Place, modify, cancel."""
        if self.mode in {"closed", "halt"}:
            return [0, 0, 0]
        return [0 if self.mode == "close_only" else 1, 1, 1]

    def allowed_types(self) -> list[int]:
        shut = self.mode in {"closed", "halt"}
        return [int(not shut and name in self.types) for name in ORDER_TYPES]


class Market:
    """One moment's quotes for the whole broker, and the sessions set by hand."""

    def __init__(self, seed: int, clock: Clock, *, walk: bool) -> None:
        self.clock = clock
        self.tapes = {i.number: Tape(i, seed, walk=walk) for i in INSTRUMENTS}
        self._sessions: dict[int, Session] = {}

    def quote(self, instrument: Instrument, ms: int | None = None) -> Quote:
        return self.tapes[instrument.number].at(self.clock.now() if ms is None else ms)

    def session(self, instrument: Instrument) -> Session:
        return self._sessions.get(instrument.number, _EVERY_DAY)

    def set_session(self, instrument: Instrument, session: Session) -> None:
        self._sessions[instrument.number] = session

    def walk(self, on: bool, now: int) -> None:
        for tape in self.tapes.values():
            if on:
                tape.walk(now)
            else:
                tape.stand(now)

    def rate(self, origin: str, target: str, ms: int) -> Decimal:
        """What one unit of a currency is worth in another, at the middle of paper's own quotes."""
        if origin == target:
            return Decimal(1)
        return self._in_dollars(origin, ms) / self._in_dollars(target, ms)

    def _in_dollars(self, currency: str, ms: int) -> Decimal:
        if currency == "USD":
            return Decimal(1)
        number, inverted = _CURRENCIES[currency]
        mid = self.tapes[number].at(ms).mid()
        return 1 / mid if inverted else mid


_EVERY_DAY = Session()


def named(symbol: str) -> list[Instrument]:
    """All instruments of a name, or the one with this tradableInstrumentId."""
    if symbol.isascii() and symbol.isdecimal():
        found = BY_NUMBER.get(int(symbol))
        return [found] if found else []
    return [i for i in INSTRUMENTS if i.name == symbol]


CURRENCIES = frozenset({"USD", *_CURRENCIES})
