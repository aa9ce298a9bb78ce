"""`connections` and `accounts`: logins at the broker, and their accounts as rules name them."""

from dataclasses import asdict
from typing import Any

from marshmallow import Schema, fields

from bridge import routing
from bridge.schemas import (
    ConnectionEntry,
    ConnectionSchema,
    Strict,
    account_as_written,
)
from bridge.schemas.fields import Choice, Password, Text
from bridge.schemas.files import EMAIL, ENVIRONMENTS
from bridge.schemas.rules import AccountRef
from bridge.store import connections as stored
from bridge.store.connections import AccountFacts, ConnectionFacts
from bridge.web.api.answers import Id, ListQuery, Moment, Words
from bridge.web.api.bearer import author, caller
from bridge.web.api.paging import paged
from bridge.web.api.resource import Resource
from bridge.web.services import encryption_keys, services

connections = Resource("connections", "Logins at TradeLocker. Passwords go in and never come out.")
accounts = Resource("accounts", "Accounts of connections, as rules name them.")


class ConnectionAnswerSchema(Schema):
    """A connection, without its secrets."""

    id = Id(required=True)
    name = Words(required=True)
    environment = Words(required=True)
    email = Words(required=True)
    server = Words(required=True)
    state = Words(required=True)
    state_reason = Words(required=True, allow_none=True)
    state_at = Moment(required=True)
    created_at = Moment(required=True)


class ConnectionListSchema(Schema):
    """Connections, newest first."""

    items = fields.List(fields.Nested(ConnectionAnswerSchema), required=True)
    next = Words(required=True, allow_none=True)


class ConnectionChangeSchema(Strict):
    """What is to change; what is left out stays."""

    name = Text(most=80)
    environment = Choice(ENVIRONMENTS)
    email = Text(most=255, pattern=EMAIL)
    server = Text(most=80)
    password = Password(most=1024)


class AccountAnswerSchema(Schema):
    """An account. `account_id` and `acc_num` are the broker's, null until the first sign-in."""

    id = Id(required=True)
    connection = Id(required=True)
    account = AccountRef(required=True)
    account_id = Words(required=True, allow_none=True)
    acc_num = Words(required=True, allow_none=True)
    name = Words(required=True, allow_none=True)
    currency = Words(required=True, allow_none=True)
    trouble = Words(required=True, allow_none=True)
    resolved_at = Moment(required=True, allow_none=True)


class AccountListSchema(Schema):
    """Accounts, newest first."""

    items = fields.List(fields.Nested(AccountAnswerSchema), required=True)
    next = Words(required=True, allow_none=True)


@connections.get("/connections")
@connections.arguments(ListQuery, location="query")
@connections.response(200, ConnectionListSchema)
def list_connections(query: dict[str, Any]) -> Any:
    """Connections, newest first."""
    with services().pages.reading() as db:
        found = stored.list_of(db, caller().user)
    return paged([_answer(c) for c in reversed(found)], query)


@connections.post("/connections")
@connections.arguments(ConnectionSchema)
@connections.response(201, ConnectionAnswerSchema)
def create_connection(entry: ConnectionEntry) -> Any:
    """Add a connection. The broker is not asked; the sign-in comes with the first use."""
    _check(entry)
    with services().pages.transaction() as db:
        return _answer(routing.add_connection(db, encryption_keys(), author(), entry))


@connections.get("/connections/<connection>")
@connections.response(200, ConnectionAnswerSchema)
def one_connection(connection: str) -> Any:
    """One connection."""
    with services().pages.reading() as db:
        return _answer(stored.mine(db, caller().user, connection))


@connections.patch("/connections/<connection>")
@connections.arguments(ConnectionChangeSchema)
@connections.response(200, ConnectionAnswerSchema)
def change_connection(change: dict[str, Any], connection: str) -> Any:
    """Change a connection, or give its new password."""
    with services().pages.transaction() as db:
        old = stored.mine(db, caller().user, connection)
        said = {**asdict(stored.form_of(old)), "password": None, **change}
        entry = ConnectionEntry(**said)
        _check(entry)
        return _answer(routing.change_connection(db, encryption_keys(), author(), old, entry))


@accounts.get("/accounts")
@accounts.arguments(ListQuery, location="query")
@accounts.response(200, AccountListSchema)
def list_accounts(query: dict[str, Any]) -> Any:
    """Accounts that rules name, newest first."""
    with services().pages.reading() as db:
        found = stored.accounts_of(db, caller().user)
    return paged([_account(c, a) for c, a in reversed(found)], query)


@accounts.get("/accounts/<account>")
@accounts.response(200, AccountAnswerSchema)
def one_account(account: str) -> Any:
    """One account."""
    with services().pages.reading() as db:
        mine = stored.account_mine(db, caller().user, account)
        return _account(stored.by_key(db, mine.connection), mine)


def _check(entry: ConnectionEntry) -> None:
    routing.check_environment(entry.environment, allow_live=services().settings.allow_live)


def _answer(connection: ConnectionFacts) -> dict[str, Any]:
    shown = (
        "name",
        "environment",
        "email",
        "server",
        "state",
        "state_reason",
        "state_at",
        "created_at",
    )
    return {"id": connection.public_id, **{k: getattr(connection, k) for k in shown}}


def _account(connection: ConnectionFacts, account: AccountFacts) -> dict[str, Any]:
    return {
        "id": account.public_id,
        "connection": connection.public_id,
        "account": account_as_written(account.ref_kind, account.ref),
        "account_id": account.broker_id,
        "acc_num": account.acc_num,
        "name": account.name,
        "currency": account.currency,
        "trouble": account.trouble,
        "resolved_at": account.resolved_at,
    }
