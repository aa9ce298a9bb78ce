"""Three people: Alice owns, Bob is another user, Olivia operates the service."""

from dataclasses import dataclass

from bridge.store import Session
from bridge.store.db import Database
from bridge.store.tables.people import UserRow
from bridge.store.tables.routing import AccountRow, ConnectionRow, HookRow, RuleRow
from bridge.store.tables.work import AlertRow, ExecutionRow
from tests.factories import (
    make_account,
    make_alert,
    make_connection,
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


def make_people(database: Database) -> ThreePeople:
    """Alice, Bob and Olivia, who is an operator."""
    with database.transaction() as db:
        return ThreePeople(
            make_user(db, "alice@example.org"),
            make_user(db, "bob@example.org"),
            make_user(db, "olivia@example.org", roles=["operator"]),
        )


def give_everything(db: Session, user: UserRow) -> Belongings:
    """A hook, a login with an account, a rule, an alert and its filled execution."""
    hook = make_hook(db, user, name=f"hook of {user.email}")
    connection = make_connection(db, user, name=f"login of {user.email}")
    account = make_account(db, user, connection, name=f"account of {user.email}")
    rule = make_rule(db, hook, account, name=f"rule of {user.email}")
    alert = make_alert(db, hook)
    execution = make_execution(db, alert, rule, account)
    return Belongings(hook, connection, account, rule, alert, execution)
