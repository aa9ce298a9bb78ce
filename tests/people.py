"""Three people: Alice owns, Bob is another user, Olivia operates the service."""

from dataclasses import dataclass

import sqlalchemy as sa

from bridge.audit import Event
from bridge.store import Session
from bridge.store.db import Database
from bridge.store.people import ApiToken, create_token
from bridge.store.tables.audit import AuditRow
from bridge.store.tables.people import UserRow
from bridge.store.tables.routing import AccountRow, ConnectionRow, HookRow, RuleRow
from bridge.store.tables.work import AlertRow, ExecutionRow
from tests.factories import (
    NOON,
    make_account,
    make_alert,
    make_connection,
    make_entry,
    make_execution,
    make_hook,
    make_rule,
    make_user,
)


@dataclass(frozen=True)
class ThreePeople:
    """Their rows; each signs in with `tests.factories.PASSWORD`."""

    alice: UserRow
    bob: UserRow
    olivia: UserRow


@dataclass(frozen=True)
class Belongings:
    """One of everything that a user may own."""

    hook: HookRow
    connection: ConnectionRow
    account: AccountRow
    rule: RuleRow
    alert: AlertRow
    execution: ExecutionRow
    entry: AuditRow
    token: ApiToken


def make_people(database: Database) -> ThreePeople:
    """Alice, Bob and Olivia, who is an operator."""
    with database.transaction() as db:
        return ThreePeople(
            make_user(db, "alice@example.org"),
            make_user(db, "bob@example.org"),
            make_user(db, "olivia@example.org", roles=["operator"]),
        )


def give_everything(db: Session, user: UserRow) -> Belongings:
    """A hook, a login with an account, a rule, an alert, its filled execution, a token."""
    hook = make_hook(db, user, name=f"hook of {user.email}")
    connection = make_connection(db, user, name=f"login of {user.email}")
    account = make_account(db, user, connection, name=f"account of {user.email}")
    rule = make_rule(db, hook, account, name=f"rule of {user.email}")
    alert = make_alert(db, hook)
    execution = make_execution(db, alert, rule, account)
    make_entry(db, Event.EXECUTION_FILLED, alert, execution)
    entry = db.scalars(sa.select(AuditRow).where(AuditRow.execution == execution.id)).one()
    token, _ = create_token(db, user.id, f"token of {user.email}", NOON)
    return Belongings(hook, connection, account, rule, alert, execution, entry, token)
