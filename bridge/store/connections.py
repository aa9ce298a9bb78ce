"""Connections and their accounts; sealed texts go in and out and are never opened here."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bridge.domain.rules import Mode
from bridge.errors import NotFound, Refused
from bridge.store.tables.routing import AccountRow, ConnectionRow, RuleAccountRow, RuleRow

TABLE = "connection"
PASSWORD_FIELD = "password_sealed"  # noqa: S105 - a column's name, not a secret
TOKENS_FIELD = "tokens_sealed"

Seal = Callable[[str], str]
"""Gets the sealed row's object (table and public id), gives the sealed text."""


@dataclass(frozen=True)
class ConnectionFacts:
    """A TradeLocker login. `state` is new, signed_in, needs_sign_in or trouble."""

    id: int
    public_id: str
    user: int
    name: str
    environment: str
    server: str
    email: str
    password_sealed: str
    tokens_sealed: str | None
    state: str
    state_reason: str | None
    state_at: datetime
    created_at: datetime

    @property
    def object(self) -> str:
        """The place its secrets are sealed for."""
        return f"{TABLE}:{self.public_id}"


@dataclass(frozen=True)
class AccountFacts:
    """An account as a rule named it; the broker's names are None until it is resolved."""

    id: int
    public_id: str
    user: int
    connection: int
    ref_kind: str
    ref: str
    broker_id: str | None
    acc_num: str | None
    name: str | None
    currency: str | None
    trouble: str | None
    resolved_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class ConnectionForm:
    """What an owner says of a connection, besides the password."""

    name: str
    environment: str
    server: str
    email: str


def of_account(db: Session, account: int) -> tuple[ConnectionFacts, AccountFacts]:
    """An account and its connection, by the account's row number. Raises NotFound."""
    row = db.execute(
        select(ConnectionRow, AccountRow)
        .join(AccountRow, AccountRow.connection == ConnectionRow.id)
        .where(AccountRow.id == account)
    ).one_or_none()
    if row is None:
        raise NotFound("there is no such account")
    return _connection(row[0]), _account(row[1])


def all_in_use(db: Session) -> list[tuple[ConnectionFacts, tuple[AccountFacts, ...]]]:
    """Each connection with its accounts that live rules act on."""
    used = (
        select(RuleAccountRow.account)
        .join(RuleRow, RuleRow.id == RuleAccountRow.rule)
        .where(RuleRow.mode == Mode.LIVE.value, RuleRow.removed_at.is_(None))
    )
    rows = db.execute(
        select(ConnectionRow, AccountRow)
        .join(AccountRow, AccountRow.connection == ConnectionRow.id)
        .where(AccountRow.id.in_(used))
        .order_by(ConnectionRow.id, AccountRow.id)
    )
    found: dict[int, tuple[ConnectionFacts, list[AccountFacts]]] = {}
    for connection, account in rows:
        facts = _connection(connection)
        found.setdefault(facts.id, (facts, []))[1].append(_account(account))
    return [(facts, tuple(accounts)) for facts, accounts in found.values()]


def create(
    db: Session, user: int, form: ConnectionForm, seal_password: Seal, now: datetime
) -> ConnectionFacts:
    """A new connection. Raises Refused when its name, or its login, is there already."""
    public_id = secrets.token_hex(16)
    values = {
        "public_id": public_id,
        "user": user,
        "name": form.name,
        "environment": form.environment,
        "server": form.server,
        "email": form.email,
        "password_sealed": seal_password(f"{TABLE}:{public_id}"),
        "state": "new",
        "state_at": now,
        "created_at": now,
    }
    try:
        db.execute(insert(ConnectionRow).values(**values))
    except IntegrityError as exc:
        raise _taken(form) from exc
    return mine(db, user, public_id)


def change(
    db: Session,
    connection: ConnectionFacts,
    form: ConnectionForm,
    seal_password: Seal | None,
    now: datetime,
) -> ConnectionFacts:
    """The connection with a new form and, if given, a new password.

    Another login ends the sign-in, and its accounts are resolved anew; a new password lets a
    refused sign-in be tried again.
    Raises Refused when the name, or the login, is another connection's.
    """
    values: dict[str, Any] = {
        "name": form.name,
        "environment": form.environment,
        "server": form.server,
        "email": form.email,
    }
    other_login = is_other_login(connection, form)
    if other_login:
        values["tokens_sealed"] = None
        _forget_accounts(db, connection.id)
    if seal_password is not None:
        values[PASSWORD_FIELD] = seal_password(connection.object)
    if other_login or (seal_password is not None and connection.state != "signed_in"):
        values |= {"state": "new", "state_reason": None, "state_at": now}
    try:
        db.execute(update(ConnectionRow).where(ConnectionRow.id == connection.id).values(**values))
    except IntegrityError as exc:
        raise _taken(form) from exc
    return mine(db, connection.user, connection.public_id)


def form_of(connection: ConnectionFacts) -> ConnectionForm:
    """What its owner has said of a connection."""
    return ConnectionForm(
        connection.name, connection.environment, connection.server, connection.email
    )


def mine(db: Session, user: int, public_id: str) -> ConnectionFacts:
    """A user's own connection. Raises NotFound, for another user's too."""
    row = db.scalars(
        select(ConnectionRow)
        .where(ConnectionRow.user == user, ConnectionRow.public_id == public_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("there is no such connection")
    return _connection(row)


def by_key(db: Session, key: int) -> ConnectionFacts:
    """A connection by its row's own number. Raises NotFound."""
    row = db.scalars(
        select(ConnectionRow)
        .where(ConnectionRow.id == key)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("there is no such connection")
    return _connection(row)


def by_name(db: Session, user: int, name: str) -> ConnectionFacts | None:
    """A user's connection of exactly this name, or None."""
    row = db.scalars(
        select(ConnectionRow)
        .where(ConnectionRow.user == user, ConnectionRow.name == name)
        .execution_options(populate_existing=True)
    ).one_or_none()
    return None if row is None else _connection(row)


def list_of(db: Session, user: int | None) -> list[ConnectionFacts]:
    """A user's connections (None: everybody's), oldest first."""
    query = select(ConnectionRow).order_by(ConnectionRow.id)
    if user is not None:
        query = query.where(ConnectionRow.user == user)
    return [_connection(row) for row in db.scalars(query)]


def set_state(db: Session, connection: int, state: str, reason: str | None, now: datetime) -> None:
    """Say how a connection stands: new, signed_in, needs_sign_in or trouble, and why."""
    db.execute(
        update(ConnectionRow)
        .where(ConnectionRow.id == connection)
        .values(state=state, state_reason=reason, state_at=now)
    )


def save_tokens(db: Session, connection: int, tokens_sealed: str | None) -> None:
    """Keep a login's sealed token pair, or forget it."""
    db.execute(
        update(ConnectionRow)
        .where(ConnectionRow.id == connection)
        .values(tokens_sealed=tokens_sealed)
    )


def tokens_of(db: Session, connection: int) -> str | None:
    """A login's sealed token pair as it stands now, or None."""
    return db.scalar(select(ConnectionRow.tokens_sealed).where(ConnectionRow.id == connection))


def account_for(
    db: Session, connection: ConnectionFacts, ref_kind: str, ref: str, now: datetime
) -> AccountFacts:
    """The connection's account that is written so, made if this is the first time."""
    values = {
        "public_id": secrets.token_hex(16),
        "user": connection.user,
        "connection": connection.id,
        "ref_kind": ref_kind,
        "ref": ref,
        "created_at": now,
    }
    make = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    # two who name the same account at once meet at its unique key
    db.execute(make(AccountRow).values(**values).on_conflict_do_nothing())
    row = db.scalars(
        select(AccountRow).where(
            AccountRow.connection == connection.id,
            AccountRow.ref_kind == ref_kind,
            AccountRow.ref == ref,
        )
    ).one()
    return _account(row)


def account_mine(db: Session, user: int, public_id: str) -> AccountFacts:
    """A user's own account. Raises NotFound, for another user's too."""
    row = db.scalars(
        select(AccountRow)
        .where(AccountRow.user == user, AccountRow.public_id == public_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound("there is no such account")
    return _account(row)


def accounts_of(db: Session, user: int) -> list[tuple[ConnectionFacts, AccountFacts]]:
    """A user's accounts with their connections, oldest first."""
    rows = db.execute(
        select(ConnectionRow, AccountRow)
        .join(AccountRow, AccountRow.connection == ConnectionRow.id)
        .where(AccountRow.user == user)
        .order_by(AccountRow.id)
    )
    return [(_connection(connection), _account(account)) for connection, account in rows]


def accounts_at(db: Session, connection: int) -> list[AccountFacts]:
    """The accounts of one connection, oldest first."""
    query = select(AccountRow).where(AccountRow.connection == connection).order_by(AccountRow.id)
    return [_account(row) for row in db.scalars(query)]


def account_of_broker(db: Session, connection: int, broker_id: str) -> AccountFacts | None:
    """Which of our accounts stands for one of the login's; two would be two lanes of one book."""
    row = db.scalars(
        select(AccountRow).where(
            AccountRow.connection == connection, AccountRow.broker_id == broker_id
        )
    ).one_or_none()
    return None if row is None else _account(row)


def resolve_account(
    db: Session,
    account: int,
    *,
    broker_id: str,
    acc_num: str,
    name: str | None,
    currency: str | None,
    now: datetime,
) -> None:
    """Keep which of the login's accounts this is, as the broker told us."""
    db.execute(
        update(AccountRow)
        .where(AccountRow.id == account)
        .values(
            broker_id=broker_id,
            acc_num=acc_num,
            name=name,
            currency=currency,
            trouble=None,
            resolved_at=now,
        )
    )


def set_account_trouble(db: Session, account: int, trouble: str) -> None:
    """Say why an account could not be resolved."""
    db.execute(update(AccountRow).where(AccountRow.id == account).values(trouble=trouble))


def is_other_login(connection: ConnectionFacts, form: ConnectionForm) -> bool:
    """Whether a form names another login at the broker than a connection has."""
    old = (connection.environment, connection.server, connection.email)
    return old != (form.environment, form.server, form.email)


def _forget_accounts(db: Session, connection: int) -> None:
    """Another login has other accounts: none of them may keep what the old one's was."""
    unknown = dict.fromkeys(("broker_id", "acc_num", "name", "currency", "trouble", "resolved_at"))
    db.execute(update(AccountRow).where(AccountRow.connection == connection).values(**unknown))


def _connection(row: ConnectionRow) -> ConnectionFacts:
    return ConnectionFacts(
        id=row.id,
        public_id=row.public_id,
        user=row.user,
        name=row.name,
        environment=row.environment,
        server=row.server,
        email=row.email,
        password_sealed=row.password_sealed,
        tokens_sealed=row.tokens_sealed,
        state=row.state,
        state_reason=row.state_reason,
        state_at=row.state_at,
        created_at=row.created_at,
    )


def _account(row: AccountRow) -> AccountFacts:
    return AccountFacts(
        id=row.id,
        public_id=row.public_id,
        user=row.user,
        connection=row.connection,
        ref_kind=row.ref_kind,
        ref=row.ref,
        broker_id=row.broker_id,
        acc_num=row.acc_num,
        name=row.name,
        currency=row.currency,
        trouble=row.trouble,
        resolved_at=row.resolved_at,
        created_at=row.created_at,
    )


def _taken(form: ConnectionForm) -> Refused:
    return Refused(
        "connection_taken",
        "name",
        f"A connection named '{form.name}' exists already, or one with this environment, server "
        "and e-mail.",
    )
