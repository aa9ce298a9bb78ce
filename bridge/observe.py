"""Open logins, and the accounts behind them.

One login per connection is kept open for all lanes of this process: one HTTP session, one token
pair. Passwords and tokens are opened here and nowhere else, each time with an audit entry.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from bridge.audit import Event, record
from bridge.brokers import Trust, WireTimings, open_login
from bridge.brokers.base import AccountBroker, Limit, Login, Pace, SignedIn, Tokens
from bridge.config import Settings, Timings
from bridge.domain.instruments import BrokerAccount
from bridge.domain.outcomes import BrokerCall
from bridge.domain.values import Secret, epoch_micros, from_micros
from bridge.errors import BridgeError, NeedsSignIn, Refused, TooSoon
from bridge.sealing import DataKey, Keys, open_data_key, open_sealed, seal
from bridge.store import Session, connections, executions, people, rates
from bridge.store.connections import AccountFacts, ConnectionFacts
from bridge.store.db import Database

log = structlog.get_logger(__name__)

HOSTS = {
    "demo": "https://demo.tradelocker.com",
    "live": "https://live.tradelocker.com",
}

NEEDS_SIGN_IN = "needs_sign_in"
SIGNED_IN = "signed_in"

Clock = Callable[[], datetime]


def base_url(environment: str, settings: Settings) -> str:
    """Where an environment of the broker lives. Raises Refused when it may not be used here."""
    if environment == "live" and not settings.allow_live:
        raise Refused(
            "live_not_allowed",
            "environment",
            "Live connections are switched off on this server; BRIDGE_ALLOW_LIVE=yes allows them.",
        )
    if environment == "paper":
        if settings.paper_url is None:
            raise Refused(
                "paper_url_missing",
                "environment",
                "No paper broker runs in this process; set BRIDGE_PAPER_URL to one.",
            )
        return f"{settings.paper_url}/backend-api"
    return f"{HOSTS[environment]}/backend-api"


@dataclass
class Calls:
    """The broker calls made for one step, in order, waiting for their audit entries."""

    made: list[BrokerCall] = field(default_factory=list)

    def __call__(self, call: BrokerCall) -> None:
        self.made.append(call)


@dataclass(frozen=True)
class Opened:
    """An account ready to be used by a lane."""

    connection: ConnectionFacts
    account: AccountFacts
    broker: AccountBroker


class Unresolved(BridgeError):
    """The login has no single account as the rule names it."""

    def __init__(self, ref: str) -> None:
        super().__init__(ref)
        self.ref = ref


class Brokers:
    """The logins this process keeps open."""

    def __init__(
        self, database: Database, keys: Keys, settings: Settings, timings: Timings, now: Clock
    ) -> None:
        self._database = database
        self._keys = keys
        self._settings = settings
        self._wire = WireTimings(
            connect=timings.connect.total_seconds(), total=timings.call.total_seconds()
        )
        self._now = now
        self._logins: dict[tuple[int, str, str, str, str], SignedIn] = {}
        self._guard = threading.Lock()

    def open(self, account: int, calls: Calls) -> Opened:
        """The account's broker. Raises Unresolved, Refused, or trouble of the broker."""
        with self._database.reading() as db:
            connection, facts = connections.of_account(db, account)
        login = self.login(connection)
        if facts.broker_id is None:
            facts = self._resolve(connection, facts, login, calls)
        return Opened(connection, facts, self._account(connection, facts, login, calls))

    def login(self, connection: ConnectionFacts) -> SignedIn:
        """The open login of a connection; a new one when anything of it changed."""
        key = (
            connection.id,
            connection.environment,
            connection.server,
            connection.email,
            connection.password_sealed,
        )
        with self._guard:
            if key not in self._logins:
                self._logins[key] = self._sign_in(connection)
            return self._logins[key]

    def warm(self) -> None:
        """Read ahead, for every connection that live rules use, what an order would need."""
        with self._database.reading() as db:
            in_use = connections.all_in_use(db)
        for connection, accounts in in_use:
            for account in accounts:
                try:
                    self._warm_one(connection, account)
                except BridgeError as exc:
                    log.info(
                        "reading ahead failed", connection=connection.public_id, error=str(exc)
                    )

    def needs_sign_in(self, account: int, trouble: NeedsSignIn) -> None:
        """Write down, once, that the owner of an account's connection must act."""
        now = self._now()
        with self._database.transaction() as db:
            connection, _ = connections.of_account(db, account)
            if connection.state == NEEDS_SIGN_IN:
                return
            connections.set_state(db, connection.id, NEEDS_SIGN_IN, str(trouble), now)
            record(
                db,
                Event.CONNECTION_SIGN_IN_NEEDED,
                now=now,
                user=connection.user,
                subject=connection.name,
                reason=str(trouble),
            )

    def close(self) -> None:
        """Close every HTTP session."""
        with self._guard:
            for login in self._logins.values():
                login.close()
            self._logins.clear()

    def _sign_in(self, connection: ConnectionFacts) -> SignedIn:
        url = base_url(connection.environment, self._settings)
        keeper = _Keeper(self._database, self._keys, connection, self._now)
        password = keeper.password()
        login = Login(url, connection.email, connection.server, password)
        trust = Trust(private_hosts=connection.environment == "paper")
        return open_login(login, keeper=keeper, clock=self._now, timings=self._wire, trust=trust)

    def _account(
        self, connection: ConnectionFacts, facts: AccountFacts, login: SignedIn, calls: Calls
    ) -> AccountBroker:
        return login.account(_broker_account(facts), calls, self._pace(connection))

    def _pace(self, connection: ConnectionFacts) -> Pace:
        def pace(limit_name: str, limit: Limit) -> None:
            now = self._now()
            budget = rates.budget(limit.count, limit.window)
            with self._database.transaction() as db:
                due = rates.take(db, connection.id, limit_name, budget, now)
            if due is not None:
                raise TooSoon(due, f"the budget of {limit_name} is used up")

        return pace

    def _resolve(
        self, connection: ConnectionFacts, facts: AccountFacts, login: SignedIn, calls: Calls
    ) -> AccountFacts:
        listed = login.accounts(calls)
        fitting = [a for a in listed if _fits(facts, a)]
        now = self._now()
        if len(fitting) != 1:
            trouble = f"{len(fitting)} accounts of the login fit {facts.ref}"
            with self._database.transaction() as db:
                connections.set_account_trouble(db, facts.id, trouble)
            raise Unresolved(facts.ref)
        found = fitting[0]
        with self._database.transaction() as db:
            twin = connections.account_of_broker(db, connection.id, found.id)
            if twin is not None and twin.id != facts.id:
                connections.set_account_trouble(db, facts.id, f"the same account as {twin.ref}")
        if twin is not None and twin.id != facts.id:
            raise Unresolved(f"{facts.ref}, which rules also name {twin.ref}: name it one way")
        with self._database.transaction() as db:
            connections.resolve_account(
                db,
                facts.id,
                broker_id=found.id,
                acc_num=found.acc_num,
                name=found.name,
                currency=found.currency,
                now=now,
            )
            record(
                db,
                Event.ACCOUNT_RESOLVED,
                now=now,
                user=connection.user,
                subject=connection.name,
                data={"account": facts.ref, "name": found.name},
            )
        return replace(
            facts,
            broker_id=found.id,
            acc_num=found.acc_num,
            name=found.name,
            currency=found.currency,
        )

    def _warm_one(self, connection: ConnectionFacts, facts: AccountFacts) -> None:
        calls = Calls()
        login = self.login(connection)
        if facts.broker_id is None:
            facts = self._resolve(connection, facts, login, calls)
        with self._database.reading() as db:
            names = executions.recent_instruments(db, facts.id)
        login.warm(_broker_account(facts), names, calls, pace=self._pace(connection))


def _fits(facts: AccountFacts, account: BrokerAccount) -> bool:
    match facts.ref_kind:
        case "id":
            return account.id == facts.ref
        case "acc_num":
            return account.acc_num == facts.ref
        case _:
            return facts.ref in (account.id, account.acc_num)


def _broker_account(facts: AccountFacts) -> BrokerAccount:
    if facts.broker_id is None or facts.acc_num is None:
        raise Unresolved(facts.ref)
    return BrokerAccount(
        facts.broker_id, facts.acc_num, facts.name or "", facts.currency or "", "ACTIVE"
    )


class _Keeper:
    """A connection's secrets: opened and sealed in its own row."""

    def __init__(
        self, database: Database, keys: Keys, connection: ConnectionFacts, now: Clock
    ) -> None:
        self._database = database
        self._keys = keys
        self._connection = connection
        self._now = now

    def password(self) -> Secret:
        """The login's password, with an audit entry of its opening."""
        row = self._connection
        with self._database.transaction() as db:
            data_key = self._data_key(db)
            record(
                db,
                Event.SECRET_OPENED,
                now=self._now(),
                user=row.user,
                subject=row.name,
                data={"field": "password", "purpose": "sign in at the broker"},
            )
        return Secret(_open(data_key, row.password_sealed, row, connections.PASSWORD_FIELD))

    def load(self) -> Tokens | None:
        """The stored token pair, or None."""
        row = self._connection
        with self._database.reading() as db:
            sealed = connections.tokens_of(db, row.id)
            data_key = self._data_key(db)
        if sealed is None:
            return None
        kept = json.loads(_open(data_key, sealed, row, connections.TOKENS_FIELD))
        return Tokens(
            Secret(kept["access"]),
            Secret(kept["refresh"]),
            from_micros(kept["expires_at"]),
            from_micros(kept["refresh_expires_at"]),
        )

    def save(self, tokens: Tokens) -> None:
        """Keep a new pair; both change at each refresh, so they are stored in one commit."""
        row = self._connection
        text = json.dumps(
            {
                "access": tokens.access.value,
                "refresh": tokens.refresh.value,
                "expires_at": epoch_micros(tokens.expires_at),
                "refresh_expires_at": epoch_micros(tokens.refresh_expires_at),
            }
        )
        with self._database.transaction() as db:
            sealed = seal(
                self._data_key(db),
                text,
                user=row.user,
                object=row.object,
                field=connections.TOKENS_FIELD,
            )
            connections.save_tokens(db, row.id, sealed)
            connections.set_state(db, row.id, SIGNED_IN, None, self._now())

    def _data_key(self, db: Session) -> DataKey:
        user = self._connection.user
        return open_data_key(self._keys, people.wrapped_data_key(db, user), user)


def _open(data_key: DataKey, sealed: str, row: ConnectionFacts, name: str) -> str:
    """A sealed text of a connection, in the one place where it opens."""
    return open_sealed(data_key, sealed, user=row.user, object=row.object, field=name)
