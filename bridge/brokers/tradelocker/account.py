"""One account of a login as one lane uses it: reads that raise, changes that end in an outcome."""

from datetime import datetime
from decimal import Decimal

from bridge.brokers.base import OrderRequest
from bridge.brokers.tradelocker import answers, bodies, columns, limits, ranges, reading, strict
from bridge.brokers.tradelocker.answers import Kind
from bridge.brokers.tradelocker.calls import AccountCalls
from bridge.brokers.tradelocker.history import Wait, whole_history
from bridge.brokers.tradelocker.values import (
    AccountRules,
    Bars,
    BarSide,
    DailyBar,
    Depth,
    Execution,
    OrderChange,
    PositionChange,
    Resolution,
    SessionStatus,
    TradeSession,
)
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

    def orders_history(
        self, since: datetime, until: datetime | None = None
    ) -> Listing[BrokerOrder]:
        """Final orders from `since` on. Not complete when the broker says, or may have, cut it."""
        begun_at = self._shared.clock()
        data = self._data(limits.HISTORY, lambda to: to.orders_history(since, until))
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

    # What lanes do not use: for pages, checks and repairs. Reads and changes behave as above.

    def orders_history_whole(
        self, since: datetime, until: datetime, wait: Wait | None = None
    ) -> Listing[BrokerOrder]:
        """Final orders of a range, read in as many overlapping windows as it takes, at most 64.

        Which date of an order the range means is not known [assumed: createdDate]: begin early.
        `wait` and what happens without it: see `whole_history`. Raises as reads do, and Refused
        for a range that ends before it begins.
        """
        return whole_history(self.orders_history, since, until, wait)

    def rules(self) -> AccountRules:
        """The account with its trading, risk and margin rules [official client]."""
        account_id = self._account.id
        return self._read(
            limits.ACCOUNTS,
            lambda to: to.accounts(),
            lambda data: reading.read_account_rules(data, account_id),
        )

    def executions(self) -> tuple[Execution, ...]:
        """Fills of the current session only [official client]: no source for audits."""
        data = self._data(limits.EXECUTIONS, lambda to: to.executions())
        return self._rows(data, "executions", lambda c: c.executions, reading.read_execution)

    def session(self, session_id: str) -> TradeSession:
        """The trade session that an instrument's details name [official docs]."""
        return self._read(limits.SESSIONS, lambda to: to.session(session_id), reading.read_session)

    def session_status(self, status_id: str) -> SessionStatus:
        """What the status that an instrument's details name allows [official tests]."""
        return self._read(
            limits.SESSION_STATUSES,
            lambda to: to.session_status(status_id),
            reading.read_session_status,
        )

    def daily_bar(self, instrument: Instrument, side: BarSide) -> DailyBar:
        """Today's bar, over the INFO route [official client]."""
        return self._read(
            limits.DAILY_BAR,
            lambda to: to.daily_bar(instrument.id, instrument.info_route, side),
            reading.read_daily_bar,
        )

    def depth(self, instrument: Instrument) -> Depth:
        """Prices and sizes beyond the best, over the INFO route [official client]."""
        return self._read(
            limits.DEPTH,
            lambda to: to.depth(instrument.id, instrument.info_route),
            lambda data: reading.read_depth(data, self._shared.clock()),
        )

    def bars(
        self, instrument: Instrument, resolution: Resolution, since: datetime, until: datetime
    ) -> Bars:
        """Bars that begin from `since` to `until`, both included [official docs].

        `until` may lie ahead: the last bar is then still forming [official docs]. A range that
        ends before it begins, or holds more bars than the broker gives at once, is Refused before
        anything is sent: the smaller of its published cap [observed] and 20,000 [official docs].
        """
        ranges.check(resolution, since, until, self._shared.config(self, False).bars_cap)
        return self._read(
            limits.BARS,
            lambda to: to.bars(instrument.id, instrument.info_route, resolution, since, until),
            reading.read_bars,
            answers.bars_of,
        )

    def modify_order(self, order_id: str, change: OrderChange) -> Outcome:
        """Change a resting order; its id stays [official tests].

        A final order is refused. Nothing to change, or a number that is none, is never sent.
        """
        return self._change(
            Kind.MODIFY_ORDER,
            lambda to: to.modify_order(order_id, bodies.order_change_body(change)),
        )

    def modify_position(self, position_id: str, change: PositionChange) -> Outcome:
        """Make, move or remove the legs of a position [official docs].

        A leg becomes a child order; changed again it keeps its id [official tests].
        """
        return self._change(
            Kind.MODIFY_POSITION,
            lambda to: to.modify_position(position_id, bodies.position_change_body(change)),
        )

    def cancel_all(self, instrument_id: str | None = None) -> Outcome:
        """Cancel all pending orders, or those of one instrument [official tests].

        Lanes never use it: whether protective orders of positions go too is not known.
        """
        return self._change(Kind.CANCEL_ALL, lambda to: to.cancel_all(instrument_id))

    def close_all(self, instrument_id: str | None = None) -> Outcome:
        """Close all positions, or those of one instrument; not surely at once [official docs].

        Lanes never use it: it reaches positions that are not ours.
        """
        return self._change(Kind.CLOSE_ALL, lambda to: to.close_all(instrument_id))

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
