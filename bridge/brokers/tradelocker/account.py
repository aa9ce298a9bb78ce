"""One account of a login as one lane uses it: reads that raise, changes that end in an outcome."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from bridge.brokers.base import Limit, OrderRequest, Pace, Record
from bridge.brokers.tradelocker import answers, bodies, columns, limits, strict
from bridge.brokers.tradelocker.answers import Kind
from bridge.brokers.tradelocker.client import AccountRoutes
from bridge.brokers.tradelocker.columns import BrokerConfig, Named
from bridge.brokers.tradelocker.instruments import InstrumentBook
from bridge.brokers.tradelocker.tokens import TokenRing
from bridge.brokers.tradelocker.transport import Reply, Request, Transport
from bridge.domain.instruments import (
    AccountState,
    BrokerAccount,
    BrokerOrder,
    Instrument,
    Listing,
    Position,
    Quote,
)
from bridge.domain.outcomes import Accepted, NotTaken, Outcome, Unknown, WireClass
from bridge.domain.values import Secret, Tag
from bridge.errors import BridgeError, NoAnswer, Refused

Value = TypeVar("Value")
Ask = Callable[[AccountRoutes], Request]

_SECOND = timedelta(seconds=1)
_NOBODY = Secret("")
_ROUTES = {
    Kind.PLACE: ("POST", "/trade/accounts/{a}/orders"),
    Kind.CLOSE: ("DELETE", "/trade/positions/{positionId}"),
    Kind.CANCEL: ("DELETE", "/trade/orders/{orderId}"),
}


@dataclass(frozen=True)
class Shared:
    """What all accounts of a login have in common. `config` reads it, anew with True."""

    transport: Transport
    tokens: TokenRing
    clock: Callable[[], datetime]
    config: Callable[["TradeLockerAccount", bool], BrokerConfig]
    known_limits: Callable[[], Mapping[str, Limit]]


class TradeLockerAccount:
    """The account's id goes into paths and its accNum into headers, both from one value.

    `record` gets every call, changes included: the same object as the outcome's `call`.
    """

    def __init__(
        self,
        shared: Shared,
        account: BrokerAccount,
        book: InstrumentBook,
        record: Record,
        pace: Pace,
    ) -> None:
        self._shared = shared
        self._account = account
        self._book = book
        self._record = record
        self._pace = pace

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

    def limit_of(self, limit_name: str) -> Limit:
        return self._shared.known_limits()[limit_name]

    # The three reads of which an instrument is made (`instruments.Reads`), and the config.

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

    def read_config(self) -> BrokerConfig:
        """The config, from the broker; it has no published limit."""
        data = self._data(None, lambda to: to.config())
        try:
            return columns.read_config(data)
        except strict.Unreadable as exc:
            raise NoAnswer(f"The broker's config is not readable: {exc}") from exc

    def _rows(
        self,
        data: object,
        key: str,
        names: Callable[[BrokerConfig], Sequence[str]],
        read: Callable[[Named], Value],
    ) -> tuple[Value, ...]:
        return self._fitted(
            lambda config: tuple(
                read(columns.named(names(config), row))
                for row in strict.rows(strict.table(data).get(key))
            )
        )

    def _fitted(self, read: Callable[[BrokerConfig], Value]) -> Value:
        """What was read, by the config we have; if it does not fit, by the config of now."""
        try:
            return read(self._shared.config(self, False))
        except strict.Unreadable:
            config = self._shared.config(self, True)
        try:
            return read(config)
        except strict.Unreadable as exc:
            raise NoAnswer(f"The broker's answer is not readable: {exc}") from exc

    def _data(self, limit_name: str | None, ask: Ask) -> object:
        """`d` of one read. A refused token is renewed, and the read repeated, once."""
        if limit_name is not None:
            self._pace(limit_name, self.limit_of(limit_name))
        access = self._shared.tokens.access(self._record)
        reply = self._send(ask(AccountRoutes(self._account, access)))
        if reply.answer is not None and reply.answer.status == 401:
            access = self._shared.tokens.after_refusal(access, self._record)
            reply = self._send(ask(AccountRoutes(self._account, access)))
        window = _SECOND if limit_name is None else self.limit_of(limit_name).window
        body = answers.body_of(reply, self._shared.clock(), window)
        try:
            return answers.data_of(body)
        except strict.Unreadable as exc:
            said = self._shared.transport.clean(str(exc))
            raise NoAnswer(f"{reply.call.route}: {said}") from exc

    def _change(self, kind: Kind, ask: Ask) -> Outcome:
        """Sent at most once, whatever comes. A refused token is renewed for the next attempt."""
        try:
            request = ask(AccountRoutes(self._account, _NOBODY))
        except Refused as exc:
            return self._unsent(Request(*_ROUTES[kind], path=""), str(exc))
        try:
            access = self._shared.tokens.access(self._record)
        except BridgeError as exc:
            return self._unsent(request, str(exc))
        reply = self._shared.transport.send(ask(AccountRoutes(self._account, access)))
        outcome = self._outcome_of(kind, reply)
        self._record(reply.call)
        if reply.answer is not None and reply.answer.status == 401:
            self._renew_for_next(access)
        return outcome

    def _outcome_of(self, kind: Kind, reply: Reply) -> Outcome:
        call, answer = reply.call, reply.answer
        if answer is not None:
            wait = answers.wait_from(answer.retry_after, call.answered_at)
            outcome = answers.outcome_of(kind, answer.status, answer.body, call, wait)
        elif reply.unsent:
            outcome = NotTaken(call, f"Not sent: {call.error}.", WireClass.NOT_SENT)
        else:
            outcome = Unknown(call, f"Sent, and no whole answer came: {call.error}.")
        return self._shown(outcome)

    def _shown(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Accepted):
            return outcome
        return replace(outcome, reason=self._shared.transport.clean(outcome.reason))

    def _unsent(self, request: Request, why: str) -> Outcome:
        reply = self._shared.transport.not_sent(request, why)
        return NotTaken(reply.call, f"Not sent: {why}", WireClass.NOT_SENT)

    def _renew_for_next(self, refused: Secret) -> None:
        try:
            self._shared.tokens.after_refusal(refused, self._record)
        except BridgeError:
            return  # the outcome stands; the next call meets the same trouble and says so

    def _send(self, request: Request) -> Reply:
        reply = self._shared.transport.send(request)
        self._record(reply.call)
        return reply
