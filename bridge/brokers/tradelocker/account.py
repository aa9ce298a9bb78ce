"""One account of a login as one lane uses it: reads that raise, changes that end in an outcome."""

from datetime import datetime
from decimal import Decimal

from bridge.brokers.base import OrderRequest
from bridge.brokers.tradelocker import bodies, columns, limits, strict
from bridge.brokers.tradelocker.answers import Kind
from bridge.brokers.tradelocker.calls import AccountCalls
from bridge.domain.instruments import (
    AccountState,
    BrokerOrder,
    Instrument,
    Listing,
    Position,
    Quote,
)
from bridge.domain.outcomes import Outcome
from bridge.domain.values import Tag
from bridge.errors import NoAnswer


class TradeLockerAccount(AccountCalls):
    """What lanes, and pages that show an account, ask of its broker."""

    @property
    def tags_visible(self) -> bool:
        """Whether the broker shows our tag in orders, history and positions.

        Without it an unknown order could not be found again, so nothing may be opened. Reads the
        broker's config if it is not known yet, and so may raise as reads do.
        """
        return self._shared.config(self, False).tags_visible

    def instrument(self, name: str, *, fresh: bool = False) -> Instrument:
        """By its exact name, ignoring case. `fresh` reads its details and status anew."""
        return self._book.find(name, self, fresh=fresh)

    def name_of(self, instrument_id: str) -> str:
        """The name of an instrument that a row mentions by id. Raises UnknownInstrument."""
        return self._book.name_of(instrument_id, self)

    def quote(self, instrument: Instrument) -> Quote:
        return self.quote_on(instrument.id, instrument.info_route)

    def positions(self) -> Listing[Position]:
        begun_at = self._shared.clock()
        data = self._data(limits.POSITIONS, lambda to: to.positions())
        found = self._rows(data, "positions", lambda c: c.positions, columns.read_position)
        return Listing(found, begun_at, self._shared.clock())

    def orders(self) -> Listing[BrokerOrder]:
        begun_at = self._shared.clock()
        data = self._data(limits.ORDERS, lambda to: to.orders())
        found = self._rows(data, "orders", lambda c: c.orders, columns.read_order)
        return Listing(found, begun_at, self._shared.clock())

    def orders_history(self, since: datetime) -> Listing[BrokerOrder]:
        """Final orders from `since` on. Not complete when the broker says, or may have, cut it."""
        begun_at = self._shared.clock()
        data = self._data(limits.HISTORY, lambda to: to.orders_history(since))
        found = self._rows(data, "ordersHistory", lambda c: c.history, columns.read_order)
        cap = self._shared.config(self, False).history_cap
        whole = isinstance(data, dict) and data.get("hasMore") is False
        complete = whole and (cap is None or len(found) < cap)
        return Listing(found, begun_at, self._shared.clock(), complete)

    def state(self) -> AccountState:
        data = self._data(limits.STATE, lambda to: to.state())
        now = self._shared.clock()
        return self._fitted(
            lambda config: columns.read_state(
                columns.named(config.state, strict.table(data).get("accountDetailsData")), now
            )
        )

    def place(self, order: OrderRequest, tag: Tag) -> Outcome:
        return self._change(Kind.PLACE, lambda to: to.place(bodies.order_body(order, tag)))

    def close(self, position_id: str, lots: Decimal | None) -> Outcome:
        """Close `lots` of a position, or all of it with None. Never zero: that would mean all."""
        return self._change(Kind.CLOSE, lambda to: to.close(position_id, bodies.close_body(lots)))

    def cancel(self, order_id: str) -> Outcome:
        return self._change(Kind.CANCEL, lambda to: to.cancel(order_id))

    # The three reads of which an instrument is made (`instruments.Reads`).

    def instrument_list(self) -> object:
        return self._data(limits.INSTRUMENTS, lambda to: to.instruments())

    def instrument_details(self, instrument_id: str, route_id: str) -> object:
        return self._data(limits.DETAILS, lambda to: to.instrument(instrument_id, route_id))

    def quote_on(self, instrument_id: str, route_id: str) -> Quote:
        data = self._data(limits.QUOTES, lambda to: to.quotes(instrument_id, route_id))
        read_at = self._shared.clock()
        try:
            quote = strict.table(data)
            ask, bid = strict.positive(quote.get("ap")), strict.positive(quote.get("bp"))
        except strict.Unreadable as exc:
            raise NoAnswer(f"The broker gives no quote: {exc}") from exc
        return Quote(ask, bid, read_at)
