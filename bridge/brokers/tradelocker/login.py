"""A TradeLocker login in use: one HTTP session, one token pair, shared by all its accounts."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from bridge.brokers.base import Limit, Login, Pace, Record, TokenKeeper
from bridge.brokers.tradelocker import answers, client, limits, strict
from bridge.brokers.tradelocker.account import TradeLockerAccount
from bridge.brokers.tradelocker.calls import AccountCalls, Shared
from bridge.brokers.tradelocker.columns import BrokerConfig
from bridge.brokers.tradelocker.instruments import InstrumentBook
from bridge.brokers.tradelocker.tokens import TokenRing
from bridge.brokers.tradelocker.transport import Transport
from bridge.brokers.wire import Trust, WireTimings
from bridge.domain.instruments import BrokerAccount
from bridge.errors import NoAnswer, TooSoon, UnknownInstrument

_SECOND = timedelta(seconds=1)
_NEVER = datetime.max.replace(tzinfo=UTC)
CONFIG_AGE = timedelta(minutes=10)


class TradeLockerLogin:
    """Shared by threads. Nothing is sent before the first call."""

    def __init__(
        self,
        login: Login,
        keeper: TokenKeeper,
        clock: Callable[[], datetime],
        timings: WireTimings,
        trust: Trust,
    ) -> None:
        self._clock = clock
        self._transport = Transport(login.base_url, clock, timings, trust, hidden=(login.email,))
        self._tokens = TokenRing(login, keeper, self._transport, clock)
        self._lock = threading.Lock()
        self._config: BrokerConfig | None = None
        self._config_at: datetime | None = None
        self._books: dict[str, InstrumentBook] = {}
        self._shared = Shared(
            transport=self._transport,
            tokens=self._tokens,
            clock=clock,
            config=self._config_for,
            known_limits=self._known_limits,
        )

    def accounts(self, record: Record) -> tuple[BrokerAccount, ...]:
        access = self._tokens.access(record)
        reply = self._transport.send(client.all_accounts(access))
        record(reply.call)
        if reply.answer is not None and reply.answer.status == 401:
            access = self._tokens.after_refusal(access, record)
            reply = self._transport.send(client.all_accounts(access))
            record(reply.call)
        return _read_accounts(answers.body_of(reply, self._clock(), _SECOND))

    def account(self, account: BrokerAccount, record: Record, pace: Pace) -> TradeLockerAccount:
        book = self._books.setdefault(account.id, InstrumentBook(self._clock))
        return TradeLockerAccount(self._shared, account, book, record, pace)

    def warm(
        self,
        account: BrokerAccount,
        names: tuple[str, ...],
        record: Record,
        *,
        pace: Pace | None = None,
    ) -> None:
        """Read ahead config, instruments, details of `names`: what the pace lets through now.

        Without a pace at most one window's worth of each limit. What is read already costs
        nothing, so a later call goes on where this one stopped.
        """
        lane = self.account(account, record, pace or _one_window())
        self._config_for(lane, False)
        for name in names:
            try:
                lane.instrument(name)
            except UnknownInstrument:
                continue
            except TooSoon:
                return

    def close(self) -> None:
        self._transport.close()

    def _config_for(self, lane: AccountCalls, anew: bool) -> BrokerConfig:
        """The config of this login, at most ten minutes old; read by one thread for all."""
        seen = self._config
        with self._lock:
            config, read_at = self._config, self._config_at
            if config is not None and read_at is not None:
                young = self._clock() - read_at < CONFIG_AGE
                if young and not (anew and config is seen):
                    return config
            config = lane.read_config()
            self._config, self._config_at = config, self._clock()
            return config

    def _known_limits(self) -> Mapping[str, Limit]:
        return limits.ASSUMED if self._config is None else self._config.limits


def _one_window() -> Pace:
    asked: Counter[str] = Counter()

    def pace(limit_name: str, limit: Limit) -> None:
        asked[limit_name] += 1
        if asked[limit_name] > limit.count:
            raise TooSoon(_NEVER, f"{limit_name}: enough for now")

    return pace


def _read_accounts(body: bytes) -> tuple[BrokerAccount, ...]:
    try:
        rows = strict.rows(strict.table(strict.parse(body)).get("accounts"))
        return tuple(_read_account(row) for row in rows)
    except strict.Unreadable as exc:
        raise NoAnswer(f"The list of accounts is not readable: {exc}") from exc


def _read_account(value: object) -> BrokerAccount:
    row = strict.table(value)
    return BrokerAccount(
        id=strict.needed_identity(row.get("id")),
        acc_num=strict.needed_identity(row.get("accNum")),
        name=strict.text(row.get("name")) or "",
        currency=strict.needed_text(row.get("currency")),
        status=strict.text(row.get("status")) or "",
    )
