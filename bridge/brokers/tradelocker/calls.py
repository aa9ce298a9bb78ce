"""How one account calls its broker: reads that are repeated once, changes that are sent once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from bridge.brokers.base import Limit, Pace, Record
from bridge.brokers.tradelocker import answers, columns, strict
from bridge.brokers.tradelocker.answers import Kind
from bridge.brokers.tradelocker.client import AccountRoutes
from bridge.brokers.tradelocker.columns import BrokerConfig, Named
from bridge.brokers.tradelocker.instruments import InstrumentBook
from bridge.brokers.tradelocker.tokens import TokenRing
from bridge.brokers.tradelocker.transport import Reply, Request, Transport
from bridge.domain.instruments import BrokerAccount
from bridge.domain.outcomes import Accepted, NotTaken, Outcome, Unknown, WireClass
from bridge.domain.values import Secret
from bridge.errors import BridgeError, NoAnswer, Refused

Value = TypeVar("Value")
Ask = Callable[[AccountRoutes], Request]
Take = Callable[[bytes], object]

_SECOND = timedelta(seconds=1)
_NOBODY = Secret("")
_ROUTES = {
    Kind.PLACE: ("POST", "/trade/accounts/{a}/orders"),
    Kind.CLOSE: ("DELETE", "/trade/positions/{positionId}"),
    Kind.CANCEL: ("DELETE", "/trade/orders/{orderId}"),
    Kind.MODIFY_ORDER: ("PATCH", "/trade/orders/{orderId}"),
    Kind.MODIFY_POSITION: ("PATCH", "/trade/positions/{positionId}"),
    Kind.CANCEL_ALL: ("DELETE", "/trade/accounts/{a}/orders"),
    Kind.CLOSE_ALL: ("DELETE", "/trade/accounts/{a}/positions"),
}


@dataclass(frozen=True)
class Shared:
    """What all accounts of a login have in common. `config` reads it, anew with True."""

    transport: Transport
    tokens: TokenRing
    clock: Callable[[], datetime]
    config: Callable[["AccountCalls", bool], BrokerConfig]
    known_limits: Callable[[], Mapping[str, Limit]]


class AccountCalls:
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

    def limit_of(self, limit_name: str) -> Limit:
        return self._shared.known_limits()[limit_name]

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

    def _read(
        self,
        limit_name: str,
        ask: Ask,
        read: Callable[[object], Value],
        take: Take = answers.data_of,
    ) -> Value:
        """One read whose answer needs no config to be understood."""
        data = self._data(limit_name, ask, take)
        try:
            return read(data)
        except strict.Unreadable as exc:
            raise NoAnswer(f"The broker's answer is not readable: {exc}") from exc

    def _data(self, limit_name: str | None, ask: Ask, take: Take = answers.data_of) -> object:
        """`d` of one read, or what else `take` makes of the body.

        A refused token is renewed, and the read repeated, once.
        """
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
            return take(body)
        except strict.Unreadable as exc:
            said = self._shared.transport.clean(str(exc))
            raise NoAnswer(f"{reply.call.route}: {said}") from exc

    def be_ready(self) -> None:
        """Have a token that lasts, so that a change goes out as soon as it is written down."""
        self._shared.tokens.access(self._record)

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
