"""Name → instrument with its ids, routes, lot and tick facts, cached for one account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bridge.brokers.tradelocker import strict
from bridge.domain.instruments import Instrument, Quote, Tick, exact_names, near_matches
from bridge.errors import NoAnswer, UnknownInstrument

LIST_AGE = timedelta(hours=1)
DETAILS_AGE = timedelta(minutes=5)
LOOK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Listed:
    """An instrument as the account's list has it: no lot facts there."""

    id: str
    name: str
    kind: str
    trade_routes: tuple[str, ...]
    info_routes: tuple[str, ...]


class Reads(Protocol):
    """The three reads an instrument is made of. They raise as reads do."""

    def instrument_list(self) -> object: ...

    def instrument_details(self, instrument_id: str, route_id: str) -> object: ...

    def quote_on(self, instrument_id: str, route_id: str) -> Quote: ...


class InstrumentBook:
    """What one account may trade. Shared by threads: every entry is replaced whole."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._list: tuple[Listed, ...] = ()
        self._list_at: datetime | None = None
        self._details: dict[str, Instrument] = {}
        self._answering: dict[str, str] = {}

    def find(self, name: str, reads: Reads, *, fresh: bool = False) -> Instrument:
        """The one instrument of exactly this name, ignoring case, or UnknownInstrument."""
        listed = self._listed(name, reads)
        known = self._details.get(listed.id)
        if known is not None and not fresh and not self._older(known.read_at, DETAILS_AGE):
            return known
        route = self._info_route(listed, reads)
        details = reads.instrument_details(listed.id, route)
        try:
            found = read_instrument(listed, route, details, self._clock())
        except strict.Unreadable as exc:
            raise NoAnswer(f"The details of {listed.name} are not readable: {exc}") from exc
        self._details[listed.id] = found
        return found

    def name_of(self, instrument_id: str, reads: Reads) -> str:
        """The name of an instrument known by its id, or UnknownInstrument."""
        found = self._with_id(instrument_id)
        if self._older(self._list_at, LOOK_AGAIN if found is None else LIST_AGE):
            self._read_list(reads)
            found = self._with_id(instrument_id)
        if found is None:
            raise UnknownInstrument(instrument_id, 0, ())
        return found.name

    def _with_id(self, instrument_id: str) -> Listed | None:
        return next((one for one in self._list if one.id == instrument_id), None)

    def _listed(self, name: str, reads: Reads) -> Listed:
        age = LIST_AGE if self._named(name) else LOOK_AGAIN
        if self._older(self._list_at, age):
            self._read_list(reads)
        same = self._named(name)
        if len(same) != 1:
            names = [one.name for one in self._list]
            raise UnknownInstrument(name, len(same), near_matches(name, names))
        return same[0]

    def _named(self, name: str) -> list[Listed]:
        return [one for one in self._list if exact_names(name, [one.name])]

    def _read_list(self, reads: Reads) -> None:
        data = reads.instrument_list()
        try:
            self._list = read_list(data)
        except strict.Unreadable as exc:
            raise NoAnswer(f"The list of instruments is not readable: {exc}") from exc
        self._list_at = self._clock()

    def _older(self, read_at: datetime | None, age: timedelta) -> bool:
        return read_at is None or self._clock() - read_at >= age

    def _info_route(self, listed: Listed, reads: Reads) -> str:
        """The INFO route. Of several the first may be dead: the last that gives a quote."""
        routes = listed.info_routes or listed.trade_routes
        if not listed.trade_routes:
            raise NoAnswer(f"{listed.name} has no route to trade on.")
        if len(routes) == 1 or not listed.info_routes:
            return routes[0]
        if listed.id not in self._answering:
            answering = next((r for r in reversed(routes) if _answers(listed, r, reads)), None)
            if answering is None:
                return routes[-1]  # none answers now; not remembered
            self._answering[listed.id] = answering
        return self._answering[listed.id]


def _answers(listed: Listed, route: str, reads: Reads) -> bool:
    try:
        reads.quote_on(listed.id, route)
    except NoAnswer:
        return False
    return True


def read_list(data: object) -> tuple[Listed, ...]:
    return tuple(_read_listed(one) for one in strict.rows(strict.table(data).get("instruments")))


def _read_listed(value: object) -> Listed:
    one = strict.table(value)
    routes = [strict.table(r) for r in strict.rows(one.get("routes"))]
    return Listed(
        id=strict.needed_identity(one.get("tradableInstrumentId")),
        name=strict.needed_text(one.get("name")),
        kind=strict.text(one.get("type")) or "",
        trade_routes=_routes_of(routes, "TRADE"),
        info_routes=_routes_of(routes, "INFO"),
    )


def _routes_of(routes: list[Mapping[str, object]], kind: str) -> tuple[str, ...]:
    return tuple(strict.needed_identity(r.get("id")) for r in routes if r.get("type") == kind)


def read_instrument(listed: Listed, route: str, data: object, read_at: datetime) -> Instrument:
    details = strict.table(data)
    max_lot = details.get("maxLot")
    return Instrument(
        id=listed.id,
        name=listed.name,
        trade_route=listed.trade_routes[0],
        info_route=route,
        kind=listed.kind or strict.text(details.get("type")) or "",
        lot_size=strict.positive(details.get("lotSize")),
        lot_step=strict.positive(details.get("lotStep")),
        min_lot=strict.positive(details.get("minLot")),
        max_lot=None if max_lot in (None, "") else strict.positive(max_lot),
        ticks=_read_ticks(details.get("tickSize")),
        quoting_currency=strict.needed_text(details.get("quotingCurrency")),
        base_currency=strict.text(details.get("baseCurrency")),
        status=strict.text(details.get("symbolStatus")) or "",
        read_at=read_at,
    )


def _read_ticks(value: object) -> tuple[Tick, ...]:
    ranges = [strict.table(one) for one in strict.rows(value)]
    ticks = [
        Tick(strict.number(r.get("leftRangeLimit")), strict.positive(r.get("tickSize")))
        for r in ranges
    ]
    if not ticks:
        raise strict.Unreadable("no tick size")
    return tuple(sorted(ticks, key=lambda tick: (tick.above is not None, tick.above or 0)))
